import PatchbayCore
import Testing

@testable import PatchbayLoader

@Suite struct PrototypeTests {
    private func parse(_ text: String, _ types: [String: CType] = [:]) throws -> Prototype {
        try PrototypeParser.prototype(text, types: types)
    }

    @Test func `prototypes of real headers are read`() throws {
        let compress = try parse("extern int BZ2_bzBuffToBuffCompress ( char* dest, unsigned int* destLen, int blockSize100k );")
        #expect(compress.name == "BZ2_bzBuffToBuffCompress")
        #expect(compress.result == .integer(.int))
        #expect(compress.parameters[0] == .pointer(to: .integer(CInteger(bits: 8, isSigned: CChar.min < 0)), isConstant: false))
        #expect(compress.parameters[1] == .pointer(to: .integer(CInteger(bits: 32, isSigned: false)), isConstant: false))
        let create = try parse("LZ4F_dctx *LZ4F_create(LZ4F_dctx** restrict p, const uint8_t in[], uint8_t const * const q, size_t)")
        #expect(create.result == .pointer(to: .opaque("LZ4F_dctx"), isConstant: false))
        #expect(create.parameters[0].pointsAtOpaquePointer)
        #expect(create.parameters[1] == .pointer(to: .integer(CInteger(bits: 8, isSigned: false)), isConstant: true))
        #expect(create.parameters[2] == create.parameters[1])
        #expect(create.parameters[3] == .integer(.size))
        #expect(try parse("void f(void)").parameters == [])
        #expect(try parse("lzma_ret f(enum e x)", ["lzma_ret": .integer(.int)]).parameters == [.integer(.int)])
    }

    @Test(arguments: [
        ("unsigned long long", 64, false), ("long long unsigned int", 64, false), ("short", 16, true), ("unsigned", 32, false),
        ("signed char", 8, true), ("unsigned char", 8, false), ("long", CLong.bitWidth, true), ("int long", CLong.bitWidth, true),
        ("ssize_t", Int.bitWidth, true), ("uint16_t", 16, false), ("int64_t", 64, true), ("_Bool", 8, false),
    ])
    func `integers have the width of this machine`(_ text: String, _ bits: Int, _ isSigned: Bool) throws {
        #expect(try parse("\(text) f(void)").result == .integer(CInteger(bits: bits, isSigned: isSigned)))
    }

    @Test(arguments: [
        "", "int", "int f", "int f(", "int f(int", "int f(int,)", "f(void)", "int f(void, int)", "int f(void) g", "int f(char char x)",
        "int f(long long long x)", "int f(short long x)", "int f(unsigned signed x)", "int f(int ***x)", "int f(int x[2][2])", "int f(...)",
        "int f(const char *format, ...)", "int f(struct s x)", "int f(union u *x)", "struct s f(void)", "foo_t f(void)", "int f(foo_t x)",
        "float f(void)", "int f(double x)", "int f(long double x)", "int f(void (*callback)(int))", "int (*f(void))(int)",
        "int f(va_list x)",
        "int f(volatile int *x)", "static int f(void)", "inline int f(void)", "int f(__int128 x)", "int f(int x) /* a comment */",
        "#define F", "API int f(void)", "int API(f)(int x)", "int f(char in[SIZE(n)])", "int f(int x = 3)", "int f(enum)", "int f(struct)",
    ])
    func `what no manifest can call is refused`(_ text: String) {
        #expect(throws: PrototypeFault.self) { try parse(text) }
    }

    @Test func `a prototype has a longest length and a largest number of parameters`() {
        #expect(throws: PrototypeFault.self) { try parse("int f(\(String(repeating: "int, ", count: 16))int)") }
        #expect(throws: PrototypeFault.self) { try parse("int f(int \(String(repeating: "x", count: 3000)))") }
    }

    @Test(arguments: [
        ("n", 10, 10), ("n + n/255 + 16", 1000, 1019), ("n+n/100+600", 0, 600), ("2*n+1", 3, 7), ("(n+3)/4*5", 5, 10), ("n/2/2", 9, 2),
    ])
    func `a formula is what C would compute`(_ text: String, _ length: Int, _ value: Int) throws {
        #expect(try #require(SizeFormula(text)).value(of: length) == value)
    }

    @Test(arguments: [
        "", "+", "n +", "n n", "n - 1", "n/0", "m", "9223372036854775808", "((n)", "n)", String(repeating: "(", count: 150), "n^2", "-1",
    ])
    func `what is no formula is refused`(_ text: String) { #expect(SizeFormula(text) == nil) }

    @Test func `a formula that passes the machine's numbers has no value`() throws {
        #expect(try #require(SizeFormula("n*n")).value(of: Int.max) == nil)
        #expect(try #require(SizeFormula("n+1")).value(of: Int.max) == nil)
        #expect(try #require(SizeFormula("1/(n/2)")).value(of: 1) == nil)
    }

    @Test(arguments: [
        ("ret == 0", true), ("ret != null", true), ("ret <= -5", true), ("ret < 18446744073709551615", true),
        ("ret == 18446744073709551616", false),
        ("ret", false), ("0 == ret", false), ("ret == 0 || 1", false), ("ret = 0", false), ("ret > +1", false), ("", false),
        ("ret == 0x1", false),
    ])
    func `a test is one comparison`(_ text: String, _ isTest: Bool) { #expect((ReturnTest(text) != nil) == isTest) }
}
