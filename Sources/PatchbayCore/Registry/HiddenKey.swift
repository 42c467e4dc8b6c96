internal import NIOCore

/// A key inside a public value: no description or mirror of that value shows it.
struct HiddenKey: Sendable, CustomStringConvertible, CustomReflectable {
    var bytes: ByteBuffer?

    var description: String { bytes == nil ? "none" : Redaction.mark }
    var customMirror: Mirror { Mirror(reflecting: description) }
}
