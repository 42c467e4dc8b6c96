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
                if let base = text.baseAddress { output.copyMemory(from: base, byteCount: text.count) }
                return text.count
            }
        }
    }

    private mutating func integer(_ magnitude: UInt64, isNegative: Bool) throws {
        try put(atMost: 21, "an integer") { output in
            let output = output.assumingMemoryBound(to: UInt8.self)
            if isNegative { output[0] = 0x2D }
            let start = isNegative ? 1 : 0
            guard magnitude >= 10 else {
                output[start] = 0x30 &+ UInt8(truncatingIfNeeded: magnitude)
                return start &+ 1
            }
            let count = start &+ Self.digits(magnitude)
            var rest = magnitude
            var position = count
            while rest >= 10 {
                let (quotient, pair) = rest.quotientAndRemainder(dividingBy: 100)
                position &-= 2
                // Two digits of at most 99, by multiplication: no table to look up.
                let tens = (pair &* 103) >> 10
                output[position] = 0x30 &+ UInt8(truncatingIfNeeded: tens)
                output[position &+ 1] = 0x30 &+ UInt8(truncatingIfNeeded: pair &- tens &* 10)
                rest = quotient
            }
            if position > start { output[start] = 0x30 &+ UInt8(truncatingIfNeeded: rest) }
            return count
        }
    }

    /// How many decimal digits a number from 10 on has.
    @inline(__always)
    private static func digits(_ magnitude: UInt64) -> Int {
        var count = 2
        var power: UInt64 = 100
        while magnitude >= power {
            count &+= 1
            let (next, overflow) = power.multipliedReportingOverflow(by: 10)
            if overflow { break }
            power = next
        }
        return count
    }

    /// Swift prints the shortest digits that read back the same, in a form that JSON shares.
    private mutating func printed<Number: BinaryFloatingPoint & TextOutputStreamable>(_ value: Number) throws {
        try put(atMost: 32, "a number") { output in
            // A small whole number, as many are, and `0.0` too but for its sign.
            let whole = Int64(value.magnitude < 1000 ? value : 1000)
            if whole < 1000, Number(whole) == value, whole >= 0, value.sign == .plus {
                let output = output.assumingMemoryBound(to: UInt8.self)
                var count = 0
                if whole >= 100 { count = Self.put(UInt8(whole / 100), output, count) }
                if whole >= 10 { count = Self.put(UInt8(whole / 10 % 10), output, count) }
                count = Self.put(UInt8(whole % 10), output, count)
                output[count] = 0x2E
                return Self.put(0, output, count &+ 1)
            }
            var digits = Digits(output: UnsafeMutableRawBufferPointer(start: output, count: 32))
            value.write(to: &digits)
            return digits.count
        }
    }
}

extension JSONWriter {
    @inline(__always)
    private static func put(_ digit: UInt8, _ output: UnsafeMutablePointer<UInt8>, _ count: Int) -> Int {
        output[count] = 0x30 &+ digit
        return count &+ 1
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
