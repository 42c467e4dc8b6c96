internal import FuzzSupport
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
    var generator = FuzzSource.forTest("\(type(of: codec))")
    var accepted = 0
    for _ in 0..<inputs {
        let bytes = generator.input(from: valid.randomElement(using: &generator).map { Array($0.readableBytesView) } ?? [], longest: 64)
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
