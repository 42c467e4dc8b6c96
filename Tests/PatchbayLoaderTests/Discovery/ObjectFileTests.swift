import Foundation
import FuzzSupport
import NIOCore
import PatchbayLoader
import PluginTestSupport
import Testing

@Suite(.enabled(if: Compiler.path != nil, "no C compiler"))
struct ObjectFileTests {
    @Test func `metadata is read from the file, also after strip`() async throws {
        let folder = try PluginFolder()
        let path = try await folder.compile(PluginCode(name: "acme"))
        let before = try ObjectFile(MemoryBytes(bytes(path)))
        try #require(Tool.exists("/usr/bin/strip"))
        #expect(try await Tool.run("/usr/bin/strip", [path]).status == 0)
        let after = try ObjectFile(MemoryBytes(bytes(path)))
        #expect(before.metadata == after.metadata)
        let text = String(decoding: try #require(after.metadata), as: UTF8.self)
        #expect(text.hasPrefix("{\"patchbay\": \"1.0\", \"name\": \"acme\"") && text.hasSuffix("}"))
    }

    @Test func `needed libraries, names and search folders are those of readelf`() async throws {
        try #require(Tool.exists("/usr/bin/readelf"))
        let folder = try PluginFolder()
        let path = try await folder.compile(
            PluginCode(extra: "int used(void) { return getpid(); }"),
            ["-Wl,-soname,libacme.so.1", "-Wl,-rpath,$ORIGIN:/usr/lib/acme", "-Wl,--no-as-needed", "-lm"]
        )
        let object = try ObjectFile(MemoryBytes(bytes(path)))
        let words = try await Tool.run("/usr/bin/readelf", ["-dW", path]).output
        let needed = words.split(separator: "\n").filter { $0.contains("(NEEDED)") }.map { line in
            String(line.split(separator: "[").last?.prefix { $0 != "]" } ?? "")
        }
        #expect(object.needed == needed && needed.contains("libm.so.6"))
        #expect(object.soname == "libacme.so.1")
        #expect(object.searchFolders == ["$ORIGIN", "/usr/lib/acme"])
        #expect(object.swiftRuntime == .none && !object.isProgram && object.hiddenLibraries.isEmpty)
    }

    @Test func `exports are those of nm`() async throws {
        try #require(Tool.exists("/usr/bin/nm"))
        let folder = try PluginFolder()
        let path = try await folder.compile(PluginCode(extra: "int visible; __attribute__((visibility(\"hidden\"))) int hidden;"))
        let exported = try ObjectFile.exports(MemoryBytes(bytes(path)))
        let lines = try await Tool.run("/usr/bin/nm", ["-D", "--defined-only", "--format=just-symbols", path]).output
        #expect(exported == lines.split(separator: "\n").map(String.init).sorted())
        #expect(exported.contains("patchbay_plugin_entry") && exported.contains("visible"))
    }

    @Test func `what is no shared object of this machine says so`() async throws {
        let folder = try PluginFolder()
        let path = try await folder.compile(PluginCode())
        let valid = try bytes(path)
        var other = valid
        other[18] = 40
        var narrow = valid
        narrow[4] = 1
        var executable = valid
        executable[16] = 2
        for (bytes, words) in [
            (Array("#!/bin/sh\n".utf8) + [UInt8](repeating: 0, count: 64), "no ELF file"), ([], "no ELF file"), (other, "built for ARM"),
            (narrow, "64-bit"), (executable, "no shared object"), (Array(valid.prefix(valid.count / 2)), "truncated"),
        ] {
            let fault = #expect(throws: ObjectFault.self) { try ObjectFile(MemoryBytes(bytes)) }
            #expect(fault?.description.contains(words) == true, "\(fault?.description ?? "")")
        }
    }

    @Test func `a program that was made position-independent is told from a plugin`() async throws {
        let folder = try PluginFolder()
        let source = "\(folder.path)/main.c"
        try "int main(void) { return 0; }".write(toFile: source, atomically: false, encoding: .utf8)
        try await Compiler.run(["-pie", "-fPIE", "-o", "\(folder.path)/main", source])
        #expect(try ObjectFile(MemoryBytes(bytes("\(folder.path)/main"))).isProgram)
    }

    @Test func `two metadata texts are refused`() async throws {
        let folder = try PluginFolder()
        let extra = "__attribute__((section(\".patchbay\"), used, aligned(1))) static const char other[] = \"{}\";"
        let path = try await folder.compile(PluginCode(extra: extra))
        let fault = #expect(throws: ObjectFault.self) { try ObjectFile(MemoryBytes(bytes(path))) }
        #expect(fault?.description.contains("more than one text") == true)
    }

    @Test func `a file cut anywhere never traps`() async throws {
        let folder = try PluginFolder()
        let valid = try await bytes(smallPlugin(in: folder))
        for count in 0..<valid.count {
            if count % 100 == 0 { await Task.yield() }
            let cut = MemoryBytes(Array(valid.prefix(count)))
            _ = try? ObjectFile(cut)
            _ = try? ObjectFile.exports(cut)
        }
    }

    @Test func `50,000 mutated object files never trap, and are read within bounds`() async throws {
        let folder = try PluginFolder()
        let valid = try await bytes(smallPlugin(in: folder))
        var random = FuzzSource.forTest()
        // Where the numbers are that lead elsewhere: the header, the program headers and the section headers.
        let header = ObjectOffsets(valid)
        var understood = 0
        for round in 0..<50_000 {
            // Other tests wait for these threads.
            if round % 100 == 0 { await Task.yield() }
            var mutated = valid
            for _ in 0...Int.random(in: 0...3, using: &random) {
                let place = header.places.randomElement(using: &random) ?? 0
                let value: UInt8 =
                    [0, 1, 0x7F, 0x80, 0xFF, UInt8.random(in: .min ... .max, using: &random)].randomElement(using: &random) ?? 0
                for index in place..<min(place + Int.random(in: 1...8, using: &random), mutated.count) { mutated[index] = value }
            }
            if Int.random(in: 0..<8, using: &random) == 0 { mutated.removeLast(Int.random(in: 0..<mutated.count, using: &random)) }
            let bytes = CountingBytes(mutated)
            if let object = try? ObjectFile(bytes) {
                understood += 1
                _ = try? FirstExecution.metadata(ofObject: ByteBuffer(bytes: object.metadata ?? []))
            }
            _ = try? ObjectFile.exports(bytes)
            #expect(bytes.read < 2 << 20)
        }
        // Else the mutations were too wild to reach what lies behind the header.
        #expect(understood > 1000)
    }

    /// Without what a plugin can do without: less to mutate in vain.
    private func smallPlugin(in folder: PluginFolder) async throws -> String {
        try await folder.compile(
            PluginCode(name: "a"),
            to: "small.so",
            ["-nostdlib", "-s", "-Wl,-z,noseparate-code,-z,norelro,--build-id=none"]
        )
    }

    private func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }
}

/// Bytes that count how many of them were read.
private final class CountingBytes: BoundedBytes {
    private let bytes: MemoryBytes
    private(set) var read = 0

    init(_ bytes: [UInt8]) { self.bytes = MemoryBytes(bytes) }

    var count: Int { bytes.count }

    func read(at offset: Int, count: Int) throws(ObjectFault) -> [UInt8] {
        let piece = try bytes.read(at: offset, count: count)
        read += piece.count
        return piece
    }
}

/// Places of the tables of a valid object file.
private struct ObjectOffsets {
    var places: [Int]

    init(_ bytes: [UInt8]) {
        func long(_ offset: Int) -> Int { (0..<8).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) } }
        let programHeaders = long(32)
        let sectionHeaders = long(40)
        let programCount = Int(bytes[56])
        let sectionCount = Int(bytes[60])
        places = Array(0..<64) + Array(programHeaders..<programHeaders + programCount * 56)
        places += Array(sectionHeaders..<sectionHeaders + sectionCount * 64)
        for index in 0..<programCount where bytes[programHeaders + index * 56] == 2 {
            let start = long(programHeaders + index * 56 + 8)
            places += Array(start..<start + long(programHeaders + index * 56 + 32))
        }
    }
}
