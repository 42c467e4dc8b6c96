package import NIOCore
package import PatchbayCore

/// A file `*.patchbay.json` that binds functions of a C library as layers (docs/manifests.md). Reading one runs none of the library's code.
package struct Manifest: Sendable {
    /// As of any plugin.
    package var metadata: PluginMetadata
    /// File names (sonames) for the dynamic loader, or absolute paths; all are opened.
    package var library: [String]
    /// Where it was read from, for errors.
    package var path: String

    /// Called once, before anything else.
    let initialize: CallDescription?
    /// In the order of the metadata's layers.
    let processors: [ProcessorBinding]

    /// Checks all that can be known without the library.
    /// - Parameter path: for errors, which begin with it and the line.
    /// - Throws: `PatchbayError` with `invalidArgument`.
    package static func parse(_ json: ByteBuffer, path: String) throws(PatchbayError) -> Manifest {
        let root = try ManifestNode.read(json, path: path)
        let members = try root.members([
            "patchbay", "name", "version", "summary", "library", "types", "init", "layers", "aliases",
        ])
        let calls = CallReader(types: try TypeMapReader.types(members["types"]))
        let metadata = try MetadataReader.metadata(root, members)
        var processors: [ProcessorBinding] = []
        for (node, layer) in zip(try root.require("layers", of: members).elements(), metadata.layers) {
            processors.append(try ProcessorReader(calls: calls, layer: layer).processor(node))
        }
        var initialize: CallDescription?
        if let node = members["init"] { initialize = try calls.call(node, for: .initialize, options: []) }
        return Manifest(
            metadata: metadata,
            library: try LibraryReader.library(try root.require("library", of: members)),
            path: path,
            initialize: initialize,
            processors: processors
        )
    }
}
