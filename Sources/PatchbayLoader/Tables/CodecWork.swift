internal import CPatchbay
internal import NIOCore
internal import PatchbayCore

/// One codec of a plugin, with its options: what calls the tables.
final class CodecWork: Sendable {
    /// The layer's name.
    let name: String
    private let table: patchbay_codec
    private let instance: PluginInstance
    private let limits: DecodingLimits
    private let traits: CodecTraits

    init(_ layer: CodecLayer, _ options: Options) throws(PatchbayError) {
        name = layer.name
        table = layer.table
        traits = layer.traits
        limits = DecodingLimits(options)
        instance = try layer.makeInstance(options)
    }

    func read(_ message: ByteBuffer) throws(PatchbayError) -> Tape {
        let call = PluginCall(function: "patchbay_codec.decode", stage: .decode, layer: name)
        return try instance.contract.withLoan { loan throws(PatchbayError) in
            var tape = try loan.lendTape(call, message: message, limits: limits) { tape throws(PatchbayError) in
                try message.withBorrowedBytes { bytes, count throws(PatchbayError) in
                    _ = try loan.call(call, instance.gate) { table.decode(instance.handle, bytes, count, tape, $0) }
                }
            }
            tape.hasBytesAsText = traits.bytesAsText
            try checkKeys(of: tape)
            return tape
        }
    }

    /// Appends the message of a tape.
    func encode(_ tokens: [patchbay_token], _ arena: ByteBuffer, into buffer: inout ByteBuffer) throws(PatchbayError) {
        let call = PluginCall(function: "patchbay_codec.encode", stage: .encode, layer: name)
        try instance.contract.withLoan { loan throws(PatchbayError) in
            _ = try loan.lendSink(call, into: &buffer, maximum: Self.largestMessage, endsMessages: false) { sink throws(PatchbayError) in
                try loan.lendTape(of: tokens, arena) { tape throws(PatchbayError) in
                    _ = try loan.call(call, instance.gate) { table.encode(instance.handle, tape, sink, $0) }
                }
            }
        }
    }

    func encode(raw value: ByteBuffer, into buffer: inout ByteBuffer) throws(PatchbayError) {
        let call = PluginCall(function: "patchbay_codec.encode_raw", stage: .encode, layer: name)
        try convert(call, value, maximum: Self.largestMessage, into: &buffer, table.encode_raw)
    }

    func read(raw message: ByteBuffer) throws(PatchbayError) -> ByteBuffer {
        let call = PluginCall(function: "patchbay_codec.decode_raw", stage: .decode, layer: name)
        var value = ByteBuffer()
        try convert(call, message, maximum: LentTape.arenaLimit(for: message), into: &value, table.decode_raw)
        return value
    }

    private typealias Conversion =
        @convention(c) (
            UnsafeMutableRawPointer?, UnsafeRawPointer?, Int, UnsafeMutablePointer<patchbay_sink>?, UnsafeMutablePointer<patchbay_error>?
        ) -> Int32

    private func convert(
        _ call: PluginCall,
        _ input: ByteBuffer,
        maximum: Int,
        into output: inout ByteBuffer,
        _ function: Conversion?
    ) throws(PatchbayError) {
        try instance.contract.withLoan { loan throws(PatchbayError) in
            _ = try loan.lendSink(call, into: &output, maximum: maximum, endsMessages: false) { sink throws(PatchbayError) in
                try input.withBorrowedBytes { bytes, count throws(PatchbayError) in
                    // There for a raw codec: checked when it was loaded.
                    _ = try loan.call(call, instance.gate) {
                        function?(instance.handle, bytes, count, sink, $0) ?? PatchbayStatus.unsupported.rawValue
                    }
                }
            }
        }
    }

    /// Bytes of one encoded message: the largest that Patchbay's own framing carries in one frame. The connection's limit is checked after.
    static let largestMessage = LengthFraming.largestBody

    private func checkKeys(of tape: Tape) throws(PatchbayError) {
        guard limits.refusesDuplicateKeys else { return }
        for (index, token) in tape.tokens.enumerated() where token.kind == .map {
            guard let key = tape.duplicateKey(inMapAt: index) else { continue }
            throw PatchbayError(
                .decodingFailed,
                "the key \(tape.summary(of: key)) comes twice in one map",
                stage: .decode,
                layer: name
            )
        }
    }
}

/// What a codec's metadata says of its format.
struct CodecTraits: Sendable {
    var bytesAsText = false
}

/// What all codecs of one layer share.
struct CodecLayer: Sendable {
    var name: String
    var table: patchbay_codec
    var traits: CodecTraits
    var contract: PluginContract
    var options: [OptionSpecification]

    func makeInstance(_ options: Options) throws(PatchbayError) -> PluginInstance {
        let values = OptionValues(name, options, self.options)
        let call = PluginCall(function: "patchbay_codec.create", stage: .resolve, layer: name)
        return try contract.withLoan { loan throws(PatchbayError) in
            var handle: UnsafeMutableRawPointer?
            try loan.lendSettings(values) { settings throws(PatchbayError) in
                _ = try loan.call(call, contract.anyGate) { table.create(settings, &handle, $0) }
            }
            return PluginInstance(handle, contract, destroy: table.destroy)
        }
    }
}
