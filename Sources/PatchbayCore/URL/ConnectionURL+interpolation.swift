public import NIOCore

extension ConnectionURL: ExpressibleByStringInterpolation {
    public init(stringLiteral value: String) { self.init(text: value, hidden: []) }

    public init(stringInterpolation: StringInterpolation) {
        self.init(text: String(decoding: stringInterpolation.bytes, as: UTF8.self), hidden: stringInterpolation.hidden)
    }

    /// Percent-encodes each value, so that it cannot become another part of the URL, and marks it as hidden in print.
    ///
    /// A host, a port and a path that may be seen are named: `"tcp://\(host: name):\(port: 7000)"`, `"unix://\(path: file)"`.
    public struct StringInterpolation: StringInterpolationProtocol {
        var bytes: [UInt8] = []
        var hidden: [Range<Int>] = []

        public init(literalCapacity: Int, interpolationCount: Int) {
            bytes.reserveCapacity(literalCapacity + interpolationCount * 32)
        }

        public mutating func appendLiteral(_ literal: String) { bytes += literal.utf8 }

        /// A text that is hidden wherever the URL is printed.
        public mutating func appendInterpolation(_ text: some StringProtocol) { hide(text.utf8) }

        /// Bytes, such as a key, that are hidden wherever the URL is printed. A key with a zero byte needs a file.
        public mutating func appendInterpolation(_ bytes: some Sequence<UInt8>) { hide(bytes) }

        /// Bytes, such as a key, that are hidden wherever the URL is printed. A key with a zero byte needs a file.
        public mutating func appendInterpolation(_ bytes: ByteBuffer) { hide(bytes.readableBytesView) }

        /// A number that is hidden wherever the URL is printed.
        public mutating func appendInterpolation(_ number: some BinaryInteger) { hide(String(number).utf8) }

        /// A whole URL as a value, such as `relay:///name?via=\(carrier)`.
        public mutating func appendInterpolation(_ url: ConnectionURL) { hide(url.text.utf8) }

        /// A host to be seen; an IPv6 address gets its brackets.
        public mutating func appendInterpolation(host: String) { bytes += HostSyntax.written(host) }

        /// A port to be seen.
        public mutating func appendInterpolation(port: Int) { bytes += String(port).utf8 }

        /// A path to be seen, whose slashes stay.
        public mutating func appendInterpolation(path: String) { bytes += PercentCoding.encode(path.utf8, keeping: UInt8(ascii: "/")) }

        private mutating func hide(_ value: some Sequence<UInt8>) {
            let start = bytes.count
            bytes += PercentCoding.encode(value)
            hidden.append(start..<bytes.count)
        }
    }
}
