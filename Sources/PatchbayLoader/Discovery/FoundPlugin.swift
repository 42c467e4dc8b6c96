package import PatchbayCore

/// A plugin's file, examined without running any of it.
package struct FoundPlugin: Sendable {
    /// What can be known of the file once it was opened.
    package struct File: Sendable {
        package var identity: FileIdentity
        package var owner: UInt32
        package var mode: String
    }

    /// Without links, where it could be opened.
    package var path: String
    package var kind: PluginFileKind
    package var file: File?
    /// Nil for a manifest.
    package var object: ObjectFile?
    /// Of a manifest: what it binds, by name or by absolute path.
    package var boundLibraries: [String] = []
    package var missingLibraries: [String] = []
    package var metadata: PluginMetadata?
    package var record: ProbeRecord?
    /// SHA-256, hexadecimal; nil until somebody asked.
    package var contentHash: String?
    /// Why it is not run.
    package private(set) var refusal: String?
    package private(set) var steps: [PluginReport.Step] = []

    package init(path: String, kind: PluginFileKind) {
        self.path = path
        self.kind = kind
    }

    package var name: String { metadata?.name ?? kind.nameWithoutEnding(path) }

    package var source: PluginSource { kind == .manifest ? .manifest(path) : .sharedObject(path) }

    mutating func pass(_ step: String, _ detail: String) { note(step, .passed, detail) }

    mutating func warn(_ step: String, _ detail: String) { note(step, .warning, detail) }

    mutating func skip(_ step: String, _ detail: String) { note(step, .skipped, detail) }

    mutating func refuse(_ step: String, _ detail: String) {
        note(step, .failed, detail)
        refusal = refusal ?? detail
    }

    private mutating func note(_ name: String, _ outcome: PluginReport.Step.Outcome, _ detail: String) {
        steps.append(PluginReport.Step(name: name, outcome: outcome, detail: detail))
    }

    /// The same file again, which must not have changed.
    package func reopened() throws(Distrust) -> TrustedFile {
        guard let file else { throw Distrust(.unreadable, "\(path) was never opened") }
        let parts = path.split(separator: "/")
        let again = try TrustedFile(named: String(parts.last ?? ""), in: TrustedFolder("/" + parts.dropLast().joined(separator: "/")))
        guard again.identity == file.identity else { throw Distrust(.changed, "\(path) changed after it was checked; try again") }
        return again
    }

    package func report(_ state: PluginState) -> PluginReport {
        var steps = steps
        if let record {
            let outcome = record.outcome
            let detail = outcome.hasPassed ? "it passed, in \(outcome.milliseconds) ms" : "\(outcome.reason); \(outcome.advice)"
            let step = PluginReport.Step(name: "first run", outcome: outcome.hasPassed ? .passed : .failed, detail: detail)
            steps.insert(step, at: steps.firstIndex { $0.name == "load" } ?? steps.endIndex)
        } else if state == .unchecked {
            steps.append(
                PluginReport.Step(
                    name: "first run",
                    outcome: .skipped,
                    detail: "it was never run; it will be, in a child, before it is loaded"
                )
            )
        }
        if case .shadowed(let other) = state {
            steps.append(PluginReport.Step(name: "names", outcome: .failed, detail: "shadowed by \(other)"))
        }
        return PluginReport(
            name: name,
            version: metadata?.version ?? "",
            summary: metadata?.summary ?? "",
            source: source,
            state: state,
            metadata: metadata,
            steps: steps
        )
    }
}

/// What a file is, by its name.
package enum PluginFileKind: String, Sendable, Hashable {
    case sharedObject = ".so"
    case manifest = ".patchbay.json"

    package init?(path: String) {
        if path.hasSuffix(Self.manifest.rawValue) {
            self = .manifest
        } else if path.hasSuffix(Self.sharedObject.rawValue) || path.contains(".so.") {
            self = .sharedObject
        } else {
            return nil
        }
    }

    func nameWithoutEnding(_ path: String) -> String {
        let file = path.split(separator: "/").last.map(String.init) ?? path
        return file.hasSuffix(rawValue) ? String(file.dropLast(rawValue.count)) : file
    }
}
