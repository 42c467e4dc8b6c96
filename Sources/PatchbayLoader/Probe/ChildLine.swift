internal import CPatchbayIO
internal import Glibc
internal import NIOCore
internal import PatchbayCore
internal import PatchbayJSON

/// What a child that runs a plugin has to say, a line of JSON each, on a descriptor that the plugin does not know.
package struct ChildLine: Sendable {
    private let descriptor: CInt

    /// Takes over this process, which was started for nothing else: what a plugin prints goes to standard error from here on.
    ///
    /// Ends the process, with exit code 64, where the arguments are not what the parent gives: one request, as JSON.
    package static func open<Request: Decodable>(_ arguments: [String], as type: Request.Type, command: String) -> (ChildLine, Request) {
        let line = ChildLine(descriptor: fcntl(1, F_DUPFD_CLOEXEC, 3))
        guard arguments.count == 1, line.descriptor >= 0, dup2(2, 1) == 1, chdir("/") == 0,
            let request = try? JSONCodec().decode(type, from: ByteBuffer(string: arguments[0]))
        else {
            ChildLine(descriptor: 2).say("\(command) is for Patchbay alone: it runs a plugin in a process of its own")
            _exit(64)
        }
        return (line, request)
    }

    /// Sets the limits of this process.
    /// - Returns: why they cannot be set; nil where they are.
    package func confine(_ limits: ProbeLimits) -> String? {
        let status = cpb_confine(limits.processorSeconds, limits.addressSpace, limits.fileSize, limits.descriptors)
        return status == 0 ? nil : "the child cannot set its limits: \(String(cString: strerror(-status)))"
    }

    /// Ends the process, with exit code 74, where nobody listens any more.
    package func send(_ message: some Encodable) {
        var buffer = ByteBuffer()
        do { try JSONCodec().encode(message, into: &buffer) } catch { _exit(70) }
        say(String(buffer: buffer))
    }

    private func say(_ text: String) {
        var bytes = ByteBuffer(string: text + "\n")
        while bytes.readableBytes > 0 {
            let count = bytes.withUnsafeReadableBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { _exit(74) }
            bytes.moveReaderIndex(forwardBy: count)
        }
    }
}
