internal import NIOCore

/// The work of one resolution.
struct Resolution {
    private let url: ConnectionURL
    private let parts: URLParts
    private let role: Role
    private let registry: Registry
    private let environment: ResolutionEnvironment
    private let defaultKey: ByteBuffer?
    private var chain: LayerChain
    private var assignment: OptionAssignment
    /// What the declarations call secret.
    private var secretRanges: [Range<Int>] = []

    init(
        _ url: ConnectionURL,
        _ role: Role,
        _ registry: Registry,
        _ environment: ResolutionEnvironment,
        _ defaultKey: ByteBuffer?
    ) throws(PatchbayError) {
        self.url = url
        self.role = role
        self.registry = registry
        self.environment = environment
        self.defaultKey = defaultKey
        parts = try url.parts
        chain = try LayerChain(parts, shown: { url.hides($0.range) ? Redaction.mark : $0.text }, registry)
        if let option = parts.options.first(where: { $0.name.text == "auth" || $0.name.text == "connection.auth" }),
            option.value?.text == Array("none".utf8)
        {
            try chain.dropAuthenticators(column: option.name.column)
        }
        assignment = try OptionAssignment(url, parts, chain)
    }

    mutating func stack() throws(PatchbayError) -> Stack {
        guard case .transport(let traits, let transport) = chain.transport.registered.layer.maker else {
            throw PatchbayError(.unknownLayer, "a stack ends with a transport", stage: .resolve)
        }
        let transportName = chain.transport.name
        let target = try TargetCheck(parts: parts, transport: transportName, traits: traits, role: role).target()
        try assignment.assignPassword(passwordTakers)

        let (connectionOptions, shownConnection) = try checked(ConnectionOptions.specifications, .connection)
        let connection = ConnectionOptions(connectionOptions, defaultCost: traits.cost)
        let check = StackCheck(chain: chain, target: target, transport: transportName, traits: traits, connection: connection)
        try check.run()
        try checkUse()

        let end = AuthenticatorEnd(
            role: role,
            host: traits.target == .hostAndPort ? target.host : nil,
            isInsecure: connection.insecure
        )
        var made = MadeLayers()
        var layers: [StackLayer] = []
        var agreed: [(layer: Layer, options: Options)] = []
        for placed in chain.placed {
            var (options, shown) = try checked(placed.registered.layer.options, .layer(placed.name))
            try fillKey(placed, &options, &shown)
            try checkRequired(placed, options)
            try made.make(placed, options, for: end)
            agreed.append((placed.registered.layer, options))
            layers.append(describe(placed, shown))
        }
        try check.run(made.authenticators, role)
        let carrier = try carrier(traits, transportName, agreed.last?.options ?? Options())
        guard let codec = made.codec, let framing = made.framing else {
            throw PatchbayError(.unknownLayer, "a stack has a codec and a framing", stage: .resolve)
        }
        return Stack(
            role: role,
            layers: layers,
            codec: codec,
            messageProcessors: made.messageProcessors,
            framing: framing,
            streamProcessors: made.streamProcessors,
            authenticators: made.authenticators,
            transport: transport,
            transportTraits: traits,
            target: target,
            connection: connection,
            data: assignment.data,
            user: parts.user?.text,
            isBare: chain.isBare,
            wireText: Stack.wireText(agreed),
            redactedURL: url.redacted(hiding: secretRanges),
            connectionOptions: shownConnection,
            shownTarget: shown(target),
            shownUser: parts.user.map { url.hides($0.range) ? Redaction.mark : $0.text },
            transportOptions: agreed.last?.options ?? Options(),
            carrier: carrier,
            composition: agreed.filter { $0.layer.kind != .transport && $0.layer.kind != .authenticator },
            connectionValues: connectionOptions
        )
    }

    // MARK: Options

    /// Checks all that was given to one owner, and fills in the defaults.
    private mutating func checked(
        _ specifications: [OptionSpecification],
        _ owner: OptionAssignment.Owner
    ) throws(PatchbayError) -> (Options, [StackLayer.ResolvedOption]) {
        var options = Options()
        var shown: [StackLayer.ResolvedOption] = []
        for specification in specifications.sorted(by: { $0.name < $1.name }) {
            let given = assignment.given(owner, specification.name)
            for one in given {
                do throws(PatchbayError) { try set(one, specification, &options) } catch {
                    var error = error
                    error.layer = owner == .connection ? nil : owner.name
                    error.column = one.column
                    throw error
                }
            }
            try options.setDefault(for: specification)
            guard let value = options.values[specification.name] else { continue }
            if specification.isSecret { secretRanges += given.filter { $0.form == .plain }.map(\.range) }
            let isHidden = given.contains { $0.isHidden }
            let text = OptionText.written(value.value, specification.kind)
            var option = StackLayer.ResolvedOption(
                name: specification.name,
                shown: isHidden ? Redaction.mark : text ?? Redaction.mark,
                source: value.source
            )
            if case .path = specification.kind { option.isPath = true }
            shown.append(option)
        }
        return (options, shown)
    }

    private func set(
        _ given: OptionAssignment.Given,
        _ specification: OptionSpecification,
        _ options: inout Options
    ) throws(PatchbayError) {
        switch given.form {
        case .plain: try options.set(given.bytes, for: specification, source: .url)
        case .password: try options.set(given.bytes, for: specification, source: .password)
        case .file:
            let path = String(decoding: given.bytes, as: UTF8.self)
            try options.set(try SecretSource.file(path, for: given.name), for: specification, source: .file)
        case .environment:
            let variable = String(decoding: given.bytes, as: UTF8.self)
            try options.set(try SecretSource.variable(variable, for: given.name, environment), for: specification, source: .environment)
        }
    }

    private var passwordTakers: [(name: String, option: String)] {
        chain.placed.compactMap { placed in
            if case .authenticator(let traits, _) = placed.registered.layer.maker, let option = traits.passwordOption {
                (placed.name, option)
            } else {
                nil
            }
        }
    }

    /// Gives the default key to an authenticator that has none; not to one that would send it as it is.
    private func fillKey(
        _ placed: LayerChain.Placed,
        _ options: inout Options,
        _ shown: inout [StackLayer.ResolvedOption]
    ) throws(PatchbayError) {
        guard case .authenticator(let traits, _) = placed.registered.layer.maker, let name = traits.passwordOption,
            options.values[name] == nil
        else { return }
        if !traits.revealsSecret {
            if let defaultKey {
                options.values[name] = (.secret(defaultKey), .application)
            } else if let key = try SecretSource.defaultKey(environment) {
                options.values[name] = (.secret(ByteBuffer(bytes: key)), .inherited)
            }
        }
        if let source = options.source(of: name) {
            shown.append(.init(name: name, shown: Redaction.mark, source: source))
            shown.sort { $0.name < $1.name }
        } else if case .alias(let alias) = placed.origin {
            throw PatchbayError(
                .missingOption,
                "'\(alias)' needs a key: write it as the password, or give \(alias).\(name)-file=… or \(alias).\(name)-env=…; to go without "
                    + "authentication write auth=none, and :@ is the empty key",
                stage: .resolve,
                layer: placed.name,
                column: placed.column
            )
        }
    }

    private func checkRequired(_ placed: LayerChain.Placed, _ options: Options) throws(PatchbayError) {
        for specification in placed.registered.layer.options where specification.isRequired && options.values[specification.name] == nil {
            var forms = "\(placed.name).\(specification.name)=…"
            if specification.isSecret { forms += ", \(placed.name).\(specification.name)-file=… or …-env=…" }
            if passwordTakers.contains(where: { $0 == (placed.name, specification.name) }) { forms = "it as the password, or " + forms }
            throw PatchbayError(
                .missingOption,
                "'\(placed.name)' needs its option '\(specification.name)'; write \(forms)",
                stage: .resolve,
                layer: placed.name,
                column: placed.column
            )
        }
    }

    /// Without a greeting, handshake data and a user have no way to travel, but for a system that has its own.
    private func checkUse() throws(PatchbayError) {
        guard chain.isBare, !chain.aliases.contains(where: { $0.alias.admitsAnyData }) else { return }
        if !assignment.data.isEmpty {
            let column = parts.options.first { $0.name.text.hasPrefix("data.") }?.name.column
            throw PatchbayError(
                .invalidOption,
                "handshake data travels in the greeting, which 'bare' leaves out; drop one of them",
                stage: .resolve,
                column: column
            )
        }
        if let user = parts.user, !chain.placed.contains(where: { $0.slot == .authenticator }) {
            throw PatchbayError(
                .invalidOption,
                "no layer of this stack uses the user, and without a greeting it cannot travel; drop it",
                stage: .resolve,
                column: user.column
            )
        }
    }

    /// Resolves the URL of what carries the transport.
    private mutating func carrier(
        _ traits: TransportTraits,
        _ transport: String,
        _ options: Options
    ) throws(PatchbayError) -> Carrier? {
        guard let name = traits.carrierOption, let text = options.text(name) else { return nil }
        let given = assignment.given(.layer(transport), name)
        do throws(PatchbayError) {
            var resolution = try Resolution(ConnectionURL(text: text, hidden: []), .dialer, registry, environment, nil)
            return try Carrier(try resolution.stack())
        } catch {
            // Its columns are those of another text.
            throw PatchbayError(
                error.code,
                "in '\(name)': \(error.message)",
                stage: .resolve,
                layer: transport,
                column: given.first?.column
            )
        }
    }

    // MARK: Words

    private func describe(_ placed: LayerChain.Placed, _ options: [StackLayer.ResolvedOption]) -> StackLayer {
        let position: ProcessorPosition? =
            switch placed.slot {
            case .messageProcessor: .message
            case .streamProcessor: .stream
            default: nil
            }
        return StackLayer(
            kind: placed.registered.layer.kind,
            name: placed.name,
            plugin: placed.registered.plugin,
            version: registry.plugin(named: placed.registered.plugin)?.version ?? "",
            origin: placed.origin,
            position: position,
            options: options
        )
    }

    private func shown(_ target: Stack.Target) -> String {
        let isHostHidden = parts.host.map { url.hides($0.range) } ?? false
        let isPathHidden = url.hides(parts.path.range)
        var text = target.host.map { isHostHidden ? Redaction.mark : $0.utf8.contains(UInt8(ascii: ":")) ? "[\($0)]" : $0 } ?? ""
        if let port = target.port { text += ":" + (parts.port.map { url.hides($0.range) } ?? false ? Redaction.mark : String(port)) }
        return text + (isPathHidden ? Redaction.mark : target.path)
    }
}
