internal import Foundation

/// `peer.py` in a process of its own. What it says goes to our standard output.
struct PythonPeer {
    private let process = Process()
    private let output = Pipe()

    init(script: String, role: String, address: String, keyFile: String) throws {
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", script, role, address, keyFile]
        process.standardOutput = output
        // A descriptor of its own, since in the child 1 is the pipe before 2 becomes a copy.
        process.standardError = FileHandle(fileDescriptor: dup(STDOUT_FILENO), closeOnDealloc: true)
        try process.run()
    }

    /// Where it listens.
    func boundAddress() throws -> String {
        var line: [UInt8] = []
        while let byte = try output.fileHandleForReading.read(upToCount: 1)?.first, byte != UInt8(ascii: "\n") { line.append(byte) }
        guard !line.isEmpty else { throw Failure(description: "python3 did not listen") }
        return String(decoding: line, as: UTF8.self)
    }

    func waitUntilItEnds() throws {
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(description: "python3 ended with status \(process.terminationStatus)")
        }
    }

    func terminate() { if process.isRunning { process.terminate() } }

    /// Major and minor version of `python3`.
    static func version() throws -> (major: Int, minor: Int) {
        let (process, output) = (Process(), Pipe())
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        process.standardOutput = output
        try process.run()
        let answer = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        let numbers = String(decoding: answer, as: UTF8.self).split(whereSeparator: { !$0.isNumber }).compactMap { Int($0) }
        guard numbers.count == 2 else { throw Failure(description: "python3 does not say its version") }
        return (numbers[0], numbers[1])
    }

    struct Failure: Error, CustomStringConvertible {
        var description: String
    }
}
