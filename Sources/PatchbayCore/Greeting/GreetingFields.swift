/// The fields of the greeting's frames.
typealias GreetingFields = TaggedFields<GreetingField>

enum GreetingField: UInt8, FieldKind {
    case minorVersion = 1
    case stack, nonce, limits, user, datum
    /// Reserved for sessions; skipped for now.
    case session
    case code = 16
    case message

    static var place: String { "greeting" }
    var mayRepeat: Bool { self == .datum }
}
