internal import Crypto
internal import PatchbayCore

/// A MAC on every record, with a key for each direction, so that a record sent back is a forgery.
struct RecordTransform: StreamTransform {
    private let sealing: KeyedSHA256
    private let opening: KeyedSHA256

    init(sealing: SymmetricKey, opening: SymmetricKey) {
        self.sealing = KeyedSHA256(key: sealing)
        self.opening = KeyedSHA256(key: opening)
    }

    func makeSealer() -> any StreamSealer { RecordSealer(key: sealing) }
    func makeOpener() -> any StreamOpener { RecordOpener(RecordChecker(key: opening)) }
}
