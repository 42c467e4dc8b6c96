internal import Glibc

/// Where Patchbay's own package is, for a Swift plugin to depend on.
public enum PatchbayLocation: Sendable, Hashable {
    /// A folder, absolute.
    case folder(String)
    /// A repository.
    case repository(String)

    /// Reads what a user wrote: what has a scheme, or looks like `git@host:…`, is a repository.
    public init(_ text: String) {
        if text.contains("://") || text.hasPrefix("git@") {
            self = .repository(text)
        } else {
            self = .folder(
                realpath(text, nil).map { resolved in
                    defer { free(resolved) }
                    return String(cString: resolved)
                } ?? text
            )
        }
    }

    /// The package that this program was built in, where it still lies in that package's build folder.
    public static var aroundThisProgram: PatchbayLocation? {
        guard let program = realpath("/proc/self/exe", nil) else { return nil }
        defer { free(program) }
        return around(program: String(cString: program))
    }

    static func around(program: String) -> PatchbayLocation? {
        var folder = Substring(program)
        while let slash = folder.lastIndex(of: "/") {
            folder = folder[..<slash]
            if access("\(folder)/Sources/CPatchbay/include/patchbay_plugin.h", R_OK) == 0, access("\(folder)/Package.swift", R_OK) == 0 {
                return .folder(String(folder))
            }
        }
        return nil
    }

    /// As a `Package.swift` writes it.
    var dependency: String {
        switch self {
        case .folder(let path): #".package(name: "patchbay", path: "\#(Self.escaped(path))")"#
        case .repository(let url): #".package(url: "\#(Self.escaped(url))", branch: "main")"#
        }
    }

    /// What products of it name as their package: SwiftPM goes by the repository's own name.
    var packageName: String {
        guard case .repository(let url) = self else { return "patchbay" }
        let last = url.split(whereSeparator: { $0 == "/" || $0 == ":" }).last.map(String.init) ?? "patchbay"
        return last.hasSuffix(".git") ? String(last.dropLast(4)) : last
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    }
}
