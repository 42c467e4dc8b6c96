/// The order and the instants at which the addresses of a name are tried (RFC 8305, "Happy Eyeballs"): a pure schedule.
package struct AddressRace: Sendable {
    /// RFC 8305, section 8: so long an IPv4 answer waits for the IPv6 one.
    package static let resolutionDelay = Duration.milliseconds(50)
    /// RFC 8305, section 8: so long an attempt has before the next one starts beside it.
    package static let attemptDelay = Duration.milliseconds(250)

    private var waiting: [Address] = []
    private var lastFamilyWasV6: Bool?

    package init() {}

    package var isEmpty: Bool { waiting.isEmpty }

    /// Addresses of one family have come: families alternate, IPv6 first (section 4).
    package mutating func add(_ addresses: [Address]) {
        var v6 = waiting.filter(\.isV6)
        var v4 = waiting.filter { !$0.isV6 }
        for address in addresses {
            if address.isV6 { v6.append(address) } else { v4.append(address) }
        }
        waiting = []
        var takesV6 = lastFamilyWasV6.map { !$0 } ?? true
        while !(v6.isEmpty && v4.isEmpty) {
            if takesV6, !v6.isEmpty || v4.isEmpty {
                if !v6.isEmpty { waiting.append(v6.removeFirst()) }
            } else if !v4.isEmpty {
                waiting.append(v4.removeFirst())
            }
            takesV6.toggle()
        }
    }

    /// The next address to try.
    package mutating func next() -> Address? {
        guard !waiting.isEmpty else { return nil }
        let address = waiting.removeFirst()
        lastFamilyWasV6 = address.isV6
        return address
    }
}

extension Address {
    package var isV6: Bool { if case .ipv6 = self { true } else { false } }
}
