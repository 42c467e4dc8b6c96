/// Brings each option of a URL to the one that declares it.
struct OptionAssignment {
    enum Owner: Hashable {
        case connection
        /// All layers of that name.
        case layer(String)

        var name: String {
            switch self {
            case .connection: "connection"
            case .layer(let name): name
            }
        }
    }

    /// One option as it was given.
    struct Given {
        enum Form { case plain, file, environment, password }

        var bytes: [UInt8]
        var form: Form
        /// As written, such as `hmac.key-file`; may be shown.
        var name: String
        var column: Int
        var range: Range<Int>
        /// Not to be shown, for a reason other than its declaration.
        var isHidden: Bool
    }

    private(set) var given: [Owner: [String: [Given]]] = [:]
    private(set) var data: [HandshakeDatum] = []
    private let url: ConnectionURL
    private let parts: URLParts
    private let chain: LayerChain

    init(_ url: ConnectionURL, _ parts: URLParts, _ chain: LayerChain) throws(PatchbayError) {
        self.url = url
        self.parts = parts
        self.chain = chain
        for option in parts.options { try assign(option) }
    }

    func given(_ owner: Owner, _ name: String) -> [Given] { given[owner]?[name] ?? [] }

    /// Gives the password to the layer that takes it.
    mutating func assignPassword(_ takers: [(name: String, option: String)]) throws(PatchbayError) {
        guard let password = parts.password else { return }
        let column = password.column
        guard let first = takers.first else {
            throw error(
                .unusedPassword,
                "no layer of this stack uses the password; drop it, or add an authenticator such as hmac before ://",
                column
            )
        }
        let free = takers.filter { given(.layer($0.name), $0.option).isEmpty }
        guard let taker = free.first else {
            throw error(.invalidOption, "'\(first.name)' got both the password and the option '\(first.option)'; drop one", column)
        }
        guard free.count == 1 else {
            let forms = free.map { "\($0.name).\($0.option)" }.joined(separator: " or ")
            throw error(.ambiguousOption, "more than one layer takes a password; write \(forms) as an option", column)
        }
        given[.layer(taker.name), default: [:]][taker.option] = [
            Given(bytes: password.text, form: .password, name: "password", column: column, range: password.range, isHidden: true)
        ]
    }

    // MARK: One option

    private mutating func assign(_ option: URLParts.Option) throws(PatchbayError) {
        let name = option.name.text
        let prefixed = name.firstIndex(of: ".").map { (prefix: String(name[..<$0]), rest: String(name[name.index(after: $0)...])) }
        if let prefixed, prefixed.prefix == "data" { return try addData(prefixed.rest, option) }
        let owners: [Owner]
        if let prefixed {
            owners = try self.owners(behind: prefixed.prefix, option)
        } else {
            owners = [.connection] + layerNames(chain.placed)
        }
        let local = prefixed?.rest ?? name
        var matches: [(owner: Owner, specification: OptionSpecification, form: Given.Form)] = []
        for owner in owners {
            if let match = match(local, specifications(owner)) { matches.append((owner, match.0, match.1)) }
        }
        guard let match = matches.first else {
            if prefixed == nil { try checkSession(name, option) }
            if chain.aliases.contains(where: { $0.alias.admitsAnyData }), prefixed == nil { return try addData(name, option) }
            throw unknown(local, option, owners)
        }
        guard matches.count == 1 else {
            let forms = matches.map { "\($0.owner.name).\(local)" }.joined(separator: " or ")
            throw error(.ambiguousOption, "more than one declares '\(local)'; write \(forms)", option.name.column)
        }
        try add(option, shown: name, to: match.owner, match.specification, match.form)
    }

    private mutating func add(
        _ option: URLParts.Option,
        shown: String,
        to owner: Owner,
        _ specification: OptionSpecification,
        _ form: Given.Form
    ) throws(PatchbayError) {
        let earlier = given(owner, specification.name)
        guard earlier.isEmpty || specification.isList else {
            let what = earlier.contains { $0.form != form } ? "in two forms" : "twice"
            throw error(.invalidOption, "the option '\(specification.name)' is given \(what); write it once", option.name.column)
        }
        let value: URLParts.Written<[UInt8]>
        if let written = option.value {
            value = written
        } else if case .flag = specification.kind {
            value = .init(text: Array("true".utf8), range: option.name.range.upperBound..<option.name.range.upperBound)
        } else {
            throw error(.invalidOption, "the option '\(shown)' needs a value, as in \(shown)=…", option.name.column)
        }
        let isHidden = url.hides(value.range) || Redaction.holdsSecretURL(value.text, depth: 0)
        given[owner, default: [:]][specification.name, default: []].append(
            Given(
                bytes: value.text,
                form: form,
                name: shown,
                column: value.column,
                range: value.range,
                isHidden: isHidden
            )
        )
    }

    private mutating func addData(_ name: String, _ option: URLParts.Option) throws(PatchbayError) {
        guard !name.isEmpty else { throw error(.invalidOption, "handshake data needs a name, as in data.room=blue", option.name.column) }
        guard let value = option.value else {
            throw error(.invalidOption, "handshake data needs a value, as in data.room=blue", option.name.column)
        }
        guard !data.contains(where: { $0.name == name }) else {
            throw error(.invalidOption, "the same handshake data is given twice; write it once", option.name.column)
        }
        guard let text = String(validating: value.text, as: UTF8.self) else {
            throw error(.invalidOption, "handshake data is UTF-8 text", value.column)
        }
        let hidesValue = url.hides(value.range) || Redaction.soundsSecret(name) || Redaction.holdsSecretURL(value.text, depth: 0)
        data.append(HandshakeDatum(name: name, value: text, hidesName: url.hides(option.name.range), hidesValue: hidesValue))
    }

    // MARK: Owners

    private func owners(behind prefix: String, _ option: URLParts.Option) throws(PatchbayError) -> [Owner] {
        if prefix == "connection" { return [.connection] }
        if chain.aliases.contains(where: { $0.alias.name == prefix }) {
            return layerNames(chain.placed.filter { $0.isMember(of: prefix) })
        }
        if chain.placed.contains(where: { $0.name == prefix }) { return [.layer(prefix)] }
        let present = chain.aliases.map(\.alias.name) + chain.placed.map(\.name)
        let subject = shown(option).map { "'\($0)' is for a layer that this stack lacks" } ?? "this stack has no layer for that option"
        let nearest = NearestName.question(prefix, among: present)
        throw error(
            .unknownOption,
            "\(subject)\(nearest.isEmpty ? "." : nearest) It has: \(present.joined(separator: ", ")), and connection; handshake data is "
                + "data.NAME=…",
            option.name.column
        )
    }

    private func layerNames(_ placed: [LayerChain.Placed]) -> [Owner] {
        var owners: [Owner] = []
        for layer in placed where !owners.contains(.layer(layer.name)) { owners.append(.layer(layer.name)) }
        return owners
    }

    private func specifications(_ owner: Owner) -> [OptionSpecification] {
        switch owner {
        case .connection: ConnectionOptions.specifications
        case .layer(let name): chain.placed.first { $0.name == name }?.registered.layer.options ?? []
        }
    }

    private func match(_ name: String, _ specifications: [OptionSpecification]) -> (OptionSpecification, Given.Form)? {
        for specification in specifications {
            if specification.name == name { return (specification, .plain) }
            guard specification.isSecret else { continue }
            if specification.name + "-file" == name { return (specification, .file) }
            if specification.name + "-env" == name { return (specification, .environment) }
        }
        return nil
    }

    // MARK: Errors

    private func checkSession(_ name: String, _ option: URLParts.Option) throws(PatchbayError) {
        guard name == "resume" || name == "reconnect" else { return }
        if chain.isBare {
            throw error(.invalidOption, "'\(name)' asks for a session, and a session needs the greeting; drop 'bare'", option.name.column)
        }
        throw error(.unsupported, "'\(name)' asks for a session, and this version has none yet; drop the option", option.name.column)
    }

    private func unknown(_ local: String, _ option: URLParts.Option, _ owners: [Owner]) -> PatchbayError {
        let names = owners.flatMap { owner in
            specifications(owner).flatMap { $0.isSecret ? [$0.name, $0.name + "-file", $0.name + "-env"] : [$0.name] }
        }
        let subject = shown(option).map { "no option '\($0)' is declared" } ?? "no such option is declared"
        let place = owners.count == 1 ? " by '\(owners[0].name)'" : " by the connection or a layer of this stack"
        let nearest = NearestName.question(local, among: names)
        let advice = nearest.isEmpty ? "; handshake data is written data.NAME=…" : nearest
        return error(.unknownOption, subject + place + advice, option.name.column)
    }

    /// An option's name, if nobody could have meant it as a secret.
    private func shown(_ option: URLParts.Option) -> String? {
        let name = option.name.text
        let isPlain = name.utf8.count <= NearestName.longest && name.utf8.allSatisfy { $0.isUnreserved }
        return isPlain && option.value != nil && !url.hides(option.name.range) ? name : nil
    }

    private func error(_ code: PatchbayError.Code, _ message: String, _ column: Int) -> PatchbayError {
        PatchbayError(code, message, stage: .resolve, column: column)
    }
}
