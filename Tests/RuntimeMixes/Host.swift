// A host in Swift with asynchronous code of its own, which loads a Swift transport and speaks through it. Built by scripts/test-templates
// with the Swift runtime as a library and as a part of the program, against plugins of either kind.
// The header of the plugin interface is imported on the command line.
import Glibc

/// Where `done` leaves what an operation ended with.
final class Ending: Sendable {
    private let continuation: CheckedContinuation<Int32, Never>

    init(_ continuation: CheckedContinuation<Int32, Never>) { self.continuation = continuation }

    /// The descriptor, or the status where there is none.
    func give(_ outcome: patchbay_outcome) {
        continuation.resume(returning: outcome.status == 0 ? outcome.descriptor : outcome.status)
    }

    static let done: patchbay_done = { context, outcome in
        guard let context, let outcome else { fail("done without context or outcome") }
        Unmanaged<Ending>.fromOpaque(context).takeRetainedValue().give(outcome.pointee)
    }
}

func fail(_ reason: String) -> Never {
    // Not `stderr`, which is a variable that anybody might change.
    _ = "\(reason)\n".withCString { write(2, $0, strlen($0)) }
    exit(1)
}

struct Transport: @unchecked Sendable {
    // Sendable: the tables live as long as the process, and each call may come on any thread.
    let table: UnsafePointer<patchbay_transport>
    let target: UnsafeMutablePointer<patchbay_target>
    let listening: UnsafeMutablePointer<patchbay_listening>

    /// Starts an operation and waits for its end.
    private func operation(
        _ start:
            @Sendable (UnsafeMutableRawPointer, UnsafeMutablePointer<UnsafeMutableRawPointer?>, UnsafeMutablePointer<patchbay_error>) ->
            Int32
    ) async -> Int32 {
        // An address, so that the handle can be carried past the wait.
        let handle = UnsafeMutablePointer<UnsafeMutableRawPointer?>.allocate(capacity: 1)
        handle.initialize(to: nil)
        nonisolated(unsafe) let shared = handle
        let result = await withCheckedContinuation { continuation in
            var error = patchbay_error()
            error.size = UInt32(MemoryLayout<patchbay_error>.size)
            let context = Unmanaged.passRetained(Ending(continuation)).toOpaque()
            if start(context, shared, &error) < 0 { fail("an operation does not start") }
        }
        if let operation = shared.pointee { table.pointee.release(operation) }
        shared.deallocate()
        return result
    }

    func connect() async -> Int32 {
        await operation { table.pointee.connect(target, Ending.done, $0, $1, $2) }
    }

    func accept() async -> Int32 {
        await operation { table.pointee.accept(listening.pointee.listener, Ending.done, $0, $1, $2) }
    }
}

func load(_ path: String) -> UnsafePointer<patchbay_transport> {
    guard let library = dlopen(path, RTLD_NOW | RTLD_LOCAL) else { fail(String(cString: dlerror())) }
    guard let symbol = dlsym(library, "patchbay_plugin_entry") else { fail("no entry") }
    typealias Entry = @convention(c) (UnsafePointer<patchbay_host>, UnsafeMutablePointer<patchbay_error>) -> UnsafePointer<patchbay_plugin>?
    let entry = unsafeBitCast(symbol, to: Entry.self)
    let host = UnsafeMutablePointer<patchbay_host>.allocate(capacity: 1)
    host.initialize(to: patchbay_host())
    host.pointee.size = UInt32(MemoryLayout<patchbay_host>.size)
    host.pointee.magic = PATCHBAY_MAGIC
    host.pointee.major = UInt16(PATCHBAY_ABI_MAJOR)
    var error = patchbay_error()
    error.size = UInt32(MemoryLayout<patchbay_error>.size)
    guard let plugin = entry(host, &error), let table = plugin.pointee.interface(PATCHBAY_TRANSPORT) else {
        fail(withUnsafeBytes(of: &error.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
    }
    return table.assumingMemoryBound(to: patchbay_transport.self)
}

@main
enum Host {
    static func main() async {
        let path = "/tmp/patchbay-mix-\(getpid()).sock"
        let settings = UnsafeMutablePointer<patchbay_settings>.allocate(capacity: 1)
        settings.initialize(to: patchbay_settings())
        settings.pointee.size = UInt32(MemoryLayout<patchbay_settings>.size)
        settings.pointee.layer = UnsafePointer(strdup("acme"))
        let target = UnsafeMutablePointer<patchbay_target>.allocate(capacity: 1)
        target.initialize(to: patchbay_target())
        target.pointee = patchbay_target(
            size: UInt32(MemoryLayout<patchbay_target>.size),
            port: -1,
            settings: UnsafePointer(settings),
            host: nil,
            path: UnsafePointer(strdup(path)),
            timeout: -1
        )
        let listening = UnsafeMutablePointer<patchbay_listening>.allocate(capacity: 1)
        listening.initialize(to: patchbay_listening())
        listening.pointee.size = UInt32(MemoryLayout<patchbay_listening>.size)
        let transport = Transport(table: load(CommandLine.arguments[1]), target: target, listening: listening)
        var error = patchbay_error()
        error.size = UInt32(MemoryLayout<patchbay_error>.size)
        guard transport.table.pointee.listen(target, listening, &error) == 0 else { fail("it does not listen") }

        // The host's own tasks run beside the plugin's.
        for _ in 0..<200 {
            async let near = transport.connect()
            async let far = transport.accept()
            let (first, second) = await (near, far)
            guard first >= 0, second >= 0 else { fail("no descriptor: \(first), \(second)") }
            var byte: UInt8 = 42
            var read: UInt8 = 0
            guard write(first, &byte, 1) == 1 else { fail("cannot write") }
            var ready = pollfd(fd: second, events: Int16(POLLIN), revents: 0)
            guard poll(&ready, 1, 10_000) == 1, Glibc.read(second, &read, 1) == 1, read == 42 else { fail("nothing came") }
            close(first)
            close(second)
        }
        transport.table.pointee.close(listening.pointee.listener)
        guard access(path, F_OK) != 0 else { fail("the socket's file is still there") }
        print("200 connections")
    }
}
