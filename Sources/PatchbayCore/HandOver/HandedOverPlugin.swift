internal import PatchbayIO

/// The transport of a connection that another process opened: a name, for the stack that is made anew at its new place.
struct HandedOverPlugin: Plugin {
    static let transport = "handed-over"

    var name: String { Self.transport }
    var version: String { "1.0.0" }
    var summary: String { "a connection that another process opened" }

    func register(into registrar: inout Registrar) {
        let traits = TransportTraits(target: .none, crossesNetwork: false, cost: 0)
        registrar.add(Layer(name: Self.transport, summary: summary, maker: .transport(traits, HandedOverTransport())))
    }
}

private struct HandedOverTransport: Transport {
    func connect(_ context: TransportContext) async throws -> any ByteStream { throw Self.refusal(.dial) }

    func listen(_ context: TransportContext) async throws -> any StreamListener { throw Self.refusal(.listen) }

    private static func refusal(_ stage: PatchbayError.Stage) -> PatchbayError {
        PatchbayError(.unsupported, "a connection is handed over, not opened; use Connection.takeOver", stage: stage)
    }
}
