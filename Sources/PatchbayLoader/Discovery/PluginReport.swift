public import PatchbayCore

/// One plugin that was found, or is part of the program, and what became of it.
public struct PluginReport: Sendable {
    /// One thing that was looked at on the way, in order.
    public struct Step: Sendable, Hashable {
        public enum Outcome: String, Sendable, Hashable {
            case passed, warning, failed, skipped
        }

        /// Such as `trust` or `libraries`.
        public var name: String
        public var outcome: Outcome
        public var detail: String
    }

    /// As its metadata says; where that cannot be read, the file's name.
    public var name: String
    public var version: String
    public var summary: String
    public var source: PluginSource
    public var state: PluginState
    /// Nil for a plugin that is part of the program, and where it cannot be read.
    public var metadata: PluginMetadata?
    /// The whole attempt; the last step is why it stands where it stands.
    public var steps: [Step]

    /// What does not stop it, and yet should be known.
    public var warnings: [String] { steps.filter { $0.outcome == .warning }.map(\.detail) }
}

/// Whether a plugin can be used.
public enum PluginState: Sendable, Hashable {
    /// It was checked, and is, or can be, loaded.
    case ready
    /// It is part of the program.
    case linked
    /// It failed when it was first run, and is not run again until its file changes, or `patchbay check` passes.
    case quarantined(reason: String)
    /// It is not run at all.
    case refused(reason: String)
    /// Another plugin has its name, or the name of one of its layers or aliases.
    case shadowed(by: String)
    /// It was never run.
    case unchecked

    /// In one word.
    public var word: String {
        switch self {
        case .ready: "ready"
        case .linked: "linked"
        case .quarantined: "quarantined"
        case .refused: "refused"
        case .shadowed: "shadowed"
        case .unchecked: "unchecked"
        }
    }

    /// Why; nil where the word says it all.
    public var reason: String? {
        switch self {
        case .ready, .linked, .unchecked: nil
        case .quarantined(let reason), .refused(let reason): reason
        case .shadowed(let other): "by \(other)"
        }
    }
}
