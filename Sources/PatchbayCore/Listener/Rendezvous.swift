internal import PatchbayIO
internal import Synchronization

/// Where a task that awaits the connection with an id, and the listener that it arrives at, find each other, whichever comes first.
///
/// A program that asks a peer to call back gives it an id, awaits the connection here, and the peer says the id in its handshake data, or
/// in its first message:
///
/// ```swift
/// let arrivals = Rendezvous()
/// try await listener.run { connection in
///     guard let id = connection.peer.data["id"] else { return }
///     try await arrivals.offer(connection, as: id)
/// }
/// // Elsewhere, before or after:
/// let report = try await arrivals.withConnection("build-17", timeout: .seconds(10)) { worker in
///     try await worker.receive(as: Report.self)
/// }
/// ```
///
/// An id is a name, and no secret: who may say it is for the stack's authenticator and the listener's closure to decide.
public final class Rendezvous: Sendable {
    /// A connection that was offered.
    private final class Offer: Sendable {
        let connection: Connection
        let isTaken = ReadinessGate()
        let isOver = ReadinessGate()

        init(_ connection: Connection) { self.connection = connection }
    }

    /// A task that awaits one.
    private final class Seat: Sendable {
        let gate = ReadinessGate()
        let offer = Locked<Offer?>(nil)
    }

    private struct State {
        var offers: [String: Offer] = [:]
        var seats: [String: Seat] = [:]
    }

    private let capacity: Int
    private let patience: Duration
    private let state = Locked(State())

    /// - Parameters:
    ///   - capacity: connections that wait to be taken.
    ///   - patience: how long one waits for that.
    public init(capacity: Int = 1024, patience: Duration = .seconds(30)) {
        self.capacity = capacity
        self.patience = patience
    }

    /// Hands a connection to whoever awaits the id, or keeps it for whoever will, and returns once that one is done with it.
    /// - Throws: ``PatchbayError`` with `timedOut` where nobody came for it, `limitExceeded` where too many wait, `invalidArgument`
    ///   where another connection with the id waits already; `CancellationError`. The connection is then still the caller's.
    public nonisolated(nonsending) func offer(_ connection: Connection, as id: String) async throws {
        let offer = Offer(connection)
        try place(offer, id)
        let deadline = connection.link.reactor.deadline(after: patience)
        if deadline != .max { offer.isTaken.expire(at: deadline, on: connection.link.reactor) }
        await Self.wait(offer.isTaken)
        // Whoever takes it takes it out, so that it is either here or theirs.
        if withdraw(offer, id) {
            try Task.checkCancellation()
            throw PatchbayError(.timedOut, "nobody came for the connection '\(id)' within \(patience)", stage: .receive)
        }
        await Self.wait(offer.isOver)
        try Task.checkCancellation()
    }

    /// Awaits the connection with an id, and runs `body` with it; whoever offered it gets it back afterwards.
    /// - Parameter timeout: for the connection to come; nil: without a limit.
    /// - Throws: ``PatchbayError`` with `timedOut`, and `invalidArgument` where another task awaits the id already; `CancellationError`; what
    ///   `body` throws, after which the connection is aborted.
    public nonisolated(nonsending) func withConnection<Result>(
        _ id: String,
        timeout: Duration? = nil,
        _ body: (Connection) async throws -> Result
    ) async throws -> Result {
        let offer = try await take(id, timeout)
        defer { offer.isOver.streamBecameReadable() }
        do { return try await body(offer.connection) } catch {
            offer.connection.abort()
            throw error
        }
    }

    private func place(_ offer: Offer, _ id: String) throws(PatchbayError) {
        let seat = try state.withLock { state throws(PatchbayError) -> Seat? in
            if let seat = state.seats.removeValue(forKey: id) {
                seat.offer.withLock { $0 = offer }
                return seat
            }
            guard state.offers[id] == nil else {
                throw PatchbayError(.invalidArgument, "a connection '\(id)' waits already; give each an id of its own", stage: .receive)
            }
            guard state.offers.count < capacity else {
                throw PatchbayError(
                    .limitExceeded,
                    "\(capacity) connections wait for whoever awaits them; come for them, or allow more",
                    stage: .receive
                )
            }
            state.offers[id] = offer
            return nil
        }
        if let seat {
            offer.isTaken.streamBecameReadable()
            seat.gate.streamBecameReadable()
        }
    }

    /// - Returns: false where it was taken.
    private func withdraw(_ offer: Offer, _ id: String) -> Bool {
        state.withLock { state in
            guard state.offers[id] === offer else { return false }
            state.offers[id] = nil
            return true
        }
    }

    private nonisolated(nonsending) func take(_ id: String, _ timeout: Duration?) async throws -> Offer {
        let seat = Seat()
        let offer = try state.withLock { state throws(PatchbayError) -> Offer? in
            if let offer = state.offers.removeValue(forKey: id) { return offer }
            guard state.seats[id] == nil else {
                throw PatchbayError(
                    .invalidArgument,
                    "the connection '\(id)' is awaited already; give each an id of its own",
                    stage: .receive
                )
            }
            state.seats[id] = seat
            return nil
        }
        if let offer {
            offer.isTaken.streamBecameReadable()
            return offer
        }
        if let timeout {
            let reactor = ReactorGroup.shared.currentOrNext()
            let deadline = reactor.deadline(after: timeout)
            if deadline != .max { seat.gate.expire(at: deadline, on: reactor) }
        }
        await Self.wait(seat.gate)
        state.withLock { state in if state.seats[id] === seat { state.seats[id] = nil } }
        if let offer = seat.offer.withLock({ $0 }) { return offer }
        try Task.checkCancellation()
        throw PatchbayError(.timedOut, "no connection '\(id)' came within \(timeout ?? .zero)", stage: .receive)
    }

    /// Until it is opened, its time has come or the task is cancelled.
    private nonisolated(nonsending) static func wait(_ gate: ReadinessGate) async {
        await withTaskCancellationHandler {
            await gate.wait { true }
        } onCancel: {
            gate.streamBecameReadable()
        }
    }
}
