public import PatchbayCore

extension RelayLimits {
    private enum Field {
        case count(WritableKeyPath<RelayLimits, Int>, ClosedRange<Int>)
        case seconds(WritableKeyPath<RelayLimits, Duration>)
    }

    /// By the names that ``RelayLoad`` and `patchbay relay --limit` use, in the order of the documentation.
    private static var fields: [(name: String, field: Field)] {
        let counts = 1...10_000_000
        return [
            ("registrations", .count(\.registrations, counts)),
            ("registrations-per-key", .count(\.registrationsPerKey, counts)),
            ("registrations-per-address", .count(\.registrationsPerAddress, counts)),
            ("listeners-per-name", .count(\.listenersPerName, counts)),
            ("calls", .count(\.circuits, counts)),
            ("calls-per-key", .count(\.circuitsPerKey, counts)),
            ("calls-per-name", .count(\.circuitsPerName, counts)),
            ("calls-per-address", .count(\.circuitsPerAddress, counts)),
            ("waiting-per-name", .count(\.waitingPerName, counts)),
            ("undecided", .count(\.undecided, counts)),
            ("buffer", .count(\.buffer, 4096...(16 << 20))),
            ("decision-seconds", .seconds(\.decision)),
            ("answer-seconds", .seconds(\.answer)),
            ("lease-seconds", .seconds(\.lease)),
        ]
    }

    /// The names that ``set(_:to:)`` takes.
    public static var names: [String] { fields.map(\.name) }

    /// Sets a limit by its name.
    /// - Throws: `invalidArgument` for a name that there is not, or a number out of its range.
    public mutating func set(_ name: String, to number: Int) throws(PatchbayError) {
        guard let (_, field) = Self.fields.first(where: { $0.name == name }) else {
            let advice = NearestName.of(name, among: Self.names).map { "did you mean '\($0)'? There are" } ?? "there are"
            throw Self.failure("there is no limit '\(name)'; \(advice) \(Self.names.joined(separator: ", "))")
        }
        switch field {
        case .count(let path, let range):
            guard range.contains(number) else {
                throw Self.failure("the limit '\(name)' is from \(range.lowerBound) to \(range.upperBound)")
            }
            self[keyPath: path] = number
        case .seconds(let path):
            guard (1...86_400).contains(number) else { throw Self.failure("the limit '\(name)' is from 1 to 86400 seconds") }
            self[keyPath: path] = .seconds(number)
        }
    }

    private static func failure(_ message: String) -> PatchbayError {
        PatchbayError(.invalidArgument, message, stage: .listen, layer: "relay")
    }
}
