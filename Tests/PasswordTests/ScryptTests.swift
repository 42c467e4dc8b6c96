internal import Crypto
internal import NIOCore
internal import PatchbayCore
internal import Testing

@testable internal import PatchbayPassword

@Suite("Hashes of passwords")
struct ScryptTests {
    struct Vector: Sendable {
        var password: String
        var salt: String
        var parameters: PasswordHash.Parameters
        var key: String
    }

    /// The fourth one of the RFC takes 1 GiB and is left out.
    static let vectors = [
        Vector(
            password: "",
            salt: "",
            parameters: .init(logarithm: 4, blockSize: 1, parallelism: 1),
            key:
                "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906"
        ),
        Vector(
            password: "password",
            salt: "NaCl",
            parameters: .init(logarithm: 10, blockSize: 8, parallelism: 16),
            key:
                "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"
        ),
        Vector(
            password: "pleaseletmein",
            salt: "SodiumChloride",
            parameters: .init(logarithm: 14, blockSize: 8, parallelism: 1),
            key:
                "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"
        ),
    ]

    @Test("derived keys are those of RFC 7914, section 12", arguments: vectors)
    func rfc7914(_ vector: Vector) throws {
        let key = try PasswordHash.derive(
            password: Array(vector.password.utf8),
            salt: Array(vector.salt.utf8),
            parameters: vector.parameters,
            bytes: 64
        )
        #expect(key.withUnsafeBytes { Array($0) } == Array(hexadecimal: vector.key))
    }

    @Test("a hash from passlib's documentation verifies, and no other password does")
    func passlib() throws {
        let hash = try PasswordHash("$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E")
        #expect(try hash.verify(ByteBuffer(string: "password")))
        #expect(try !hash.verify(ByteBuffer(string: "Password")))
    }

    @Test("a new hash is what Python's hashlib makes of the same salt")
    func make() throws {
        let hash = try PasswordHash.make(password: ByteBuffer(string: "correct horse"), salt: Array(0..<16))
        #expect(hash.encoded == "$scrypt$ln=15,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$XGYmKKxOsQaKKH4qoqICriSOmNsE1h0zJ+c0LbbscJc")
        #expect(try PasswordHash(hash.encoded).verify(ByteBuffer(string: "correct horse")))
        #expect("\(hash)" == "PasswordHash")
    }

    @Test("salts are new each time")
    func salts() throws {
        let password = ByteBuffer(string: "x")
        #expect(try PasswordHash.make(password: password).encoded != PasswordHash.make(password: password).encoded)
    }

    @Test("an empty password, a long one and a short salt are refused")
    func arguments() {
        for (password, salt) in [("", 16), (String(repeating: "x", count: 1025), 16), ("x", 7), ("x", 65)] {
            let error = #expect(throws: PatchbayError.self) {
                try PasswordHash.make(password: ByteBuffer(string: password), salt: Array(repeating: 0, count: salt))
            }
            #expect(error?.code == .invalidArgument)
        }
    }

    @Test(
        "another form, or a cost that a listener cannot bear, is refused",
        arguments: [
            "", "$", "$$$$", "hunter2", "$2b$12$abc", "$scrypt$ln=15,r=8,p=1$AAECAwQFBgcICQoLDA0ODw",
            "$scrypt$ln=15,r=8$AAECAwQFBgcICQoLDA0ODw$nfkj3u1fRTHCea+fVr03sWV770kp5wLOLoEakziKhqE",
            "$scrypt$ln=+5,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$nfkj3u1fRTHCea+fVr03sWV770kp5wLOLoEakziKhqE",
            "$scrypt$ln=,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$nfkj3u1fRTHCea+fVr03sWV770kp5wLOLoEakziKhqE",
            "$scrypt$r=8,ln=15,p=1$AAECAwQFBgcICQoLDA0ODw$nfkj3u1fRTHCea+fVr03sWV770kp5wLOLoEakziKhqE",
            "$scrypt$ln=15,r=8,p=1$AAECAwQFBgcICQoLDA0ODw==$nfkj3u1fRTHCea+fVr03sWV770kp5wLOLoEakziKhqE",
            "$scrypt$ln=15,r=8,p=1$AAEC$nfkj3u1fRTHCea+fVr03sWV770kp5wLOLoEakziKhqE",
            "$scrypt$ln=15,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$nfkj",
            "$scrypt$ln=15,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$nfkj3u1fRTHCea_fVr03sWV770kp5wLOLoEakziKhqE",
            "$scrypt$ln=15,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$nfkj3u1fRTHCea+fVr03sWV770kp5wLOLoEakziKhqE\n",
            "$scrypt$ln=0,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$nfkj3u1fRTHCea+fVr03sWV770kp5wLOLoEakziKhqE",
            "$scrypt$ln=18,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$nfkj3u1fRTHCea+fVr03sWV770kp5wLOLoEakziKhqE",
            "$scrypt$ln=63,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$nfkj3u1fRTHCea+fVr03sWV770kp5wLOLoEakziKhqE",
            "$scrypt$ln=99,r=99,p=99$AAECAwQFBgcICQoLDA0ODw$nfkj3u1fRTHCea+fVr03sWV770kp5wLOLoEakziKhqE",
            "$scrypt$ln=17,r=8,p=16$AAECAwQFBgcICQoLDA0ODw$nfkj3u1fRTHCea+fVr03sWV770kp5wLOLoEakziKhqE",
            "$scrypt$ln=10,r=17,p=1$AAECAwQFBgcICQoLDA0ODw$nfkj3u1fRTHCea+fVr03sWV770kp5wLOLoEakziKhqE",
        ]
    )
    func forms(_ text: String) {
        let error = #expect(throws: PatchbayError.self) { try PasswordHash(text) }
        #expect(error?.code == .invalidArgument)
        #expect(error.map { !"\($0)".contains("hunter2") && !"\($0)".contains("nfkj") } == true)
    }

    @Test("the widest parameters that are taken can be derived", arguments: [(1, 16, 16), (1, 1, 1), (10, 16, 1), (4, 16, 16)])
    func bounds(_ logarithm: Int, _ blockSize: Int, _ parallelism: Int) throws {
        let parameters = PasswordHash.Parameters(logarithm: logarithm, blockSize: blockSize, parallelism: parallelism)
        #expect(parameters.isBearable)
        _ = try PasswordHash.derive(password: [1], salt: Array(repeating: 0, count: 8), parameters: parameters, bytes: 16)
    }
}
