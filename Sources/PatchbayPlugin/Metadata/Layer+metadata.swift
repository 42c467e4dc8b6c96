internal import NIOCore
internal import PatchbayCore

extension Layer {
    func metadata() throws -> Value {
        var fields = MetadataFields()
        fields.add("kind", .string(kind.rawValue))
        fields.add("name", .string(name))
        fields.add("summary", .string(summary))
        if !options.isEmpty { fields.add("options", .array(options.map(\.metadata))) }
        fields.add("examples", examples)
        switch maker {
        case .codec(let make): addCodec(make, to: &fields)
        case .processor(let positions, _): fields.add("positions", positions.map(\.rawValue).sorted())
        case .authenticator(let traits, _): try addAuthenticator(traits, to: &fields)
        case .transport(let traits, _): try addTransport(traits, to: &fields)
        case .framing:
            throw unsupported("a framing cannot be brought by a shared object; link the plugin in, or write a processor of streams")
        }
        return fields.value
    }

    private func unsupported(_ message: String) -> PatchbayError {
        PatchbayError(.unsupported, "'\(name)': \(message)", stage: .plugin, layer: name)
    }

    /// Asks a codec with its default options what it can write.
    private func addCodec(_ make: (Options) throws -> any Codec, to fields: inout MetadataFields) {
        guard let options = try? Options([:], for: self.options), let codec = try? make(options) as? any ValueCodec else { return }
        fields.add("bytesAsText", Self.writesBytesAsText(codec))
        fields.add("integerKeys", Self.writesIntegerKeys(codec), unless: true)
    }

    private static func writesIntegerKeys<C: ValueCodec>(_ codec: C) -> Bool { C.Writer.writesIntegerKeys }

    /// Only what it read tells.
    private static func writesBytesAsText(_ codec: some ValueCodec) -> Bool {
        var message = ByteBuffer()
        guard (try? codec.encode(Value.bytes(ByteBuffer(bytes: [0])), into: &message)) != nil else { return false }
        return (try? codec.read(message))?.hasBytesAsText ?? false
    }

    private func addAuthenticator(_ traits: AuthenticatorTraits, to fields: inout MetadataFields) throws {
        guard !traits.secures else {
            throw unsupported("an authenticator that leaves a transform on the stream cannot be brought by a shared object; link it in")
        }
        // The work that a handshake asks for is waited for.
        fields.add("blocking", true)
        fields.add("medium", .string(traits.medium.rawValue))
        fields.add("revealsSecret", traits.revealsSecret)
        fields.add("leavesStreamOpen", traits.leavesStreamOpen)
        fields.add("passwordOption", traits.passwordOption.map(Value.string))
        fields.add("transports", traits.transports.map { .array($0.sorted().map(Value.string)) })
    }

    private func addTransport(_ traits: TransportTraits, to fields: inout MetadataFields) throws {
        guard traits.cost > 0 else { throw unsupported("the cost of a transport in a shared object is 1 or more") }
        // Binding is asynchronous in Swift, and one call in C.
        fields.add("blocking", traits.listens)
        fields.add("target", .string(traits.target.rawValue))
        fields.add("crossesNetwork", .bool(traits.crossesNetwork))
        fields.add("cost", .int(Int64(traits.cost)))
        fields.add("connects", traits.connects, unless: true)
        fields.add("listens", traits.listens, unless: true)
    }
}

extension Alias {
    func metadata() throws -> Value {
        guard !admitsAnyData else {
            throw PatchbayError(
                .unsupported,
                "the alias '\(name)' takes any option as handshake data, which a shared object's metadata cannot say; link the plugin in",
                stage: .plugin
            )
        }
        var fields = MetadataFields()
        fields.add("name", .string(name))
        fields.add("summary", .string(summary))
        fields.add("expansion", expansion)
        fields.add("examples", examples)
        return fields.value
    }
}
