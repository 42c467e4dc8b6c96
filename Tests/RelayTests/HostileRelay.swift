import NIOCore
import PatchbayCore
import PatchbayIO
import PatchbayTesting
import Synchronization

@testable import PatchbayRelay

/// A transport whose middle is a relay that does as the test says: what it splices, and what it tells the ends of their call.
final class HostileRelay: Transport, Sendable {
    enum Direction: String, Sendable, CaseIterable { case toListener, toDialer }

    /// What is done to one byte of the many that pass.
    enum Deed: String, Sendable, CaseIterable { case flip, drop, double, swap }

    struct Tampering: Sendable {
        var direction: Direction
        var offset: Int
        var deed: Deed

        /// - Returns: false where the bytes are as they were: two equal ones that changed places.
        func apply(_ bytes: inout [UInt8], at base: Int) -> Bool {
            let index = offset - base
            guard bytes.indices.contains(index) else { return false }
            switch deed {
            case .flip: bytes[index] ^= 1 << UInt8(offset & 7)
            case .drop: bytes.remove(at: index)
            case .double: bytes.insert(bytes[index], at: index)
            case .swap:
                guard index + 1 < bytes.count, bytes[index] != bytes[index + 1] else { return false }
                bytes.swapAt(index, index + 1)
            }
            return true
        }
    }

    /// What an end is told of its call.
    struct Told: Sendable {
        var realm = "relay.example:7000"
        var name = "worker"
        var circuit = [UInt8](repeating: 7, count: 16)
    }

    /// What passed, and whether it was changed.
    struct Record: Sendable {
        var bytes: [Direction: [UInt8]] = [.toListener: [], .toDialer: []]
        var isChanged = false
    }

    private let tampering: Tampering?
    private let told: (dialer: Told, listener: Told)
    private let inbox = StreamInbox(limit: 16)
    private let record = Locked(Record())
    /// Takes the place of what the dialer says.
    private let replayed: [UInt8]?

    init(_ tampering: Tampering? = nil, dialer: Told = Told(), listener: Told = Told(), replaying replayed: [UInt8]? = nil) {
        self.tampering = tampering
        told = (dialer, listener)
        self.replayed = replayed
    }

    var passed: Record { record.withLock { $0 } }

    func connect(_ context: TransportContext) async throws -> any ByteStream {
        let (near, a) = MemoryStream.pair(context.reactor, context.reactor)
        let (b, far) = MemoryStream.pair(context.reactor, context.reactor)
        Task(executorPreference: context.reactor) { await self.pump(a, b, .toListener) }
        Task(executorPreference: context.reactor) { await self.pump(b, a, .toDialer) }
        guard inbox.expectOne() else { throw PatchbayError(.closed, "no listener", stage: .dial) }
        inbox.put(RelayedCall(stream: far, realm: told.listener.realm, circuit: told.listener.circuit))
        return RelayedStream(near, realm: told.dialer.realm, name: told.dialer.name, circuit: told.dialer.circuit)
    }

    func listen(_ context: TransportContext) async throws -> any StreamListener { End(inbox: inbox, name: told.listener.name) }

    private func pump(_ source: MemoryStream, _ target: MemoryStream, _ direction: Direction) async {
        defer { target.shutdownOutput() }
        if direction == .toListener, let replayed {
            try? await target.send(replayed)
            return
        }
        while var bytes = try? await source.receive() {
            let base = record.withLock { record in
                defer { record.bytes[direction]?.append(contentsOf: bytes) }
                return record.bytes[direction]?.count ?? 0
            }
            if let tampering, tampering.direction == direction, tampering.apply(&bytes, at: base) {
                record.withLock { $0.isChanged = true }
            }
            do { try await target.send(bytes) } catch { break }
        }
    }

    private final class End: StreamListener {
        let inbox: StreamInbox
        let name: String

        init(inbox: StreamInbox, name: String) {
            self.inbox = inbox
            self.name = name
        }

        var boundTarget: String { name }
        var address: Address? { nil }

        func accept(_ home: @Sendable () -> Reactor) async throws -> (any ByteStream)? {
            guard let call = try await inbox.take()?.get() else { return nil }
            return RelayedStream(call.stream, realm: call.realm, name: name, circuit: call.circuit)
        }

        func close() { inbox.close() }
    }
}

/// Has the transport `hostile` in a registry.
struct HostilePlugin: Plugin {
    let relay: HostileRelay

    var name: String { "hostile" }
    var version: String { "1.0.0" }
    var summary: String { "a relay that does as the test says" }

    func register(into registrar: inout Registrar) {
        registrar.add(
            Layer(
                name: "hostile",
                summary: summary,
                maker: .transport(TransportTraits(target: .name, crossesNetwork: true, cost: 200, passesOthers: true), relay)
            )
        )
    }
}
