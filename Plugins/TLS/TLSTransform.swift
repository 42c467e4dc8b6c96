internal import NIOCore
internal import PatchbayCore
internal import PatchbayIO
internal import Synchronization

/// The records of one TLS connection.
struct TLSTransform: StreamTransform {
    let shared: SharedTLSEngine
    /// An end of the stream without close_notify is a truncation.
    let endsWithRecord: Bool

    func makeSealer() -> any StreamSealer { TLSSealer(shared: shared) }
    func makeOpener() -> any StreamOpener { TLSOpener(shared: shared, endsWithRecord: endsWithRecord) }
}

/// Seals, and sends along what TLS wanted to say while it read, such as the answer to a KeyUpdate.
struct TLSSealer: StreamSealer {
    let shared: SharedTLSEngine

    mutating func seal(_ plain: UnsafeRawBufferPointer, into wire: inout ByteBuffer) throws(PatchbayError) {
        let plain = ByteBuffer(bytes: plain)
        try shared.engine.withLock { engine throws(PatchbayError) in try engine.seal(plain, into: &wire) }
    }

    mutating func sealEnd(into wire: inout ByteBuffer) throws(PatchbayError) {
        shared.engine.withLock { engine in engine.sealEnd(into: &wire) }
    }
}

struct TLSOpener: StreamOpener {
    let shared: SharedTLSEngine
    let endsWithRecord: Bool

    mutating func open(_ wire: inout ByteBuffer, into plain: inout ByteBuffer, upTo maximum: Int) throws(PatchbayError) -> OpenOutcome {
        try shared.engine.withLock { engine throws(PatchbayError) in try engine.open(&wire, into: &plain, upTo: maximum) }
    }
}
