import Glibc
import Testing

/// The vectors of docs/wire.md, by name.
struct WireVectors {
    private let vectors: [String: [UInt8]]

    init() throws {
        let page = #filePath.split(separator: "/").dropLast(4).reduce("") { "\($0)/\($1)" } + "/docs/wire.md"
        let file = try #require(fopen(page, "r"), "docs/wire.md lies beside Tests")
        defer { fclose(file) }
        var text = [UInt8]()
        while case let byte = getc(file), byte != EOF { text.append(UInt8(truncatingIfNeeded: byte)) }
        var vectors: [String: [UInt8]] = [:]
        var name: String?
        var isInside = false
        for line in String(decoding: text, as: UTF8.self).split(separator: "\n") {
            if line.hasPrefix("```") {
                isInside = line == "```vectors"
            } else if isInside, line.hasSuffix(":"), !line.hasPrefix(" ") {
                name = String(line.dropLast())
                vectors[String(line.dropLast())] = []
            } else if isInside, let name {
                vectors[name]?.append(contentsOf: line.split(separator: " ").compactMap { UInt8($0, radix: 16) })
            }
        }
        self.vectors = vectors
    }

    func callAsFunction(_ name: String) throws -> [UInt8] { try #require(vectors[name], "docs/wire.md has the vector \(name)") }
}
