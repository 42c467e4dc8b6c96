internal import CPatchbay
internal import NIOCore
internal import PatchbayCore

/// What a call of an authenticator may do.
struct LentHandshake {
    /// Nil outside of such a call.
    var budget: HandshakeBudget?
    /// What it sent, in order.
    var messages: [ByteBuffer] = []
    var identity: String?
}

/// What one end may still send in one authentication.
struct HandshakeBudget: Sendable {
    /// The largest message, in bytes: what fits in one frame before a peer is authenticated.
    var messageBytes: Int
    /// In all, in bytes.
    var totalBytes: Int
    var messages: Int
}

extension Loan {
    /// Bytes of a name that a peer may prove to have.
    static let longestIdentity = 1024

    func prepareHandshake(_ host: UnsafeMutableRawPointer) {
        handshake.pointee.size = UInt32(MemoryLayout<patchbay_handshake>.size)
        handshake.pointee.host = host
        handshake.pointee.send = { handshake, data, count in
            guard let loan = Loan.of(handshake?.pointee.host) else { return PatchbayStatus.invalidArgument }
            return loan.send(data, count)
        }
        handshake.pointee.identify = { handshake, name, count in
            guard let loan = Loan.of(handshake?.pointee.host) else { return PatchbayStatus.invalidArgument }
            return loan.identify(name, count)
        }
    }

    /// Runs a call that reads the handshake, and may send.
    /// - Returns: what it sent and said, also where it then failed.
    func lendHandshake(
        _ knowledge: HandshakeKnowledge,
        budget: HandshakeBudget,
        _ body: (UnsafePointer<patchbay_handshake>) throws(PatchbayError) -> Int32
    ) -> (result: Result<Int32, PatchbayError>, said: LentHandshake) {
        lentHandshake = LentHandshake(budget: budget)
        var result: Result<Int32, PatchbayError> = .success(0)
        do throws(PatchbayError) {
            try lendSettings(knowledge.values) { settings throws(PatchbayError) in
                knowledge.fill(handshake, settings)
                result = .success(try body(handshake))
            }
        } catch { result = .failure(error) }
        handshake.pointee.settings = nil
        handshake.pointee.transcript = patchbay_bytes()
        handshake.pointee.user = patchbay_bytes()
        handshake.pointee.peer_address = patchbay_bytes()
        let said = lentHandshake
        lentHandshake = LentHandshake()
        return (result, said)
    }

    private func send(_ data: UnsafeRawPointer?, _ count: Int) -> Int32 {
        guard isCurrent, let budget = lentHandshake.budget else {
            return refuse("patchbay_handshake.send", "was called after the call that lent the handshake had returned, or on another thread")
        }
        guard count >= 0, count <= budget.messageBytes, count <= budget.totalBytes, budget.messages > 0 else {
            return PatchbayStatus.beyondLimit
        }
        guard data != nil || count == 0 else { return PatchbayStatus.invalidArgument }
        lentHandshake.messages.append(ByteBuffer(bytes: UnsafeRawBufferPointer(start: data, count: count)))
        lentHandshake.budget?.totalBytes -= count
        lentHandshake.budget?.messages -= 1
        return PatchbayStatus.ok
    }

    private func identify(_ name: UnsafePointer<CChar>?, _ count: Int) -> Int32 {
        guard isCurrent, lentHandshake.budget != nil else {
            return refuse(
                "patchbay_handshake.identify",
                "was called after the call that lent the handshake had returned, or on another thread"
            )
        }
        guard let name, count > 0, count <= Self.longestIdentity,
            let text = String(validating: UnsafeRawBufferPointer(start: name, count: count), as: UTF8.self)
        else { return PatchbayStatus.invalidArgument }
        lentHandshake.identity = text
        return PatchbayStatus.ok
    }
}
