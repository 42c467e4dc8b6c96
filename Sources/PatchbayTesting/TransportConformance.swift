internal import Glibc
internal import NIOCore
internal import PatchbayCore
internal import PatchbayIO

/// What every transport keeps that can listen where it is told to.
struct TransportConformance {
    let layer: Layer
    let traits: TransportTraits
    let transport: any Transport

    var tests: [ConformanceTest] {
        [
            test("options", "its default options are taken", profile: .load) { run in _ = try run.options(for: layer) },
            test("exchange", "a megabyte comes through each way, with its end") { run in try await exchange(run) },
            test("nobody", "dialling where nobody listens is a typed error") { run in try await nobody(run) },
            test("close", "a closed listener leaves nothing behind, and can be bound again") { run in try await close(run) },
            test("cancel", "a dial that is cancelled ends and leaves no descriptor") { run in try await cancel(run) },
            test("many", "a hundred connections come and go, and no descriptor stays", profile: .stress) { run in try await many(run) },
        ]
    }

    private func test(
        _ name: String,
        _ summary: String,
        profile: ConformanceTest.Profile = .contract,
        _ body: @escaping @Sendable (borrowing ConformanceRun) async throws -> Void
    ) -> ConformanceTest {
        ConformanceTest("\(layer.name)/\(name)", summary, profile: profile, body)
    }

    /// A place to listen that nobody else uses, which is removed afterwards.
    private func withPlace(_ run: borrowing ConformanceRun, _ body: (TransportContext) async throws -> Void) async throws {
        guard traits.listens else { throw ConformanceSkip(reason: "the transport does not listen, and these tests have no peer for it") }
        guard traits.connects else { throw ConformanceSkip(reason: "the transport does not connect") }
        var context = TransportContext(
            host: nil,
            port: nil,
            path: "",
            options: try run.options(for: layer),
            reactor: ReactorGroup.shared.next(),
            timeout: run.settings.patience
        )
        switch traits.target {
        case .hostAndPort: (context.host, context.port) = ("127.0.0.1", 0)
        case .name: context.host = "patchbay-conformance-\(getpid())-\(UInt32.random(in: .min ... .max))"
        case .path:
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            context.path = folder.path + "/socket"
            return try await body(context)
        case .hostPortAndPath, .program, .none:
            throw ConformanceSkip(reason: "these tests do not know a place where '\(layer.name)' could listen")
        }
        return try await body(context)
    }

    /// Where a peer dials what listens there.
    private func target(of listener: any StreamListener, _ context: TransportContext) throws -> TransportContext {
        var context = context
        guard traits.target == .hostAndPort else { return context }
        let bound = listener.boundTarget
        guard let colon = bound.lastIndex(of: ":"), let port = Int(bound[bound.index(after: colon)...]), port > 0 else {
            throw ConformanceFailure("the bound target '\(bound)' has no port")
        }
        context.port = port
        return context
    }

    private func withPair(
        _ run: borrowing ConformanceRun,
        _ body: @Sendable (any ByteStream, any ByteStream) async throws -> Void
    ) async throws {
        try await withPlace(run) { place in
            let listener = try await transport.listen(place)
            defer { listener.close() }
            let target = try target(of: listener, place)
            async let accepted = listener.accept { place.reactor }
            let dialled = try await transport.connect(target)
            defer { dialled.close(abort: false) }
            guard let accepted = try await accepted else { throw ConformanceFailure("accept gave nil before the listener was closed") }
            defer { accepted.close(abort: false) }
            try await body(dialled, accepted)
        }
    }

    private func exchange(_ run: borrowing ConformanceRun) async throws {
        var random = run.random()
        let (there, back) = (random.bytes(1 << 20), random.bytes(1 << 20))
        try await withPair(run) { dialled, accepted in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (sender, receiver, bytes) in [(dialled, accepted, there), (accepted, dialled, back)] {
                    group.addTask {
                        try await sender.send(bytes)
                        sender.shutdownOutput()
                    }
                    group.addTask {
                        let came = try await receiver.receiveAll()
                        guard came == bytes else { throw ConformanceFailure("of \(bytes.count) bytes \(came.count) came, or others") }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    private func nobody(_ run: borrowing ConformanceRun) async throws {
        try await withPlace(run) { place in
            let listener = try await transport.listen(place)
            let target = try target(of: listener, place)
            listener.close()
            let thrown: PatchbayError.Code? = try await run.within("dialling where nobody listens") { [transport] in
                await code(of: { try await transport.connect(target).close(abort: true) })
            }
            let known: [PatchbayError.Code] = [
                .connectionRefused, .noSuchSocket, .unreachable, .nameNotFound, .timedOut, .systemFailure, .permissionDenied,
            ]
            guard let thrown else { throw ConformanceFailure("it connected where nobody listens") }
            try run.check(known.contains(thrown), "dialling where nobody listens gave '\(thrown)'")
        }
    }

    private func close(_ run: borrowing ConformanceRun) async throws {
        try await withPlace(run) { place in
            let before = openFiles()
            for _ in 0..<3 {
                let listener = try await transport.listen(place)
                try run.check(!listener.boundTarget.isEmpty, "a bound listener does not say what to dial")
                listener.close()
                let rest = try await listener.accept { place.reactor }
                try run.check(rest == nil, "accept gave a stream after the listener was closed")
            }
            try await settles(before, run)
        }
    }

    private func cancel(_ run: borrowing ConformanceRun) async throws {
        try await withPlace(run) { place in
            let listener = try await transport.listen(place)
            defer { listener.close() }
            let target = try target(of: listener, place)
            let before = openFiles()
            let transport = transport
            for _ in 0..<20 {
                let dial = Task { try await transport.connect(target).close(abort: true) }
                dial.cancel()
                _ = await dial.result
            }
            // What was dialled before the cancellation came is taken off the backlog.
            let accepting = Task { while let stream = try? await listener.accept({ place.reactor }) { stream.close(abort: true) } }
            defer { accepting.cancel() }
            try await settles(before, run)
        }
    }

    private func many(_ run: borrowing ConformanceRun) async throws {
        try await withPlace(run) { place in
            let listener = try await transport.listen(place)
            defer { listener.close() }
            let target = try target(of: listener, place)
            let before = openFiles()
            for round in 0..<100 {
                async let accepted = listener.accept { place.reactor }
                let dialled = try await transport.connect(target)
                guard let accepted = try await accepted else { throw ConformanceFailure("accept gave nil before the listener was closed") }
                try await dialled.send([UInt8(round)])
                let came = try await accepted.receive(exactly: 1)
                try run.check(came == [UInt8(round)], "connection \(round) gave \(came)")
                dialled.close(abort: round.isMultiple(of: 2))
                accepted.close(abort: false)
            }
            try await settles(before, run)
        }
    }

    /// Waits until no other files are open than before.
    private func settles(_ before: Set<String>, _ run: borrowing ConformanceRun) async throws {
        let end = ContinuousClock.now + run.settings.patience
        var more: Set<String> = []
        repeat {
            more = openFiles().subtracting(before)
            if more.isEmpty { return }
            try await Task.sleep(for: .milliseconds(5))
        } while ContinuousClock.now < end
        throw ConformanceFailure("\(more.count) descriptors stay open: \(more.sorted().joined(separator: ", "))")
    }
}
