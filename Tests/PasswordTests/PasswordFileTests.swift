internal import FuzzSupport
internal import Glibc
internal import NIOCore
internal import PatchbayCore
internal import Testing

@testable internal import PatchbayPassword

@Suite("The file of users")
struct PasswordFileTests {
    /// Cheap hashes by Python's `hashlib.scrypt` with n=1024: of "correct horse" and "battery staple".
    static let horse = "$scrypt$ln=10,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$nfkj3u1fRTHCea+fVr03sWV770kp5wLOLoEakziKhqE"
    static let staple = "$scrypt$ln=10,r=8,p=1$EBESExQVFhcYGRobHB0eHw$3V9H/YG+6LxbVEciamOQuwbcEKmNC0BUmBjKFT5RvBI"

    static func credentials(_ user: String, _ password: String) throws -> Credentials {
        try Credentials(user: user, password: ByteBuffer(string: password))
    }

    static func table(_ text: String, path: String = "users") throws(PatchbayError) -> UserTable<PasswordHash> {
        try UserTable(Array(text.utf8), path: path, format: .passwords)
    }

    /// A folder of its own, which is removed in the end.
    static func withFolder<Result>(_ body: (_ path: String) throws -> Result) throws -> Result {
        var template = Array("/tmp/patchbay-password-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }  // never empty
        defer {
            for name in ["users", "next"] { unlink("\(path)/\(name)") }
            rmdir(path)
        }
        return try body(path)
    }

    static func write(_ text: String, to path: String) throws {
        let file = try #require(fopen(path, "w"))
        fputs(text, file)
        fclose(file)
        chmod(path, 0o600)
    }

    @Test("users of a file are verified, among comments and empty lines")
    func verify() throws {
        let table = try Self.table("# people\n\nada:\(Self.horse)\r\n# machines\ngrace:\(Self.staple)")
        #expect(try table.verify(Self.credentials("ada", "correct horse")))
        #expect(try table.verify(Self.credentials("grace", "battery staple")))
        #expect(try !table.verify(Self.credentials("ada", "battery staple")))
        #expect(try !table.verify(Self.credentials("Ada", "correct horse")))
    }

    @Test("an unknown user costs the same derivation, and even the right password of its stand-in does not help")
    func unknown() throws {
        let table = try Self.table("ada:\(Self.horse)\n")
        let (known, isKnown) = table.candidate("ada")
        let (other, isOtherKnown) = table.candidate("nobody")
        #expect(isKnown && !isOtherKnown)
        #expect(other.parameters == known.parameters)
        #expect(try !table.verify(Self.credentials("nobody", "correct horse")))
    }

    @Test(
        "a bad line is an error with its number and without its text",
        arguments: [
            "swordfish", "eve:swordfish", ":swordfish", "eve:$scrypt$ln=30,r=8,p=1$swordfish$swordfish", "eve",
            "ada:\(horse)", "eve:\(String(repeating: "swordfish", count: 200))",
        ]
    )
    func badLines(_ line: String) throws {
        let error = #expect(throws: PatchbayError.self) {
            try Self.table("# first\nada:\(Self.horse)\n\(line)\n", path: "/etc/users")
        }
        #expect(error?.code == .invalidOption)
        #expect(error?.message.hasPrefix("/etc/users, line 3: ") == true)
        #expect(error.map { !"\($0)".contains("swordfish") && !"\($0)".contains("nfkj") } == true)
    }

    @Test("a file without users is an error")
    func empty() {
        #expect(throws: PatchbayError.self) { try Self.table("# nobody\n") }
        #expect(throws: PatchbayError.self) { try UserTable([0xff, 0xfe], path: "users", format: .passwords) }
    }

    @Test("a file that was replaced, or written anew, is read again")
    func changes() throws {
        try Self.withFolder { folder in
            try Self.write("ada:\(Self.horse)\n", to: "\(folder)/users")
            let file = UserFile(path: "\(folder)/users", format: .passwords)
            #expect(try file.table().verify(Self.credentials("ada", "correct horse")))
            try Self.write("ada:\(Self.staple)\n", to: "\(folder)/next")
            #expect(rename("\(folder)/next", "\(folder)/users") == 0)
            #expect(try file.table().verify(Self.credentials("ada", "battery staple")))
            #expect(try !file.table().verify(Self.credentials("ada", "correct horse")))
            try Self.write("ada:\(Self.horse)\ngrace:\(Self.staple)\n", to: "\(folder)/users")
            #expect(try file.table().verify(Self.credentials("grace", "battery staple")))
            unlink("\(folder)/users")
            #expect(throws: PatchbayError.self) { try file.table().verify(Self.credentials("ada", "correct horse")) }
        }
    }

    @Test("a folder, a FIFO, a large file and one that everyone can write are errors that name the file")
    func unfit() throws {
        try Self.withFolder { folder in
            let path = "\(folder)/users"
            func message(_ path: String) -> String? {
                #expect(throws: PatchbayError.self) { try UserFile(path: path, format: .passwords).table() }?.message
            }
            #expect(message(folder)?.contains("is not a file") == true)
            mkfifo(path, 0o600)
            #expect(message(path)?.contains("is not a file") == true)
            unlink(path)
            try Self.write("ada:\(Self.horse)\n", to: path)
            chmod(path, 0o666)
            #expect(message(path)?.contains("can be written by everyone") == true)
            chmod(path, 0o600)
            truncate(path, off_t(CheckedFile.largest) + 1)
            #expect(message(path)?.contains("more than") == true)
            #expect(message("\(folder)/absent")?.contains("\(folder)/absent") == true)
        }
    }

    @Test("20,000 files of noise are errors or tables, and never trap")
    func fuzz() {
        var generator = FuzzSource.forTest()
        let valid = Array("ada:\(Self.horse)\n# x\n".utf8)
        for round in 0..<20_000 {
            var bytes = round & 1 == 0 ? generator.input(from: [], longest: 120) : valid
            if round & 1 == 1 {
                for _ in 0..<Int.random(in: 1...4, using: &generator) {
                    bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
                }
            }
            do { _ = try UserTable(bytes, path: "users", format: .passwords) } catch { #expect(error.code == .invalidOption) }
        }
    }
}
