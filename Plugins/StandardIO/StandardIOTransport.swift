internal import PatchbayCore
internal import PatchbayIO

/// Opens the standard input and output; one stream at a time, since two would tear each other's bytes apart.
struct StandardIOTransport: Transport {
    /// Which two descriptors; those of the process but in tests.
    var input: CInt = 0
    var output: CInt = 1
    var claim: StreamClaim = .process

    func connect(_ context: TransportContext) async throws -> any ByteStream {
        try open(on: context.reactor, stage: .dial)
    }

    func listen(_ context: TransportContext) async throws -> any StreamListener {
        StandardIOListener { reactor throws(PatchbayError) in try open(on: reactor, stage: .listen) }
    }

    private func open(on reactor: Reactor, stage: PatchbayError.Stage) throws(PatchbayError) -> DescriptorStream {
        guard claim.take() else {
            throw PatchbayError(
                .addressInUse,
                "standard input and output serve another connection of this process; close that first",
                stage: stage,
                layer: "stdio"
            )
        }
        let claim = claim
        do throws(IOFailure) {
            return try DescriptorStream(borrowingInput: input, output: output, reactor: reactor) { claim.giveBack() }
        } catch {
            claim.giveBack()
            throw PatchbayError(
                .systemFailure,
                "cannot use standard input and output: \(error.reason); start the process with both open (</dev/null for none)",
                stage: stage,
                layer: "stdio",
                cause: error
            )
        }
    }
}
