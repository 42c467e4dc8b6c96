internal import CPatchbayIO
internal import Dispatch
internal import Glibc
internal import Synchronization

/// A program that runs beside a test and is spoken to line by line; every wait is bounded. It is killed when its last reference goes.
final class ChildProcess: Sendable {
    struct Failure: Error {
        var message: String
    }

    private static let patience: CInt = 60_000

    private let process: pid_t
    private let input: Mutex<CInt>
    private let output: CInt
    private let pending = Mutex<[UInt8]>([])
    /// Blocking reads and writes happen here, in order, so that no test holds a thread of the pool.
    private let queue = DispatchQueue(label: "child")

    init(_ program: String, _ arguments: [String]) throws {
        var toChild: [CInt] = [-1, -1]
        var fromChild: [CInt] = [-1, -1]
        guard cpb_pipe(&toChild) >= 0, cpb_pipe(&fromChild) >= 0 else { throw Failure(message: "no pipe") }
        _ = cpb_set_blocking(toChild[0])
        _ = cpb_set_blocking(fromChild[1])
        _ = cpb_set_blocking(toChild[1])
        var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var process: pid_t = 0
        let result = cpb_spawn(program, &words, cpb_environment(), toChild[0], fromChild[1], 2, &process)
        close(toChild[0])
        close(fromChild[1])
        input = Mutex(toChild[1])
        output = fromChild[0]
        self.process = process
        guard result >= 0 else { throw Failure(message: "cannot start \(program): \(String(cString: strerror(-result)))") }
    }

    deinit {
        endInput()
        close(output)
        guard process > 0 else { return }
        kill(process, SIGKILL)
        var status: CInt = 0
        waitpid(process, &status, 0)
    }

    /// Sends one line.
    func start(_ line: String) throws {
        let bytes = Array((line + "\n").utf8)
        let count = input.withLock { input in bytes.withUnsafeBytes { cpb_write_quietly(input, $0.baseAddress, $0.count, nil, 0) } }
        guard count == bytes.count else { throw Failure(message: "the child takes no more input") }
    }

    /// Lets the child end.
    func endInput() {
        input.withLock { input in
            if input >= 0 { close(input) }
            input = -1
        }
    }

    /// The next line that it says.
    func line() async throws -> String {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try self.readLine() }) }
        }
    }

    /// Sends one line, and gives the next one it says.
    func ask(_ line: String) async throws -> String {
        try start(line)
        return try await self.line()
    }

    private func readLine() throws -> String {
        try pending.withLock { pending in
            while true {
                if let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                    defer { pending.removeFirst(end + 1) }
                    return String(decoding: pending[..<end], as: UTF8.self)
                }
                guard cpb_poll(output, CInt(CPB_IN), Self.patience) > 0 else { throw Failure(message: "the child says nothing") }
                var chunk = [UInt8](repeating: 0, count: 4096)
                let count = chunk.withUnsafeMutableBytes { cpb_read(output, $0.baseAddress, $0.count) }
                guard count > 0 else { throw Failure(message: "the child ended after \(String(decoding: pending, as: UTF8.self))") }
                pending += chunk[..<count]
            }
        }
    }
}
