/// Holds what a plugin has the loader search against what others could put there.
///
/// An absolute search folder outside the standard ones is a warning, not a refusal: Swift's default builds write the toolchain's folder
/// there, and such a plugin works on the machine that built it. It is refused where somebody else could bring a library: the folder, or one
/// above it, is writable by others, or it does not exist yet and others may make it. What is relative is always refused: it is searched from
/// wherever the host happens to stand.
struct SearchFolderCheck {
    private(set) var warnings: [String] = []
    private(set) var refusal: String?

    init(_ object: ObjectFile, in origin: String) {
        if let hidden = object.hiddenLibraries.first {
            refusal =
                "it has the loader bring in '\(hidden)' by DT_AUDIT, DT_FILTER or DT_AUXILIARY, which plugins have no use for; link it without"
            return
        }
        if let name = object.needed.first(where: { $0.contains("/") && !$0.hasPrefix("/") }) {
            refusal = "it needs '\(name)', which is searched from the working directory; link it by a name without a slash"
            return
        }
        for name in object.needed where name.hasPrefix("/") {
            warnings.append("it needs \(name) by its absolute path, and works only on machines that have it there")
        }
        for folder in object.searchFolders {
            for expanded in LibrarySearch.expanded(folder, origin: origin) { check(expanded, written: folder, origin) }
            if refusal != nil { return }
        }
    }

    private mutating func check(_ folder: String, written: String, _ origin: String) {
        guard folder.hasPrefix("/") else {
            let shown = written.isEmpty ? "an empty search folder" : "the search folder '\(written)'"
            refusal =
                "it has the loader search \(shown) (RUNPATH), which means the working directory; link it with -Wl,-rpath,'$ORIGIN' or none"
            return
        }
        if folder == "/" || written.contains("$ORIGIN") && folder == origin { return }
        if LibrarySearch.standardFolders.contains(folder) { return }
        if let distrust = Self.distrust(folder) {
            refusal = "it has the loader search \(folder) (RUNPATH), where others could put a library: \(distrust)"
        } else if !written.contains("$ORIGIN"), !written.contains("${ORIGIN}") {
            warnings.append(
                "it has the loader search \(folder) (RUNPATH), which other machines may lack; link it with -Wl,-rpath,'$ORIGIN' or none"
            )
        }
    }

    /// What is wrong with the folder, or with the nearest one above it that exists.
    private static func distrust(_ folder: String) -> Distrust? {
        var path = folder
        while true {
            do throws(Distrust) {
                _ = try TrustedFolder(path)
                return nil
            } catch {
                guard error.kind == .missing else { return error }
                let parent = path.split(separator: "/").dropLast()
                if parent.isEmpty { return nil }
                path = "/" + parent.joined(separator: "/")
            }
        }
    }
}
