internal import CPatchbayIO
internal import Glibc
internal import NIOCore
internal import PatchbayCore
internal import PatchbayJSON

/// The body of the child in which a plugin runs for the first time: `patchbay probe-plugin`.
package enum Probe {
    /// The hidden command's name.
    package static let command = "probe-plugin"

    /// Runs the plugin that the one argument names, and says on standard output how far it came. It does not return: at the end of a process
    /// that loaded foreign code, no destructor of it runs.
    /// - Parameter arguments: without the program and the command.
    package static func run(arguments: [String]) -> Never {
        // What the plugin prints goes to standard error; the parent's line keeps a descriptor that the plugin does not know.
        let line = fcntl(1, F_DUPFD_CLOEXEC, 3)
        guard arguments.count == 1, line >= 0, dup2(2, 1) == 1, chdir("/") == 0,
            let request = try? JSONCodec().decode(ProbeRequest.self, from: ByteBuffer(string: arguments[0]))
        else {
            say("\(command) is for Patchbay alone: it runs a plugin for the first time, in a process of its own", to: 2)
            _exit(64)
        }
        let limits = request.limits
        let status = cpb_confine(limits.processorSeconds, limits.addressSpace, limits.fileSize, limits.descriptors)
        guard status == 0 else {
            send(ProbeMessage(failure: "the child cannot set its limits: \(String(cString: strerror(-status)))"), to: line)
            _exit(70)
        }
        send(ProbeMessage(helper: InterfaceVersion.current.text, stage: .start), to: line)
        do {
            let threads = try execute(request) { send(ProbeMessage(stage: $0), to: line) }
            send(ProbeMessage(stage: .done, threads: threads), to: line)
            _exit(0)
        } catch {
            send(ProbeMessage(failure: (error as? PatchbayError)?.message ?? "\(error)"), to: line)
            _exit(1)
        }
    }

    private static func execute(_ request: ProbeRequest, _ tell: (ProbeOutcome.Stage) -> Void) throws -> String? {
        var version = InterfaceVersion.current
        version.major = request.major
        version.minor = request.minor
        let scan = PluginScan(PluginSearch(files: [request.path]), environment: HostEnvironment([:]), version: version)
        guard let plugin = scan.plugins.first else { throw PatchbayError(.invalidArgument, "no plugin was named", stage: .plugin) }
        if let refusal = plugin.refusal { throw PatchbayError(.refused, refusal, stage: .plugin) }
        guard plugin.file?.identity == request.identity else {
            throw PatchbayError(.refused, "\(request.path) changed after it was checked; try again", stage: .plugin)
        }
        return try FirstExecution.rehearse(plugin, version, tell)
    }

    private static func send(_ message: ProbeMessage, to descriptor: CInt) {
        var buffer = ByteBuffer()
        do { try JSONCodec().encode(message, into: &buffer) } catch { _exit(70) }
        say(String(buffer: buffer), to: descriptor)
    }

    private static func say(_ text: String, to descriptor: CInt) {
        var bytes = ByteBuffer(string: text + "\n")
        while bytes.readableBytes > 0 {
            let count = bytes.withUnsafeReadableBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { _exit(74) }
            bytes.moveReaderIndex(forwardBy: count)
        }
    }
}
