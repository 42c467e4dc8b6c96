import Glibc
import NIOCore
import PatchbayIO
import PatchbayTesting
import Testing

@Suite("Streams inside the process", .timeLimit(.minutes(1)))
struct MemoryStreamTests {
    private func write(_ bytes: [UInt8], to stream: MemoryStream) -> Int {
        let outcome = bytes.withUnsafeBytes { stream.write($0, UnsafeRawBufferPointer(start: nil, count: 0)) }
        if case .bytes(let count) = outcome { return count }
        return 0
    }

    @Test("a stream that is never quite empty holds no more memory than its capacity")
    func memory() async {
        await #expect(processExitsWith: .success) {
            let reactor = try ReactorGroup().next()
            let (writer, reader) = MemoryStream.pair(reactor, reactor)
            let bytes = [UInt8](repeating: 7, count: 65_536)
            let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
            for _ in 0..<2 { _ = bytes.withUnsafeBytes { writer.write($0, nothing) } }
            var buffer = ByteBufferAllocator().buffer(capacity: 65_536)
            let before = residentBytes()
            for _ in 0..<8192 {
                buffer.clear()
                _ = reader.read(into: &buffer, upTo: 65_536)
                _ = bytes.withUnsafeBytes { writer.write($0, nothing) }
            }
            // 512 MiB have passed.
            #expect(residentBytes() - before < 64 << 20)
        }
    }

    @Test("a direction takes its capacity and no more, and goes on as it is read")
    func capacity() async throws {
        let group = try ReactorGroup()
        defer { group.stop() }
        let (writer, reader) = MemoryStream.pair(group.next(), group.next())
        let bytes = [UInt8](repeating: 7, count: MemoryStream.capacity + 1)
        #expect(write(bytes, to: writer) == MemoryStream.capacity)
        #expect(write([1], to: writer) == 0)
        let gate = ReadinessGate()
        async let waited: Void = gate.wait { writer.whenWritable(gate) }
        #expect(try await reader.receive(exactly: 100).count == 100)
        await waited
        #expect(write(bytes, to: writer) == 100)
        writer.close(abort: false)
        #expect(try await reader.receiveAll().count == MemoryStream.capacity)
    }

    @Test("an aborted stream is reset at the other end, and what was left is gone")
    func abort() async throws {
        let group = try ReactorGroup()
        defer { group.stop() }
        let (writer, reader) = MemoryStream.pair(group.next(), group.next())
        #expect(write([1, 2, 3], to: writer) == 3)
        writer.close(abort: true)
        await #expect(throws: IOFailure(errno: ECONNRESET, operation: "receive")) { _ = try await reader.receive() }
        #expect(try await writer.receive() == nil)
        await #expect(throws: IOFailure(errno: EPIPE, operation: "send")) { try await reader.send([1]) }
    }
}

/// What of this process is in memory: statm's second field, in pages of 4 KiB (proc(5)).
func residentBytes() -> Int {
    guard let file = fopen("/proc/self/statm", "r") else { return 0 }
    defer { fclose(file) }
    var text = [CChar](repeating: 0, count: 128)
    guard fgets(&text, 127, file) != nil else { return 0 }
    let fields = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).split(separator: " ")
    return fields.count > 1 ? (Int(fields[1]) ?? 0) * 4096 : 0
}
