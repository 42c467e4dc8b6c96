/// What must hold of a stack as a whole, checked before anything is dialled.
struct StackCheck {
    var chain: LayerChain
    var target: Stack.Target
    var transport: String
    var traits: TransportTraits
    var connection: ConnectionOptions

    private typealias Entry = (placed: LayerChain.Placed, traits: AuthenticatorTraits)

    func run() throws(PatchbayError) {
        let authenticators = chain.placed.compactMap { placed -> Entry? in
            if case .authenticator(let traits, _) = placed.registered.layer.maker { (placed, traits) } else { nil }
        }
        try checkFraming()
        try checkWhoPasses(authenticators)
        try checkDescriptors(authenticators)
        for (index, entry) in authenticators.enumerated() {
            try checkMedium(entry)
            try checkTransport(entry)
            try checkSecret(entry, below: authenticators[(index + 1)...])
            try checkOpenStream(entry, others: authenticators.filter { $0.placed.name != entry.placed.name })
        }
    }

    /// What only made authenticators know: a dialer must not hand a secret to whoever answers, however well it is encrypted.
    func run(_ made: [Stack.MadeAuthenticator], _ role: Role) throws(PatchbayError) {
        guard role == .dialer, traits.crossesNetwork, !connection.insecure,
            let revealing = made.first(where: { $0.traits.revealsSecret }),
            let encrypting = made.first(where: { $0.traits.encrypts }), !encrypting.authenticator.provesPeer
        else { return }
        throw PatchbayError(
            .insecure,
            "'\(revealing.name)' sends its secret to whoever answers, since '\(encrypting.name)' takes any peer; name the listener there, or accept "
                + "that with the option insecure",
            stage: .resolve,
            layer: revealing.name
        )
    }

    private func checkFraming() throws(PatchbayError) {
        guard !chain.isBare, let framing = chain.placed.first(where: { $0.slot == .framing }), framing.name == "none" else { return }
        throw error(
            .wrongOrder,
            "the framing 'none' marks no messages, so nothing of the greeting can follow it; add 'bare', or drop 'none'",
            framing
        )
    }

    private func checkWhoPasses(_ authenticators: [Entry]) throws(PatchbayError) {
        guard traits.passesOthers, !connection.insecure, !authenticators.contains(where: { $0.traits.encrypts }) else { return }
        throw PatchbayError(
            .insecure,
            "what goes over '\(transport)' passes a machine that could read and change it; put an encrypting layer above it, such as noise, or accept "
                + "that with the option insecure",
            stage: .resolve,
            layer: transport
        )
    }

    /// What only the connection can see, it checks.
    private func checkDescriptors(_ authenticators: [Entry]) throws(PatchbayError) {
        guard connection.descriptors else { return }
        if traits.crossesNetwork { throw error(.unsupported, DescriptorInbox.Obstacle.medium.rawValue, chain.transport) }
        if let securing = authenticators.first(where: { $0.traits.secures }) {
            throw error(.unsupported, DescriptorInbox.Obstacle.sealed.rawValue, securing.placed)
        }
        if let framing = chain.placed.first(where: { $0.slot == .framing && $0.name == "none" }) {
            throw error(.unsupported, DescriptorInbox.Obstacle.unframed.rawValue, framing)
        }
        if let processor = chain.placed.first(where: { $0.slot == .streamProcessor }) {
            throw error(.unsupported, DescriptorInbox.Obstacle.sealed.rawValue, processor)
        }
    }

    private func checkMedium(_ entry: Entry) throws(PatchbayError) {
        let name = entry.placed.name
        switch entry.traits.medium {
        case .greeting:
            guard !chain.isBare else {
                throw error(.wrongOrder, "'\(name)' speaks in the greeting, which 'bare' leaves out; drop one of them", entry.placed)
            }
        case .framing:
            guard chain.isBare else {
                throw error(.wrongOrder, "'\(name)' is for peers without a greeting; add 'bare', or use hmac", entry.placed)
            }
            guard !chain.placed.contains(where: { $0.slot == .framing && $0.name == "none" }) else {
                throw error(.wrongOrder, "'\(name)' needs a framing for its messages, and 'none' has no frames", entry.placed)
            }
        case .stream, .none: break
        }
    }

    private func checkTransport(_ entry: Entry) throws(PatchbayError) {
        guard let transports = entry.traits.transports, !transports.contains(transport) else { return }
        throw error(
            .unsupported,
            "'\(entry.placed.name)' does not work over '\(transport)'; it does over: "
                + transports.sorted().joined(separator: ", "),
            entry.placed
        )
    }

    private func checkSecret(_ entry: Entry, below: ArraySlice<Entry>) throws(PatchbayError) {
        guard entry.traits.revealsSecret, traits.crossesNetwork, !connection.insecure, !below.contains(where: { $0.traits.encrypts })
        else { return }
        throw error(
            .insecure,
            "'\(entry.placed.name)' sends its secret as it is, and nothing below it encrypts; put an encrypting layer below it, such as tls, "
                + "or accept that with the option insecure",
            entry.placed
        )
    }

    private func checkOpenStream(_ entry: Entry, others: [Entry]) throws(PatchbayError) {
        guard entry.traits.leavesStreamOpen, traits.crossesNetwork, !connection.insecure, !others.contains(where: { $0.traits.secures }),
            !(target.host.map(HostSyntax.isLoopback) ?? false)
        else { return }
        throw error(
            .insecure,
            "'\(entry.placed.name)' protects the handshake alone: on a network others could read or change what follows; put a securing "
                + "layer below it, or accept that with the option insecure",
            entry.placed
        )
    }

    private func error(_ code: PatchbayError.Code, _ message: String, _ placed: LayerChain.Placed) -> PatchbayError {
        PatchbayError(code, message, stage: .resolve, layer: placed.name, column: placed.column)
    }
}
