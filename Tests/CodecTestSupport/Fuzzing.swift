public import NIOCore
public import PatchbayCore
public import Testing

/// Feeds a codec with inputs, half random and half mutated from valid ones.
///
/// Each must be refused with `decodingFailed` or `limitExceeded`, or give a value that survives its own echo.
public func fuzz(
    _ codec: some ValueCodec,
    from valid: [ByteBuffer],
    inputs: Int = 20_000,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    var generator = SeededGenerator(for: "fuzzing \(type(of: codec))")
    var accepted = 0
    for round in 0..<inputs {
        let bytes =
            round.isMultiple(of: 2)
            ? (0..<Int.random(in: 0...64, using: &generator)).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            : mutated(Array(valid[Int.random(in: 0..<valid.count, using: &generator)].readableBytesView), &generator)
        let message = ByteBuffer(bytes: bytes)
        do {
            let value = try codec.decodeValue(from: message)
            accepted += 1
            var first = ByteBuffer()
            try codec.encode(value, into: &first)
            var second = ByteBuffer()
            try codec.encode(codec.decodeValue(from: first), into: &second)
            // Compared as bytes, as a NaN is not equal to itself.
            #expect(first == second, "the echo of \(message.hexadecimal) changed", sourceLocation: sourceLocation)
        } catch let error as PatchbayError where error.stage == .decode && [.decodingFailed, .limitExceeded].contains(error.code) {
            continue
        } catch {
            Issue.record("\(message.hexadecimal): \(error)", sourceLocation: sourceLocation)
        }
    }
    #expect(accepted > 0 && accepted < inputs, sourceLocation: sourceLocation)
}

private func mutated(_ valid: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
    var bytes = valid
    for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let byte = UInt8.random(in: .min ... .max, using: &generator)
        let index = Int.random(in: 0...bytes.count, using: &generator)
        switch Int.random(in: 0..<4, using: &generator) {
        case 0 where index < bytes.count: bytes[index] = byte
        case 1 where index < bytes.count: bytes[index] ^= 1 << (byte & 7)
        case 2 where index < bytes.count: bytes.removeSubrange(index..<min(bytes.count, index + Int(byte & 7) + 1))
        default: bytes.insert(byte, at: index)
        }
    }
    return bytes
}
