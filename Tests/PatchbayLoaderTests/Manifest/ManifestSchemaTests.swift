import Glibc
import NIOCore
import PatchbayCore
import Testing

@testable import PatchbayLoader

@Suite struct ManifestSchemaTests {
    @Test func `a manifest is metadata as of any plugin, with the library`() throws {
        let manifest = try SampleManifest.parse()
        #expect(manifest.metadata.name == "acme")
        #expect(manifest.metadata.version == "1.2.3")
        #expect(manifest.library == ["libacme.so.1"])
        let layer = try #require(manifest.metadata.layers.first)
        #expect(layer.kind == "processor" && layer.positions == ["message"] && layer.expansion == 100)
        #expect(layer.options?.first?.maximum == 9)
        #expect(manifest.metadata.aliases?.first?.expansion == ["json", "acme"])
    }

    /// What is replaced in the sample, the line that the error names, and words of it.
    struct Mistake: Sendable, CustomTestStringConvertible {
        var old: String
        var new: String
        var line: Int
        var words: String

        init(_ old: String, _ new: String, _ line: Int, _ words: String) {
            self.old = old
            self.new = new
            self.line = line
            self.words = words
        }

        var testDescription: String { "\(old) → \(new)" }
    }

    static let mistakes = [
        Mistake("\"version\": \"1.2.3\",", "\"version\": \"1.2.3\"", 5, "it is no JSON"),
        Mistake("\"patchbay\": \"1.0\"", "\"patchbay\": \"2.0\"", 2, "1.0"),
        Mistake("\"summary\": \"acme's own\",", "", 1, "'summary' is missing"),
        Mistake("\"summary\": \"acme's own\"", "\"summary\": 7", 5, "a text is due"),
        Mistake("\"summary\": \"acme's own\"", "\"sumary\": \"acme's own\"", 5, "no field 'sumary'"),
        Mistake("\"version\": \"1.2.3\"", "\"name\": \"twice\"", 4, "stands here twice"),
        Mistake("libacme.so.1", "libc.so.6", 6, "never bound"),
        Mistake("libacme.so.1", "../libacme.so.1", 6, "file name"),
        Mistake("libacme.so.1", "/opt/../lib/libc.so.6", 6, "without '.'"),
        Mistake("libacme.so.1", "acme", 6, "no shared library"),
        Mistake("[\"libacme.so.1\"]", "[]", 6, "between one and eight"),
        Mistake("\"acme_result\": \"int\"", "\"acme_result\": \"float\"", 7, "floating point"),
        Mistake("\"acme_result\": \"int\"", "\"size_t\": \"int\"", 7, "its meaning already"),
        Mistake("acme_init(void)", "dlopen(void)", 8, "never bound"),
        Mistake("acme_init(void)", "system(void)", 8, "never bound"),
        Mistake("acme_init(void)", "execve(void)", 8, "never bound"),
        Mistake("\"kind\": \"processor\"", "\"kind\": \"codec\"", 11, "binds processors"),
        Mistake("[\"message\"]", "[\"stream\"]", 14, "whole messages"),
        Mistake("\"expansion\": 100", "\"expansion\": 0", 15, "at least 1"),
        Mistake("\"maximum\": 9,", "\"maximum\": 0,", 17, "an option is"),
        Mistake("\"default\": \"6\"", "\"default\": \"60\"", 17, "does not fit"),
        Mistake(", \"default\": \"6\"", "", 17, "has a 'default'"),
        Mistake("\"maximum\": 9,", "\"maximum\": 4294967296,", 22, "does not hold"),
        Mistake("size_t cap, int level", "size_t cap, ...", 21, "variable number"),
        Mistake("size_t cap, int level", "size_t cap, double level", 21, "floating point"),
        Mistake("size_t cap, int level", "size_t cap, struct level l", 21, "by value"),
        Mistake("size_t cap, int level", "size_t cap, level_t l", 21, "'types'"),
        Mistake("size_t cap, int level", "size_t cap, int (*level)(int)", 21, "callback"),
        Mistake("size_t cap, int level", "size_t cap", 22, "5 parameters, and here are 6 roles"),
        Mistake("\"out.cap\", \"opt.level\"", "\"out.room\", \"opt.level\"", 22, "no role"),
        Mistake("\"out.cap\", \"opt.level\"", "\"out.cap\", \"opt.speed\"", 22, "no option 'speed'"),
        Mistake("\"out.cap\", \"opt.level\"", "\"const:1\", \"opt.level\"", 22, "the output's bound"),
        Mistake("\"out.cap\", \"opt.level\"", "\"in.len\", \"opt.level\"", 22, "stands here twice"),
        Mistake("\"out.cap\", \"opt.level\"", "\"out.cap\", \"const:2147483648\"", 22, "holds 2147483648"),
        Mistake(
            "\"in.ptr\", \"in.len\", \"out.ptr\", \"out.cap\"",
            "\"in.len\", \"in.ptr\", \"out.ptr\", \"out.cap\"",
            22,
            "is an integer"
        ),
        Mistake(
            "const void *in, size_t n, void *out, size_t cap, int",
            "const void *in, size_t n, const void *out, size_t cap, int",
            22,
            "const"
        ),
        Mistake("\"opt.level\"]", "\"const:1\"]", 10, "role of no argument"),
        Mistake("\"inout:ctx\", \"const:3\"], \"ok\": \"ret == 0\"", "\"inout:ctx\", \"const:3\"]", 24, "'ok' is missing"),
        Mistake("\"inout:ctx\", \"const:3\"", "\"null\", \"const:3\"", 24, "in one way"),
        Mistake("n + n/255 + 16", "n + n/0 + 16", 27, "formula"),
        Mistake("n + n/255 + 16", "strlen(n)", 27, "formula"),
        Mistake("\"bound\": \"n + n/255 + 16\",", "", 20, "'bound' is missing"),
        Mistake("\"roles\": [\"ret\"], \"ok\": \"ret == 0\"", "\"roles\": [\"ret\"]", 28, "'ok' is missing"),
        Mistake("int acme_failed(size_t r)", "int acme_failed(unsigned r)", 28, "another type"),
        Mistake("\"otherwise\": \"internal\"", "\"otherwise\": \"sad\"", 30, "no failure"),
        Mistake("{\"-1\": \"outOfMemory\"", "{\"minus\": \"outOfMemory\"", 30, "no number"),
        Mistake(
            "\"ok\": \"ret == 0\",\n                \"outLen\": \"inout:outLen\"",
            "\"ok\": \"ret = 0\",\n                \"outLen\": \"inout:outLen\"",
            35,
            "one comparison"
        ),
        Mistake("\"outLen\": \"inout:outLen\"", "\"outLen\": \"inout:outPos\"", 36, "the output's length"),
        Mistake("\"maximum\": \"16MiB\"", "\"maximum\": \"16GiB\"", 43, "a maximum is"),
        Mistake("\"maximum\": \"16MiB\"", "\"maximum\": -1", 43, "a maximum is"),
    ]

    @Test("a mistake is told with its line", arguments: mistakes)
    func mistake(_ mistake: Mistake) throws {
        #expect(SampleManifest.text.contains(mistake.old))
        let text = SampleManifest.text.replacing(mistake.old, with: mistake.new)
        let error = #expect(throws: PatchbayError.self) { try SampleManifest.parse(text) }
        let message = error?.message ?? ""
        #expect(error?.code == .invalidArgument)
        #expect(message.hasPrefix("acme.patchbay.json:\(mistake.line): "), "\(message)")
        #expect(message.contains(mistake.words), "\(message)")
    }

    @Test func `a library or a function that is missing is told with what to do`() throws {
        let error = #expect(throws: PatchbayError.self) { try BoundPlugin(try SampleManifest.parse()) }
        #expect(error?.message.contains("libacme.so.1 cannot be loaded") == true)
        #expect(error?.message.contains("install") == true)
    }

    @Test("a function must lie in the library that is named", .enabled(if: ShippedManifest.lz4.missing == nil))
    func foreignSymbol() throws {
        // liblz4 depends on the C library, so that the loader would find rand through it.
        let text = SampleManifest.text.replacing("libacme.so.1", with: "liblz4.so.1").replacing("acme_init(void)", with: "rand(void)")
        let error = #expect(throws: PatchbayError.self) { try BoundPlugin(try SampleManifest.parse(text)) }
        #expect(error?.message.contains("no function 'rand' lies in liblz4.so.1") == true)
    }

    @Test("the C library under another name is the C library")
    func hiddenLibrary() throws {
        try withTemporaryFolder { folder in
            for candidate in ["/lib/x86_64-linux-gnu/libc.so.6", "/lib/aarch64-linux-gnu/libc.so.6", "/lib64/libc.so.6"] {
                symlinkIfPresent(candidate, "\(folder)/libinnocent.so")
            }
            let error = #expect(throws: PatchbayError.self) { _ = try BoundLibrary(["\(folder)/libinnocent.so"]) }
            #expect(error?.message.contains("never bound") == true)
        }
    }

    @Test(
        "lines are found whatever the text's shape",
        arguments: [([Int](), 1), ([0], 2), ([1], 3), ([1, 0], 4), ([1, 1], 5), ([2], 8), ([2, 1], 9)]
    )
    func lines(_ path: [Int], _ line: Int) {
        let text = "{\n\"a\\\"}\": {\"x\": [1, {\"],\": 2}]},\n\"b\" :[\n1,\n{\"c\":\n[2, 3]\n}],\n\"d\": [\"\\\\\",\n true]}"
        #expect(ManifestLines.line(of: path, in: Array(text.utf8)) == line)
    }
}

/// Makes a link to a file that is there; the first one stays.
private func symlinkIfPresent(_ target: String, _ link: String) {
    if access(target, F_OK) == 0 { symlink(target, link) }
}
