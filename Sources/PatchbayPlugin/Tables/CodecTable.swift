internal import CPatchbay
internal import NIOCore
internal import PatchbayCore

/// `patchbay.codec/1` over any ``Codec``.
enum CodecTable {
    // Never written again.
    nonisolated(unsafe) static let table = Lasting.value(
        patchbay_codec(
            size: UInt32(MemoryLayout<patchbay_codec>.size),
            reserved: 0,
            create: { settings, instance, error in
                guard let settings, let instance, let error else { return Status.invalid }
                return error.guarding {
                    instance.pointee = Instance.handle(try ExportedCodec(settings))
                    return Status.done
                }
            },
            decode: { instance, message, count, tape, error in
                guard let instance, let tape, let error else { return Status.invalid }
                return error.guarding {
                    try Instance.of(ExportedCodec.self, instance).decode(UnsafeRawBufferPointer(start: message, count: count), into: tape)
                    return Status.done
                }
            },
            encode: { instance, tape, sink, error in
                guard let instance, let tape, let sink, let error else { return Status.invalid }
                return error.guarding {
                    try sink.write(Instance.of(ExportedCodec.self, instance).encode(tape))
                    return Status.done
                }
            },
            decode_raw: nil,
            encode_raw: nil,
            destroy: { Instance.release(ExportedCodec.self, $0) }
        )
    )
}

/// A codec with its options.
final class ExportedCodec: Sendable {
    private let codec: any Codec

    init(_ settings: UnsafePointer<patchbay_settings>) throws {
        let layer = try ExportedPlugin.layer(settings)
        guard case .codec(let make) = layer.maker else {
            throw PatchbayError(.invalidArgument, "'\(layer.name)' is no codec", stage: .plugin, layer: layer.name)
        }
        codec = try make(Options(settings, of: layer))
    }

    /// A codec that is no ``ValueCodec`` goes through a ``Value``.
    func decode(_ bytes: UnsafeRawBufferPointer, into tape: UnsafeMutablePointer<patchbay_tape>) throws {
        let message = ByteBuffer(bytes: bytes)
        if let codec = codec as? any ValueCodec {
            try tape.append(try codec.read(message), of: message)
        } else {
            var writer = TapeWriter(ByteBuffer())
            try codec.decodeValue(from: message).write(to: &writer)
            try tape.append(writer.tape, of: message)
        }
    }

    func encode(_ tape: UnsafePointer<patchbay_tape>) throws -> ByteBuffer {
        let tape = try Tape(tape)
        if let codec = codec as? any ValueCodec { return try Self.encode(tape, codec) }
        var buffer = ByteBuffer()
        try codec.encode(Value(tape), into: &buffer)
        return buffer
    }

    private static func encode(_ tape: Tape, _ codec: some ValueCodec) throws -> ByteBuffer {
        var writer = codec.makeWriter(ByteBuffer())
        try tape.write(to: &writer)
        return try writer.finish()
    }
}
