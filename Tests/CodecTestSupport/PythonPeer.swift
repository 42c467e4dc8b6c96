internal import Foundation
public import NIOCore

/// A Python process with one module of PyPI, as the peer of a codec.
///
/// The interpreter is `python3`, or the path in `PATCHBAY_PYTHON`, such as that of a virtual environment.
public struct PythonPeer: Sendable {
    public let module: String

    public init(module: String) {
        self.module = module
    }

    /// The module can be imported.
    public var isInstalled: Bool {
        (try? Self.run("import \(module)", input: ""))?.status == 0
    }

    /// Lets Python check messages against expressions, and encode the same expressions.
    /// - Parameters:
    ///   - unpack: a Python expression that reads the bytes `data`.
    ///   - pack: a Python expression that writes the object `value`.
    /// - Returns: Python's message of each expression.
    public func exchange(_ messages: [(ByteBuffer, expression: String)], preamble: String, unpack: String, pack: String) throws
        -> [ByteBuffer]
    {
        let script = """
            import sys
            \(preamble)
            for line in sys.stdin:
                code, expression = line.rstrip('\\n').split('\\t')
                data = bytes.fromhex(code)
                value = eval(expression)
                received = \(unpack)
                if repr(received) != repr(value) or type(received) is not type(value):
                    sys.exit(f'{code} is {received!r}, not {value!r}')
                print((\(pack)).hex())
            """
        let input = messages.map { "\($0.hexadecimal)\t\($1)\n" }.joined()
        let (status, output, errors) = try Self.run(script, input: input)
        guard status == 0 else { throw Failure(description: errors) }
        return output.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map { ByteBuffer(hexadecimal: String($0)) }
    }

    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    private static func run(_ script: String, input: String) throws -> (status: Int32, output: String, errors: String) {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("patchbay-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        // Files in place of pipes: nobody has to drain one while another is written.
        let names = ["input", "output", "errors"].map { folder.appendingPathComponent($0) }
        try Data(input.utf8).write(to: names[0])
        try Data().write(to: names[1])
        try Data().write(to: names[2])
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [ProcessInfo.processInfo.environment["PATCHBAY_PYTHON"] ?? "python3", "-c", script]
        process.standardInput = try FileHandle(forReadingFrom: names[0])
        process.standardOutput = try FileHandle(forWritingTo: names[1])
        process.standardError = try FileHandle(forWritingTo: names[2])
        try process.run()
        process.waitUntilExit()
        return (
            process.terminationStatus, String(decoding: try Data(contentsOf: names[1]), as: UTF8.self),
            String(decoding: try Data(contentsOf: names[2]), as: UTF8.self)
        )
    }
}
