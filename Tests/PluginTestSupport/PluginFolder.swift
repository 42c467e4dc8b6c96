internal import Foundation

/// A folder of one test that only this user can change, with plugins made by the C compiler.
package final class PluginFolder: Sendable {
    package let path: String

    package init() throws {
        // Without links: /tmp may be one.
        let base = URL(fileURLWithPath: NSTemporaryDirectory()).resolvingSymlinksInPath().path
        path = "\(base)/patchbay-plugins-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    package func folder(_ name: String, mode: Int = 0o700) throws -> String {
        let folder = "\(path)/\(name)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // Past the umask.
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: folder)
        return folder
    }

    /// Compiles a plugin into this folder, or one below it.
    /// - Returns: its path.
    @discardableResult
    package func compile(_ plugin: PluginCode, to file: String? = nil, _ flags: [String] = []) async throws -> String {
        let output = "\(path)/\(file ?? "lib\(plugin.name).so")"
        let source = "\(path)/\(UUID().uuidString).c"
        try plugin.text.write(toFile: source, atomically: false, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: source) }
        try await Compiler.run(["-shared", "-fPIC", "-O1", "-I\(Compiler.headers)", "-o", output, source] + flags)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: output)
        return output
    }
}
