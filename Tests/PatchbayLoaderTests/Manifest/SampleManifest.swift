import NIOCore
import PatchbayCore

@testable import PatchbayLoader

/// A manifest that uses every part of the notation, of a library that nobody has.
enum SampleManifest {
    static let text = """
        {
            "patchbay": "1.0",
            "name": "acme",
            "version": "1.2.3",
            "summary": "acme's own",
            "library": ["libacme.so.1"],
            "types": {"acme_result": "int"},
            "init": {"function": "int acme_init(void)", "roles": [], "ok": "ret >= 0"},
            "layers": [
                {
                    "kind": "processor",
                    "name": "acme",
                    "summary": "a format",
                    "positions": ["message"],
                    "expansion": 100,
                    "options": [
                        {"name": "level", "summary": "how hard", "type": "integer", "minimum": 1, "maximum": 9, "default": "6"}
                    ],
                    "examples": ["json+acme+tcp://127.0.0.1:7000?level=9"],
                    "encode": {
                        "function": "size_t acme_encode(acme_t *c, const void *in, size_t n, void *out, size_t cap, int level)",
                        "roles": ["ctx", "in.ptr", "in.len", "out.ptr", "out.cap", "opt.level"],
                        "ctx": {
                            "create": {"function": "int acme_new(acme_t **c, int v)", "roles": ["inout:ctx", "const:3"], "ok": "ret == 0"},
                            "free": {"function": "void acme_delete(acme_t *c)", "roles": ["ctx"]}
                        },
                        "bound": "n + n/255 + 16",
                        "ok": {"function": "int acme_failed(size_t r)", "roles": ["ret"], "ok": "ret == 0"},
                        "outLen": "ret",
                        "errors": {"-1": "outOfMemory", "otherwise": "internal"}
                    },
                    "decode": {
                        "function": "acme_result acme_decode(const char *in, unsigned n, char *out, unsigned *outn, uint64_t *limit)",
                        "roles": ["in.ptr", "in.len", "out.ptr", "inout:outLen", "inout:const:1000"],
                        "ok": "ret == 0",
                        "outLen": "inout:outLen",
                        "outCap": {
                            "function": "long long acme_size(const void *in, size_t n)",
                            "roles": ["in.ptr", "in.len"],
                            "ok": "ret >= 0",
                            "outLen": "ret",
                            "errors": {"-1": "unknownSize"},
                            "maximum": "16MiB"
                        },
                        "errors": {"-1": "bufferTooSmall"}
                    }
                }
            ],
            "aliases": [{"name": "acme-json", "summary": "JSON in acme", "expansion": ["json", "acme"]}]
        }
        """

    static func parse(_ text: String = text) throws(PatchbayError) -> Manifest {
        try Manifest.parse(ByteBuffer(string: text), path: "acme.patchbay.json")
    }
}
