import Glibc
import NIOCore
import PatchbayCore
import Testing

@testable import PatchbayLoader

/// The manifests of Plugins/Bindings.
enum ShippedManifest: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case lz4, zstd, zlib, gzip, brotli, snappy, xz, bzip2

    var testDescription: String { rawValue }

    var path: String { Self.repository + "/Plugins/Bindings/\(rawValue).patchbay.json" }

    /// The command that reads and writes the format; nil where the field has none.
    var command: String? {
        switch self {
        case .zlib, .snappy: nil
        default: rawValue
        }
    }

    static let repository = String(#filePath.split(separator: "/").dropLast(4).reduce(into: "") { $0 += "/\($1)" })

    func manifest() throws -> Manifest { try Manifest.parse(ByteBuffer(bytes: try Self.read(path)), path: "\(rawValue).patchbay.json") }

    func plugin() throws -> BoundPlugin { try BoundPlugin(try manifest()) }

    /// Whether the machine has the library; nil, or why not.
    var missing: String? {
        do {
            _ = try BoundLibrary(try manifest().library)
            return nil
        } catch {
            return "\(error)"
        }
    }

    static func read(_ path: String) throws -> [UInt8] {
        guard let file = fopen(path, "r") else { throw PatchbayError(.systemFailure, "no file \(path)", stage: .plugin) }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&piece, 1, piece.count, file)
            guard count > 0 else { return bytes }
            bytes += piece[..<count]
        }
    }
}

extension BoundPlugin {
    /// One of its layers, as the registry would make it.
    func processor(_ name: String? = nil, _ options: KeyValuePairs<String, String> = [:]) throws -> BoundProcessor {
        let prepared = try #require(processors.first { name == nil || $0.metadata.name == name })
        return try prepared.processor(try Options(options, for: prepared.options))
    }
}

extension Processor {
    func encode(_ message: [UInt8], maximum: Int = 1 << 30) throws -> [UInt8] { try Self.run(try makeEncoder(), message, maximum) }

    func decode(_ message: [UInt8], maximum: Int = 1 << 30) throws -> [UInt8] { try Self.run(try makeDecoder(), message, maximum) }

    private static func run(_ step: any ProcessorStep, _ message: [UInt8], _ maximum: Int) throws -> [UInt8] {
        var step = step
        var sink = ProcessorSink(maximum: maximum)
        try step.push(ByteBuffer(bytes: message), .finish, into: &sink)
        #expect(sink.buffers.count == 1)
        return sink.buffers.flatMap { Array($0.readableBytesView) }
    }
}
