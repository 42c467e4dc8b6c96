internal import PatchbayCBOR
public import PatchbayCore
internal import PatchbayFramings
internal import PatchbayJSON
internal import PatchbayMessagePack
internal import PatchbayMutualHMAC
internal import PatchbayNoise
internal import PatchbayPassword
internal import PatchbayPeerCredentials
internal import PatchbayPlainCodecs
internal import PatchbayProcessors
internal import PatchbayPython
internal import PatchbayRelay
internal import PatchbaySCRAM
internal import PatchbayStandardIO
internal import PatchbayTCP
internal import PatchbayUnixSocket

extension Registry {
    /// Every plugin that is linked in, but for `exec`, which starts programs and is registered only where an application asks.
    public static let standard: Registry = {
        do {
            var registry = Registry()
            for plugin in builtIn { try registry.register(plugin) }
            return registry
        } catch {
            // A mistake of this package that no caller could mend; a test registers all of them.
            fatalError("the plugins of this package clash: \(error)")
        }
    }()

    private static let builtIn: [any Plugin] = [
        InProcessPlugin(), TCPPlugin(), UnixSocketPlugin(), StandardIOPlugin(), FramingsPlugin(), ProcessorsPlugin(), PlainCodecsPlugin(),
        JSONPlugin(), MessagePackPlugin(), CBORPlugin(), PythonPlugin(), MutualHMACPlugin(), NoisePlugin(), RelayPlugin(), PasswordPlugin(),
        SCRAMPlugin(),
        PeerCredentialsPlugin(),
    ]
}
