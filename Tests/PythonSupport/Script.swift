internal import Foundation

/// A Python program that runs beside a test.
package final class Script {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private let complaints = Pipe()

    package init(path: String, _ program: String, arguments: [String] = []) throws {
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = ["-c", program] + arguments
        process.standardInput = input
        process.standardOutput = output
        process.standardError = complaints
        try process.run()
    }

    /// Feeds everything, and reads everything to the end.
    package func run(_ text: String) throws -> String {
        let writer = Thread { [input] in
            try? input.fileHandleForWriting.write(contentsOf: Data(text.utf8))
            try? input.fileHandleForWriting.close()
        }
        writer.start()
        let answer = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(complaint: complaint()) }
        return String(decoding: answer, as: UTF8.self)
    }

    package func write(_ bytes: [UInt8]) throws { try input.fileHandleForWriting.write(contentsOf: Data(bytes)) }

    /// Whatever is there; empty at the end.
    package func readSome() -> [UInt8] { Array(output.fileHandleForReading.availableData) }

    /// Ends the program's input, and says what it wrote to standard error.
    package func finish() -> String {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
        return complaint()
    }

    private func complaint() -> String {
        String(decoding: (try? complaints.fileHandleForReading.readToEnd()) ?? Data(), as: UTF8.self)
    }

    package struct Failure: Error {
        package var complaint: String
    }
}
