internal import NIOCore
public import PatchbayCore

/// A plugin that is about to be written from a template.
public struct NewPlugin: Sendable {
    /// What it is written in.
    public enum Language: String, Sendable, CaseIterable {
        case swift, c, rust, manifest

        /// What can be written in it.
        public var kinds: [LayerKind] { self == .manifest ? [.processor] : [.codec, .processor, .authenticator, .transport] }
    }

    public var kind: LayerKind
    /// `[a-z][a-z0-9-]*`: of the plugin, and of its one layer.
    public var name: String
    public var language: Language
    /// Where a Swift plugin finds Patchbay; nil in other languages, which need a header alone.
    public var patchbay: PatchbayLocation?

    /// - Throws: `PatchbayError` with `invalidArgument` for a name that no URL can have, `unsupported` for what cannot be written in
    ///   that language, or `missingOption` for a Swift plugin without a location.
    public init(kind: LayerKind, name: String, language: Language, patchbay: PatchbayLocation?) throws(PatchbayError) {
        guard language.kinds.contains(kind) else {
            let possible = language.kinds.map(\.rawValue).joined(separator: ", ")
            throw PatchbayError(
                .unsupported,
                "\(language == .manifest ? "a manifest binds" : "a shared object brings") no \(kind.rawValue); it can be: \(possible)",
                stage: .plugin
            )
        }
        try Self.check(name)
        guard language != .swift || patchbay != nil else {
            throw PatchbayError(
                .missingOption,
                "a Swift plugin is built against Patchbay's package; say where it is, as --patchbay ../patchbay, or its URL",
                stage: .plugin
            )
        }
        self.kind = kind
        self.name = name
        self.language = language
        self.patchbay = language == .swift ? patchbay : nil
    }

    private static func check(_ name: String) throws(PatchbayError) {
        let isName = name.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
        guard isName, name.utf8.count <= 48, let first = name.utf8.first, (0x61...0x7A).contains(first), name.utf8.last != 0x2D else {
            throw PatchbayError(
                .invalidArgument,
                "a plugin's name is of small letters, digits and hyphens, begins with a letter, does not end with a hyphen, and has "
                    + "at most 48 of them",
                stage: .plugin
            )
        }
        // `patchbay` would be a Swift module that there is already; the others mean something else in a URL.
        guard !["patchbay", "bare", "data", "connection"].contains(name) else {
            throw PatchbayError(.invalidArgument, "the name '\(name)' is reserved; choose another", stage: .plugin)
        }
    }

    /// The name as Swift writes types: `acme-records` is `AcmeRecords`.
    var typeName: String {
        name.split(separator: "-").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }

    /// What its own build makes, below its folder.
    public var artifact: String {
        switch language {
        case .swift: ".build/release/lib\(name).so"
        case .c: "lib\(name).so"
        // Cargo's libraries are named as Rust's modules are.
        case .rust: "target/release/lib\(name.replacing("-", with: "_")).so"
        case .manifest: "\(name).patchbay.json"
        }
    }

    /// What builds it and runs its own test, in its folder.
    public var buildCommand: String {
        switch language {
        case .swift: "swift test && swift build -c release --product \(name)"
        case .c: "make test"
        case .rust: "cargo test && cargo build --release"
        case .manifest: "patchbay check \(artifact)"
        }
    }
}
