import NIOCore
import Patchbay

extension Connection {
    func send(text: String) async throws { try await send(bytes: ByteBuffer(string: text)) }

    func receiveText(timeout: Duration? = .seconds(20)) async throws -> String? {
        try await receiveBytes(timeout: timeout).map { String(buffer: $0) }
    }
}

/// Bytes that show a shift, a loss or a repetition: blocks that begin with their number.
func pattern(_ count: Int, seed: Int = 0) -> ByteBuffer {
    var buffer = ByteBufferAllocator().buffer(capacity: count + patternBlock.count + 8)
    var number = UInt64(truncatingIfNeeded: seed) &* 0x9e37_79b9_7f4a_7c15
    while buffer.readableBytes < count {
        buffer.writeInteger(number)
        buffer.writeBytes(patternBlock)
        number &+= 1
    }
    return buffer.getSlice(at: 0, length: count) ?? buffer
}

private let patternBlock: [UInt8] = (0..<4088).map { UInt8(truncatingIfNeeded: $0 * 31 + $0 >> 8) }

/// The code of the error that `body` throws.
func thrown(_ body: () async throws -> Void) async -> PatchbayError.Code? {
    do {
        try await body()
        return nil
    } catch let error as PatchbayError {
        return error.code
    } catch {
        return PatchbayError.Code("\(type(of: error))")
    }
}
