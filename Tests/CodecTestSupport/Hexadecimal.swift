public import NIOCore

extension ByteBuffer {
    /// Bytes as specifications print them; spaces do not matter.
    public init(hexadecimal: String) {
        let digits = hexadecimal.compactMap(\.hexDigitValue)
        precondition(digits.count.isMultiple(of: 2), "an odd number of digits in \(hexadecimal)")
        self.init(bytes: stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) })
    }

    public var hexadecimal: String {
        readableBytesView.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
