package import NIOCore

/// A key that both ends hold, as text: the option `key` of those authenticators that take one.
package enum SharedKey {
    /// What a passive observer of one handshake cannot search: 128 bits, where the bytes are random.
    package static let shortest = 16

    package static let option = OptionSpecification(
        "key",
        .text,
        isSecret: true,
        summary: "the shared key, at least \(shortest) bytes, taken as it is written; `patchbay key` makes one"
    )

    /// The bytes of the option as they are written: the text that `patchbay key` prints is itself the key.
    /// - Throws: ``PatchbayError`` with `missingOption` or `invalidOption`, without the key.
    package static func checked(_ key: ByteBuffer?, layer: String) throws(PatchbayError) -> ByteBuffer {
        guard let key else {
            throw PatchbayError(
                .missingOption,
                "\(layer) needs a key: write it as the URL's password, or give key-file= or key-env=; `patchbay key` makes one",
                stage: .resolve,
                layer: layer
            )
        }
        guard key.readableBytes >= shortest else {
            throw PatchbayError(
                .invalidOption,
                "the key has \(key.readableBytes) bytes, and \(layer) needs at least \(shortest); `patchbay key` makes one",
                stage: .resolve,
                layer: layer
            )
        }
        return key
    }
}
