internal import Glibc

/// What one thread keeps from one message to the next, so that small messages allocate nothing for the codec's own sake.
///
/// A codec never suspends, so that what it takes is its own until it gives it back; one that runs inside another, in a
/// type's own `encode(to:)`, finds nothing here and makes its own.
final class CodecScratch {
    @exclusivity(unchecked) private var tokens: [Token] = []
    @exclusivity(unchecked) private var decoder: TapeDecoderState?
    @exclusivity(unchecked) private var encoder: TokenEncoderState?

    /// Larger than this, memory is not kept.
    private static let mostTokens = 4096

    /// Nil where the system has no more keys; then nothing is kept.
    private static let key: pthread_key_t? = {
        var key = pthread_key_t()
        let release: @convention(c) (UnsafeMutableRawPointer?) -> Void = { scratch in
            if let scratch { Unmanaged<CodecScratch>.fromOpaque(scratch).release() }
        }
        return pthread_key_create(&key, release) == 0 ? key : nil
    }()

    /// This thread's.
    static var current: CodecScratch {
        guard let key, let scratch = pthread_getspecific(key) else { return make() }
        return Unmanaged<CodecScratch>.fromOpaque(scratch).takeUnretainedValue()
    }

    @inline(never)
    private static func make() -> CodecScratch {
        let scratch = CodecScratch()
        if let key, pthread_setspecific(key, Unmanaged.passRetained(scratch).toOpaque()) != 0 {
            Unmanaged.passUnretained(scratch).release()
        }
        return scratch
    }

    /// The type that was asked for last, and whether it is a ``FieldCodable``: asking the runtime takes longer than a small message.
    @exclusivity(unchecked) private var lastType: (asked: Any.Type, found: (any FieldCodable.Type)?) = (Never.self, nil)

    func fieldType<T>(of type: T.Type) -> (any FieldCodable.Type)? {
        if lastType.asked == type { return lastType.found }
        lastType = (type, type as? any FieldCodable.Type)
        return lastType.found
    }

    /// The same of types that take bytes whole, as Foundation's `Data`: such a cast takes longer than a kilobyte.
    @exclusivity(unchecked) private var lastBytes: (asked: Any.Type, found: (any RangeReplaceableCollection<UInt8>.Type)?) = (
        Never.self, nil
    )

    func bytesType(of type: Any.Type) -> (any RangeReplaceableCollection<UInt8>.Type)? {
        if lastBytes.asked == type { return lastBytes.found }
        lastBytes = (type, type as? any RangeReplaceableCollection<UInt8>.Type)
        return lastBytes.found
    }

    /// An empty array, with room if this thread had one before.
    func takeTokens() -> [Token] {
        var taken: [Token] = []
        swap(&taken, &tokens)
        return taken
    }

    func give(_ given: consuming [Token]) {
        guard given.capacity <= Self.mostTokens, given.capacity > tokens.capacity else { return }
        given.removeAll(keepingCapacity: true)
        tokens = given
    }

    func takeDecoder() -> TapeDecoderState? {
        var taken: TapeDecoderState?
        swap(&taken, &decoder)
        return taken
    }

    /// Takes one that nobody else holds.
    func give(_ given: TapeDecoderState) { decoder = given }

    func takeEncoder() -> TokenEncoderState? {
        var taken: TokenEncoderState?
        swap(&taken, &encoder)
        return taken
    }

    /// Takes one that nobody else holds.
    func give(_ given: TokenEncoderState) { encoder = given }
}
