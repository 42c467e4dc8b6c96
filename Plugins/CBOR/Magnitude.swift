/// Arithmetic on magnitudes, most significant byte first, for the step by one between a negative bignum and its bytes.
enum Magnitude {
    static func adding1(to digits: UnsafeRawBufferPointer) -> [UInt8] {
        var sum = [0] + digits
        for index in sum.indices.reversed() {
            sum[index] &+= 1
            if sum[index] != 0 { break }
        }
        return sum
    }

    /// - Parameter digits: not zero.
    static func subtracting1(from digits: some Collection<UInt8>) -> [UInt8] {
        var difference = Array(digits)
        for index in difference.indices.reversed() {
            difference[index] &-= 1
            if difference[index] != 0xFF { break }
        }
        return difference
    }
}
