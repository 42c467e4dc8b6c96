/// The places of a stack, from the application to the wire.
enum LayerSlot: Int, Comparable, Sendable {
    case codec, messageProcessor, framing, streamProcessor, authenticator, transport

    static let order =
        "codec, message processors, framing, stream processors, an identity authenticator, a securing authenticator, transport"

    static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    var words: String {
        switch self {
        case .codec: "codec"
        case .messageProcessor: "message processor"
        case .framing: "framing"
        case .streamProcessor: "stream processor"
        case .authenticator: "authenticator"
        case .transport: "transport"
        }
    }
}

/// Decides what may stand below what: a pure machine that is fed the layers from the application to the wire.
struct LayerOrder {
    /// Where the last layer stands; nil at first.
    private(set) var slot: LayerSlot?
    private(set) var last: String?
    private var hasFraming = false
    private var authenticators: [(name: String, traits: AuthenticatorTraits)] = []

    /// Why a layer does not fit.
    struct Misfit: Error {
        var reason: String
    }

    /// Puts a layer below all others.
    mutating func place(_ layer: Layer) throws(Misfit) -> LayerSlot {
        let place: LayerSlot
        switch layer.maker {
        case .codec: place = .codec
        case .framing: place = .framing
        case .transport: throw Misfit(reason: "'\(layer.name)' is a transport, and that stands last, before ://")
        case .authenticator(let traits, _):
            try check(layer.name, traits)
            place = .authenticator
        case .processor(let positions, _):
            let isAbove = !hasFraming && (slot ?? .codec) <= .messageProcessor
            place = isAbove && positions.contains(.message) ? .messageProcessor : .streamProcessor
            guard positions.contains(place == .messageProcessor ? .message : .stream) else {
                throw Misfit(reason: "'\(layer.name)' works on messages, so it stands above the framing")
            }
        }
        if let slot, let last {
            let mayRepeat = place == .messageProcessor || place == .streamProcessor || place == .authenticator
            if place == slot, !mayRepeat {
                throw Misfit(reason: "two layers of one kind: '\(last)' and '\(layer.name)' are each a \(place.words); drop one")
            }
            if place == .codec || place < slot {
                throw Misfit(reason: "'\(layer.name)', a \(place.words), cannot stand below '\(last)', a \(slot.words)")
            }
        }
        if case .authenticator(let traits, _) = layer.maker { authenticators.append((layer.name, traits)) }
        hasFraming = hasFraming || place == .framing
        slot = place
        last = layer.name
        return place
    }

    private func check(_ name: String, _ traits: AuthenticatorTraits) throws(Misfit) {
        guard let upper = authenticators.last else { return }
        guard authenticators.count == 1 else {
            throw Misfit(reason: "'\(name)' is a third authenticator; there can be one for the identity above one that secures")
        }
        guard traits.secures else {
            throw Misfit(
                reason: upper.traits.secures
                    ? "'\(name)' tells who the peer is, so it stands above '\(upper.name)', which secures"
                    : "two authenticators that only tell who the peer is: '\(upper.name)' and '\(name)'; drop one"
            )
        }
    }

    /// The names that could stand next.
    func fitting(_ registry: Registry) -> [String] {
        registry.layers().filter { candidate in
            var order = self
            return (try? order.place(candidate.layer)) != nil
        }.map(\.layer.name)
    }
}
