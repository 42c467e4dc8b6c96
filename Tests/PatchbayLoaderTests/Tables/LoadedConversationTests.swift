internal import NIOCore
internal import PatchbayCore
internal import PatchbayLoader
internal import Testing

@Suite struct LoadedConversationTests {
    struct Order: Codable, Equatable {
        var name: String
        var numbers: [Int]
        var price: Double
        var notes: [String: String]?
    }

    @Test func `a codec and a processor in C carry a conversation by URL`() async throws {
        let codec = try await CompiledPlugin(metadata: CSources.codecMetadata(), body: CSources.tapeCodec + CSources.codecInterface)
        let mask = try await CompiledPlugin(metadata: CSources.processorMetadata, body: CSources.maskProcessor)
        let registry = try Registry.forTest(codec.load(), mask.load())
        let url = ConnectionURL("acme+mask+inproc://worker?mask.with=0x17&handshake-timeout=60s&timeout=60s")
        let listener = try await Listener.bind(url, registry: registry)
        let order = Order(name: "größe", numbers: [1, -2, 1 << 40], price: 2.5, notes: ["a": "b"])
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await listener.run(onEvent: { Issue.record("\($0)") }) { connection in
                    let order = try #require(try await connection.receive(as: Order.self))
                    try await connection.send(Value.array([.string(order.name), .int(Int64(order.numbers.count)), .null]))
                }
            }
            try await withConnection(to: url, registry: registry) { connection in
                try await connection.send(order)
                #expect(try await connection.receive(as: Value.self) == .array([.string("größe"), .int(3), .null]))
            }
            listener.close()
            try await group.waitForAll()
        }
    }
}
