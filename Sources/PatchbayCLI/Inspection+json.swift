internal import Patchbay

extension Inspection {
    /// The same for programs.
    var value: Value {
        guard let plugin else { return ["name": .string(name), "options": .array(ConnectionOptions.specifications.map(\.value))] }
        return [
            "plugin": [
                "name": .string(plugin.name), "version": .string(plugin.version), "summary": .string(plugin.summary),
                "source": .string(Catalog.words(plugin.source)), "state": .string(catalog.state(plugin.name)),
            ],
            "layers": .array(layers.map(\.value)),
            "aliases": .array(aliases.map(\.value)),
        ]
    }
}

extension Layer {
    var value: Value {
        [
            "kind": .string(kind.rawValue), "name": .string(name), "summary": .string(summary),
            "traits": traitWords.map { .string($0) } ?? .null, "options": .array(options.map(\.value)),
            "examples": .array(examples.map { .string($0) }),
        ]
    }

    /// What else decides whether a layer fits; nil where there is nothing to say.
    var traitWords: String? {
        switch maker {
        case .codec, .framing: return nil
        case .processor(let positions, _):
            return positions.count > 1
                ? "works above the framing, and below it"
                : positions.contains(.message) ? "works above the framing" : "works below the framing"
        case .authenticator(let traits, _):
            var words: [String] = []
            if traits.encrypts {
                words.append("encrypts what follows")
            } else if traits.secures {
                words.append("protects what follows from changes")
            }
            if traits.leavesStreamOpen { words.append("protects the handshake alone") }
            if traits.revealsSecret { words.append("sends its secret as it is") }
            if traits.medium == .stream { words.append("comes first on the wire, with and without bare") }
            if traits.medium == .framing { words.append("needs bare") }
            if let option = traits.passwordOption { words.append("the URL's password is its option \(option)") }
            if let transports = traits.transports { words.append("works over \(transports.sorted().joined(separator: ", "))") }
            return words.isEmpty ? nil : words.joined(separator: "; ")
        case .transport(let traits, _):
            let verbs = [traits.connects ? "connects" : nil, traits.listens ? "listens" : nil].compactMap { $0 }.joined(separator: " and ")
            return
                "\(name)://\(traits.target.words); \(verbs); \(traits.crossesNetwork ? "leaves this machine" : "stays on this machine"); "
                + "cost \(traits.cost)"
        }
    }
}

extension TransportTraits.Target {
    fileprivate var words: String {
        switch self {
        case .hostAndPort: "host:port"
        case .hostPortAndPath: "host:port/path"
        case .path: "/path"
        case .name: "name"
        case .program: "/path/of/program"
        case .none: ""
        }
    }
}

extension Alias {
    fileprivate var value: Value {
        [
            "name": .string(name), "summary": .string(summary), "expansion": .array(expansion.map { .string($0) }),
            "admitsAnyData": .bool(admitsAnyData), "examples": .array(examples.map { .string($0) }),
        ]
    }
}

extension OptionSpecification {
    fileprivate var value: Value {
        var choices: Value = .null
        if case .choice(let all) = kind { choices = .array(all.map { .string($0) }) }
        return [
            "name": .string(name), "summary": .string(summary), "type": .string(kind.word), "choices": choices,
            "least": kind.bounds.map { .string($0.least) } ?? .null, "most": kind.bounds?.most.map { .string($0) } ?? .null,
            "default": defaultText.map { .string($0) } ?? .null, "secret": .bool(isSecret), "list": .bool(isList),
            "changesWire": .bool(changesWire), "required": .bool(isRequired), "forms": .array(forms.map { .string($0) }),
        ]
    }
}
