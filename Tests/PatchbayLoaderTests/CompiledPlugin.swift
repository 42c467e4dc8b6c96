internal import Dispatch
internal import Glibc
internal import NIOCore
internal import PatchbayLoader

/// A plugin in C, compiled by a test with gcc against the repository's own header, in a folder of its own that goes with the last
/// reference (what was loaded from it stays loaded).
final class CompiledPlugin: Sendable {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// The shared object.
    let path: String
    let folder: String
    /// What stands in `PATCHBAY_METADATA`.
    let metadata: String

    /// Where `patchbay_plugin.h` lies.
    static let include: String = {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        // Tests/PatchbayLoaderTests/CompiledPlugin.swift
        return parts.dropLast(3).joined(separator: "/") + "/Sources/CPatchbay/include"
    }()

    /// - Parameters:
    ///   - metadata: JSON.
    ///   - body: C: defines `static const void *interface(const char *id)`. May define ROOT_SIZE, ROOT_MAGIC, ROOT_MAJOR, ROOT_MINOR,
    ///     ROOT_THREADS, ROOT_REQUIRED and ROOT_METADATA, or HAS_ENTRY where it brings an entry of its own.
    ///   - flags: more arguments for gcc.
    convenience init(metadata: String, body: String, flags: [String] = []) async throws {
        try await self.init(metadata: metadata, source: Self.prologue(metadata) + body + Self.epilogue, flags: flags)
    }

    /// - Parameter source: the whole file.
    init(metadata: String, source: String, flags: [String] = []) async throws {
        self.metadata = metadata
        folder = try Self.makeFolder()
        path = folder + "/plugin.so"
        try Self.write(source, to: folder + "/plugin.c")
        try await Self.run(
            ["gcc", "-std=c11", "-D_GNU_SOURCE", "-Wall", "-O1", "-g0", "-fPIC", "-shared", "-pthread", "-I", Self.include] + flags
                + ["-o", path, folder + "/plugin.c"]
        )
    }

    deinit {
        for name in ["plugin.c", "plugin.so"] { unlink(folder + "/" + name) }
        rmdir(folder)
    }

    /// Another file of the same content: another plugin to the process.
    func copy() async throws -> CompiledPlugin { try await CompiledPlugin(copyOf: self) }

    private init(copyOf other: CompiledPlugin) async throws {
        metadata = other.metadata
        folder = try Self.makeFolder()
        path = folder + "/plugin.so"
        try await Self.run(["cp", other.path, path])
    }

    /// Parses the metadata, and loads.
    func load(file: FileIdentity? = nil, version: InterfaceVersion = .current) throws -> LoadedModule {
        try LoadedModule(path: path, metadata: PluginMetadata.parse(ByteBuffer(string: metadata)), file: file, version: version)
    }

    private static func makeFolder() throws -> String {
        var template = Array("\(getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp")/patchbay-plugin-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure(description: "no folder") }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func prologue(_ metadata: String) -> String {
        """
        #include <errno.h>
        #include <fcntl.h>
        #include <pthread.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        #include <sys/socket.h>
        #include <unistd.h>
        #include "patchbay_plugin.h"
        PATCHBAY_METADATA(\(metadata))

        """
    }

    private static let epilogue = """

        #ifndef ROOT_SIZE
        #define ROOT_SIZE sizeof(patchbay_plugin)
        #endif
        #ifndef ROOT_MAGIC
        #define ROOT_MAGIC PATCHBAY_MAGIC
        #endif
        #ifndef ROOT_MAJOR
        #define ROOT_MAJOR PATCHBAY_ABI_MAJOR
        #endif
        #ifndef ROOT_MINOR
        #define ROOT_MINOR PATCHBAY_ABI_MINOR
        #endif
        #ifndef ROOT_THREADS
        #define ROOT_THREADS PATCHBAY_THREADS_INSTANCE
        #endif
        #ifndef ROOT_REQUIRED
        #define ROOT_REQUIRED 0
        #endif
        #ifndef ROOT_METADATA
        #define ROOT_METADATA patchbay_metadata
        #endif
        #ifndef HAS_ENTRY
        static const patchbay_plugin root = {
            ROOT_SIZE, ROOT_MAGIC, ROOT_MAJOR, ROOT_MINOR, ROOT_THREADS, ROOT_REQUIRED, ROOT_METADATA, interface,
        };
        PATCHBAY_EXPORT const patchbay_plugin *patchbay_plugin_entry(const patchbay_host *host, patchbay_error *error) {
            (void)host, (void)error;
            return &root;
        }
        #endif

        """

    private static func write(_ text: String, to path: String) throws {
        guard let file = fopen(path, "we") else { throw Failure(description: "cannot write \(path)") }
        defer { fclose(file) }
        guard fputs(text, file) >= 0 else { throw Failure(description: "cannot write \(path)") }
    }

    /// Programs run one after the other, and nobody who waits for one holds a thread of the pool.
    private static let queue = DispatchQueue(label: "compiler")

    private static func run(_ words: [String]) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            queue.async { continuation.resume(with: Result { try runAndWait(words) }) }
        }
    }

    private static func runAndWait(_ words: [String]) throws {
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var process: pid_t = 0
        guard posix_spawnp(&process, words[0], nil, nil, &arguments, environ) == 0 else {
            throw Failure(description: "cannot start \(words[0]); install it")
        }
        var status: CInt = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        guard status == 0 else { throw Failure(description: "\(words[0]) failed; see above") }
    }
}
