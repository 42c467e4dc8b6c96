import Foundation
import FuzzSupport
import NIOCore
import PatchbayCore
import PatchbayJSON
import Testing

@Suite struct FuzzTests {
    static let valid = [
        #"{"a":[1,2.5,-3e-7,true,false,null],"b":{"c":"\u00e9\n\ud83d\ude00","d":""},"e":18446744073709551616}"#,
        #"[[],{},"",0,-0,1e400,"\\\"",{"a":{"a":{"a":[[[1]]]}}}]"#, #"  { "key" : [ "Zm9vYmFy" , 12345678901234567890 ] }  "#,
        #""日本語 \t text that is longer than a word""#,
    ]

    struct Sample: Codable { var a: [Double?]?, b: [String: String]?, key: [UInt8]?, e: Int128? }

    @Test("20,000 hostile messages are read or refused, never more; what is read echoes")
    func hostile() throws {
        var generator = FuzzSource.forTest()
        let alphabet = Array("{}[]\",:\\ue+-.0123456789truefalsnl \n".utf8)
        let codec = JSONCodec()
        for round in 0..<20_000 {
            var bytes: [UInt8]
            if round.isMultiple(of: 2) {
                let text = round.isMultiple(of: 4)
                bytes = (0..<Int.random(in: 0...80, using: &generator)).map { _ in
                    text ? alphabet.randomElement(using: &generator)! : UInt8.random(in: 0...255, using: &generator)
                }
            } else {
                bytes = Array(Self.valid.randomElement(using: &generator)!.utf8)
                for _ in 0..<Int.random(in: 1...4, using: &generator) where !bytes.isEmpty {
                    let index = Int.random(in: 0..<bytes.count, using: &generator)
                    switch Int.random(in: 0..<4, using: &generator) {
                    case 0: bytes[index] = alphabet.randomElement(using: &generator)!
                    case 1: bytes[index] = UInt8.random(in: 0...255, using: &generator)
                    case 2: bytes.remove(at: index)
                    default: bytes.removeSubrange(index..<min(bytes.count, index + 8))
                    }
                }
            }
            let message = ByteBuffer(bytes: bytes)
            do {
                let value = try codec.decodeValue(from: message)
                var buffer = ByteBuffer()
                try codec.encode(value, into: &buffer)
                #expect(try codec.decodeValue(from: buffer) == value, "\(String(decoding: bytes, as: UTF8.self))")
                #expect(try JSONNotation.parse(JSONNotation.print(value)) == value)
            } catch let error as PatchbayError {
                #expect(error.code == .decodingFailed || error.code == .limitExceeded)
            }
            do {
                _ = try codec.decode(Sample.self, from: message)
            } catch let error as PatchbayError {
                #expect(error.code == .decodingFailed || error.code == .limitExceeded)
            }
        }
    }

    @Test("what Foundation refuses of mutated messages, ours refuses too, but for large numbers")
    func agreesWithFoundation() throws {
        var generator = FuzzSource.forTest()
        for _ in 0..<5_000 {
            var bytes = Array(Self.valid.randomElement(using: &generator)!.utf8)
            bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0x20..<0x7F, using: &generator)
            let ours = try? JSONCodec().decodeValue(from: ByteBuffer(bytes: bytes))
            // Foundation refuses numbers that no double holds, which are valid JSON.
            guard let ours, !Self.holdsLiteral(ours) else { continue }
            let theirs = (try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)) != nil
            #expect(theirs, "\(String(decoding: bytes, as: UTF8.self))")
        }
    }

    private static func holdsLiteral(_ value: Value) -> Bool {
        switch value {
        case .number: true
        case .array(let elements): elements.contains(where: holdsLiteral)
        case .map(let map): map.pairs.contains { holdsLiteral($0.value) }
        default: false
        }
    }
}
