/// One option that a layer, or the connection, declares.
public struct OptionSpecification: Sendable {
    /// What its text must be.
    public enum Kind: Sendable {
        case text
        /// `true`, `false`, or the name alone.
        case flag
        case integer(ClosedRange<Int>)
        /// Bytes, with `KiB`, `MiB`, `GiB` or nothing behind the number.
        case size(ClosedRange<Int>)
        /// `250ms`, `5s`, `2m`, `1h`, or `none` where it may be unlimited.
        case duration(ClosedRange<Duration>, orNone: Bool)
        case choice([String])
        case path
        /// A Unix mode: `600`, `0600`, `=600`, or symbolic as `u=rw,g=`.
        case mode
        /// One byte: a character, or `0x` and two hexadecimal digits.
        case byte
    }

    /// `[a-z][a-z0-9-]*`.
    public var name: String
    public var summary: String
    public var kind: Kind
    /// What holds where the URL is silent, as it would be written; nil: nothing.
    public var defaultText: String?
    /// Never printed; also accepted as `…-file` and `…-env`.
    public var isSecret: Bool
    /// May be written several times.
    public var isList: Bool
    /// Both ends must agree on it: it is part of the greeting's stack.
    public var changesWire: Bool
    /// Resolution refuses a stack without it; a default key, or the URL's password, counts.
    public var isRequired: Bool

    public init(
        _ name: String,
        _ kind: Kind,
        default defaultText: String? = nil,
        isSecret: Bool = false,
        isList: Bool = false,
        changesWire: Bool = false,
        isRequired: Bool = false,
        summary: String
    ) {
        self.name = name
        self.kind = kind
        self.defaultText = defaultText
        self.isSecret = isSecret
        self.isList = isList
        self.changesWire = changesWire
        self.isRequired = isRequired
        self.summary = summary
    }
}
