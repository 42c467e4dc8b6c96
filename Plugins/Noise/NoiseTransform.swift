internal import NIOCore
internal import PatchbayCore

/// The records of Noise's transport messages, one cipher state a direction.
struct NoiseTransform: StreamTransform {
    let sealing: CipherState
    let opening: CipherState

    func makeSealer() -> any StreamSealer { NoiseSealer(state: sealing) }
    func makeOpener() -> any StreamOpener { RecordOpener(NoiseRecord(state: opening)) }
}

/// A record: the length of what follows, u16 big-endian, then one transport message of at most 16 KiB and its tag. Without a payload it ends the
/// stream.
struct NoiseRecord: RecordFormat {
    static let largestPayload = 16 * 1024
    static var headerBytes: Int { 2 }
    static var overhead: Int { headerBytes + NoiseCipher.tagBytes }
    static var layer: String { NoiseAuthenticator.layer }

    private var state: CipherState

    init(state: CipherState) { self.state = state }

    static func head(_ header: UnsafeRawBufferPointer) -> RecordHead? {
        let payload = Int(UInt16(bigEndian: header.loadUnaligned(as: UInt16.self))) - NoiseCipher.tagBytes
        return (0...largestPayload).contains(payload) ? RecordHead(payload: payload, isEnd: payload == 0) : nil
    }

    mutating func take(_ record: UnsafeRawBufferPointer, into plain: inout ByteBuffer) -> Bool {
        let sealed = UnsafeRawBufferPointer(rebasing: record.dropFirst(Self.headerBytes))
        // Nothing but a wrong tag can fail here, or a number that no connection lives to see.
        return (try? state.open(sealed, into: &plain)) != nil && (try? state.rekeyIfDue()) != nil
    }
}

/// Cuts the output into records.
struct NoiseSealer: StreamSealer {
    private var state: CipherState

    init(state: CipherState) { self.state = state }

    mutating func seal(_ plain: UnsafeRawBufferPointer, into wire: inout ByteBuffer) throws(PatchbayError) {
        var rest = plain[...]
        while !rest.isEmpty {
            try write(UnsafeRawBufferPointer(rebasing: rest.prefix(NoiseRecord.largestPayload)), into: &wire)
            rest = rest.dropFirst(NoiseRecord.largestPayload)
        }
    }

    mutating func sealEnd(into wire: inout ByteBuffer) throws(PatchbayError) {
        try write(UnsafeRawBufferPointer(start: nil, count: 0), into: &wire)
    }

    private mutating func write(_ payload: UnsafeRawBufferPointer, into wire: inout ByteBuffer) throws(PatchbayError) {
        wire.writeInteger(UInt16(payload.count + NoiseCipher.tagBytes))
        do {
            try state.seal(payload, into: &wire)
            try state.rekeyIfDue()
        } catch {
            throw PatchbayError(
                .encodingFailed,
                "a record could not be sealed; the connection cannot go on",
                stage: .send,
                layer: NoiseAuthenticator.layer,
                cause: error
            )
        }
    }
}
