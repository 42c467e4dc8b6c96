internal import PatchbayLoader
internal import PatchbayTesting

/// What a child is told, as JSON in its one argument.
struct CheckRequest: Sendable, Codable {
    struct Option: Sendable, Codable {
        var layer: String?
        var name: String
        var value: String
    }

    var path: String
    /// The file that was examined: another one is not run.
    var identity: FileIdentity
    /// Nil: load it, and say which tests there are.
    var test: String?
    var seed: UInt64
    var hostileInputs: Int
    var patienceMilliseconds: Int
    var options: [Option]
    var limits: ProbeLimits

    init(path: String, identity: FileIdentity, settings: ConformanceSettings, limits: ProbeLimits) {
        self.path = path
        self.identity = identity
        self.limits = limits
        seed = settings.seed
        hostileInputs = settings.hostileInputs
        patienceMilliseconds = Int(settings.patience / .milliseconds(1))
        options = settings.options.map { Option(layer: $0.layer, name: $0.name, value: $0.value) }
    }

    var settings: ConformanceSettings {
        ConformanceSettings(
            seed: seed,
            hostileInputs: hostileInputs,
            options: options.map { .init(layer: $0.layer, name: $0.name, value: $0.value) },
            patience: .milliseconds(patienceMilliseconds)
        )
    }
}

/// One line that a child says, as JSON.
struct CheckMessage: Sendable, Codable {
    /// A test that can be asked.
    struct Test: Sendable, Codable {
        var name: String
        var summary: String
        var profile: Int
    }

    var test: Test?
    /// Of the one test; the last line.
    var outcome: String?
    var detail: String?
}
