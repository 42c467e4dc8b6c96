// The seam to Tables/ and Manifest/.
internal import CPatchbayIO
internal import Glibc
internal import NIOCore
package import PatchbayCore
internal import PatchbayJSON

package struct FileIdentity: Sendable, Hashable, Codable {
    package var device: UInt64
    package var inode: UInt64
    package var size: UInt64
    package var changedAt: Int64

    package init(descriptor: CInt) throws(PatchbayError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw PatchbayError(.systemFailure, String(cString: strerror(errno)), stage: .plugin) }
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = UInt64(status.st_size)
        changedAt = Int64(status.st_ctim.tv_sec) * 1_000_000_000 + Int64(status.st_ctim.tv_nsec)
    }
}

/// The one place from which a plugin's own code is run.
package enum FirstExecution {
    static func metadata(ofObject text: ByteBuffer) throws -> PluginMetadata { try JSONCodec().decode(PluginMetadata.self, from: text) }
    static func metadata(ofManifest text: ByteBuffer, path: String) throws -> PluginMetadata { try JSONCodec().decode(PluginMetadata.self, from: text) }

    /// Runs a plugin for the first time, in a child.
    /// - Returns: its thread model.
    static func rehearse(_ plugin: FoundPlugin, _ version: InterfaceVersion, _ tell: (ProbeOutcome.Stage) -> Void) throws -> String? {
        tell(.open)
        guard let handle = dlopen(plugin.path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) else {
            throw PatchbayError(.refused, String(cString: dlerror()), stage: .plugin)
        }
        tell(.entry)
        guard dlsym(handle, "patchbay_plugin_entry") != nil else {
            throw PatchbayError(.refused, "it exports no patchbay_plugin_entry", stage: .plugin)
        }
        return nil
    }

    /// In this process.
    package static func open(_ plugin: FoundPlugin, _ version: InterfaceVersion) throws -> any Plugin {
        throw PatchbayError(.unsupported, "loading is not built yet", stage: .plugin)
    }

    /// What a plugin that this opened broke, as far as the host saw it.
    package static func breach(of plugin: any Plugin) -> PatchbayError? { nil }
}
