internal import CPatchbayIO
internal import Glibc
internal import PatchbayCore

/// The libraries of one manifest, open in this process. They are never closed: contexts and threads of theirs may live on.
struct BoundLibrary: @unchecked Sendable {
    // Sendable: handles of the loader, which any thread may use.
    private let libraries: [(name: String, handle: UnsafeMutableRawPointer)]

    /// - Throws: `PatchbayError` with `unsupported` for a library that cannot be loaded, with what the loader says.
    init(_ names: [String]) throws(PatchbayError) {
        var libraries: [(name: String, handle: UnsafeMutableRawPointer)] = []
        for name in names {
            guard let handle = dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) else {
                throw PatchbayError(
                    .unsupported,
                    "the library \(name) cannot be loaded: \(dlerror().map { String(cString: $0) } ?? "no reason was given"); install the package "
                        + "that has it",
                    stage: .plugin
                )
            }
            // Under another name, or by a link, the C library is still the C library.
            let library = cpb_library_of_handle(handle)
            guard library != nil, !Self.systemLibraries().contains(library) else {
                throw PatchbayError(
                    .unsupported,
                    "\(name) is the C library, the loader or the program itself, and is never bound",
                    stage: .plugin
                )
            }
            libraries.append((name, handle))
        }
        self.libraries = libraries
    }

    /// Finds a function in the libraries themselves: the loader would also find it in what they depend on.
    func function(_ name: String) throws(PatchbayError) -> UnsafeMutableRawPointer {
        for library in libraries {
            guard let symbol = dlsym(library.handle, name) else { continue }
            if cpb_library_of_address(symbol) == cpb_library_of_handle(library.handle) { return symbol }
        }
        throw PatchbayError(
            .unsupported,
            "no function '\(name)' lies in \(libraries.map(\.name).joined(separator: ", ")); check the spelling, and the library's version",
            stage: .plugin
        )
    }

    private static func systemLibraries() -> [UnsafeRawPointer?] {
        let program = dlopen(nil, RTLD_NOW)
        var libraries = [program.flatMap { cpb_library_of_handle($0) }]
        for symbol in ["getpid", "__tls_get_addr"] {
            if let address = dlsym(program, symbol) { libraries.append(cpb_library_of_address(address)) }
        }
        return libraries
    }
}
