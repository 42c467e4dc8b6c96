import CPatchbay
import Glibc
import NIOCore
import Testing

@testable import PatchbayCore

/// A stream without a descriptor reaches the host through a socket pair.
@Suite(.serialized) struct TransportTableTests {
    /// How an operation ended.
    final class Ending: Sendable {
        private let continuation: CheckedContinuation<(Int32, Int32), Never>
        init(_ continuation: CheckedContinuation<(Int32, Int32), Never>) { self.continuation = continuation }

        static let done: patchbay_done = { context, outcome in
            guard let context, let outcome else { return }
            Unmanaged<Ending>.fromOpaque(context).takeRetainedValue().continuation
                .resume(returning: (outcome.pointee.status, outcome.pointee.descriptor))
        }
    }

    /// A handle that is set by the call that starts, and used after its end.
    struct Handle: @unchecked Sendable {
        // Sendable: used by one task, one call after the other.
        let pointer = UnsafeMutablePointer<UnsafeMutableRawPointer?>.allocate(capacity: 1)
        init() { pointer.initialize(to: nil) }
    }

    struct Table: @unchecked Sendable {
        // Sendable: lives as long as the process, and each call may come on any thread.
        let table: UnsafePointer<patchbay_transport>
        let host = TestHost(layer: "sample-memory")
        let name = strdup("pumped")

        func target<Result>(_ body: (UnsafePointer<patchbay_target>) -> Result) -> Result {
            var target = patchbay_target(
                size: UInt32(MemoryLayout<patchbay_target>.size),
                port: -1,
                settings: UnsafePointer(host.settings),
                host: name,
                path: nil,
                timeout: -1
            )
            return body(&target)
        }

        func connect() async -> (status: Int32, descriptor: Int32) {
            let handle = Handle()
            let ending = await withCheckedContinuation { continuation in
                var error = TestHost.error()
                let context = Unmanaged.passRetained(Ending(continuation)).toOpaque()
                let status = target { table.pointee.connect($0, Ending.done, context, handle.pointer, &error) }
                #expect(status == 0, "\(error.text)")
            }
            table.pointee.release(handle.pointer.pointee)
            return ending
        }

        func accept(_ listener: Handle, cancelled: Bool = false) async -> (status: Int32, descriptor: Int32) {
            let handle = Handle()
            let ending = await withCheckedContinuation { continuation in
                var error = TestHost.error()
                let context = Unmanaged.passRetained(Ending(continuation)).toOpaque()
                #expect(table.pointee.accept(listener.pointer.pointee, Ending.done, context, handle.pointer, &error) == 0)
                if cancelled { table.pointee.cancel(handle.pointer.pointee) }
            }
            table.pointee.release(handle.pointer.pointee)
            return ending
        }

        func listen() async -> Handle { await onThread { listenOnThisThread() } }

        private func listenOnThisThread() -> Handle {
            var error = TestHost.error()
            var listening = patchbay_listening()
            listening.size = UInt32(MemoryLayout<patchbay_listening>.size)
            #expect(target { table.pointee.listen($0, &listening, &error) } == 0, "\(error.text)")
            #expect(listening.descriptor == -1)
            #expect(withUnsafeBytes(of: listening.bound_target) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) } == "pumped")
            let handle = Handle()
            handle.pointer.pointee = listening.listener
            return handle
        }
    }

    private func table() throws -> Table { Table(table: try #require(TestHost.table(PATCHBAY_TRANSPORT, patchbay_transport.self))) }

    /// Reads so many bytes, or up to the end; waits at most ten seconds for each piece.
    private func read(_ descriptor: Int32, _ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while bytes.count < count {
            var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&ready, 1, 10_000) == 1 else { return bytes }
            let got = Glibc.read(descriptor, &piece, min(piece.count, count - bytes.count))
            guard got > 0 else { return bytes }
            bytes += piece[..<got]
        }
        return bytes
    }

    private func write(_ descriptor: Int32, _ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            guard poll(&ready, 1, 10_000) == 1 else { return }
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    @Test func `Megabytes go both ways through the pump, and an end arrives as an end`() async throws {
        let table = try table()
        let listener = await table.listen()
        async let dialled = table.connect()
        async let accepted = table.accept(listener)
        let (near, far) = await (dialled, accepted)
        #expect(near.status == 0 && far.status == 0)
        #expect(fcntl(near.descriptor, F_GETFL) & O_NONBLOCK != 0)
        #expect(fcntl(near.descriptor, F_GETFD) & FD_CLOEXEC != 0)
        // More than all buffers on the way hold.
        let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        async let received = onThread { read(far.descriptor, bytes.count) }
        await onThread { write(near.descriptor, bytes) }
        #expect(await received == bytes)
        write(far.descriptor, Array("back".utf8))
        #expect(await onThread { read(near.descriptor, 4) } == Array("back".utf8))
        // One direction ends, the other goes on.
        shutdown(near.descriptor, CInt(SHUT_WR))
        #expect(await onThread { read(far.descriptor, 1) }.isEmpty)
        write(far.descriptor, Array("still".utf8))
        #expect(await onThread { read(near.descriptor, 5) } == Array("still".utf8))
        close(far.descriptor)
        #expect(await onThread { read(near.descriptor, 1) }.isEmpty)
        close(near.descriptor)
        table.table.pointee.close(listener.pointer.pointee)
    }

    @Test func `A cancelled accept ends, once, and dialling nobody fails`() async throws {
        let table = try table()
        let listener = await table.listen()
        let ending = await table.accept(listener, cancelled: true)
        #expect(ending.status < 0 && ending.descriptor == -1)
        table.table.pointee.close(listener.pointer.pointee)
        let nobody = await table.connect()
        #expect(nobody.status == Int32(PATCHBAY_NOT_FOUND))
    }
}
