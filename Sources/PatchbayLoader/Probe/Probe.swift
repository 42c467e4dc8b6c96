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
        let (line, request) = ChildLine.open(arguments, as: ProbeRequest.self, command: command)
        if let failure = line.confine(request.limits) {
            line.send(ProbeMessage(failure: failure))
            _exit(70)
        }
        line.send(ProbeMessage(helper: InterfaceVersion.current.text, stage: .start))
        do {
            let threads = try execute(request) { line.send(ProbeMessage(stage: $0)) }
            line.send(ProbeMessage(stage: .done, threads: threads))
            _exit(0)
        } catch {
            line.send(ProbeMessage(failure: (error as? PatchbayError)?.message ?? "\(error)"))
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
}
