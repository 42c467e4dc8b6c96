internal import NIOCore
internal import PatchbayCore

/// What every authenticator keeps.
struct AuthenticatorConformance {
    let layer: Layer
    let traits: AuthenticatorTraits
    let make: @Sendable (Options) throws -> any Authenticator

    var tests: [ConformanceTest] {
        let made = ConformanceTest("\(layer.name)/made", "the authenticator is made", profile: .load) { run in _ = try run.make(layer, make)
        }
        // One that sends nothing asks the transport; what it says depends on who is there.
        guard traits.medium != .none else { return [made] }
        return [
            made,
            ConformanceTest("\(layer.name)/agree", "both ends that know the secret agree, and export the same key") { run in
                try await agree(run.make(layer, make), run)
            },
            ConformanceTest("\(layer.name)/wrong", "who knows another secret is refused") { run in try await wrong(run) },
            ConformanceTest("\(layer.name)/replay", "messages of an earlier handshake do not pass") { run in
                try await replay(run.make(layer, make), run)
            },
            ConformanceTest("\(layer.name)/hostile", "hostile messages are refused, and never pass") { run in
                try await hostile(run.make(layer, make), run)
            },
        ]
    }

    private func agree(_ authenticator: any Authenticator, _ run: borrowing ConformanceRun) async throws {
        let probe = ByteBuffer(string: "what both ends export")
        var exported: [ByteBuffer] = []
        for _ in 0..<3 {
            let pair = try await HandshakePair.run(authenticator, authenticator)
            guard case .done(let dialer) = pair.dialer, case .done(let listener) = pair.listener else {
                throw ConformanceFailure("the dialer ended as \(words(pair.dialer)), the listener as \(words(pair.listener))")
            }
            let macs = (dialer.exportedMAC?(probe), listener.exportedMAC?(probe))
            try run.check(macs.0 == macs.1, "the two ends export different keys")
            guard let mac = macs.0 else { continue }
            try run.check(mac.readableBytes == 32, "an exported MAC has \(mac.readableBytes) bytes, not the 32 of HMAC-SHA256")
            try run.check(!exported.contains(mac), "two handshakes export the same key")
            exported.append(mac)
        }
    }

    private func wrong(_ run: borrowing ConformanceRun) async throws {
        guard layer.options.contains(where: \.isSecret) else { throw ConformanceSkip(reason: "the layer has no secret") }
        let right = try run.make(layer, make)
        let other = try make(run.options(for: layer, secret: "another secret than that of the listener"))
        guard !run.settings.options.contains(where: { $0.layer == nil || $0.layer == layer.name }) else {
            throw ConformanceSkip(reason: "the secret was given, so that no other is known to be wrong")
        }
        let pair = try await HandshakePair.run(other, right)
        if case .done = pair.listener { throw ConformanceFailure("the listener admitted a dialer with another secret") }
        guard case .refused(let error) = pair.listener else { return }
        try run.check(
            [.authenticationFailed, .protocolViolation, .refused].contains(error.code),
            "the listener refused with '\(error.code)', where authentication-failed is meant"
        )
    }

    private func replay(_ authenticator: any Authenticator, _ run: borrowing ConformanceRun) async throws {
        let pair = try await HandshakePair.run(authenticator, authenticator)
        guard pair.isDone else { throw ConformanceFailure("no handshake succeeds; see '\(layer.name)/agree'") }
        guard !traits.revealsSecret, !pair.dialerSent.isEmpty else {
            throw ConformanceSkip(reason: "the method sends its secret as it is, and so can be replayed")
        }
        if case .done = try await HandshakePair.end(.listener, of: authenticator, told: pair.dialerSent) {
            throw ConformanceFailure("a dialer that repeats what it heard of an earlier handshake is admitted")
        }
    }

    private func hostile(_ authenticator: any Authenticator, _ run: borrowing ConformanceRun) async throws {
        var random = run.random()
        let pair = try await HandshakePair.run(authenticator, authenticator)
        // A handshake may cost milliseconds by design.
        for round in 0..<max(1, run.settings.hostileInputs / 20) {
            // A dialer to whom nobody answers proves itself alone.
            let role: Role = round.isMultiple(of: 2) || pair.listenerSent.isEmpty ? .listener : .dialer
            let valid = (role == .listener ? pair.dialerSent : pair.listenerSent).map { Array($0.readableBytesView) }
            let told = (0..<Int.random(in: 1...4, using: &random)).map { _ in
                ByteBuffer(bytes: random.bytes(Int.random(in: 0...200, using: &random)))
            }
            if case .done = try await HandshakePair.end(role, of: authenticator, told: told) {
                throw ConformanceFailure("the \(role.rawValue) admitted a peer that sent random bytes")
            }
            // What was changed may by chance mean the same; it must not trap, or fail with another kind of error.
            let changed = valid.map { ByteBuffer(bytes: random.hostile(from: [$0])) }
            _ = try await HandshakePair.end(role, of: authenticator, told: changed)
        }
    }

    private func words(_ ending: HandshakePair.Ending) -> String {
        switch ending {
        case .done: "done"
        case .refused(let error): "refused (\(error))"
        case .waiting: "waiting for a message that never comes"
        }
    }
}
