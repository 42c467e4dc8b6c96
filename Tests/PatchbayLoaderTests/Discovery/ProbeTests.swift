import Foundation
import PatchbayCore
import PatchbayLoader
import PluginTestSupport
import Testing

/// First runs in the real child: the built program `patchbay`.
@Suite(
    .enabled(if: Compiler.path != nil, "no C compiler"),
    .enabled(if: Helper.path != nil, "the program patchbay is not built"),
    .timeLimit(.minutes(2))
)
struct ProbeTests {
    /// What a plugin does wrong, where, and what is then said of it.
    struct Rogue: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var plugin: PluginCode
        var stage: ProbeOutcome.Stage
        var words: String
        var milliseconds = 20_000

        static func constructor(_ name: String, _ code: String, _ words: String, milliseconds: Int = 20_000) -> Rogue {
            let extra = "__attribute__((constructor)) static void begin(void) { \(code) }"
            return Rogue(
                testDescription: "\(name) in a constructor",
                plugin: PluginCode(extra: extra),
                stage: .open,
                words: words,
                milliseconds: milliseconds
            )
        }

        static func entry(_ name: String, _ code: String, _ words: String, milliseconds: Int = 20_000) -> Rogue {
            Rogue(
                testDescription: "\(name) in the entry",
                plugin: PluginCode(entry: code),
                stage: .entry,
                words: words,
                milliseconds: milliseconds
            )
        }
    }

    private static let misdeeds: [(name: String, code: String, words: String, milliseconds: Int)] = [
        ("crash", "*(volatile int *)16 = 1;", "crashed (SIGSEGV)", 20_000),
        ("abort", "fputs(\"giving up\\n\", stderr); abort();", "aborted (SIGABRT)", 20_000),
        ("exit", "exit(0);", "ended its process with exit code 0", 20_000),
        ("exit with a code", "_exit(3);", "ended its process with exit code 3", 20_000),
        ("hang", "for (;;) pause();", "did not come back within 1 s", 1000),
        ("endless loop", "for (;;) ;", "did not come back within 1 s", 1000),
        ("illegal instruction", "__builtin_trap();", "crashed (SIG", 20_000),
    ]

    static let rogues =
        misdeeds.map { Rogue.constructor($0.name, $0.code, $0.words, milliseconds: $0.milliseconds) }
        + misdeeds.map { Rogue.entry($0.name, $0.code, $0.words, milliseconds: $0.milliseconds) }

    @Test(arguments: rogues) func `a plugin that goes wrong ends alone, with a line that says how and where`(rogue: Rogue) async throws {
        let bench = try Bench()
        try await bench.folder.compile(rogue.plugin)
        var registry = Registry()
        let report = try #require(try await bench.load(into: &registry, milliseconds: rogue.milliseconds).first)
        guard case .quarantined(let reason) = report.state else {
            Issue.record("\(report.state)")
            return
        }
        #expect(reason.contains(rogue.words), "\(reason)")
        #expect(bench.record?.outcome.stage == rogue.stage)
        #expect(registry.plugins.isEmpty)
    }

    @Test func `the last lines that it printed are kept, of much output the end`() async throws {
        let bench = try Bench()
        let code = "for (int i = 0; i < 100000; i++) printf(\"line %d\\n\", i); fflush(stdout); fputs(\"the end\\n\", stderr); abort();"
        try await bench.folder.compile(PluginCode(entry: code))
        var registry = Registry()
        _ = try await bench.load(into: &registry)
        let log = try #require(bench.record?.outcome.log)
        #expect(log.last == "the end" && log.contains("line 99999") && log.count <= 8)
    }

    @Test func `output without an end is bounded by the deadline`() async throws {
        let bench = try Bench()
        try await bench.folder.compile(PluginCode(entry: "for (;;) printf(\"more and more and more\\n\");"))
        var registry = Registry()
        _ = try await bench.load(into: &registry, milliseconds: 500)
        let outcome = try #require(bench.record?.outcome)
        #expect(outcome.ending == .timedOut && outcome.log.joined().utf8.count <= 4096)
    }

    @Test func `the child has neither this process's variables nor its descriptors, and stands elsewhere`() async throws {
        let bench = try Bench()
        let target = "\(bench.folder.path)/seen"
        let code = """
            int open = 0;
            for (int i = 3; i < 1024; i++) open += fcntl(i, F_GETFD) >= 0 && !(fcntl(i, F_GETFD) & FD_CLOEXEC);
            FILE *file = fopen("\(target)", "w");
            char folder[4096];
            fprintf(file, "secret %s\\nfolder %s\\n", getenv("PATCHBAY_TEST_SECRET") ? "seen" : "hidden", getcwd(folder, sizeof folder));
            fprintf(file, "descriptors %d\\n", open);
            fclose(file);
            """
        try await bench.folder.compile(PluginCode(entry: code))
        setenv("PATCHBAY_TEST_SECRET", "hush", 1)
        // A descriptor that a child would inherit.
        let inherited = dup(0)
        defer { close(inherited) }
        _ = try await bench.prober().probe(bench.only.path, bench.only.identity)
        let seen = try String(contentsOfFile: target, encoding: .utf8)
        #expect(seen.contains("secret hidden\n") && seen.contains("folder /\n"), "\(seen)")
        #expect(seen.contains("descriptors 0\n"), "\(seen)")
    }

    @Test(arguments: [
        ("memory", "for (;;) { char *p = malloc(1 << 28); if (!p) abort(); }", "SIGABRT"),
        (
            "a file",
            "FILE *f = fopen(getenv(\"PATH\") ? \"/dev/shm/patchbay-limit\" : \"\", \"w\"); unlink(\"/dev/shm/patchbay-limit\");"
                + " static char b[1 << 16]; for (;;) { fwrite(b, 1, sizeof b, f); }", "SIGXFSZ"
        ),
        ("descriptors", "while (dup(0) >= 0) ; abort();", "SIGABRT"),
    ]) func `there is an end to what it may take`(what: String, code: String, words: String) async throws {
        let bench = try Bench()
        try await bench.folder.compile(PluginCode(entry: code))
        var registry = Registry()
        let report = try #require(try await bench.load(into: &registry).first)
        #expect(report.state.reason?.contains(words) == true, "\(report.state)")
    }

    @Test func `what it started dies with it`() async throws {
        let bench = try Bench()
        let target = "\(bench.folder.path)/child"
        let code = """
            pid_t child = fork();
            if (child == 0) for (;;) pause();
            FILE *file = fopen("\(target)", "w");
            fprintf(file, "%d", (int)child);
            fclose(file);
            """
        try await bench.folder.compile(PluginCode(entry: code))
        let outcome = try await bench.prober().probe(bench.only.path, bench.only.identity)
        #expect(outcome.hasPassed)
        let child = try #require(Int32(String(contentsOfFile: target, encoding: .utf8)))
        // Gone, or dead and not yet waited for by whoever inherited it.
        let end = ContinuousClock.now + .seconds(20)
        while !Self.isGone(child), ContinuousClock.now < end { await Task.yield() }
        #expect(Self.isGone(child))
    }

    private static func isGone(_ process: Int32) -> Bool {
        guard let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return true }
        return status.split(separator: ")").last?.hasPrefix(" Z") == true
    }

    @Test func `a file that changed after it was checked is not run`() async throws {
        let bench = try Bench()
        try await bench.folder.compile(PluginCode())
        let before = try bench.only
        try await bench.folder.compile(PluginCode(version: "6.6.6", extra: bench.trap))
        let outcome = try await bench.prober().probe(before.path, before.identity)
        #expect(outcome.ending == .refused && outcome.reason.contains("changed after it was checked"))
        #expect(!bench.hasRun)
    }

    @Test(arguments: [
        ("/nowhere/patchbay", "could not be started"), ("/bin/true", "does not check plugins"), ("/bin/echo", "does not check plugins"),
    ])
    func `a helper that is none is told of, and the plugin is not blamed`(helper: String, words: String) async throws {
        let bench = try Bench()
        try await bench.folder.compile(PluginCode())
        var registry = Registry()
        let report = try #require(try await bench.load(into: &registry, helper: helper).first)
        guard case .refused(let reason) = report.state else {
            Issue.record("\(report.state)")
            return
        }
        #expect(reason.contains(words) && reason.contains(helper), "\(reason)")
        #expect(bench.record == nil)
    }

    @Test func `a cancelled first run kills its child`() async throws {
        let bench = try Bench()
        let target = "\(bench.folder.path)/child"
        let code = "FILE *f = fopen(\"\(target)\", \"w\"); fprintf(f, \"%d\", (int)getpid()); fclose(f); for (;;) pause();"
        try await bench.folder.compile(PluginCode(entry: code))
        let (path, identity) = try bench.only
        let prober = bench.prober(milliseconds: 60_000)
        let running = Task { try await prober.probe(path, identity) }
        let end = ContinuousClock.now + .seconds(30)
        var child: Int32?
        while child == nil, ContinuousClock.now < end {
            child = (try? String(contentsOfFile: target, encoding: .utf8)).flatMap { Int32($0) }
            await Task.yield()
        }
        running.cancel()
        await #expect(throws: CancellationError.self) { try await running.value }
        #expect(Self.isGone(try #require(child)))
    }
}
