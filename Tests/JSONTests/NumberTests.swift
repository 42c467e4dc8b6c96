import FuzzSupport
import NIOCore
import PatchbayCore
import PatchbayJSON
import Testing

@Suite struct NumberTests {
    @Test(
        "integers beyond 64 bits keep every digit",
        arguments: [
            "9223372036854775808", "-9223372036854775809", "18446744073709551615", "18446744073709551616", "-18446744073709551616",
            "340282366920938463463374607431768211456", "-340282366920938463463374607431768211456", "1000000000000000000",
            "100000000000000000000000000000000000000000000000000000000000", "123456789012345678901234567890123456789012345678901234567890",
            "1" + String(repeating: "0", count: 4299), String(repeating: "9", count: 5000),
        ]
    )
    func bigIntegers(digits: String) throws {
        #expect(try text(value(digits)) == digits)
    }

    @Test("big integers decode into the widths that hold them")
    func wideIntegers() throws {
        #expect(try decode(UInt64.self, "18446744073709551615") == .max)
        #expect(try decode(Int128.self, "-170141183460469231731687303715884105728") == .min)
        #expect(try decode(UInt128.self, "340282366920938463463374607431768211455") == .max)
        #expect(try text(UInt128.max) == "340282366920938463463374607431768211455")
        #expect(try text(UInt64.max) == "18446744073709551615")
        #expect(failure { try decode(UInt64.self, "18446744073709551616") }?.code == .decodingFailed)
        #expect(failure { try decode(UInt64.self, "-1") }?.code == .decodingFailed)
        #expect(failure { try decode(Int8.self, "128") }?.code == .decodingFailed)
        #expect(try decode(Double.self, "18446744073709551616") == 18446744073709551616.0)
    }

    @Test("leading digits of 2 to the 64 and its neighbours are what arithmetic says")
    func magnitudes() throws {
        #expect(try value("18446744073709551616") == .bigInteger(BigInteger(isNegative: false, magnitude: [1, 0, 0, 0, 0, 0, 0, 0, 0])))
        #expect(try value("-9223372036854775809") == .bigInteger(BigInteger(isNegative: true, magnitude: [0x80, 0, 0, 0, 0, 0, 0, 1])))
    }

    @Test("decimals that no Double holds stay literals", arguments: ["1e400", "-1e400", "1e-400", "1.5e999999999999999999999", "0.1e-500"])
    func literals(literal: String) throws {
        #expect(try value(literal) == .number(literal))
        #expect(try text(.number(literal)) == literal)
        #expect(failure { try decode(Double.self, literal) }?.code == .decodingFailed)
    }

    @Test("a negative zero keeps its sign")
    func negativeZero() throws {
        #expect(try decode(Double.self, "-0").sign == .minus)
        #expect(try text(-0.0) == "-0.0")
        #expect(try decode(Int.self, "-0") == 0)
    }

    @Test(
        "floats are printed in the shortest form that reads back",
        arguments: zip([0.1, 1.0, 1e21, .leastNonzeroMagnitude, 0.1 + 0.2], ["0.1", "1.0", "1e+21", "5e-324", "0.30000000000000004"])
    )
    func shortest(number: Double, printed: String) throws {
        #expect(try text(number) == printed)
    }

    @Test("a hundred thousand doubles of all sizes come back bit for bit")
    func doubles() throws {
        var generator = FuzzSource.forTest()
        var numbers: [Double] = []
        while numbers.count < 100_000 {
            let number = Double(bitPattern: generator.next())
            if number.isFinite { numbers.append(number) }
        }
        let back = try decode([Double].self, text(numbers))
        #expect(back.map(\.bitPattern) == numbers.map(\.bitPattern))
    }

    @Test("decimal literals become the nearest double, as the standard library's parser has it")
    func nearest() throws {
        var generator = FuzzSource.forTest()
        for _ in 0..<100_000 {
            let digits = Int.random(in: 1...19, using: &generator)
            let mantissa = UInt64.random(in: 0..<pow10(digits), using: &generator)
            let literal = "\(mantissa)e\(Int.random(in: -45...30, using: &generator))"
            guard let expected = Double(literal) else { throw Unparsed(literal: literal) }
            #expect(try decode(Double.self, literal).bitPattern == expected.bitPattern, "\(literal)")
        }
    }

    @Test(
        "literals half way between two doubles go to the even one",
        arguments: zip(
            ["9007199254740993e0", "9007199254740995.0", "4503599627370496.5", "4503599627370497.5", "1801439850948198500e-2"],
            [9_007_199_254_740_992.0, 9_007_199_254_740_996, 4_503_599_627_370_496, 4_503_599_627_370_498, 18_014_398_509_481_984]
        )
    )
    func halfWay(literal: String, expected: Double) throws {
        #expect(try decode(Double.self, literal) == expected)
    }

    @Test(
        "whole numbers are printed as the standard library prints them",
        arguments: [0.0, -0.0, 5, 10, 99, 100, 999, 1000, -3, 1e15, 1e16]
    )
    func whole(number: Double) throws {
        #expect(try text(number) == "\(number)")
        #expect(try text(Float(number)) == "\(Float(number))")
    }

    private func pow10(_ count: Int) -> UInt64 { (0..<count).reduce(1) { power, _ in power * 10 } }

    struct Unparsed: Error { var literal: String }

    @Test("a whole float is an integer where one is wanted, and any number is a double")
    func crossing() throws {
        #expect(try decode(Int.self, "3.0") == 3)
        #expect(failure { try decode(Int.self, "3.5") }?.code == .decodingFailed)
        #expect(failure { try decode(Int.self, "1e300") }?.code == .decodingFailed)
        #expect(try decode(Double.self, "3") == 3)
        #expect(try decode(Float.self, "0.1") == 0.1)
        #expect(failure { try decode(Float.self, "1e300") }?.code == .decodingFailed)
        #expect(try decode(Float16.self, text(Float16(1.5))) == 1.5)
    }

    @Test("what is no number of JSON is not written", arguments: ["", "-", "01", "1.", "NaN", "1 ", "1,2", "0x1", "1e"])
    func refusesLiterals(literal: String) {
        #expect(failure { try text(.number(literal)) }?.code == .encodingFailed)
    }
}
