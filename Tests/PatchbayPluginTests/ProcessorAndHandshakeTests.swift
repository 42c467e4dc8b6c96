import CPatchbay
import Testing

@Suite struct ProcessorTableTests {
    @Test func `Each buffer that a processor of messages gives is a message`() throws {
        let processor = try #require(TestHost.table(PATCHBAY_PROCESSOR, patchbay_processor.self))
        let host = TestHost(layer: "sample-lines")
        var instance: UnsafeMutableRawPointer?
        var error = TestHost.error()
        try #require(processor.pointee.create(host.settings, UInt32(PATCHBAY_DECODE), &instance, &error) == 0)
        defer { processor.pointee.destroy(instance) }
        let pushed = host.sink { processor.pointee.push(instance, "one\ntwo", 7, UInt32(PATCHBAY_FLUSH_FINISH), $0, &error) }
        #expect(pushed.messages == ["one", "two"])
        #expect(pushed.rest.isEmpty)
        let dropped = host.sink { processor.pointee.push(instance, "\n", 1, UInt32(PATCHBAY_FLUSH_FINISH), $0, &error) }
        #expect(dropped.status == Int32(PATCHBAY_CONTINUE))
        #expect(dropped.messages.isEmpty && dropped.rest.isEmpty)
        let beyond = host.sink(room: 4) { processor.pointee.push(instance, "one\ntwo", 7, UInt32(PATCHBAY_FLUSH_FINISH), $0, &error) }
        #expect(beyond.status == Int32(PATCHBAY_LIMIT))
        #expect(processor.pointee.reset(instance, &error) == 0)
        #expect(host.sink { processor.pointee.push(instance, "x", 1, 9, $0, &error) }.status == Int32(PATCHBAY_UNSUPPORTED))
    }
}

@Suite struct AuthenticatorTableTests {
    private struct Verdict: Sendable {
        var status: Int32
        var identity: String?
        var sent: [String]
        var text: String
    }

    private func verdict(_ word: String) async -> Verdict? {
        await onThread { try? verdictOnThisThread(word) }
    }

    private func verdictOnThisThread(_ word: String) throws -> Verdict {
        let authenticator = try #require(TestHost.table(PATCHBAY_AUTHENTICATOR, patchbay_authenticator.self))
        let host = TestHost(layer: "sample-word", secrets: ["word": "sesame"])
        var handshake = host.handshake(PATCHBAY_LISTENER)
        var instance: UnsafeMutableRawPointer?
        var error = TestHost.error()
        try #require(authenticator.pointee.create(&handshake, &instance, &error) == 0, "\(error.text)")
        defer { authenticator.pointee.destroy(instance) }
        #expect(authenticator.pointee.step(instance, &handshake, nil, 0, &error) == Int32(PATCHBAY_CONTINUE))
        let status = word.utf8CString.withUnsafeBytes {
            authenticator.pointee.step(instance, &handshake, $0.baseAddress, word.utf8.count, &error)
        }
        return Verdict(status: status, identity: host.identity, sent: host.sent, text: error.text)
    }

    @Test func `Work is waited for, and its verdict decides`() async throws {
        let accepted = try #require(await verdict("sesame"))
        #expect(accepted.status == 0)
        #expect(accepted.identity == "worker")
        #expect(accepted.sent.isEmpty)
        let refused = try #require(await verdict("other!"))
        #expect(refused.status == Int32(PATCHBAY_REFUSED))
        #expect(refused.text == "another word")
        #expect(refused.sent == ["go away"])
    }

    @Test func `A dialer's message goes out, and its code is exported`() throws {
        let authenticator = try #require(TestHost.table(PATCHBAY_AUTHENTICATOR, patchbay_authenticator.self))
        let host = TestHost(layer: "sample-word", secrets: ["word": "sesame"])
        var handshake = host.handshake(PATCHBAY_DIALER)
        var instance: UnsafeMutableRawPointer?
        var error = TestHost.error()
        try #require(authenticator.pointee.create(&handshake, &instance, &error) == 0)
        defer { authenticator.pointee.destroy(instance) }
        var mac = [UInt8](repeating: 0, count: 32)
        #expect(authenticator.pointee.export_mac(instance, "x", 1, &mac, &error) == Int32(PATCHBAY_UNSUPPORTED))
        #expect(authenticator.pointee.step(instance, &handshake, nil, 0, &error) == 0)
        #expect(host.sent == ["sesame"])
        #expect(authenticator.pointee.export_mac(instance, "x", 1, &mac, &error) == 0)
        #expect(mac == [UInt8](repeating: 7, count: 32))
    }
}
