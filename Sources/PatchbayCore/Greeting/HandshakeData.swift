/// What one end tells the other about itself in the greeting: names and values, in order, a name more than once where wanted.
///
/// In a URL it is `data.NAME=VALUE`. Whether it can be believed depends on the stack: an authenticator binds it to the peer.
public struct HandshakeData: Sendable, Hashable {
    /// One name with its value.
    public struct Pair: Sendable, Hashable {
        /// 1 to 255 bytes of UTF-8.
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public var pairs: [Pair]

    public init(_ pairs: [Pair] = []) { self.pairs = pairs }

    /// The first value of a name.
    public subscript(name: String) -> String? { pairs.first { $0.name == name }?.value }

    /// All values of a name, in order.
    public func all(_ name: String) -> [String] { pairs.filter { $0.name == name }.map(\.value) }
}

extension HandshakeData: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, String)...) {
        self.init(elements.map { Pair($0.0, $0.1) })
    }
}
