internal import BenchMeasurement
internal import Foundation
internal import NIOCore
internal import Patchbay

/// Our codecs and Foundation's, on the same documents. Peers/codecs and Benchmarks/codecs.py hold the others.
@main
enum CodecBench {
    static let usage = """
        usage: codec-bench files FOLDER                     write what each codec makes of each document
               codec-bench run MILLISECONDS [PREFIX …]      measure; a prefix is of 'peer shape direction'
               codec-bench repeat COUNT PREFIX …            do the work so many times, for a profiler
        """

    static let codecs = ["json": "json", "msgpack": "msgpack", "cbor": "cbor", "pickle": "pickle"]

    static func main() {
        do {
            var arguments = CommandLine.arguments.dropFirst()
            switch (arguments.popFirst(), arguments.popFirst()) {
            case ("files", let folder?): try write(to: folder)
            case ("run", let time?):
                guard let milliseconds = UInt64(time) else { throw Usage() }
                try run(Measurement(nanoseconds: milliseconds * 1_000_000, filters: Array(arguments)))
            case ("repeat", let count?):
                guard let count = Int(count) else { throw Usage() }
                try run(Measurement(fixedCount: count, filters: Array(arguments)))
            default: throw Usage()
            }
        } catch {
            print(error is Usage ? usage : "codec-bench: \(error)")
            exit(1)
        }
    }

    struct Usage: Error {}
    /// A codec that does not read what it wrote would be fast for no reason.
    struct WrongWork: Error { var name: String }

    static func codec(_ name: String) throws -> any Codec {
        guard let layer = Registry.standard.layer(named: name)?.layer, case .codec(let make) = layer.maker else { throw Usage() }
        return try make(try Options([:], for: layer.options))
    }

    // MARK: Files for the peers

    static func write(to folder: String) throws {
        func write<S: Shape>(_ type: S.Type) throws {
            for name in codecs.keys {
                var buffer = ByteBuffer()
                try codec(name).encode(S.sample, into: &buffer)
                try Data(buffer.readableBytesView).write(to: URL(fileURLWithPath: "\(folder)/\(S.name).\(name)"))
            }
            try JSONEncoder().encode(S.sample).write(to: URL(fileURLWithPath: "\(folder)/\(S.name).foundation"))
        }
        try write(Record.self)
        try write(Series.self)
        try write(Node.self)
        try write(Document.self)
        try write(Blob.self)
    }

    // MARK: Measuring

    static func run(_ measurement: Measurement) throws {
        func shape<S: Shape>(_ type: S.Type) throws {
            try foundation(type, measurement)
            for name in codecs.keys.sorted() { try ours(name, type, measurement) }
        }
        try shape(Record.self)
        // On the wire it is a record, and to Foundation a Codable like any other.
        try shape(FieldRecord.self)
        try shape(Series.self)
        try shape(Node.self)
        try shape(Document.self)
        try shape(Blob.self)
    }

    static func foundation<S: Shape>(_ type: S.Type, _ measurement: Measurement) throws {
        guard measurement.wants("foundation", S.name) else { return }
        let encoder = JSONEncoder()
        let decoder = JSONDecoder()
        let value = S.sample
        let message = try encoder.encode(value)
        guard try decoder.decode(S.self, from: message) == value else { throw WrongWork(name: "foundation \(S.name)") }
        try measurement.measure("foundation", S.name, "encode", bytes: message.count) { _ = try encoder.encode(value) }
        try measurement.measure("foundation", S.name, "decode", bytes: message.count) { _ = try decoder.decode(S.self, from: message) }
    }

    static func ours<S: Shape>(_ name: String, _ type: S.Type, _ measurement: Measurement) throws {
        guard measurement.wants(name, S.name) else { return }
        let codec = try codec(name)
        let value = S.sample
        var output = ByteBuffer()
        try codec.encode(value, into: &output)
        let message = output
        let tree = try codec.decodeValue(from: message)
        guard try codec.decode(S.self, from: message) == value else { throw WrongWork(name: "\(name) \(S.name)") }
        output = ByteBuffer()
        output.reserveCapacity(2 * message.readableBytes + 1024)
        try measurement.measure(name, S.name, "encode", bytes: message.readableBytes) {
            output.clear()
            try codec.encode(value, into: &output)
        }
        try measurement.measure(name, S.name, "decode", bytes: message.readableBytes) {
            _ = try codec.decode(S.self, from: message)
        }
        try measurement.measure("\(name)-value", S.name, "encode", bytes: message.readableBytes) {
            output.clear()
            try codec.encode(tree, into: &output)
        }
        try measurement.measure("\(name)-value", S.name, "decode", bytes: message.readableBytes) {
            _ = try codec.decodeValue(from: message)
        }
    }
}
