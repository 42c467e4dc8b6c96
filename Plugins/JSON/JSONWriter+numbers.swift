internal import NIOCore
public import PatchbayCore

extension JSONWriter {
    public mutating func int(_ value: Int64) throws { try integer(value.magnitude, isNegative: value < 0) }

    public mutating func unsigned(_ value: UInt64) throws { try integer(value, isNegative: false) }

    public mutating func bigInteger(_ value: BigInteger) throws {
        guard let digits = value.decimal else {
            throw Self.failure("an integer has more than the \(BigInteger.greatestDecimalDigits) digits allowed in JSON")
        }
        try literal(digits, "an integer")
    }

    public mutating func float(_ value: Float) throws {
        guard value.isFinite else { throw Self.failure("JSON has no \(value); send null or text") }
        try printed(value)
    }

    public mutating func double(_ value: Double) throws {
        guard value.isFinite else { throw Self.failure("JSON has no \(value); send null or text") }
        try printed(value)
    }

    public mutating func number(_ literal: String) throws {
        var copy = literal
        let isNumber = copy.withUTF8 { text in
            guard let first = text.first, first == 0x2D || (0x30...0x39).contains(first) else { return false }
            var builder = TapeBuilder(message: ByteBuffer(bytes: text), limits: DecodingLimits(), layer: "json")
            var reader = JSONReader(UnsafeRawBufferPointer(text))
            do { try reader.readNumber(&builder) } catch { return false }
            return reader.position == text.count
        }
        guard isNumber else { throw Self.failure("a number's literal is not one of JSON's") }
        try self.literal(literal, "a number")
    }

    private mutating func literal(_ text: String, _ kind: StaticString) throws {
        var text = text
        try text.withUTF8 { text in
            try put(atMost: text.count, kind) { output in
                output.copyMemory(from: UnsafeRawBufferPointer(text))
                return text.count
            }
        }
    }

    private mutating func integer(_ magnitude: UInt64, isNegative: Bool) throws {
        try put(atMost: 20, "an integer") { output in
            var count = isNegative ? 2 : 1
            var power: UInt64 = 10
            while magnitude >= power {
                count &+= 1
                let (next, overflow) = power.multipliedReportingOverflow(by: 10)
                if overflow { break }
                power = next
            }
            if isNegative { output[0] = 0x2D }
            var rest = magnitude
            var position = count
            repeat {
                position &-= 1
                output[position] = 0x30 &+ UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest != 0
            return count
        }
    }

    /// Swift prints the shortest digits that read back the same, in a form that JSON shares.
    private mutating func printed<Number: BinaryFloatingPoint & TextOutputStreamable>(_ value: Number) throws {
        try put(atMost: 32, "a number") { output in
            var digits = Digits(output: output)
            value.write(to: &digits)
            return digits.count
        }
    }
}

/// Takes a printed number without a string between.
private struct Digits: TextOutputStream {
    let output: UnsafeMutableRawBufferPointer
    var count = 0

    init(output: UnsafeMutableRawBufferPointer) { self.output = output }

    mutating func write(_ string: String) {
        for byte in string.utf8 where count < output.count {
            output[count] = byte
            count += 1
        }
    }

    /// What the standard library calls where it has ASCII at hand; without it `write(_:)` is called.
    mutating func _writeASCII(_ buffer: UnsafeBufferPointer<UInt8>) {
        let taken = min(buffer.count, output.count - count)
        UnsafeMutableRawBufferPointer(rebasing: output[count...])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<taken]))
        count += taken
    }
}
