import Glibc
import PatchbayCore
import Testing

@testable import PatchbayLoader

/// A program of the field that reads and writes a format: what our bytes are held against.
struct ReferenceProgram: Sendable {
    /// Shell commands from standard input to standard output.
    var encode: String
    var decode: String
    /// What must be there for them.
    var needs: String

    /// Nil where the machine lacks it.
    static func of(_ layer: String) -> ReferenceProgram? {
        let python = "/usr/bin/python3 -c"
        let program: ReferenceProgram
        switch layer {
        case "lz4", "zstd", "gzip", "brotli", "bzip2", "xz":
            program = .init(encode: "\(layer) -c", decode: "\(layer) -dc", needs: "command -v \(layer)")
        case "zlib":
            program = .init(
                encode: "\(python) 'import sys,zlib;sys.stdout.buffer.write(zlib.compress(sys.stdin.buffer.read()))'",
                decode: "\(python) 'import sys,zlib;sys.stdout.buffer.write(zlib.decompress(sys.stdin.buffer.read()))'",
                needs: "\(python) 'import zlib'"
            )
        case "snappy":
            program = .init(
                encode: "\(python) 'import sys,snappy;sys.stdout.buffer.write(snappy.compress(sys.stdin.buffer.read()))'",
                decode: "\(python) 'import sys,snappy;sys.stdout.buffer.write(snappy.uncompress(sys.stdin.buffer.read()))'",
                needs: "\(python) 'import snappy'"
            )
        case "lz4-block":
            program = .init(
                encode: "\(python) 'import sys,lz4.block;sys.stdout.buffer.write(lz4.block.compress(sys.stdin.buffer.read()))'",
                decode: "\(python) 'import sys,lz4.block;sys.stdout.buffer.write(lz4.block.decompress(sys.stdin.buffer.read()))'",
                needs: "\(python) 'import lz4.block'"
            )
        default: return nil
        }
        return system("\(program.needs) >/dev/null 2>&1") == 0 ? program : nil
    }

    func encode(_ bytes: [UInt8]) throws -> [UInt8] { try Self.run(encode, bytes) }

    func decode(_ bytes: [UInt8]) throws -> [UInt8] { try Self.run(decode, bytes) }

    /// Runs a shell command on bytes, through files of its own.
    static func run(_ command: String, _ bytes: [UInt8]) throws -> [UInt8] {
        try withTemporaryFolder { folder in
            let file = try #require(fopen("\(folder)/in", "w"))
            fwrite(bytes, 1, bytes.count, file)
            fclose(file)
            try #require(system("\(command) < \(folder)/in > \(folder)/out") == 0, "\(command) failed")
            return try ShippedManifest.read("\(folder)/out")
        }
    }
}

/// A folder that is gone afterwards.
func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    var template = Array("/tmp/patchbay-manifests-XXXXXX".utf8CString)
    let folder = try #require(mkdtemp(&template).map { String(cString: $0) })
    defer { system("rm -r \(folder)") }
    return try body(folder)
}
