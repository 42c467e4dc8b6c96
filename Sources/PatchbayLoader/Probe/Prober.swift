internal import CPatchbayIO
internal import Dispatch
internal import Glibc
internal import NIOCore
internal import PatchbayCore
internal import PatchbayJSON

/// Runs plugins for the first time, each in a child process of a helper: never in this process, and never by running this program again.
package struct Prober: Sendable {
    /// The installed `patchbay`, or `/proc/self/exe` where this is that.
    package var helper: String
    package var limits: ProbeLimits
    package var version: InterfaceVersion

    package init(helper: String, limits: ProbeLimits = ProbeLimits(), version: InterfaceVersion = .current) {
        self.helper = helper
        self.limits = limits
        self.version = version
    }

    /// Runs one. A cancelled task kills the child.
    /// - Throws: ``PatchbayError`` where the helper is at fault, not the plugin; `CancellationError`.
    package func probe(_ path: String, _ identity: FileIdentity) async throws -> ProbeOutcome {
        var argument = ByteBuffer()
        let request = ProbeRequest(path: path, identity: identity, major: version.major, minor: version.minor, limits: limits)
        try JSONCodec().encode(request, into: &argument)
        return try outcome(await observe([Probe.command, String(buffer: argument)]))
    }

    /// Runs the helper with these arguments, within the limits, to its end. A cancelled task kills it.
    /// - Throws: ``PatchbayError`` where no child can be made; `CancellationError`.
    package func observe(_ arguments: [String]) async throws -> ProbeChild.Observation {
        let child = try ProbeChild(helper: helper, arguments: arguments, limits: limits)
        let observation = await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                // It waits in poll for as long as the plugin may take.
                DispatchQueue.global().async { continuation.resume(returning: child.run()) }
            }
        } onCancel: {
            child.cancel()
        }
        try Task.checkCancellation()
        return observation
    }

    private func outcome(_ observation: ProbeChild.Observation) throws(PatchbayError) -> ProbeOutcome {
        if let failure = observation.startFailure {
            throw PatchbayError(.systemFailure, "the helper \(helper) could not be started: \(failure)", stage: .plugin)
        }
        var stage: ProbeOutcome.Stage?
        var failure: String?
        var threads: String?
        for line in observation.lines.split(separator: UInt8(ascii: "\n")) {
            // Cut short by the plugin's end, or by the plugin itself.
            guard let message = try? JSONCodec().decode(ProbeMessage.self, from: ByteBuffer(bytes: line)) else { continue }
            if let helperVersion = message.helper, helperVersion.split(separator: ".").first != "\(InterfaceVersion.current.major)" {
                throw PatchbayError(
                    .versionMismatch,
                    "the helper \(helper) has version \(helperVersion) of the plugin interface, this program \(InterfaceVersion.current.text); "
                        + "install the patchbay that fits",
                    stage: .plugin
                )
            }
            stage = message.stage ?? stage
            failure = message.failure ?? failure
            threads = message.threads ?? threads
        }
        guard let stage else {
            throw PatchbayError(
                .unsupported,
                "the helper \(helper) does not check plugins (\(failure ?? observation.log.last ?? "it said nothing")); name the installed patchbay",
                stage: .plugin
            )
        }
        let ending: ProbeOutcome.Ending
        switch observation.ending {
        case .timedOut: ending = .timedOut
        case .killed(let signal): ending = .killed(signal: signal)
        case .exited(0) where stage == .done: ending = .passed
        case .exited where failure != nil: ending = .refused
        case .exited(let status): ending = .exited(status)
        }
        return ProbeOutcome(
            stage: stage,
            ending: ending,
            message: failure,
            log: observation.log,
            threads: threads,
            milliseconds: observation.milliseconds
        )
    }
}
