public import PatchbayIO

/// Something that can be waited for beside others.
public enum Waitable: Sendable {
    /// Ready when a message, or the end, is there.
    case connection(Connection)
    /// Ready when a read would not block; the end counts, and plain files are always ready. It stays the caller's.
    case descriptor(CInt)
}

extension Connection {
    /// Waits until at least one of many is ready, and consumes nothing.
    /// - Parameter timeout: zero or less: a look; nil: until one is ready.
    /// - Returns: the indices of all that are ready, in order; empty after the timeout.
    /// - Throws: ``PatchbayError`` with `invalidArgument` for a descriptor that is not open; `CancellationError`.
    public static func wait(
        for items: [Waitable],
        timeout: Duration? = nil,
        reactors: ReactorGroup = .shared
    ) async throws -> [Int] {
        let ready = try await look(at: items)
        if !ready.isEmpty { return ready }
        if let timeout, timeout <= .zero { return [] }
        if items.isEmpty, timeout == nil { return [] }
        let reactor = reactors.currentOrNext()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for item in items {
                switch item {
                case .connection(let connection): group.addTask { _ = try await connection.poll(timeout: nil) }
                case .descriptor(let descriptor):
                    let watch = try watch(descriptor, reactor)
                    group.addTask { await watch.wait() }
                }
            }
            if let timeout { group.addTask { try await reactor.sleep(for: timeout) } }
            defer { group.cancelAll() }
            try await group.next()
        }
        return try await look(at: items)
    }

    private static func watch(_ descriptor: CInt, _ reactor: Reactor) throws -> DescriptorWatch {
        do {
            return try DescriptorWatch(descriptor, reactor: reactor)
        } catch {
            throw PatchbayError(.invalidArgument, "\(descriptor) is no open descriptor", stage: .receive, cause: error)
        }
    }

    private static func look(at items: [Waitable]) async throws -> [Int] {
        var ready: [Int] = []
        for (index, item) in items.enumerated() {
            let isReady =
                switch item {
                case .connection(let connection): try await connection.poll()
                case .descriptor(let descriptor): DescriptorWatch.isReadable(descriptor)
                }
            if isReady { ready.append(index) }
        }
        return ready
    }
}
