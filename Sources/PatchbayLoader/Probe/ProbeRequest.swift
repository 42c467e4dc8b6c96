/// What a child is told, as JSON in its one argument.
struct ProbeRequest: Sendable, Codable {
    var path: String
    /// The file that was checked: another one is not run.
    var identity: FileIdentity
    var major: UInt16
    var minor: UInt16
    var limits: ProbeLimits
}

/// What a first run may take.
package struct ProbeLimits: Sendable, Hashable, Codable {
    /// By the clock; then its whole process group is killed.
    package var milliseconds = 5000
    /// Of the processor.
    package var processorSeconds: UInt64 = 5
    /// Bytes. A Swift runtime reserves much more than it uses.
    package var addressSpace: UInt64 = 8 << 30
    /// Bytes of one file that it writes.
    package var fileSize: UInt64 = 1 << 20
    package var descriptors: UInt64 = 128

    package init() {}
}

/// One line that a child says, as JSON.
struct ProbeMessage: Sendable, Codable {
    /// First of all: the helper's own version of the interface.
    var helper: String?
    var stage: ProbeOutcome.Stage?
    /// Why it was refused; the last line.
    var failure: String?
    var threads: String?

    init(helper: String? = nil, stage: ProbeOutcome.Stage? = nil, failure: String? = nil, threads: String? = nil) {
        self.helper = helper
        self.stage = stage
        self.failure = failure
        self.threads = threads
    }
}
