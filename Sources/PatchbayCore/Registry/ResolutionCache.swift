internal import PatchbayIO
internal import Synchronization

/// Stacks that were resolved before: a program that dials one URL again and again resolves it once.
///
/// Only what depends on nothing but the URL and the registry is kept: no stack with a secret from a file, a variable or the
/// application, or an authenticator that reads a file: they may be others by the next time.
final class ResolutionCache: Sendable {
    private struct Key: Hashable {
        var text: String
        /// What is redacted is part of a stack.
        var hidden: [Range<Int>]
        var role: Role
    }

    private static let capacity = 64

    private let stacks = Locked<[Key: Stack]>([:])

    func stack(for url: ConnectionURL, _ role: Role, _ resolve: () throws -> Stack) rethrows -> Stack {
        let key = Key(text: url.text, hidden: url.hidden, role: role)
        if let stack = stacks.withLock({ $0[key] }) { return stack }
        let stack = try resolve()
        guard stack.layers.allSatisfy(Self.dependsOnTheURLAlone) else { return stack }
        stacks.withLock { stacks in
            // Whoever has so many URLs does not dial one of them again and again.
            if stacks.count >= Self.capacity { stacks.removeAll() }
            stacks[key] = stack
        }
        return stack
    }

    private static func dependsOnTheURLAlone(_ layer: StackLayer) -> Bool {
        layer.options.allSatisfy { isOfTheURL($0.source) && !($0.isPath && layer.kind == .authenticator) }
    }

    private static func isOfTheURL(_ source: Options.Source) -> Bool {
        switch source {
        case .url, .password, .default: true
        case .file, .environment, .inherited, .application: false
        }
    }
}

extension Registry {
    /// The plan of a URL, from the cache where that is the same.
    func stack(for url: ConnectionURL?, _ role: Role) throws -> Stack {
        guard let url else { return try resolve(nil, for: role) }
        return try cache.stack(for: url, role) { try resolve(url, for: role) }
    }
}
