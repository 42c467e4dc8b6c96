import Glibc
import PatchbayIO
import Testing

@Suite("Addresses")
struct AddressTests {
    @Test(
        "a numeric host is read and printed in its canonical form (RFC 5952)",
        arguments: [
            ("127.0.0.1", "127.0.0.1:7000"), ("0.0.0.0", "0.0.0.0:7000"), ("255.255.255.255", "255.255.255.255:7000"),
            ("::1", "[::1]:7000"), ("::", "[::]:7000"), ("2001:DB8:0:0:0:0:0:1", "[2001:db8::1]:7000"),
            ("2001:db8:0:1:1:1:1:1", "[2001:db8:0:1:1:1:1:1]:7000"), ("::ffff:192.0.2.1", "[::ffff:192.0.2.1]:7000"),
        ]
    )
    func canonical(host: String, printed: String) throws {
        let address = try #require(Address(numericHost: host, port: 7000))
        #expect(address.description == printed)
        #expect(address.port == 7000)
        let text = try #require(address.host)
        #expect(Address(numericHost: text, port: 7000) == address)
    }

    @Test(
        "a name or a malformed number is no numeric host",
        arguments: [
            "localhost", "", "127.1", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "::1::", "[::1]", "fe80::1%", "fe80::1%no-such-interface",
            " 1.2.3.4",
        ]
    )
    func refused(host: String) { #expect(Address(numericHost: host, port: 1) == nil) }

    @Test("a zone is kept, by name and by number")
    func zones() throws {
        let index = if_nametoindex("lo")
        try #require(index != 0)
        let named = try #require(Address(numericHost: "fe80::1%lo", port: 1))
        #expect(named == .ipv6([0xfe, 0x80] + Array(repeating: 0, count: 13) + [1], port: 1, scope: index))
        #expect(named.description == "[fe80::1%lo]:1")
        #expect(Address(numericHost: "fe80::1%\(index)", port: 1) == named)
        #expect(Address(numericHost: "fe80::1%4000000000", port: 1)?.description == "[fe80::1%4000000000]:1")
    }

    @Test(
        "an address survives the system's form",
        arguments: [
            Address.ipv4([10, 0, 0, 7], port: 65_535), .ipv6(Array(0..<16), port: 1, scope: 3), .unix("/run/a.sock"),
            .abstract([1, 0, 255]),
            .unnamed, .unix("/" + String(repeating: "x", count: Address.longestUnixPath - 1)),
        ]
    )
    func system(address: Address) { #expect(address.withSystemAddress { Address($0, length: $1) } == address) }

    @Test("only loopback and Unix sockets are local")
    func local() {
        #expect(Address(numericHost: "127.9.9.9", port: 1)?.isLocal == true)
        #expect(Address(numericHost: "::1", port: 1)?.isLocal == true)
        #expect(Address.unix("/a").isLocal && Address.abstract([1]).isLocal && Address.unnamed.isLocal)
        #expect(Address(numericHost: "10.0.0.1", port: 1)?.isLocal == false)
        #expect(Address(numericHost: "::2", port: 1)?.isLocal == false)
    }
}

@Suite("The race of a name's addresses, RFC 8305")
struct AddressRaceTests {
    private let v4 = (1...3).map { Address.ipv4([10, 0, 0, $0], port: 1) }
    private let v6 = (1...3).map { Address.ipv6(Array(repeating: 0, count: 15) + [$0], port: 1, scope: 0) }

    private func order(_ race: inout AddressRace) -> [Address] {
        var order: [Address] = []
        while let next = race.next() { order.append(next) }
        return order
    }

    @Test("families alternate and IPv6 comes first, whichever answered first")
    func alternate() {
        for answers in [[v6, v4], [v4, v6]] {
            var race = AddressRace()
            for answer in answers { race.add(answer) }
            #expect(order(&race) == [v6[0], v4[0], v6[1], v4[1], v6[2], v4[2]])
        }
    }

    @Test("an answer that comes late takes turns from there on")
    func late() {
        var race = AddressRace()
        race.add(v4)
        #expect(race.next() == v4[0])
        race.add(v6)
        #expect(order(&race) == [v6[0], v4[1], v6[1], v4[2], v6[2]])
    }

    @Test("where one family runs out, the rest of the other follows in its order")
    func uneven() {
        var race = AddressRace()
        race.add([v6[0]])
        race.add(v4)
        #expect(order(&race) == [v6[0], v4[0], v4[1], v4[2]])
        #expect(race.isEmpty)
    }

    @Test("the delays are those of section 8")
    func delays() {
        #expect(AddressRace.resolutionDelay == .milliseconds(50))
        #expect(AddressRace.attemptDelay == .milliseconds(250))
    }
}
