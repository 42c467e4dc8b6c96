/// What a first execution gave, kept for the next process.
package struct ProbeRecord: Sendable, Hashable, Codable {
    /// The file that was run: any change of it, or of the host's interface, makes the record void.
    package struct Key: Sendable, Hashable, Codable {
        package var identity: FileIdentity
        /// SHA-256, hexadecimal.
        package var contentHash: String
        /// The host's version of the interface, `major.minor`.
        package var interface: String
    }

    package var key: Key
    package var path: String
    package var outcome: ProbeOutcome
    /// Seconds since 1970.
    package var checkedAt: Int
}
