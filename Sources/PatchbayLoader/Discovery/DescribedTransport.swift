internal import PatchbayCore
internal import PatchbayIO

/// A transport of a plugin that is not loaded: `inspect` shows its traits and options.
struct DescribedTransport: Transport {
    private let failure = PatchbayError(.unsupported, "the plugin is not loaded", stage: .plugin)

    func connect(_ context: TransportContext) async throws -> any ByteStream { throw failure }

    func listen(_ context: TransportContext) async throws -> any StreamListener { throw failure }
}
