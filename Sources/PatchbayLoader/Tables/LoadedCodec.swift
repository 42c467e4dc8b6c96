internal import CPatchbay
package import NIOCore
package import PatchbayCore

/// A plugin's codec: messages to tapes, and back.
package final class LoadedCodec: ValueCodec {
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

    package func makeWriter(_ buffer: consuming ByteBuffer) -> TapeWriter { TapeWriter(buffer, codec: self) }

    package func read(_ message: ByteBuffer) throws -> Tape {
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

extension ByteBuffer {
    /// The readable bytes; never NULL, also where there are none.
    func withBorrowedBytes(_ body: (UnsafeRawPointer, Int) throws(PatchbayError) -> Void) throws(PatchbayError) {
        var failure: PatchbayError?
        withUnsafeReadableBytes { bytes in
            do throws(PatchbayError) {
                if let base = bytes.baseAddress {
                    try body(base, bytes.count)
                } else {
                    try withUnsafePointer(to: UInt64(0)) { empty throws(PatchbayError) in try body(UnsafeRawPointer(empty), 0) }
                }
            } catch { failure = error }
        }
        if let failure { throw failure }
    }
}
