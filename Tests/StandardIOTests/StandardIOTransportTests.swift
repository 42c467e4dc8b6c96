import Glibc
import PatchbayCore
import PatchbayIO
import PatchbayTesting
import Testing

@testable import PatchbayStandardIO

@Suite("Standard input and output")
struct StandardIOTransportTests {
    private let reactor = ReactorGroup.shared.next()

    private func context() -> TransportContext {
        TransportContext(host: nil, port: nil, path: "", options: Options(), reactor: reactor)
    }

    private func transport(_ input: CInt, _ output: CInt) -> StandardIOTransport {
        StandardIOTransport(input: input, output: output, claim: StreamClaim())
    }

    /// A blocking pipe, as a shell makes it.
    private func makePipe() throws -> (reading: CInt, writing: CInt) {
        var pair: [CInt] = [-1, -1]
        try #require(pipe(&pair) == 0)
        return (pair[0], pair[1])
    }

    private func write(_ text: String, to descriptor: CInt) {
        #expect(Array(text.utf8).withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) } == text.utf8.count)
    }

    /// A pseudo-terminal. Swift's Glibc module lacks the functions that make one.
    private func makeTerminal() throws -> (controller: CInt, terminal: CInt) {
        typealias Open = @convention(c) (CInt) -> CInt
        typealias Name = @convention(c) (CInt) -> UnsafePointer<CChar>?
        let controller = unsafeBitCast(try #require(dlsym(nil, "posix_openpt")), to: Open.self)(O_RDWR | O_NOCTTY)
        try #require(controller >= 0)
        try #require(unsafeBitCast(try #require(dlsym(nil, "unlockpt")), to: Open.self)(controller) == 0)
        let name = unsafeBitCast(try #require(dlsym(nil, "ptsname")), to: Name.self)(controller)
        let terminal = open(try #require(name), O_RDWR | O_NOCTTY)
        try #require(terminal >= 0)
        return (controller, terminal)
    }

    private func isNonBlocking(_ descriptor: CInt) -> Bool { fcntl(descriptor, F_GETFL) & O_NONBLOCK != 0 }

    private func temporaryFile(_ content: [UInt8]) throws -> CInt {
        var template = Array("/tmp/patchbay-test-XXXXXX".utf8CString)
        let file = mkstemp(&template)
        try #require(file >= 0)
        unlink(template)
        try #require(content.withUnsafeBytes { pwrite(file, $0.baseAddress, $0.count, 0) } == content.count)
        return file
    }

    @Test("pipes are read and written, and their flags stay as they were")
    func pipes() async throws {
        let (input, output) = (try makePipe(), try makePipe())
        let stream = try await transport(input.reading, output.writing).connect(context())
        async let first = stream.receive()
        write("abc", to: input.writing)
        #expect(try await first == Array("abc".utf8))
        try await stream.send(Array("def".utf8))
        var buffer = [UInt8](repeating: 0, count: 8)
        #expect(read(output.reading, &buffer, 8) == 3)
        #expect(buffer.prefix(3) == ArraySlice("def".utf8))
        for descriptor in [input.reading, output.writing] { #expect(!isNonBlocking(descriptor)) }
        close(input.writing)
        #expect(try await stream.receive() == nil)
        stream.close(abort: false)
        // Still there: they are the process's.
        #expect(fcntl(input.reading, F_GETFD) >= 0)
        #expect(fcntl(output.writing, F_GETFD) >= 0)
        for descriptor in [input.reading, output.reading, output.writing] { close(descriptor) }
    }

    @Test("a full pipe blocks the stream and not the reactor")
    func backPressure() async throws {
        let (input, output) = (try makePipe(), try makePipe())
        let stream = try await transport(input.reading, output.writing).connect(context())
        let sent = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        // On the reactor: were the write to block, nothing below would ever run.
        async let sending: Void = withTaskExecutorPreference(reactor) { try await stream.send(sent) }
        let reader = try await transport(output.reading, input.writing).connect(context())
        var received: [UInt8] = []
        while received.count < sent.count, let bytes = try await reader.receive() { received += bytes }
        try await sending
        #expect(received == sent)
        stream.close(abort: false)
        reader.close(abort: false)
        for descriptor in [input.reading, input.writing, output.reading, output.writing] { close(descriptor) }
    }

    @Test("an inherited socket is used both ways, keeps its flags, and names its peer")
    func socket() async throws {
        var pair: [CInt] = [-1, -1]
        try #require(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &pair) == 0)
        // As inetd does: one socket under two numbers.
        let second = dup(pair[0])
        let stream = try await transport(pair[0], second).connect(context())
        #expect(stream.peer.credentials?.userID == geteuid())
        write("abc", to: pair[1])
        #expect(try await stream.receive() == Array("abc".utf8))
        async let next = stream.receive()
        write("d", to: pair[1])
        #expect(try await next == Array("d".utf8))
        #expect(!isNonBlocking(pair[0]))
        stream.shutdownOutput()
        var byte: UInt8 = 0
        #expect(read(pair[1], &byte, 1) == 0)
        stream.close(abort: false)
        for descriptor in pair + [second] { close(descriptor) }
    }

    @Test("a file is read to its end by a thread, and a file is written")
    func files() async throws {
        let content = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 13) }
        let (source, sink) = (try temporaryFile(content), try temporaryFile([]))
        let stream = try await transport(source, sink).connect(context())
        #expect(try await stream.receiveAll() == content)
        try await stream.send(content)
        var status = stat()
        #expect(fstat(sink, &status) == 0)
        #expect(status.st_size == 200_000)
        stream.close(abort: false)
        close(source)
        close(sink)
    }

    @Test("a file that nobody reads to its end does not hold its reader for ever")
    func abandonedFile() async throws {
        let source = try temporaryFile([UInt8](repeating: 1, count: 400_000))
        let sink = open("/dev/null", O_WRONLY)
        let transport = transport(source, sink)
        let stream = try await transport.connect(context())
        #expect(try await stream.receive() != nil)
        stream.close(abort: false)
        close(source)
        close(sink)
    }

    @Test("a file that cannot be read says why")
    func unreadable() async throws {
        let folder = open("/tmp", O_RDONLY | O_DIRECTORY)
        let sink = open("/dev/null", O_WRONLY)
        let stream = try await transport(folder, sink).connect(context())
        let error = await #expect(throws: IOFailure.self) { try await stream.receive() }
        // read(2) of a folder.
        #expect(error?.errno == EISDIR)
        stream.close(abort: false)
        close(folder)
        close(sink)
    }

    @Test("a terminal gives a line at a time, and ends with its other side")
    func terminal() async throws {
        let (controller, terminal) = try makeTerminal()
        let stream = try await transport(terminal, terminal).connect(context())
        async let line = stream.receive()
        write("one\n", to: controller)
        #expect(try await line == Array("one\n".utf8))
        #expect(!isNonBlocking(terminal))
        close(controller)
        #expect(try await stream.receive() == nil)
        stream.close(abort: false)
        close(terminal)
    }

    @Test("a pipe without a reader is an error, and kills nobody")
    func brokenPipe() async throws {
        let (input, output) = (try makePipe(), try makePipe())
        let stream = try await transport(input.reading, output.writing).connect(context())
        close(output.reading)
        // Again and again: a child that another test starts just now holds the reading end until its exec.
        let error = await #expect(throws: IOFailure.self) { while true { try await stream.send([1]) } }
        #expect(error?.errno == EPIPE)
        stream.close(abort: false)
        for descriptor in [input.reading, input.writing, output.writing] { close(descriptor) }
    }

    @Test("closing wakes a waiting reader")
    func closeWakes() async throws {
        let (input, output) = (try makePipe(), try makePipe())
        let stream = try await transport(input.reading, output.writing).connect(context())
        async let received = stream.receive()
        stream.close(abort: false)
        #expect(try await received == nil)
        for descriptor in [input.reading, input.writing, output.reading, output.writing] { close(descriptor) }
    }

    @Test("one stream at a time; the next may follow")
    func once() async throws {
        let (input, output) = (try makePipe(), try makePipe())
        let transport = transport(input.reading, output.writing)
        let first = try await transport.connect(context())
        #expect(await code { _ = try await transport.connect(context()) } == .addressInUse)
        first.close(abort: false)
        try await transport.connect(context()).close(abort: false)
        for descriptor in [input.reading, input.writing, output.reading, output.writing] { close(descriptor) }
    }

    @Test("what is not open is an error, and can be tried again")
    func closedInput() async throws {
        let transport = transport(-1, 1)
        #expect(await code { _ = try await transport.connect(context()) } == .systemFailure)
        #expect(await code { _ = try await transport.connect(context()) } == .systemFailure)
    }

    @Test("a listener accepts once, then waits until it is closed, or its task cancelled", arguments: [false, true])
    func listener(cancelling: Bool) async throws {
        let (input, output) = (try makePipe(), try makePipe())
        let reactor = reactor
        let listener = try await transport(input.reading, output.writing).listen(context())
        let stream = try #require(try await listener.accept { reactor })
        write("abc", to: input.writing)
        #expect(try await stream.receive() == Array("abc".utf8))
        let next = Task { try await listener.accept { reactor } == nil }
        if cancelling { next.cancel() } else { listener.close() }
        #expect(try await next.value)
        #expect(try await listener.accept { reactor } == nil)
        stream.close(abort: false)
        for descriptor in [input.reading, input.writing, output.reading, output.writing] { close(descriptor) }
    }
}
