public import NIOCore

/// The checked options of one layer: what the URL said, what was given in code, and the defaults.
///
/// A layer reads only what it declared; reading another name is a mistake of the layer and gives nothing.
public struct Options: Sendable {
    /// Where an option's value came from.
    public enum Source: String, Sendable, Hashable {
        case url, password, file, environment, application
        /// A key that the process was given for all its connections: through a descriptor, or a file that the environment names.
        case inherited
        case `default`
    }

    /// A checked value.
    package enum Checked: Sendable {
        case text(String)
        case flag(Bool)
        case integer(Int)
        case duration(Duration?)
        case secret(ByteBuffer)
        case list([String])
    }

    package var values: [String: (value: Checked, source: Source)] = [:]

    public init() {}

    /// A text, a choice or a path.
    public func text(_ name: String) -> String? {
        if case .text(let text) = values[name]?.value { text } else { nil }
    }

    public func flag(_ name: String) -> Bool {
        if case .flag(let flag) = values[name]?.value { flag } else { false }
    }

    /// An integer, a size in bytes, a mode or a byte.
    public func integer(_ name: String) -> Int? {
        if case .integer(let integer) = values[name]?.value { integer } else { nil }
    }

    /// Nil where it is not given, or `none`.
    public func duration(_ name: String) -> Duration? {
        if case .duration(let duration) = values[name]?.value { duration } else { nil }
    }

    /// All values of a list option, in order.
    public func list(_ name: String) -> [String] {
        if case .list(let list) = values[name]?.value { list } else { [] }
    }

    /// The bytes of a secret; never to be printed.
    public func secret(_ name: String) -> ByteBuffer? {
        if case .secret(let secret) = values[name]?.value { secret } else { nil }
    }

    public func source(of name: String) -> Source? { values[name]?.source }
}
