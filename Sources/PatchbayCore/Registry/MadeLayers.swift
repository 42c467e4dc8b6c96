/// The objects of a stack, made one by one from checked options.
struct MadeLayers {
    private(set) var codec: (any Codec)?
    private(set) var messageProcessors: [any Processor] = []
    private(set) var framing: (any Framing)?
    private(set) var streamProcessors: [any Processor] = []
    private(set) var authenticators: [Stack.MadeAuthenticator] = []

    /// - Throws: what the maker throws, with the layer and its column where it names none.
    mutating func make(_ placed: LayerChain.Placed, _ options: Options, for end: AuthenticatorEnd) throws(PatchbayError) {
        do {
            switch placed.registered.layer.maker {
            case .codec(let make): codec = try make(options)
            case .framing(let make): framing = try make(options)
            case .processor(_, let make):
                let processor = try make(options)
                if placed.slot == .messageProcessor {
                    messageProcessors.append(processor)
                } else {
                    streamProcessors.append(processor)
                }
            case .authenticator(let traits, let make):
                authenticators.append(.init(name: placed.name, traits: traits, authenticator: try make(options).fitted(to: end)))
            case .transport: break
            }
        } catch var error as PatchbayError {
            error.layer = error.layer ?? placed.name
            error.column = error.column ?? placed.column
            throw error
        } catch {
            throw PatchbayError(
                .invalidOption,
                "the layer '\(placed.name)' refuses its options; see the cause",
                stage: .resolve,
                layer: placed.name,
                column: placed.column,
                cause: error
            )
        }
    }
}
