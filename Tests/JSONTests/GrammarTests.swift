import NIOCore
import PatchbayCore
import PatchbayJSON
import Testing

/// Cases written down from RFC 8259's grammar (sections 2 to 8).
@Suite struct GrammarTests {
    static let accepted: [(String, Value)] = [
        ("null", nil), ("true", true), ("false", false), ("0", 0), ("\"\"", ""), ("[]", []), ("{}", .map(ValueMap())),
        (" 1", 1), ("1 ", 1), ("\t1", 1), ("\n1\n", 1), ("\r1\r", 1), (" \t\r\n[ \t\r\n] \t\r\n", []),
        ("[1]", [1]), ("[1,2]", [1, 2]), ("[ 1 , 2 ]", [1, 2]), ("[[]]", [[]]), ("[[],[]]", [[], []]), ("[[[1]],2]", [[[1]], 2]),
        ("[null]", [nil]), ("[null,true,false]", [nil, true, false]), ("[\"\"]", [""]), ("[{}]", [.map(ValueMap())]),
        ("{\"a\":1}", ["a": 1]), ("{ \"a\" : 1 }", ["a": 1]), ("{\"a\":1,\"b\":2}", ["a": 1, "b": 2]), ("{\"\":0}", ["": 0]),
        ("{\"b\":1,\"a\":2}", ["b": 1, "a": 2]), ("{\"a\":[]}", ["a": []]), ("{\"a\":{\"b\":{}}}", ["a": ["b": .map(ValueMap())]]),
        ("{\"a\":1,\"a\":2}", ["a": 1, "a": 2]), ("{\"a\\u0000\":1}", ["a\0": 1]), ("{\"a\":null}", ["a": nil]),
        ("-0", -0.0), ("-1", -1), ("10", 10), ("123456789", 123_456_789), ("1.0", 1.0), ("1.5", 1.5), ("-1.5", -1.5), ("0.0", 0.0),
        ("0.1", 0.1), ("1e1", 10.0), ("1E1", 10.0), ("1e+1", 10.0), ("1e-1", 0.1), ("1.5e3", 1500.0), ("1.5E-3", 0.0015), ("0e0", 0.0),
        ("0e1", 0.0), ("1e00", 1.0), ("1e0001", 10.0), ("-0.0", -0.0), ("-1e2", -100.0), ("0.00001", 0.00001), ("20e1", 200.0),
        ("9223372036854775807", 9_223_372_036_854_775_807), ("-9223372036854775808", -9_223_372_036_854_775_808),
        ("123.456e78", 123.456e78), ("1.7976931348623157e308", 1.7976931348623157e308), ("5e-324", .double(.leastNonzeroMagnitude)),
        ("1e22", 1e22), ("1e23", 1e23),
        ("0.3333333333333333333333", 0.3333333333333333333333), ("9007199254740993.0", 9007199254740992.0),
        ("\"a\"", "a"), ("\"abcdefgh\"", "abcdefgh"), ("\"abcdefghijklmnopq\"", "abcdefghijklmnopq"), ("\"\\\"\"", "\""),
        ("\"\\\\\"", "\\"), ("\"\\/\"", "/"), ("\"/\"", "/"), ("\"\\b\"", "\u{8}"), ("\"\\f\"", "\u{c}"), ("\"\\n\"", "\n"),
        ("\"\\r\"", "\r"), ("\"\\t\"", "\t"), ("\"\\u0041\"", "A"), ("\"\\u00e9\"", "é"), ("\"\\u00E9\"", "é"), ("\"\\u0000\"", "\0"),
        ("\"\\u2028\\u2029\"", "\u{2028}\u{2029}"), ("\"\\uFFFF\"", "\u{FFFF}"), ("\"\\ud83d\\ude00\"", "😀"),
        ("\"\\uD83D\\uDE00\"", "😀"), ("\"\\uDBFF\\uDFFF\"", "\u{10FFFF}"), ("\"\\uD800\\uDC00\"", "\u{10000}"), ("\"é\"", "é"),
        ("\"日本語\"", "日本語"), ("\"😀\"", "😀"), ("\"\u{7f}\"", "\u{7f}"), ("\"\u{2028}\"", "\u{2028}"), ("\"\u{feff}\"", "\u{feff}"),
        ("\"a\\nb\"", "a\nb"), ("\"12345678\\n\"", "12345678\n"), ("\"\\n12345678\"", "\n12345678"), ("\"[]{},:\"", "[]{},:"),
        ("\"\\\\u0041\"", "\\u0041"), ("[\"\\u0022\"]", ["\""]), ("\"éééééééé\\u0041é\"", "ééééééééAé"),
    ]

    @Test("what the grammar allows is read", arguments: accepted)
    func accepts(text: String, expected: Value) throws {
        #expect(try value(text) == expected)
    }

    static let refused: [String] = [
        "", " ", "\n", "[", "]", "{", "}", "[1", "[1,", "[,", "[,1]", "[1,]", "[1,,2]", "[1 2]", "[1]]", "[]]", "[][]", "[}", "{]", "[1}",
        "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{,}", "{\"a\"}", "{\"a\",1}", "{\"a\" 1}", "{\"a\"::1}", "{a:1}",
        "{1:1}", "{null:1}", "{'a':1}", "{\"a\":1 \"b\":2}", "{\"a\":1,,\"b\":2}", "{\"a\":1}}", "{\"a\":1]", "{:1}", "{[]:1}", "{\"a\":}",
        "nul", "nulll", "NULL", "Null", "tru", "truee", "True", "fals", "FALSE", "undefined", "NaN", "nan", "Infinity", "-Infinity", "inf",
        "01", "-01", "00", "-", "+1", "--1", "-a", "1.", "1.e1", ".5", "-.5", "1e", "1e+", "1e-", "1ea", "1e1.5", "1.2.3", "0x10", "1_000",
        "1,5", "1a", "0b1", "１", "1 2", "- 1", "2.e+3", "0e", "0.3e+", "9.e+", "1eE2", "012", "-012", "1.0e+-1",
        "\"", "\"a", "a\"", "'a'", "\"\\\"", "\"\\a\"", "\"\\x41\"", "\"\\u\"", "\"\\u004\"", "\"\\u004g\"", "\"\\U0041\"", "\"\\0\"",
        "\"\\'\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800a\"", "\"\\ud800\\n\"", "\"\\ud800\\u0041\"", "\"\\ud800\\ud800\"",
        "\"\\udc00\\ud800\"", "\"\\ud83d\\u\"", "\"\n\"", "\"\t\"", "\"\0\"", "\"\u{1f}\"", "\"12345678\u{1}\"", "\"a\" \"b\"", "\"\\",
        "\"\\u00\\u0041\"", "\"\\\u{e9}\"", "\u{feff}1", "1\0", "\u{a0}1", "\u{c}1", "\u{b}1", "// c\n1", "/* c */1", "1 // c", "# c", "*",
        "[\"a\",\n4\n,1,", "[1:2]", "[\"\": 1]", "[-]", "[1,\n1\n,1", "{\"a\":\"b\"}#", "{\"a\":true} \"x\"", "<null>", "[\u{2060}]",
        "\\u0031",
    ]

    @Test("what the grammar does not allow is refused", arguments: refused)
    func refuses(text: String) {
        let error = failure { try value(text) }
        #expect(error?.code == .decodingFailed, "\(text.debugDescription)")
    }

    /// RFC 3629: overlong forms, surrogates, beyond U+10FFFF, stray and missing continuations.
    static let malformed: [[UInt8]] = [
        [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xC3, 0x28], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF], [0xE2, 0x82],
        [0xE2, 0x28, 0xA1], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF],
        [0xF0, 0x9F, 0x98], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFE], [0xFF], [0xF8, 0x88, 0x80, 0x80, 0x80],
    ]

    @Test("bytes that are not UTF-8 are refused in strings, with escapes and without", arguments: malformed)
    func refusesMalformedText(bytes: [UInt8]) {
        for prefix in ["", "abcdefgh", "\\n", "é"] {
            let message = ByteBuffer(bytes: [0x22] + Array(prefix.utf8) + bytes + [0x22])
            #expect(failure { try JSONCodec().decodeValue(from: message) }?.code == .decodingFailed)
        }
        #expect(failure { try JSONCodec().decodeValue(from: ByteBuffer(bytes: bytes)) }?.code == .decodingFailed)
    }

    @Test("an error says where in the message it is")
    func offsets() {
        #expect(failure { try value("[1,\"\\q\"]") }?.message.contains("at byte 4") == true)
        #expect(failure { try value("{\"a\" 1}") }?.message.contains("at byte 5") == true)
        #expect(failure { try value("[1] x") }?.message.contains("at byte 4") == true)
    }

    @Test("a message that is a slice of a larger buffer is read from where it starts")
    func slices() throws {
        var buffer = ByteBuffer(string: "xx[\"a\\n\",\"b\"]yy")
        buffer.moveReaderIndex(forwardBy: 2)
        let slice = buffer.readSlice(length: 11)
        let message = try #require(slice)
        #expect(try JSONCodec().decodeValue(from: message) == ["a\n", "b"])
        #expect(try JSONCodec().decode([String].self, from: message) == ["a\n", "b"])
    }
}
