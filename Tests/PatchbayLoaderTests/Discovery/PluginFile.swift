import Foundation

/// A folder of one test that only this user can change, with plugins made by the C compiler.
final class PluginFolder {
    let path: String

    init() throws {
        // Without links: /tmp may be one.
        let base = URL(fileURLWithPath: NSTemporaryDirectory()).resolvingSymlinksInPath().path
        path = "\(base)/patchbay-plugins-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func folder(_ name: String, mode: Int = 0o700) throws -> String {
        let folder = "\(path)/\(name)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // Past the umask.
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: folder)
        return folder
    }

    /// Compiles a plugin into this folder, or one below it.
    /// - Returns: its path.
    @discardableResult
    func compile(_ plugin: PluginSource, to file: String? = nil, _ flags: [String] = []) throws -> String {
        let output = "\(path)/\(file ?? "lib\(plugin.name).so")"
        let source = "\(path)/\(UUID().uuidString).c"
        try plugin.text.write(toFile: source, atomically: false, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: source) }
        try Compiler.run(["-shared", "-fPIC", "-O1", "-I\(Compiler.headers)", "-o", output, source] + flags)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: output)
        return output
    }
}

/// A processor named like its plugin that gives back what it gets, with something added.
struct PluginSource {
    var name = "acme"
    var version = "1.2.3"
    var interface = "1.0"
    /// Names of its layers; the plugin's own unless given.
    var layers: [String]?
    /// C at file level.
    var extra = ""
    /// C at the start of the entry function.
    var entry = ""
    /// Replaces the metadata.
    var metadata: String?

    var text: String {
        let layers = (layers ?? [name]).map {
            "{\"kind\": \"processor\", \"name\": \"\($0)\", \"summary\": \"gives back what it gets\", \"positions\": [\"message\"]}"
        }
        let metadata =
            metadata
            ?? """
            {"patchbay": "\(interface)", "name": "\(name)", "version": "\(version)", "summary": "a test's own",
             "layers": [\(layers.joined(separator: ", "))]}
            """
        return """
            #include "patchbay_plugin.h"
            #include <stdio.h>
            #include <stdlib.h>
            #include <fcntl.h>
            #include <unistd.h>
            PATCHBAY_METADATA(\(metadata))
            \(extra)
            static int32_t create(const patchbay_settings *settings, uint32_t direction, void **instance, patchbay_error *error) {
                *instance = 0;
                return PATCHBAY_OK;
            }
            static int32_t push(void *instance, const void *data, size_t count, uint32_t flush, patchbay_sink *sink, patchbay_error *error) {
                return sink->write(sink, data, count);
            }
            static int32_t reset(void *instance, patchbay_error *error) { return PATCHBAY_OK; }
            static void destroy(void *instance) {}
            static const patchbay_processor processor = {sizeof processor, 0, create, push, reset, destroy};
            static const void *interface(const char *id) {
                const char *wanted = PATCHBAY_PROCESSOR;
                while (*wanted && *wanted == *id) { wanted += 1; id += 1; }
                return *wanted == *id ? &processor : 0;
            }
            static const patchbay_plugin plugin = {
                sizeof plugin, PATCHBAY_MAGIC, 1, 0, PATCHBAY_THREADS_INSTANCE, 0, patchbay_metadata, interface};
            const patchbay_plugin *patchbay_plugin_entry(const patchbay_host *host, patchbay_error *error) {
                \(entry)
                return &plugin;
            }
            """
    }
}

enum Compiler {
    static let path: String? = ["/usr/bin/gcc", "/usr/bin/clang", "/usr/bin/cc"].first { FileManager.default.isExecutableFile(atPath: $0) }

    static let headers = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../../Sources/CPatchbay/include").standardizedFileURL.path

    struct Failure: Error {
        var output: String
    }

    static func run(_ arguments: [String]) throws {
        guard let path else { throw Failure(output: "no C compiler") }
        let result = try Tool.run(path, arguments)
        guard result.status == 0 else { throw Failure(output: result.output) }
    }
}

/// Another program of this machine.
enum Tool {
    static func run(_ path: String, _ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }

    static func exists(_ path: String) -> Bool { FileManager.default.isExecutableFile(atPath: path) }
}
