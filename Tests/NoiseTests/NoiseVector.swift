internal import AuthenticatorTestSupport
internal import Foundation

@testable internal import PatchbayNoise

/// One handshake of another implementation, byte by byte.
struct NoiseVector: CustomStringConvertible {
    var pattern: NoisePattern
    var cipher: NoiseCipher
    private var fields: [String: String]

    var description: String { "\(pattern.noiseName), \(cipher.noiseName), \(fields.keys.contains("prologue") ? "a" : "no") prologue" }

    subscript(_ name: String) -> [UInt8]? { fields[name].map { [UInt8](hexadecimal: $0) } }

    /// Payload and ciphertext, in order: those of the handshake, then two transport messages.
    var messages: [(payload: [UInt8], ciphertext: [UInt8])] {
        (0...).lazy.map { (self["msg_\($0)_payload"], self["msg_\($0)_ciphertext"]) }
            .prefix { $0.0 != nil && $0.1 != nil }
            .map { ($0.0 ?? [], $0.1 ?? []) }
    }

    static let all: [NoiseVector] = {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("vectors.txt")
        guard let text = try? String(contentsOf: file, encoding: .utf8) else { return [] }
        return text.components(separatedBy: "\n\n").compactMap { block in
            var fields: [String: String] = [:]
            for line in block.split(separator: "\n") {
                let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                if parts.count == 2 { fields[String(parts[0])] = String(parts[1]) }
            }
            guard let name = fields["handshake"],
                let pattern = NoisePattern.allCases.first(where: { name.contains("_\($0.noiseName)_") }),
                let cipher = NoiseCipher.allCases.first(where: { name == "Noise_\(pattern.noiseName)_25519_\($0.noiseName)_SHA256" })
            else { return nil }
            return NoiseVector(pattern: pattern, cipher: cipher, fields: fields)
        }
    }()
}
