/// The layers of one URL, aliases expanded, defaults filled in, in order, each with its reason to be there.
struct LayerChain {
    struct Placed {
        var registered: Registry.RegisteredLayer
        var slot: LayerSlot
        var origin: StackLayer.Origin
        /// Nil for a default.
        var column: Int?

        var name: String { registered.layer.name }

        func isMember(of alias: String) -> Bool { origin == .alias(alias) }
    }

    /// How many layers aliases may expand to.
    static let most = 64

    /// From the application to the wire, the transport last.
    private(set) var placed: [Placed] = []
    private(set) var aliases: [Registry.RegisteredAlias] = []
    private(set) var isBare = false
    private let registry: Registry

    var transport: Placed { placed[placed.count - 1] }

    init(_ parts: URLParts, shown: (URLParts.Written<String>) -> String, _ registry: Registry) throws(PatchbayError) {
        self.registry = registry
        try Self.checkShortForm(parts, registry)
        var order = LayerOrder()
        var bareColumn: Int?
        for name in parts.layers {
            if name.text == "bare" {
                guard bareColumn == nil else { throw Self.error(.wrongOrder, "'bare' is written twice; once is enough", name.column) }
                bareColumn = name.column
                isBare = true
                continue
            }
            try add(name.text, shown: shown(name), column: name.column, within: [], &order)
        }
        try addDefaults(parts.layers.first?.column)
        try addTransport(parts, shown(parts.transport))
    }

    /// Takes out what an alias brought along to authenticate: `auth=none`.
    mutating func dropAuthenticators(column: Int) throws(PatchbayError) {
        if let written = placed.first(where: { $0.slot == .authenticator && $0.origin == .written }) {
            throw Self.error(.invalidOption, "the URL names '\(written.name)' and says auth=none; drop one of them", column)
        }
        placed.removeAll { $0.slot == .authenticator }
    }

    // MARK: Building

    private mutating func add(
        _ name: String,
        shown: String,
        column: Int,
        within chain: [String],
        _ order: inout LayerOrder
    ) throws(PatchbayError) {
        if let alias = registry.alias(named: name) {
            guard !chain.contains(name), chain.count < 8 else {
                throw Self.error(.unknownLayer, "the alias '\(shown)' stands for itself, or for too many others", column)
            }
            if chain.isEmpty { aliases.append(alias) }
            for member in alias.alias.expansion {
                if member == "bare" {
                    isBare = true
                } else {
                    try add(member, shown: member, column: column, within: chain + [name], &order)
                }
            }
            return
        }
        let origin: StackLayer.Origin = chain.first.map { .alias($0) } ?? .written
        guard let registered = registry.layer(named: name) else {
            var message = "no layer named '\(shown)' is registered"
            if let alias = chain.last { message += ", which the alias '\(alias)' needs; load the plugin that has it" }
            let nearest = shown == name ? NearestName.question(name, among: names) : ""
            throw Self.error(.unknownLayer, message + nearest + Self.listing(order.fitting(registry), after: nearest), column)
        }
        let fitting = order
        do throws(LayerOrder.Misfit) {
            let slot = try order.place(registered.layer)
            placed.append(Placed(registered: registered, slot: slot, origin: origin, column: column))
            guard placed.count <= Self.most else { throw LayerOrder.Misfit(reason: "more than \(Self.most) layers") }
        } catch {
            let source = chain.first.map { " (from the alias '\($0)')" } ?? ""
            throw Self.error(
                .wrongOrder,
                "\(error.reason)\(source). The order is: \(LayerSlot.order)" + Self.listing(fitting.fitting(registry)),
                column
            )
        }
    }

    private mutating func addDefaults(_ column: Int?) throws(PatchbayError) {
        if placed.first?.slot != .codec { placed.insert(try standard("bytes", .codec), at: 0) }
        if !placed.contains(where: { $0.slot == .framing }) {
            let index = placed.firstIndex { $0.slot > .framing } ?? placed.count
            placed.insert(try standard("length", .framing), at: index)
        }
    }

    private func standard(_ name: String, _ slot: LayerSlot) throws(PatchbayError) -> Placed {
        guard let registered = registry.layer(named: name), registered.layer.kind == (slot == .codec ? .codec : .framing) else {
            throw PatchbayError(
                .unknownLayer,
                "the default \(slot.words) '\(name)' is not registered; register its plugin, or name another in the URL",
                stage: .resolve
            )
        }
        return Placed(registered: registered, slot: slot, origin: .default, column: nil)
    }

    private mutating func addTransport(_ parts: URLParts, _ shown: String) throws(PatchbayError) {
        let name = parts.transport.text
        let column = parts.transport.column
        let transports = registry.layers(of: .transport).map(\.layer.name)
        let installed = transports.isEmpty ? "none is installed" : "installed: " + transports.joined(separator: ", ")
        if let registered = registry.layer(named: name), registered.layer.kind == .transport {
            let origin: StackLayer.Origin = parts.shortForm == nil ? .written : .shortForm
            placed.append(Placed(registered: registered, slot: .transport, origin: origin, column: column))
            return
        }
        let kind =
            registry.layer(named: name).map { "a \($0.layer.kind.rawValue)" }
            ?? (registry.alias(named: name) != nil ? "an alias for layers" : name == "bare" ? "a word for layers" : nil)
        if let kind {
            throw Self.error(
                .wrongOrder,
                "'\(shown)' is \(kind), and before :// stands a transport, as in \(shown)+tcp://; \(installed)",
                column
            )
        }
        let nearest = shown == name ? NearestName.question(name, among: transports) : ""
        throw Self.error(
            .unknownLayer,
            "no transport named '\(shown)'\(nearest)\(nearest.isEmpty ? "; " : " ")\(installed). Load a plugin that provides it, or check "
                + "the name",
            column
        )
    }

    private static func checkShortForm(_ parts: URLParts, _ registry: Registry) throws(PatchbayError) {
        guard parts.shortForm == .nodeName, let host = parts.host else { return }
        let kind = registry.layer(named: host.text)?.layer.kind.rawValue ?? (registry.alias(named: host.text) != nil ? "alias" : nil)
        guard let kind = kind ?? (host.text == "bare" ? "layer" : nil) else { return }
        let urlForm = kind == "transport" ? "\(host.text)://…" : "\(host.text)+tcp://host:port"
        throw error(
            .invalidURL,
            "'\(host.text)' is the name of a registered \(kind); for a connection write \(urlForm), for a node of that name "
                + "node://\(host.text)",
            host.column
        )
    }

    private var names: [String] { registry.layers().map(\.layer.name) + registry.aliases.map(\.alias.name) }

    /// - Parameter question: what stands before it; a question has its mark already.
    private static func listing(_ names: [String], after question: String = "") -> String {
        let stop = question.isEmpty ? ". " : " "
        guard !names.isEmpty else { return stop + "Nothing but the transport fits here" }
        let shown = names.prefix(16).joined(separator: ", ")
        return stop + "What fits here: \(shown)\(names.count > 16 ? ", and \(names.count - 16) more" : "")"
    }

    private static func error(_ code: PatchbayError.Code, _ message: String, _ column: Int) -> PatchbayError {
        PatchbayError(code, message, stage: .resolve, column: column)
    }
}
