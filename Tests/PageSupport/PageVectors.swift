internal import Glibc
internal import Testing

/// The vectors of a page in docs, by name.
package struct PageVectors: Sendable {
    private let page: String
    private let vectors: [String: [UInt8]]

    /// - Parameter page: `wire.md`, say.
    package init(_ page: String) throws {
        let path = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" } + "/docs/\(page)"
        let file = try #require(fopen(path, "r"), "docs/\(page) lies beside Tests")
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
        self.page = page
        self.vectors = vectors
    }

    package func callAsFunction(_ name: String) throws -> [UInt8] {
        try #require(vectors[name], "docs/\(page) has the vector \(name)")
    }
}
