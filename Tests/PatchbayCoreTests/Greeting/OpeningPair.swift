import NIOCore
import Testing

@testable import PatchbayCore

/// One end of an opening under test, with what came of it.
struct OpeningEnd {
    var opening: any Opening
    var inbox = ByteBuffer()
    var result: OpeningResult?
    var error: PatchbayError?
    /// All that it sent, piece by piece.
    var sent: [ByteBuffer] = []
    var offer: PeerOffer?
    var refusal: String?
    /// What it waits for.
    var needed = 0

    init(_ opening: any Opening, refusal: String? = nil) {
        self.opening = opening
        self.refusal = refusal
    }

    var isOver: Bool { result != nil || error != nil }

    /// Advances until it waits or is over.
    /// - Returns: what it sent.
    mutating func run() async -> ByteBuffer {
        var output = ByteBuffer()
        while !isOver {
            do {
                switch try opening.advance(&inbox) {
                case .send(let bytes):
                    output.writeImmutableBuffer(bytes)
                    sent.append(bytes)
                case .need(let count):
                    #expect(count > inbox.readableBytes)
                    needed = count
                    return output
                case .perform(let work):
                    let verdict = (try? await work()) ?? false
                    opening.verdict(verdict)
                case .admit(let offer):
                    self.offer = offer
                    if let refusal {
                        error = opening.refuse(refusal)
                        output.writeImmutableBuffer(opening.parting ?? ByteBuffer())
                    } else {
                        opening.admitted()
                    }
                case .done(let result): self.result = result
                }
            } catch {
                self.error = error
                output.writeImmutableBuffer(opening.parting ?? ByteBuffer())
            }
        }
        return output
    }
}

/// Both ends, joined by memory.
struct OpeningPair {
    var dialer: OpeningEnd
    var listener: OpeningEnd
    var dialerBytes: [UInt8] = []
    var listenerBytes: [UInt8] = []

    init(_ dialer: any Opening, _ listener: any Opening, refusal: String? = nil) {
        self.dialer = OpeningEnd(dialer)
        self.listener = OpeningEnd(listener, refusal: refusal)
    }

    /// Runs both until nothing moves.
    /// - Parameters:
    ///   - chunk: the most bytes that arrive at once.
    ///   - change: what happens to each byte on its way: from whom it is, its offset there, its value; nil drops it.
    mutating func run(chunk: Int = .max, change: (Role, Int, UInt8) -> UInt8? = { $2 }) async {
        var toListener = ByteBuffer()
        var toDialer = ByteBuffer()
        while true {
            for byte in await dialer.run().readableBytesView {
                if let changed = change(.dialer, dialerBytes.count, byte) { toListener.writeInteger(changed) }
                dialerBytes.append(byte)
            }
            var moved = 0
            if let bytes = toListener.readSlice(length: min(chunk, toListener.readableBytes)) {
                moved += bytes.readableBytes
                listener.inbox.writeImmutableBuffer(bytes)
            }
            for byte in await listener.run().readableBytesView {
                if let changed = change(.listener, listenerBytes.count, byte) { toDialer.writeInteger(changed) }
                listenerBytes.append(byte)
            }
            if let bytes = toDialer.readSlice(length: min(chunk, toDialer.readableBytes)) {
                moved += bytes.readableBytes
                dialer.inbox.writeImmutableBuffer(bytes)
            }
            if moved == 0 { break }
        }
        // What each end says once the other has gone.
        if !dialer.isOver { dialer.error = dialer.opening.ended(dialer.inbox) }
        if !listener.isOver { listener.error = listener.opening.ended(listener.inbox) }
    }
}
