import Glibc
import NIOCore
import PatchbayCore
import Testing

@testable import PatchbayLoader

/// A library whose functions break what a manifest says of them, built for the test that loads it.
enum RogueLibrary {
    static let canBuild = system("command -v gcc >/dev/null 2>&1") == 0

    private static let source = """
        #include <stddef.h>
        #include <string.h>
        typedef const unsigned char *in; typedef unsigned char *out;
        long rogue_copy(in i, size_t n, out o, size_t cap) { if (n > cap) return -1; memcpy(o, i, n); return (long)n; }
        long rogue_overruns(in i, size_t n, out o, size_t cap) {
            if (n > cap) return -1;
            memcpy(o, i, n); o[n] = 1; return (long)n;
        }
        long rogue_changes_input(unsigned char *i, size_t n, out o, size_t cap) { if (n) i[0] = 0; return rogue_copy(i, n, o, cap); }
        long rogue_flips(in i, size_t n, out o, size_t cap) { long r = rogue_copy(i, n, o, cap); if (r > 0) o[0] ^= 1; return r; }
        long rogue_truncates(in i, size_t n, out o, size_t cap) { if (n > cap) n = cap; memcpy(o, i, n); return (long)n; }
        long rogue_always_fails(in i, size_t n, out o, size_t cap) { return -1; }
        long rogue_lies(in i, size_t n, out o, size_t cap) { return (long)cap + 1; }
        long rogue_lies_below_zero(in i, size_t n, out o, size_t cap) { return -7; }
        /* Of the int, a manifest takes eight bits: 0x1FF is -1. */
        int rogue_wide(in i, size_t n, out o, size_t cap) { return 0x1FF; }
        static int count;
        void *rogue_create(void) { count++; return &count; }
        void rogue_free(void *context) { count--; }
        int rogue_count(in i, size_t n, out o, size_t cap, void *context) { if (cap) o[0] = (unsigned char)count; return 1; }
        """

    /// A plugin that encodes by copying and decodes with one of the functions.
    static func with(_ function: String, ok: String = "ret != -1", type: String = "long", _ body: (BoundPlugin) throws -> Void) throws {
        let prototype = { (name: String, type: String) in "\(type) \(name)(void *in, size_t n, void *out, size_t cap)" }
        try with(
            encode: """
                {"function": "\(prototype("rogue_copy", "long"))", "roles": ["in.ptr", "in.len", "out.ptr", "out.cap"],
                 "bound": "n + 1", "ok": "ret != -1", "outLen": "ret", "errors": {"-1": "bufferTooSmall"}}
                """,
            decode: """
                {"function": "\(prototype(function, type))", "roles": ["in.ptr", "in.len", "out.ptr", "out.cap"],
                 "outCap": {"grow": 1, "maximum": "16MiB"}, "ok": "\(ok)", "outLen": "ret", "errors": {"-1": "bufferTooSmall"}}
                """,
            body
        )
    }

    static func with(encode: String, decode: String, _ body: (BoundPlugin) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let file = try #require(fopen("\(folder)/rogue.c", "w"))
            fputs(source, file)
            fclose(file)
            try #require(system("gcc -shared -fPIC -w -o \(folder)/librogue.so \(folder)/rogue.c") == 0)
            let text = """
                {"patchbay": "1.0", "name": "rogue", "version": "1.0.0", "summary": "broken", "library": ["\(folder)/librogue.so"],
                 "layers": [{"kind": "processor", "name": "rogue", "summary": "broken", "encode": \(encode), "decode": \(decode)}]}
                """
            try body(try BoundPlugin(try Manifest.parse(ByteBuffer(string: text), path: "rogue.patchbay.json")))
        }
    }
}
