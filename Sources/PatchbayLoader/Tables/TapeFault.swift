/// What is wrong with a plugin's tape.
enum TapeFault: Error, CustomStringConvertible {
    case kind(token: Int, UInt8)
    /// A field that the token's kind does not have is not zero.
    case field(token: Int, StaticString)
    case bounds(token: Int)
    case utf8(token: Int)
    case bigInteger(token: Int)
    case number(token: Int)
    case global(token: Int)
    /// The end of a container is not where its values end.
    case end(token: Int, said: UInt64, is: Int)
    case incomplete
    case more(token: Int)
    /// The peer's doing, not the plugin's.
    case depth(Int)

    /// What the message exceeds, where that is not the plugin's fault.
    var limit: String? {
        guard case .depth(let depth) = self else { return nil }
        return "containers lie more than \(depth) deep in each other; raise the codec's depth, where it has one, if that is intended"
    }

    /// Which bytes of the message no codec could make sense of, where that is all: a codec passes on what a peer sent, and a peer must not
    /// be able to end a plugin's use. Such a message is refused, as one that the codec refused itself.
    var content: String? {
        switch self {
        case .utf8, .bigInteger, .number, .global: "the message has a value that does not fit its kind: \(description)"
        case .kind, .field, .bounds, .end, .incomplete, .more, .depth: nil
        }
    }

    var description: String {
        switch self {
        case .kind(let token, let kind): "token \(token) is of kind \(kind), which does not exist"
        case .field(let token, let field): "`\(field)` of token \(token) does not fit its kind"
        case .bounds(let token): "the bytes of token \(token) lie outside of its buffer"
        case .utf8(let token): "token \(token) is not UTF-8"
        case .bigInteger(let token): "token \(token) is an integer that is not in its shortest form"
        case .number(let token): "token \(token) is no number as JSON writes them"
        case .global(let token): "token \(token) is no module and name with one NUL between"
        case .end(let token, let said, let end): "token \(token) says that its container ends at \(said), and it ends at \(end)"
        case .incomplete: "it ends before its value does"
        case .more(let token): "token \(token) stands behind the end of the value"
        case .depth(let depth): "containers lie more than \(depth) deep in each other"
        }
    }
}
