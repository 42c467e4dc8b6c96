internal import NIOCore
package import PatchbayIO

extension ByteStream {
    /// Writes all of it, waiting where it must.
    package func send(_ bytes: [UInt8]) async throws {
        var sent = 0
        while sent < bytes.count {
            switch bytes[sent...].withUnsafeBytes({ write($0, UnsafeRawBufferPointer(start: nil, count: 0)) }) {
            case .bytes(let count): sent += count
            case .blocked:
                let gate = ReadinessGate()
                await gate.wait { whenWritable(gate) }
            case .failed(let failure): throw failure
            }
        }
    }

    /// What is there, waiting for at least a byte; nil at the end.
    package func receive() async throws -> [UInt8]? {
        var buffer = ByteBuffer()
        while true {
            switch read(into: &buffer, upTo: 65_536) {
            case .bytes: return Array(buffer.readableBytesView)
            case .end: return nil
            case .blocked:
                let gate = ReadinessGate()
                await gate.wait { whenReadable(gate) }
            case .failed(let failure): throw failure
            }
        }
    }

    /// So many bytes, in however many pieces they come; fewer where the end comes first.
    package func receive(exactly count: Int) async throws -> [UInt8] {
        var buffer = ByteBuffer()
        while buffer.readableBytes < count {
            switch read(into: &buffer, upTo: count - buffer.readableBytes) {
            case .bytes: continue
            case .end: return Array(buffer.readableBytesView)
            case .blocked:
                let gate = ReadinessGate()
                await gate.wait { whenReadable(gate) }
            case .failed(let failure): throw failure
            }
        }
        return Array(buffer.readableBytesView)
    }

    /// Everything to the end.
    package func receiveAll() async throws -> [UInt8] {
        var all: [UInt8] = []
        while let bytes = try await receive() { all += bytes }
        return all
    }
}
