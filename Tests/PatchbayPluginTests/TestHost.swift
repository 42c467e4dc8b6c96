import CPatchbay
import Foundation
import Glibc
import NIOCore
import PatchbayCore
import PatchbayPlugin

/// A host's side of the tables, as small as the tests allow: all that it lends is freed with it.
final class TestHost {
    /// What the plugin logged.
    nonisolated(unsafe) static var lines: [String] = []

    /// The tables of ``SamplePlugin``: made once, as in a shared object.
    nonisolated(unsafe) static let plugin: UnsafePointer<patchbay_plugin>? = {
        var error = TestHost.error()
        return PluginExport.entry(SamplePlugin(), host, &error)
    }()

    nonisolated(unsafe) static let host: UnsafePointer<patchbay_host> = {
        let host = UnsafeMutablePointer<patchbay_host>.allocate(capacity: 1)
        host.initialize(to: patchbay_host())
        host.pointee.size = UInt32(MemoryLayout<patchbay_host>.size)
        host.pointee.magic = PATCHBAY_MAGIC
        host.pointee.major = UInt16(PATCHBAY_ABI_MAJOR)
        host.pointee.log = { _, _, text, count in
            TestHost.lines.append(String(decoding: UnsafeRawBufferPointer(start: text, count: count), as: UTF8.self))
        }
        host.pointee.stream_pair = { _, pair in
            socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue) | O_NONBLOCK | O_CLOEXEC, 0, pair) == 0 ? 0 : Int32(PATCHBAY_FAILED)
        }
        host.pointee.interface = { _, _ in nil }
        return UnsafePointer(host)
    }()

    static func error() -> patchbay_error {
        var error = patchbay_error()
        error.size = UInt32(MemoryLayout<patchbay_error>.size)
        return error
    }

    static func table<Table>(_ id: String, _ type: Table.Type) -> UnsafePointer<Table>? {
        plugin?.pointee.interface(id)?.assumingMemoryBound(to: Table.self)
    }

    // MARK: Settings

    private var texts: [UnsafeMutablePointer<CChar>] = []
    private var options: [patchbay_option] = []
    fileprivate let secrets: [String: String]
    let settings = UnsafeMutablePointer<patchbay_settings>.allocate(capacity: 1)

    /// - Parameter options: name, number and text of each.
    init(layer: String, options: [(String, Int64, String)] = [], secrets: [String: String] = [:]) {
        self.secrets = secrets
        settings.initialize(to: patchbay_settings())
        settings.pointee.size = UInt32(MemoryLayout<patchbay_settings>.size)
        settings.pointee.layer = UnsafePointer(text(layer))
        self.options = options.map { name, integer, written in
            patchbay_option(
                name: text(name),
                kind: 0,
                reserved: 0,
                integer: integer,
                text: patchbay_bytes(data: text(written), count: written.utf8.count)
            )
        }
        let lent = UnsafeMutablePointer<patchbay_option>.allocate(capacity: max(1, options.count))
        lent.initialize(from: self.options, count: options.count)
        settings.pointee.options = UnsafePointer(lent)
        settings.pointee.option_count = UInt32(options.count)
        settings.pointee.host = Unmanaged.passUnretained(self).toOpaque()
        settings.pointee.secret = { settings, name, secret in
            guard let settings, let name, let secret, let host = settings.pointee.host else { return Int32(PATCHBAY_INVALID) }
            let test = Unmanaged<TestHost>.fromOpaque(host).takeUnretainedValue()
            guard let value = test.secrets[String(cString: name)] else { return Int32(PATCHBAY_NOT_FOUND) }
            secret.pointee = patchbay_bytes(data: test.text(value), count: value.utf8.count)
            return 0
        }
    }

    deinit {
        for text in texts { free(text) }
        settings.pointee.options.deallocate()
        settings.deallocate()
    }

    private func text(_ text: String) -> UnsafeMutablePointer<CChar> {
        let copy = strdup(text)!  // as much memory as any test has
        texts.append(copy)
        return copy
    }

    // MARK: What the plugin writes

    /// The bytes of each message that was ended, and of what came after the last.
    fileprivate var messages: [[UInt8]] = []
    fileprivate var bytes: [UInt8] = []
    fileprivate var room = 0

    /// Runs a call that writes to a sink.
    func sink(room: Int = 1 << 20, _ body: (UnsafeMutablePointer<patchbay_sink>) -> Int32) -> (
        status: Int32, messages: [String], rest: String
    ) {
        messages = []
        bytes = []
        self.room = room
        var sink = patchbay_sink()
        sink.size = UInt32(MemoryLayout<patchbay_sink>.size)
        sink.host = Unmanaged.passUnretained(self).toOpaque()
        sink.write = { sink, data, count in
            guard let host = sink?.pointee.host else { return Int32(PATCHBAY_INVALID) }
            let test = Unmanaged<TestHost>.fromOpaque(host).takeUnretainedValue()
            guard count <= test.room else { return Int32(PATCHBAY_LIMIT) }
            test.room -= count
            test.bytes += UnsafeRawBufferPointer(start: data, count: count)
            return 0
        }
        sink.end_message = { sink in
            guard let host = sink?.pointee.host else { return Int32(PATCHBAY_INVALID) }
            let test = Unmanaged<TestHost>.fromOpaque(host).takeUnretainedValue()
            test.messages.append(test.bytes)
            test.bytes = []
            return 0
        }
        sink.remaining = { sink in
            guard let host = sink?.pointee.host else { return 0 }
            return Unmanaged<TestHost>.fromOpaque(host).takeUnretainedValue().room
        }
        let status = body(&sink)
        return (status, messages.map { String(decoding: $0, as: UTF8.self) }, String(decoding: bytes, as: UTF8.self))
    }

    // MARK: Handshakes

    fileprivate(set) var sent: [String] = []
    fileprivate(set) var identity: String?

    func handshake(_ role: Int) -> patchbay_handshake {
        var handshake = patchbay_handshake()
        handshake.size = UInt32(MemoryLayout<patchbay_handshake>.size)
        handshake.role = UInt32(role)
        handshake.host = Unmanaged.passUnretained(self).toOpaque()
        handshake.settings = UnsafePointer(settings)
        handshake.peer_process = -1
        handshake.peer_user = -1
        handshake.peer_group = -1
        handshake.send = { handshake, data, count in
            guard let host = handshake?.pointee.host else { return Int32(PATCHBAY_INVALID) }
            let bytes = UnsafeRawBufferPointer(start: data, count: count)
            Unmanaged<TestHost>.fromOpaque(host).takeUnretainedValue().sent.append(String(decoding: bytes, as: UTF8.self))
            return 0
        }
        handshake.identify = { handshake, name, count in
            guard let host = handshake?.pointee.host else { return Int32(PATCHBAY_INVALID) }
            let bytes = UnsafeRawBufferPointer(start: name, count: count)
            Unmanaged<TestHost>.fromOpaque(host).takeUnretainedValue().identity = String(decoding: bytes, as: UTF8.self)
            return 0
        }
        return handshake
    }
}

/// Runs a call that waits on a thread of its own, as a host must: the threads of Swift's pool are what it waits for.
func onThread<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
    await withCheckedContinuation { continuation in
        Thread.detachNewThread { continuation.resume(returning: body()) }
    }
}

extension patchbay_error {
    var text: String { withUnsafeBytes(of: message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) } }
}

/// A tape of the host's, which moves whenever it grows.
final class TestTape {
    let tape = UnsafeMutablePointer<patchbay_tape>.allocate(capacity: 1)

    init() {
        tape.initialize(to: patchbay_tape())
        tape.pointee.size = UInt32(MemoryLayout<patchbay_tape>.size)
        tape.pointee.depth_limit = 512
        tape.pointee.grow_tokens = { tape, more in
            guard let tape, more <= 1_000_000 else { return Int32(PATCHBAY_LIMIT) }
            let moved = UnsafeMutablePointer<patchbay_token>.allocate(capacity: tape.pointee.token_count + more)
            if let tokens = tape.pointee.tokens {
                moved.initialize(from: tokens, count: tape.pointee.token_count)
                tokens.deallocate()
            }
            tape.pointee.tokens = moved
            tape.pointee.token_capacity = tape.pointee.token_count + more
            return 0
        }
        tape.pointee.grow_arena = { tape, more in
            guard let tape, more <= 1 << 24 else { return Int32(PATCHBAY_LIMIT) }
            let moved = UnsafeMutablePointer<UInt8>.allocate(capacity: tape.pointee.arena_count + more)
            if let arena = tape.pointee.arena {
                moved.initialize(from: arena, count: tape.pointee.arena_count)
                arena.deallocate()
            }
            tape.pointee.arena = moved
            tape.pointee.arena_capacity = tape.pointee.arena_count + more
            return 0
        }
    }

    deinit {
        tape.pointee.tokens?.deallocate()
        tape.pointee.arena?.deallocate()
        tape.deallocate()
    }

    var tokens: [patchbay_token] { Array(UnsafeBufferPointer(start: tape.pointee.tokens, count: tape.pointee.token_count)) }

    /// The core's tape over the same tokens.
    func value(_ message: ByteBuffer) throws -> Value {
        var core = Tape(message: message)
        core.arena = ByteBuffer(bytes: UnsafeRawBufferPointer(start: tape.pointee.arena, count: tape.pointee.arena_count))
        core.tokens = tokens.compactMap { token in
            Token.Kind(rawValue: token.kind).map {
                Token($0, inMessage: token.in_message != 0, detail: token.detail, length: token.length, payload: token.payload)
            }
        }
        return try Value(core)
    }

    /// Moves all bytes to the arena, as the host does before it has a tape written.
    func moveToArena(_ message: ByteBuffer) {
        for index in 0..<tape.pointee.token_count where tape.pointee.tokens[index].in_message != 0 {
            let token = tape.pointee.tokens[index]
            let bytes = message.getBytes(at: message.readerIndex + Int(token.payload), length: Int(token.length)) ?? []
            _ = tape.pointee.grow_arena(tape, bytes.count)
            for (offset, byte) in bytes.enumerated() { tape.pointee.arena[tape.pointee.arena_count + offset] = byte }
            tape.pointee.tokens[index].payload = UInt64(tape.pointee.arena_count)
            tape.pointee.tokens[index].in_message = 0
            tape.pointee.arena_count += bytes.count
        }
    }
}
