internal import PatchbayCore

/// Reads what a manifest says of its plugin, as any plugin's metadata does, with errors that name the line.
enum MetadataReader {
    static func metadata(_ root: ManifestNode, _ members: [String: ManifestNode]) throws(PatchbayError) -> PluginMetadata {
        let version = try root.require("patchbay", of: members)
        guard try version.text() == "1.0" else { throw version.fault("this host knows the notation 1.0; update Patchbay") }
        let layerNodes = try root.require("layers", of: members)
        var layers: [LayerMetadata] = []
        for node in try layerNodes.elements() {
            let layer = try layer(node)
            guard !layers.contains(where: { $0.name == layer.name }) else { throw node.fault("a layer '\(layer.name)' stands here twice") }
            layers.append(layer)
        }
        guard !layers.isEmpty else { throw layerNodes.fault("a manifest binds at least one layer") }
        var metadata = PluginMetadata(
            patchbay: "1.0",
            name: try name(try root.require("name", of: members)),
            version: try root.require("version", of: members).text(),
            summary: try root.require("summary", of: members).text(),
            layers: layers
        )
        if let node = members["aliases"] {
            var aliases: [AliasMetadata] = []
            for node in try node.elements() { aliases.append(try alias(node)) }
            metadata.aliases = aliases
        }
        return metadata
    }

    private static func layer(_ node: ManifestNode) throws(PatchbayError) -> LayerMetadata {
        let members = try node.members(["kind", "name", "summary", "options", "examples", "positions", "expansion", "encode", "decode"])
        let kind = try node.require("kind", of: members)
        guard try kind.text() == "processor" else { throw kind.fault("a manifest binds processors; other layers are written as plugins") }
        var layer = LayerMetadata(
            kind: "processor",
            name: try name(try node.require("name", of: members)),
            summary: try node.require("summary", of: members).text()
        )
        layer.examples = try members["examples"]?.texts()
        layer.positions = ["message"]
        if let positions = members["positions"], try positions.texts() != ["message"] {
            throw positions.fault("a bound processor works on whole messages: [\"message\"]")
        }
        if let expansion = members["expansion"] {
            let factor = try expansion.integer()
            guard factor >= 1 else { throw expansion.fault("an expansion is at least 1") }
            layer.expansion = factor
        }
        if let options = members["options"] {
            var list: [OptionMetadata] = []
            for node in try options.elements() {
                let option = try OptionReader.option(node)
                guard !list.contains(where: { $0.name == option.name }) else {
                    throw node.fault("an option '\(option.name)' stands here twice")
                }
                list.append(option)
            }
            layer.options = list
        }
        return layer
    }

    private static func alias(_ node: ManifestNode) throws(PatchbayError) -> AliasMetadata {
        let members = try node.members(["name", "summary", "expansion", "examples"])
        return AliasMetadata(
            name: try name(try node.require("name", of: members)),
            summary: try node.require("summary", of: members).text(),
            expansion: try node.require("expansion", of: members).texts(),
            examples: try members["examples"]?.texts()
        )
    }

    static func name(_ node: ManifestNode) throws(PatchbayError) -> String {
        let name = try node.text()
        let isName = name.utf8.allSatisfy {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                || $0 == UInt8(ascii: "-")
        }
        guard isName, let first = name.utf8.first, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first) else {
            throw node.fault("a name is [a-z][a-z0-9-]*")
        }
        return name
    }
}
