package import PatchbayCore

/// A manifest whose library is open in this process, as an ordinary plugin.
package struct BoundPlugin: Plugin {
    package let manifest: Manifest
    let processors: [PreparedProcessor]
    private let contract: BindingContract

    /// Opens the library, finds every function in it, and prepares the calls. It runs the library's constructors, and its `init`.
    /// - Throws: `PatchbayError` with `unsupported` where the library or a function is missing, with what to do.
    package init(_ manifest: Manifest) throws(PatchbayError) {
        self.manifest = manifest
        contract = BindingContract(plugin: manifest.metadata.name)
        do {
            let library = try BoundLibrary(manifest.library)
            if let initialize = manifest.initialize { try Self.initialize(initialize, library) }
            var processors: [PreparedProcessor] = []
            for (layer, binding) in zip(manifest.metadata.layers, manifest.processors) {
                processors.append(try PreparedProcessor(layer, binding, in: library, contract))
            }
            self.processors = processors
        } catch {
            var error = error
            error.message = "the manifest \(manifest.path) cannot be bound: \(error.message)"
            throw error
        }
    }

    package var name: String { manifest.metadata.name }
    package var version: String { manifest.metadata.version }
    package var summary: String { manifest.metadata.summary }

    /// Set once a function said what cannot be: from then on every call is an error with it.
    package var breach: PatchbayError? { contract.breach }

    package func register(into registrar: inout Registrar) {
        for processor in processors { registrar.add(processor.layer) }
        for alias in manifest.metadata.aliases ?? [] {
            registrar.add(Alias(name: alias.name, summary: alias.summary, expansion: alias.expansion, examples: alias.examples ?? []))
        }
    }

    private static func initialize(_ description: CallDescription, _ library: BoundLibrary) throws(PatchbayError) {
        let call = try BoundCall(try PreparedCall(description, in: library)) { _ in 0 }
        let test = try BoundTest(description.test, in: library)
        var frame = CallFrame()
        call.call(&frame)
        guard test.holds(after: call, frame) else {
            let code = call.result?.value(of: frame.returned) ?? 0
            throw PatchbayError(.systemFailure, "\(description.prototype.name) failed with \(code)", stage: .plugin)
        }
    }
}
