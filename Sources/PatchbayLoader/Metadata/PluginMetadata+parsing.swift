package import NIOCore
package import PatchbayCore

extension PluginMetadata {
    /// Reads the JSON of a plugin's metadata, strictly: what is not known here is an error that says where.
    ///
    /// Fields that are not known pass where the plugin was built for a later minor version, which may have more.
    /// - Throws: ``PatchbayError`` with `pluginRefused`, with the path of the field, and its line where the text has several.
    package static func parse(_ json: ByteBuffer) throws(PatchbayError) -> PluginMetadata {
        let node = try MetadataNode(json, document: "the metadata")
        let version = try interfaceVersion(node)
        let isNewer = version.minor > InterfaceVersion.current.minor
        let object = try node.object(["patchbay", "name", "version", "summary", "layers", "aliases"], ignoresOthers: isNewer)
        var metadata = PluginMetadata(
            patchbay: "\(version.major).\(version.minor)",
            name: try object.name("name"),
            version: try semanticVersion(object.required("version")),
            summary: try object.line("summary"),
            layers: []
        )
        for layer in try object.required("layers").list() { metadata.layers.append(try LayerMetadata(layer, ignoresOthers: isNewer)) }
        if let aliases = object["aliases"] {
            metadata.aliases = []
            for alias in try aliases.list() { metadata.aliases?.append(try AliasMetadata(alias, ignoresOthers: isNewer)) }
        }
        guard !metadata.layers.isEmpty || metadata.aliases?.isEmpty == false else {
            throw try object.required("layers").error("is empty: a plugin brings a layer at least")
        }
        return metadata
    }

    private static func interfaceVersion(_ node: MetadataNode) throws(PatchbayError) -> InterfaceVersion {
        let field = try node.object(["patchbay"], ignoresOthers: true).required("patchbay")
        let text = try field.text()
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let major = UInt16(parts[0]), let minor = UInt16(parts[1]) else {
            throw field.error("must be the version of the plugin interface, as \"1.0\", and is \"\(text)\"")
        }
        let host = InterfaceVersion.current
        guard major == host.major else {
            throw field.error(
                "says \(major).\(minor), and this host has version \(host.major).\(host.minor) of the plugin interface; "
                    + (major < host.major ? "rebuild the plugin with this host's header" : "update the host")
            )
        }
        return InterfaceVersion(major: major, minor: minor)
    }

    private static func semanticVersion(_ field: MetadataNode) throws(PatchbayError) -> String {
        let text = try field.text()
        let core = text.prefix { $0 != "-" && $0 != "+" }.split(separator: ".", omittingEmptySubsequences: false)
        guard core.count == 3, core.allSatisfy({ UInt32($0) != nil }), !text.utf8.contains(where: { $0 <= 0x20 }) else {
            throw field.error("must be a semantic version, as \"1.2.3\", and is \"\(text)\"")
        }
        return text
    }
}

extension LayerMetadata {
    private static let kinds = ["codec", "processor", "authenticator", "transport"]
    private static let commonFields = ["kind", "name", "summary", "options", "examples"]

    private static func fields(of kind: String) -> [String] {
        switch kind {
        case "codec": commonFields + ["raw", "bytesAsText", "integerKeys"]
        case "processor": commonFields + ["positions", "expansion"]
        case "authenticator":
            commonFields + ["blocking", "medium", "revealsSecret", "leavesStreamOpen", "passwordOption", "transports", "rounds"]
        default: commonFields + ["blocking", "target", "crossesNetwork", "cost", "connects", "listens"]
        }
    }

    init(_ node: MetadataNode, ignoresOthers: Bool) throws(PatchbayError) {
        let kind = try node.object(["kind"], ignoresOthers: true).word("kind", of: Self.kinds)
        let object = try node.object(Self.fields(of: kind), ignoresOthers: ignoresOthers)
        self.init(kind: kind, name: try object.name("name"), summary: try object.line("summary"))
        if let options = object["options"] {
            self.options = []
            for option in try options.list() { self.options?.append(try OptionMetadata(option, ignoresOthers: ignoresOthers)) }
        }
        examples = try object.texts("examples")
        blocking = try object.flag("blocking")
        switch kind {
        case "codec":
            raw = try object.flag("raw")
            bytesAsText = try object.flag("bytesAsText")
            integerKeys = try object.flag("integerKeys")
        case "processor": try readProcessor(object)
        case "authenticator": try readAuthenticator(object)
        default: try readTransport(object)
        }
    }

    private mutating func readProcessor(_ object: MetadataObject) throws(PatchbayError) {
        let field = try object.required("positions")
        let words = try field.texts()
        guard !words.isEmpty, words.allSatisfy({ ProcessorPosition(rawValue: $0) != nil }), Set(words).count == words.count else {
            throw field.error("must hold \"message\", \"stream\", or both")
        }
        positions = words
        expansion = try positive(object, "expansion")
    }

    private mutating func readAuthenticator(_ object: MetadataObject) throws(PatchbayError) {
        medium = try object.word("medium", of: ["greeting", "framing", "none"])
        revealsSecret = try object.flag("revealsSecret")
        leavesStreamOpen = try object.flag("leavesStreamOpen")
        passwordOption = try object.text("passwordOption")
        transports = try object.texts("transports")
        rounds = try positive(object, "rounds")
    }

    private mutating func readTransport(_ object: MetadataObject) throws(PatchbayError) {
        target = try object.word("target", of: ["hostAndPort", "hostPortAndPath", "path", "name", "program", "none"])
        crossesNetwork = try object.flag("crossesNetwork")
        cost = try positive(object, "cost")
        connects = try object.flag("connects")
        listens = try object.flag("listens")
        guard connects != false || listens != false else { throw object.node.error("neither connects nor listens; say true for one") }
    }

    private func positive(_ object: MetadataObject, _ name: String) throws(PatchbayError) -> Int? {
        guard let field = object[name] else { return nil }
        let integer = try field.integer()
        guard integer > 0, integer <= 1 << 30 else { throw field.error("must be from 1 to \(1 << 30)") }
        return integer
    }
}

extension AliasMetadata {
    init(_ node: MetadataNode, ignoresOthers: Bool) throws(PatchbayError) {
        let object = try node.object(["name", "summary", "expansion", "examples"], ignoresOthers: ignoresOthers)
        self.init(
            name: try object.name("name"),
            summary: try object.line("summary"),
            expansion: try object.required("expansion").texts(),
            examples: try object.texts("examples")
        )
    }
}
