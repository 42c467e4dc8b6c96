internal import CTemplates
internal import NIOCore
internal import PatchbayCore

/// The templates that are part of this program.
public enum Templates {
    /// One file of a new plugin.
    public struct File: Sendable, Hashable {
        /// Below the plugin's folder.
        public var path: String
        public var text: String
    }

    /// The header of the plugin interface.
    static let header = "patchbay_plugin.h"

    /// All files as they are in the repository, by their path below `templates/`.
    static let sources: [(path: String, text: String)] = (0..<ctemplates_count()).map { index in
        let file = ctemplates_file(index)
        return (
            file.path.map { String(cString: $0) } ?? "",
            String(decoding: UnsafeBufferPointer(start: file.bytes, count: file.count), as: UTF8.self)
        )
    }

    /// What a new plugin consists of: the files of its language, and those of its kind in that language.
    public static func render(_ plugin: NewPlugin) -> [File] {
        let folders = ["\(plugin.language.rawValue)/shared/", "\(plugin.language.rawValue)/\(plugin.kind.rawValue)/"]
        var files: [File] = []
        for (path, text) in sources {
            guard let folder = folders.first(where: { path.hasPrefix($0) }) else { continue }
            files.append(File(path: named(String(path.dropFirst(folder.utf8.count)), plugin), text: filled(text, plugin)))
        }
        // The plugin's own copy, as it is: it goes on building whatever becomes of Patchbay.
        if plugin.language == .c || plugin.language == .rust, let text = sources.first(where: { $0.path == header })?.text {
            files.append(File(path: header, text: text))
        }
        return files
    }

    private static func filled(_ text: String, _ plugin: NewPlugin) -> String {
        var text = named(text, plugin).replacing("@KIND@", with: plugin.kind.rawValue)
            .replacing("@ARTIFACT@", with: plugin.artifact)
        if let patchbay = plugin.patchbay {
            text = text.replacing("@DEPENDENCY@", with: patchbay.dependency).replacing("@PACKAGE@", with: patchbay.packageName)
        }
        return text
    }

    /// Templates are plugins of the name `acme`.
    private static func named(_ text: String, _ plugin: NewPlugin) -> String {
        text.replacing("acme", with: plugin.name).replacing("Acme", with: plugin.typeName)
    }
}
