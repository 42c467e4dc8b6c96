internal import CPatchbayIO
internal import Glibc
internal import PatchbayCore
internal import PatchbayIO

/// One child of a helper, watched from a thread that may wait.
///
/// It has no descriptor but its standard ones, an environment without this process's secrets, and a process group of its own, which is killed
/// as a whole: at the deadline, and once its first process has ended.
package final class ProbeChild: Sendable {
    package enum Ending: Sendable { case exited(Int32), killed(signal: Int32), timedOut }

    package struct Observation: Sendable {
        package var ending = Ending.exited(0)
        /// What it said on its line, at most ``mostLines`` bytes.
        package var lines: [UInt8] = []
        /// The last lines of its other output.
        package var log: [String] = []
        package var milliseconds = 0
        /// Nothing ran at all.
        package var startFailure: String?
    }

    /// For the helper to begin, on a machine that has much to do: the plugin's own time starts then.
    private static let patience = Duration.seconds(30)
    private static let mostLines = 64 << 10
    private static let mostLog = 4096
    private static let mostLogLines = 8

    private let helper: String
    private let arguments: [String]
    private let limits: ProbeLimits
    private let environment: [String]
    private let cancellation: OwnedDescriptor

    init(helper: String, arguments: [String], limits: ProbeLimits) throws(PatchbayError) {
        let event = cpb_event_create()
        guard event >= 0 else {
            throw PatchbayError(
                .tooManyDescriptors,
                "cannot run a plugin's first execution: \(String(cString: strerror(-event)))",
                stage: .plugin
            )
        }
        cancellation = OwnedDescriptor(event)
        self.helper = helper
        self.arguments = arguments
        self.limits = limits
        // LD_LIBRARY_PATH stays, so that the plugin finds here what it would find in the host.
        let libraries = HostEnvironment.current.libraryPath.map { ["LD_LIBRARY_PATH=\($0)"] } ?? []
        // A backtrace of the crash would take seconds, and is what `patchbay check` is for.
        environment = ["PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "SWIFT_BACKTRACE=enable=no"] + libraries
    }

    /// Has ``run()`` kill the child. From any thread.
    func cancel() { cpb_event_signal(cancellation.number) }

    /// Starts the child and waits for its end; on a thread that may wait for so long.
    func run() -> Observation {
        var started = ContinuousClock.now
        var observation = Observation()
        do throws(IOFailure) {
            let lines = try ChildPipe()
            let log = try ChildPipe()
            let processID = try spawn(output: lines.writing, errors: log.writing)
            lines.closeWriting()
            log.closeWriting()
            var output = Output(lines: lines.reading, log: log.reading)
            let hasEnded = watch(processID, &output, &started)
            // The number is not given to others before the first process is reaped, even where it has ended.
            kill(-processID, SIGKILL)
            if !hasEnded { kill(processID, SIGKILL) }
            observation.ending = Self.reap(processID)
            if !hasEnded { observation.ending = .timedOut }
            output.drain()
            observation.lines = output.lines
            observation.log = Self.lastLines(of: output.log)
            withExtendedLifetime(lines) {}
            withExtendedLifetime(log) {}
        } catch {
            observation.startFailure = error.description
        }
        observation.milliseconds = Int((ContinuousClock.now - started) / .milliseconds(1))
        return observation
    }

    private func spawn(output: CInt, errors: CInt) throws(IOFailure) -> pid_t {
        guard let nothing = OwnedDescriptor.open("/dev/null", flags: O_RDONLY) else {
            throw IOFailure(errno: errno, operation: "open /dev/null")
        }
        var processID: pid_t = 0
        let status = ChildProgram.withStrings([helper] + arguments) { arguments in
            ChildProgram.withStrings(environment) { environment in
                cpb_spawn_group(helper, arguments, environment, nothing.number, output, errors, &processID)
            }
        }
        guard status == 0 else { throw IOFailure(errno: -status, operation: "start \(helper)") }
        return processID
    }

    /// - Parameter started: set to when the child began to speak.
    /// - Returns: false at the deadline, or cancelled.
    private func watch(_ processID: pid_t, _ output: inout Output, _ started: inout ContinuousClock.Instant) -> Bool {
        let end = cpb_process_descriptor(processID)
        guard end >= 0 else { return false }
        let watched = OwnedDescriptor(end)
        var deadline = started + Self.patience
        var hasBegun = false
        while true {
            let left = (deadline - .now) / .milliseconds(1)
            guard left > 0 else { return false }
            var entries = [watched.number, cancellation.number, output.linesDescriptor, output.logDescriptor].map {
                pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
            }
            guard poll(&entries, nfds_t(entries.count), CInt(clamping: Int(left) + 1)) > 0 else { continue }
            if entries[2].revents != 0 { output.readLines() }
            if !hasBegun, !output.lines.isEmpty {
                hasBegun = true
                started = .now
                deadline = started + .milliseconds(limits.milliseconds)
            }
            if entries[3].revents != 0 { output.readLog() }
            if entries[1].revents != 0 { return false }
            if entries[0].revents != 0 { return true }
        }
    }

    private static func reap(_ processID: pid_t) -> Ending {
        var status: CInt = 0
        while waitpid(processID, &status, 0) < 0 {
            // A host that waits for any child took it: what it said before its end decides.
            guard errno == EINTR else { return .exited(0) }
        }
        let signal = status & 0x7F
        return signal == 0 ? .exited((status >> 8) & 0xFF) : .killed(signal: signal)
    }

    private static func lastLines(of log: [UInt8]) -> [String] {
        log.split(separator: UInt8(ascii: "\n")).suffix(mostLogLines).map { String(decoding: $0.prefix(256), as: UTF8.self) }
    }

    /// What the child wrote, within bounds.
    private struct Output {
        var linesDescriptor: CInt
        var logDescriptor: CInt
        var lines: [UInt8] = []
        /// The end of it.
        var log: [UInt8] = []

        init(lines: CInt, log: CInt) {
            linesDescriptor = lines
            logDescriptor = log
        }

        mutating func readLines() {
            if let bytes = Self.read(linesDescriptor) {
                lines += bytes.prefix(mostLines - lines.count)
            } else {
                // poll passes over a negative one.
                linesDescriptor = -1
            }
        }

        mutating func readLog() {
            if let bytes = Self.read(logDescriptor) {
                log = (log + bytes).suffix(mostLog)
            } else {
                logDescriptor = -1
            }
        }

        /// What is still in the pipes. Whoever escaped the group and still writes is not waited for.
        mutating func drain() {
            for _ in 0..<64 where linesDescriptor >= 0 { readLines() }
            for _ in 0..<64 where logDescriptor >= 0 { readLog() }
        }

        /// Nil at the end, and where there is nothing now.
        private static func read(_ descriptor: CInt) -> [UInt8]? {
            var bytes = [UInt8](repeating: 0, count: 16 << 10)
            let count = cpb_read(descriptor, &bytes, bytes.count)
            return count > 0 ? Array(bytes[..<count]) : nil
        }
    }
}

/// A pipe from a child to this process.
private final class ChildPipe {
    let reading: CInt
    private(set) var writing: CInt

    init() throws(IOFailure) {
        var pair: [CInt] = [-1, -1]
        let status = cpb_pipe(&pair)
        guard status >= 0 else { throw IOFailure(errno: -status, operation: "make a pipe") }
        reading = pair[0]
        writing = pair[1]
        // The child's end waits, as programs expect.
        _ = cpb_set_blocking(writing)
    }

    deinit {
        closeWriting()
        _ = cpb_close(reading)
    }

    /// Once the child has its copy: the end of what it writes would never come else.
    func closeWriting() {
        if writing >= 0 { _ = cpb_close(writing) }
        writing = -1
    }
}
