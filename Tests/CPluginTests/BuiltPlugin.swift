import Foundation
import NIOCore
import Patchbay
import PatchbayCore
import PatchbayLoader
import PluginTestSupport
import Testing

/// A plugin of the folder Plugins, built by its Makefile into a temporary folder, once for all tests.
struct BuiltPlugin: Sendable {
    let path: String
    let metadata: PluginMetadata

    static let proxy = Task { try await BuiltPlugin("Proxy", "proxy") }
    static let unixPacket = Task { try await BuiltPlugin("UnixPacket", "unixpacket") }
    static let yaml = Task { try await BuiltPlugin("YAML", "yaml") }
    static let simdjson = Task { try await BuiltPlugin("SimdJSON", "simdjson") }
    static let deflate = Task { try await BuiltPlugin("Deflate", "deflate") }
    static let rot13 = Task { try await BuiltPlugin("ROT13", "rot13") }

    /// The standard layers, and those of these plugins.
    static func registry(_ plugins: Task<BuiltPlugin, any Error>...) async throws -> Registry {
        var registry = Registry.standard
        for plugin in plugins {
            let built = try await plugin.value
            let module = try LoadedModule(path: built.path, metadata: built.metadata, file: nil)
            try registry.register(module.plugin, source: .sharedObject(built.path))
        }
        return registry
    }

    static let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../Plugins")
        .standardizedFileURL.path

    /// Its objects stay until the tests' process ends: what was loaded cannot be unloaded.
    private static let folder = Result { try PluginFolder() }

    struct Failure: Error { var output: String }

    private init(_ folder: String, _ name: String) async throws {
        let build = try Self.folder.get().folder(name)
        let result = try await Tool.run("/usr/bin/env", ["make", "-C", "\(Self.sources)/\(folder)", "BUILD=\(build)"])
        guard result.status == 0 else { throw Failure(output: result.output) }
        path = "\(build)/patchbay-\(name).so"
        let object = try ObjectFile(MemoryBytes(Array(Data(contentsOf: URL(fileURLWithPath: path)))))
        #expect(object.searchFolders.isEmpty, "a RUNPATH would tie the plugin to this machine")
        metadata = try PluginMetadata.parse(ByteBuffer(bytes: #require(object.metadata)))
    }
}
