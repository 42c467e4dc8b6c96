internal import Foundation
internal import NIOCore
internal import PatchbayCore
internal import Testing

@testable internal import PatchbaySCRAM

@Suite("Verifiers, and the file of them")
struct VerifierTests {
    static let line = "ada:\(VectorTests.pencil)"

    static func table(_ text: String, path: String = "users") throws(PatchbayError) -> UserTable<SCRAMVerifier> {
        try UserTable(Array(text.utf8), path: path, format: .verifiers)
    }

    @Test("users of a file are found, among comments and empty lines")
    func found() throws {
        let other = try Ends.verifier("x")
        let table = try Self.table("# people\n\n\(Self.line)\r\n# machines\ngrace:\(other.encoded)")
        #expect(table.verifier(for: "ada").encoded == VectorTests.pencil)
        #expect(table.verifier(for: "grace").encoded == other.encoded)
        for name in ["Ada", "eve", ""] {
            let verifier = table.verifier(for: name)
            #expect(verifier.iterations == 4096 && verifier.salt.count == 16 && verifier.storedKey.count == 32)
            #expect(verifier.encoded != VectorTests.pencil && verifier.salt == table.verifier(for: name).salt)
        }
    }

    @Test("two spellings of one character are two names")
    func spellings() throws {
        let table = try Self.table("e\u{301}:\(VectorTests.pencil)\n\u{e9}:\(try Ends.verifier("x").encoded)\n")
        #expect(table.verifier(for: "e\u{301}").encoded == VectorTests.pencil)
        #expect(table.verifier(for: "\u{e9}").encoded != VectorTests.pencil)
    }

    @Test(
        "a bad line is an error with its number and without its text",
        arguments: [
            "swordfish", "eve:swordfish", ":swordfish", "eve", line, "eve:\(String(repeating: "swordfish", count: 200))",
            "eve:SCRAM-SHA-1$4096:W22ZaJ0SNY7soEsUEjb6gQ==$swordfish:swordfish", "eve:SCRAM-SHA-256$4096:swordfish",
            "eve:\(VectorTests.pencil.replacing("4096", with: "4095"))", "eve:\(VectorTests.pencil.replacing("4096", with: "10000001"))",
            "eve:\(VectorTests.pencil.replacing("4096", with: "04096"))", "eve:\(VectorTests.pencil.replacing("gQ==", with: "gR=="))",
            "eve:\(VectorTests.pencil)=", "eve:\(VectorTests.pencil) ", "eve:\(VectorTests.pencil):x", "eve:\(VectorTests.pencil)$x",
            "eve:\(VectorTests.pencil.replacing("T4qY=", with: "T4qY"))", "eve:$scrypt$ln=10,r=8,p=1$swordfish$swordfish",
        ]
    )
    func badLines(_ line: String) throws {
        let error = #expect(throws: PatchbayError.self) { try Self.table("# first\n\(Self.line)\n\(line)\n", path: "/etc/users") }
        #expect(error?.code == .invalidOption)
        #expect(error?.message.hasPrefix("/etc/users, line 3: ") == true)
        #expect(error.map { !"\($0)".contains("swordfish") && !"\($0)".contains("WG5d") && !"\($0)".contains("W22Z") } == true)
    }

    @Test("a file without users is an error that names the command")
    func empty() {
        let error = #expect(throws: PatchbayError.self) { try Self.table("# nobody\n") }
        #expect(error?.message.contains("patchbay key --scram") == true)
    }

    @Test("a file that changed is read again for the next dialer, and a file that is gone admits nobody")
    func changes() async throws {
        let dialing = try Ends.password("correct horse")
        try await withFile("ada:\(try Ends.verifier("another").encoded)\n") { path in
            let listening = try Ends.verifiers(path)
            func outcome() async throws -> PatchbayError.Code? {
                var pair = try HandshakePair(dialing, listening)
                try await pair.run()
                return pair.code
            }
            #expect(try await outcome() == .authenticationFailed)
            try write("eve:\(try Ends.verifier("another").encoded)\nada:\(try Ends.verifier("correct horse").encoded)\n", to: path)
            #expect(try await outcome() == nil)
            chmod(path, 0o666)
            await #expect(throws: PatchbayError.self) { try await outcome() }
            unlink(path)
            let error = await #expect(throws: PatchbayError.self) { try await outcome() }
            #expect(error?.code == .invalidOption && error?.layer == "scram" && error?.message.contains(path) == true)
        }
    }

    @Test("what is made anew asks for 600,000 iterations under a salt of its own, and prints nothing of itself")
    func standard() throws {
        #expect(SCRAMVerifier.standardIterations == 600_000)
        let made = try (0..<2).map { _ in try SCRAMVerifier.make(password: ByteBuffer(string: "pencil"), iterations: 4096) }
        #expect(made.allSatisfy { $0.salt.count == 16 } && made[0].salt != made[1].salt)
        var dumped = "\(made[0])"
        dump(made[0], to: &dumped)
        #expect(!dumped.contains(String(made[0].encoded.suffix(20))) && !dumped.contains("salt"))
    }

    @Test(
        "a password is 1 to 1,024 bytes of UTF-8 without control characters, and no error holds it",
        arguments: ["", "swordfish\n", "swordfish\u{0}", "swordfish\u{7f}", String(repeating: "swordfish", count: 114)]
    )
    func passwords(_ password: String) throws {
        for error in [
            #expect(throws: PatchbayError.self) { try Ends.verifier(password) },
            #expect(throws: PatchbayError.self) { try Ends.password(password) },
        ] {
            #expect([.invalidArgument, .invalidOption].contains(error?.code))
            #expect(error.map { !"\($0)".contains("swordfish") } == true)
        }
        _ = try Ends.verifier("with spaces, commas = signs, and ü")
        #expect(throws: PatchbayError.self) { try SCRAMVerifier.make(password: ByteBuffer(bytes: [0xff]), iterations: 4096) }
    }

    @Test("iterations and salts out of bounds are refused")
    func bounds() {
        for (iterations, salt) in [(4095, 16), (10_000_001, 16), (4096, 7), (4096, 65), (-1, 16), (Int.max, 16)] {
            let error = #expect(throws: PatchbayError.self) {
                try SCRAMVerifier.make(
                    password: ByteBuffer(string: "x"),
                    iterations: iterations,
                    salt: Array(repeating: 1, count: salt)
                )
            }
            #expect(error?.code == .invalidArgument)
        }
    }

    @Test(
        "a line cannot begin with a name that would not be read again",
        arguments: ["", "a:b", "#a", "a\nb", String(repeating: "a", count: 256)]
    )
    func names(_ user: String) throws {
        #expect(code { _ = try SCRAMVerifier(VectorTests.pencil).line(user: user) } == .invalidArgument)
    }
}
