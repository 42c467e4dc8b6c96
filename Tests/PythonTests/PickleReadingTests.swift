internal import FuzzSupport
internal import NIOCore
internal import PatchbayCore
internal import PatchbayPython
internal import Testing

/// Vectors are the output of CPython 3.11.7's `pickle.dumps`, or written by hand where CPython would not.
@Suite("reading pickles")
struct PickleReadingTests {
    private func read(_ digits: String, _ codec: PickleCodec = PickleCodec()) throws -> Value {
        try codec.decodeValue(from: buffer(digits))
    }

    private func failure(_ digits: String, _ codec: PickleCodec = PickleCodec()) -> PatchbayError? {
        do {
            _ = try codec.read(buffer(digits))
            return nil
        } catch { return error as? PatchbayError }
    }

    @Test(
        "42 is read from every protocol",
        arguments: ["4934320a2e", "4b2a2e", "80024b2a2e", "80034b2a2e", "80044b2a2e", "80054b2a2e"]
    )
    func fortyTwo(digits: String) throws {
        #expect(try read(digits) == .int(42))
    }

    @Test(
        "a bytearray is read from every protocol's spelling",
        arguments: [
            "635f5f6275696c74696e5f5f0a6279746561727261790a70300a28635f636f646563730a656e636f64650a70310a285601ff0a70320a"
                + "566c6174696e310a70330a7470340a5270350a7470360a5270370a2e",
            "8002635f5f6275696c74696e5f5f0a6279746561727261790a7100635f636f646563730a656e636f64650a7101580300000001c3bf7102"
                + "58060000006c6174696e3171038671045271058571065271072e",
            "8003636275696c74696e730a6279746561727261790a7100430201ff71018571025271032e",
            "80049523000000000000008c086275696c74696e73948c09627974656172726179949394430201ff94859452942e",
            "8005950d0000000000000096020000000000000001ff942e",
        ]
    )
    func byteArray(digits: String) throws {
        #expect(try read(digits) == .tagged(.name("bytearray"), .bytes(ByteBuffer(bytes: [0x01, 0xff]))))
    }

    @Test("sets are read from constructor calls and from their own opcodes")
    func sets() throws {
        for digits in ["8002635f5f6275696c74696e5f5f0a7365740a71005d71014b07618571025271032e", "80049507000000000000008f94284b07902e"] {
            #expect(try read(digits) == .set([.int(7)]))
        }
        for digits in ["8003636275696c74696e730a66726f7a656e7365740a71005d71014b07618571025271032e", "8004950600000000000000284b0791942e"] {
            #expect(try read(digits) == .tagged(.name("frozenset"), .set([.int(7)])))
        }
    }

    @Test("shared objects are expanded")
    func shared() throws {
        #expect(try read("8004950c000000000000005d94285d944b01616801652e") == .array([.array([.int(1)]), .array([.int(1)])]))
    }

    @Test("a list that is shared and then grows has grown everywhere, as in Python")
    func sharedMutation() throws {
        // EMPTY_LIST, BINPUT 0, BINGET 0, BININT1 1, APPEND, TUPLE2: pickle.loads gives ([1], [1]).
        #expect(try read("80025d710068004b0161862e") == .tuple([.array([.int(1)]), .array([.int(1)])]))
    }

    @Test("integers of any size keep their type and value")
    func integers() throws {
        #expect(
            try read("80028a09ffffffffffffffff002e")
                == .bigInteger(BigInteger(isNegative: false, magnitude: [UInt8](repeating: 255, count: 8)))
        )
        #expect(try read("80028a0800000000000000802e") == .int(.min))
        #expect(
            try read("80028a09ffffffffffffff7fff2e")
                == .bigInteger(BigInteger(isNegative: true, magnitude: [0x80, 0, 0, 0, 0, 0, 0, 1]))
        )
        #expect(
            try read("80028a090000000000000000c02e")
                == .bigInteger(BigInteger(isNegative: true, magnitude: [0x40, 0, 0, 0, 0, 0, 0, 0, 0]))
        )
        #expect(try read("80028b020000002a002e") == .int(42))
        #expect(try read("80028a002e") == .int(0))
        #expect(try read("80028a14ffffffffffffffffffffffffffffffffffffffff2e") == .int(-1))
    }

    @Test(
        "a cycle is refused by name",
        arguments: [
            "286c70300a67300a612e", "8004950b000000000000005d9468008594613068012e", "80049506000000000000005d946800612e",
            "8004950d000000000000007d948c0178945d94680061732e", "80025d7100680061680061 2e",
        ]
    )
    func cycles(digits: String) {
        let error = failure(digits)
        #expect(error?.code == .decodingFailed)
        #expect(error?.message.contains("cycle") == true)
    }

    @Test(
        "what is no data is refused, and the error names the opcode and the global",
        arguments: [
            ("800263706f7369780a73797374656d0a71005802000000696471018571025271032e", "GLOBAL of posix.system"),
            ("8004951d000000000000008c05706f736978948c0673797374656d9493948c02696494859452942e", "STACK_GLOBAL of posix.system"),
            ("8002635f5f6275696c74696e5f5f0a666c6f61740a71002e", "GLOBAL of __builtin__.float"),
            ("80049516000000000000008c086275696c74696e73948c05666c6f61749493942e", "STACK_GLOBAL of builtins.float"),
            ("80026361727261790a61727261790a710058010000006971015d71024b01618671035271042e", "GLOBAL of array.array"),
            (
                "80049520000000000000008c086461746574696d65948c0464617465949394430407e4010194859452942e",
                "STACK_GLOBAL of datetime.date"
            ),
            ("800429812e", "NEWOBJ"), ("8004292992 2e", "NEWOBJ_EX"), ("80042929622e", "BUILD"), ("286f2e", "OBJ"),
            ("28696f730a73797374656d0a2e", "INST"), ("5069640a2e", "PERSID"), ("4e512e", "BINPERSID"), ("8002820a2e", "EXT1"),
            ("8002830a0a2e", "EXT2"), ("8002840a0a0a0a2e", "EXT4"), ("8005972e", "NEXT_BUFFER"),
            ("800596000000000000000098 2e", "READONLY_BUFFER"),
            ("80024b014b02522e", "REDUCE"), ("80028c00292952 2e", "REDUCE"),
            ("8003636275696c74696e730a7365740a2e", "builtins.set"),
            ("8003636275696c74696e730a7365740a4b0185522e", "REDUCE of builtins.set"),
        ]
    )
    func refused(digits: String, naming words: String) {
        let error = failure(digits)
        #expect(error?.code == .decodingFailed)
        #expect(error?.message.contains(words) == true, "\(String(describing: error))")
    }

    @Test("with pickle.globals=inert a name is a value, and calling it is still refused")
    func inert() throws {
        let codec = PickleCodec(globals: .inert)
        #expect(
            try read("80049516000000000000008c086275696c74696e73948c05666c6f61749493942e", codec)
                == .global(module: "builtins", name: "float")
        )
        #expect(try read("8003636275696c74696e730a7365740a2e", codec) == .global(module: "builtins", name: "set"))
        let error = failure("800263706f7369780a73797374656d0a71005802000000696471018571025271032e", codec)
        #expect(error?.message.contains("REDUCE of posix.system") == true)
    }

    @Test("a name in an error holds no control characters of the peer's choice")
    func printableNames() {
        #expect(failure("80028c036f0d731b0a")?.message.contains("\u{1b}") != true)
        #expect(failure("800263 6f1b73 0a 0d0d 0a 2e")?.message.contains("\u{1b}") == false)
    }

    @Test("257 bytes that expand to 2^40 leaves are refused at once")
    func memoBomb() {
        // A tuple of one, then forty times a tuple of the one before and of the same from the memo.
        var pickle = bytes("80044b008594")
        for level in UInt8(0)..<40 { pickle += [0x68, level, 0x86, 0x94] }
        #expect(pickle.count < 257)
        let error = failure(hexadecimal(pickle + bytes("2e")))
        #expect(error?.code == .limitExceeded)
        #expect(error?.message.contains("expand") == true)
    }

    @Test("a long text that is repeated from the memo is bounded in bytes")
    func textBomb() {
        let text = [UInt8](repeating: 0x61, count: 60_000)
        let pickle =
            bytes("80045d942858") + bytes("60ea0000") + text + bytes("94")
            + (0..<60_000).flatMap { _ in bytes("6801") } + bytes("652e")
        #expect(failure(hexadecimal(pickle))?.code == .limitExceeded)
    }

    @Test("a set made again and again from one list is bounded")
    func copyBomb() {
        var pickle = bytes("8003636275696c74696e730a7365740a71005d710128")
        for _ in 0..<2_000 { pickle += bytes("4b01") }
        pickle += bytes("65") + (0..<100_000).flatMap { _ in bytes("680068018552") }
        #expect(failure(hexadecimal(pickle + bytes("2e")))?.code == .limitExceeded)
    }

    @Test("nesting is bounded, in lists, tuples and frozensets")
    func depth() throws {
        func nested(_ count: Int) -> String { String(repeating: "5d", count: count) + String(repeating: "61", count: count - 1) + "2e" }
        _ = try read(nested(128))
        #expect(failure(nested(129))?.code == .limitExceeded)
        #expect(failure(nested(1_000_000))?.code == .limitExceeded)
        #expect(failure("4e" + String(repeating: "85", count: 1_000_000) + "2e")?.code == .limitExceeded)
        #expect(failure(String(repeating: "28", count: 100_000) + String(repeating: "91", count: 100_000) + "2e")?.code == .limitExceeded)
    }

    @Test("the number of values is bounded")
    func number() throws {
        let codec = PickleCodec(limits: DecodingLimits(tokens: 3))
        _ = try read("5d284b014b02652e", codec)
        #expect(failure("5d284b014b024b03652e", codec)?.code == .limitExceeded)
        #expect(failure("5d283029302929652e", codec) != nil)
    }

    @Test("a key that comes twice is kept, and refused where the limits say so")
    func duplicateKeys() throws {
        let digits = "7d284b014b024b014b03752e"  // EMPTY_DICT, MARK, 1, 2, 1, 3, SETITEMS
        #expect(try read(digits) == .map(ValueMap([.init(.int(1), .int(2)), .init(.int(1), .int(3))])))
        #expect(failure(digits, PickleCodec(limits: DecodingLimits(refusesDuplicateKeys: true)))?.code == .decodingFailed)
    }

    @Test("Codable types take tuples, sets and bytearrays for what they hold")
    func codable() throws {
        let codec = PickleCodec()
        #expect(try codec.decode([Int].self, from: buffer("284b014b024b034b04742e")) == [1, 2, 3, 4])
        #expect(try codec.decode(Set<Int>.self, from: buffer("8f284b014b02902e")) == [1, 2])
        #expect(try codec.decode([UInt8].self, from: buffer("8005950d0000000000000096020000000000000001ff942e")) == [1, 255])
        #expect(try codec.decode([String: Int?].self, from: buffer("7d288c01614b018c01624e752e")) == ["a": 1, "b": nil])
        #expect(throws: PatchbayError.self) { try codec.decode([Int].self, from: buffer("8c01612e")) }
    }

    @Test("every truncation of a pickle is refused")
    func truncated() {
        let whole = bytes("80049523000000000000008c086275696c74696e73948c09627974656172726179949394430201ff94859452942e")
        for count in 0..<whole.count { #expect(failure(hexadecimal(whole.prefix(count)))?.code == .decodingFailed) }
    }

    @Test(
        "what breaks the machine's rules is refused",
        arguments: [
            "2e", "4b01", "80064e2e", "302e", "652e", "4b01652e", "28652e", "4b0128652e", "285d284b0165", "6800 2e", "4e2e4e", "4e4e2e",
            "284e2e",
            "7d4b01732e", "7d284b01752e", "8d ffffffffffffffff 2e", "58ffffffff2e", "42ffffffff2e", "8bffffffff2e", "72ffffffff2e",
            "4e72ffffffff2e",
            "95ffffffffffffffff4e2e", "54ffffffff2e", "f02e", "8c01ff2e", "8c03eda0802e", "5501ff2e", "85 2e", "28 85 2e", "4e28 86 2e",
            "4c0a2e",
            "49780a2e", "46780a2e", "53780a2e", "5627", "565c75643833640a2e", "915d284e902e", "8f4e612e",
        ]
    )
    func broken(digits: String) {
        #expect(failure(digits)?.code == .decodingFailed)
    }

    @Test("decimal text of more than 4300 digits is refused, as CPython does")
    func decimal() throws {
        let digits = [UInt8](repeating: UInt8(ascii: "7"), count: 4300)
        guard case .bigInteger = try read(hexadecimal([0x4c] + digits + bytes("4c0a2e"))) else {
            Issue.record("no big integer")
            return
        }
        #expect(failure(hexadecimal([0x4c] + digits + bytes("374c0a2e")))?.code == .limitExceeded)
    }

    @Test("20,000 inputs never trap, and what is read can be written and read again")
    func fuzz() throws {
        var random = FuzzSource.forTest()
        let seeds = [
            "8004950c000000000000005d94285d944b01616801652e", "8002635f5f6275696c74696e5f5f0a7365740a71005d71014b07618571025271032e",
            "80049523000000000000008c086275696c74696e73948c09627974656172726179949394430201ff94859452942e",
            "286470300a56780a70310a286c70320a67300a61732e", "80028a09ffffffffffffff7fff2e", "8004950600000000000000284b0791942e",
            "8005950d0000000000000096020000000000000001ff942e", "7d284b01680052710185317532302e", "46312e350a4c31320a86 4e 87 5d 8c0161 2e",
        ].map { bytes($0) }
        let opcodes = Array("(.0122FIJKLMNRSTUVXacd}eghjl]pqrst)uGPQbio".utf8) + Array(0x80...0x98) + Array("BC".utf8)
        for _ in 0..<20_000 {
            var input = random.input(fromAny: seeds, longest: 80)
            if Bool.random(using: &random) {
                input = input.map { Bool.random(using: &random) ? opcodes.randomElement(using: &random) ?? 0 : $0 }
            }
            for codec in [PickleCodec(), PickleCodec(globals: .inert)] {
                let value: Value
                do { value = try codec.decodeValue(from: ByteBuffer(bytes: input)) } catch {
                    #expect(error is PatchbayError)
                    continue
                }
                var again = ByteBuffer()
                do { try codec.encode(value, into: &again) } catch {
                    #expect((error as? PatchbayError)?.code == .encodingFailed)
                    continue
                }
                #expect(describe(try codec.decodeValue(from: again)) == describe(value), "\(hexadecimal(input))")
            }
        }
    }
}
