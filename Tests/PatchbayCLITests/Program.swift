import Foundation
import Synchronization

/// The built program `patchbay`, beside the test bundle.
struct Program {
    /// Nil where it was not built.
    static let path: String? = {
        let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        let path = folder.appendingPathComponent("patchbay").path
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }()

    struct Result {
        var status: Int32
        var output: String
        var errors: String
    }

    struct Missing: Error {}

    /// Runs to the end.
    /// - Parameter input: nil: standard input stays open, and empty, until the program ends.
    static func run(_ arguments: [String], input: String? = "", environment: [String: String] = [:]) throws -> Result {
        try Running(arguments, input: input, environment: environment).wait()
    }

    /// A program that has not ended yet.
    final class Running {
        private let process = Process()
        private let folder: URL
        private let errors = Pipe()
        private let inputPipe = Pipe()
        /// What standard error said so far.
        private var said = Data()

        init(_ arguments: [String], input: String? = nil, environment: [String: String] = [:]) throws {
            guard let path = Program.path else { throw Missing() }
            folder = FileManager.default.temporaryDirectory.appendingPathComponent("patchbay-cli-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            process.executableURL = URL(fileURLWithPath: path)
            process.arguments = arguments
            process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
            // A file: nobody has to drain it while something else is awaited.
            let output = folder.appendingPathComponent("output")
            try Data().write(to: output)
            process.standardOutput = try FileHandle(forWritingTo: output)
            process.standardError = errors
            if let input {
                let file = folder.appendingPathComponent("input")
                try Data(input.utf8).write(to: file)
                process.standardInput = try FileHandle(forReadingFrom: file)
            } else {
                process.standardInput = inputPipe
            }
            try process.run()
        }

        deinit {
            if process.isRunning { kill(process.processIdentifier, SIGKILL) }
            try? FileManager.default.removeItem(at: folder)
        }

        /// The URL of `listening on URL`, once it is said.
        func listeningURL() -> String { String(errorLine(with: "listening on ").trimmingPrefix("listening on ")) }

        /// The first line of standard error with that text, once it is said; empty where the program ends without.
        func errorLine(with text: String) -> String {
            while true {
                let lines = String(decoding: said, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
                // What stands behind the last line's end is none yet.
                if let line = lines.dropLast().first(where: { $0.contains(text) }) { return String(line) }
                let more = errors.fileHandleForReading.availableData
                if more.isEmpty { return "" }
                said += more
            }
        }

        /// What standard output has got so far.
        func output() throws -> String { String(decoding: try Data(contentsOf: folder.appendingPathComponent("output")), as: UTF8.self) }

        func signal(_ number: Int32) { kill(process.processIdentifier, number) }

        func wait() throws -> Result {
            said += errors.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            let output = try Data(contentsOf: folder.appendingPathComponent("output"))
            return Result(
                status: process.terminationStatus,
                output: String(decoding: output, as: UTF8.self),
                errors: String(decoding: said, as: UTF8.self)
            )
        }
    }
}
