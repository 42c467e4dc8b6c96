internal import Foundation
internal import Patchbay

/// What Swift asks, and what it must hear.
struct Conversation {
    static let echoes = 5000

    let connection: Connection

    /// - Returns: round trips per second.
    func run() async throws -> Double {
        guard let greeting = try await hear(), greeting["hello"]?.string?.hasPrefix("CPython ") == true else {
            throw Mismatch(expected: "CPython's greeting", heard: nil)
        }
        try await ask(["task": "area", "width": 640, "height": 480], expecting: ["area": 307_200])
        try await ask(
            ["task": "sort", "words": ["wire", "plug", "socket"]],
            expecting: ["sorted": ["plug", "socket", "wire"], "longest": "socket"]
        )
        // Of types that only one of the two languages calls by these names, none is lost.
        let kinds: Value = [.tuple([1, "two", 3.5]), .set([true]), Value(UInt128(1) << 100), Value(bytes: [0, 255]), nil]
        try await ask(["task": "repeat", "what": kinds], expecting: kinds)
        let rate = try await measure()
        try await ask(["task": "goodbye"], expecting: ["goodbye": "swift"])
        guard try await connection.receiveBytes() == nil else { throw Mismatch(expected: "the end", heard: nil) }
        return rate
    }

    private func ask(_ question: Value, expecting expected: Value) async throws {
        Transcript.say(question.description, arrow: ">")
        try await connection.send(question)
        let answer = try await hear()
        guard answer == expected else { throw Mismatch(expected: expected.description, heard: answer) }
    }

    /// The next value, which Python itself has printed.
    private func hear() async throws -> Value? { try await connection.receive(as: Value.self) }

    private func measure() async throws -> Double {
        try await connection.send(["task": "echo", "times": .int(Int64(Self.echoes))] as Value)
        let message: Value = ["sequence": 1, "text": "there and back again"]
        let elapsed = try await ContinuousClock().measure {
            for _ in 0..<Self.echoes {
                try await connection.send(message)
                let echo = try await connection.receive(as: Value.self)
                guard echo == message else { throw Mismatch(expected: message.description, heard: echo) }
            }
        }
        return Double(Self.echoes) / (elapsed / .seconds(1))
    }
}

/// Python answered something else.
struct Mismatch: Error, CustomStringConvertible {
    var expected: String
    var heard: Value?

    var description: String { "expected \(expected), heard \(heard?.description ?? "something else, or the end")" }
}

/// The lines on standard output; each goes out at once, because Python writes to it in turn.
enum Transcript {
    static func write(_ line: String = "") { FileHandle.standardOutput.write(Data("\(line)\n".utf8)) }

    static func say(_ words: String, arrow: String = " ") { write("   swift  \(arrow) \(words)") }
}
