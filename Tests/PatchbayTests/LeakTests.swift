import Glibc
import NIOCore
import Patchbay
import PatchbayTesting
import Testing

/// In a process of its own, where nobody else opens or closes anything.
@Suite("Nothing is left behind", .timeLimit(.minutes(1)))
struct LeakTests {
    @Test("after conversations, aborts, timeouts, cancellations and refusals no descriptor, thread or socket file is left")
    func everything() async {
        await #expect(processExitsWith: .success) {
            for medium in Medium.allCases { try await converse(medium) }
            // Reactors, the pool's threads and the resolver's are there by now, and stay.
            let (files, threads) = (openFiles().count, threadCount())
            for _ in 0..<5 {
                for medium in Medium.allCases { try await converse(medium) }
            }
            try await eventually { openFiles().count <= files }
            #expect(threadCount() <= threads + 1)
            #expect(socketFiles() == [])
        }
    }

    @Test("output that is never quite empty holds no more memory than the high-water mark")
    func memory() async {
        await #expect(processExitsWith: .success) {
            try await withPair(.unix) { dialed, accepted in
                let message = pattern(8192)
                async let sending: Void = {
                    for _ in 0..<32_768 { try await dialed.send(bytes: message) }
                    try await dialed.finishSending()
                }()
                var before = 0
                var count = 0
                while try await accepted.receiveBytes(timeout: .seconds(20)) != nil {
                    count += 1
                    if count == 2000 { before = residentBytes() }
                }
                try await sending
                #expect(count == 32_768)
                // 256 MiB have passed.
                #expect(residentBytes() - before < 48 << 20)
            }
        }
    }
}

/// Every way in which a connection may end.
private func converse(_ medium: Medium) async throws {
    try await withPair(medium) { dialed, accepted in
        try await dialed.send(text: "hello")
        _ = try await accepted.receiveText()
        _ = try? await dialed.receiveBytes(timeout: .milliseconds(2))
        let receiving = Task { try await dialed.receiveBytes() }
        receiving.cancel()
        _ = try? await receiving.value
    }
    try await withPair(medium) { dialed, accepted in
        try await dialed.send(bytes: pattern(3 << 20))
        dialed.abort()
        while let message = try? await accepted.receiveBytes(timeout: .seconds(5)), message.readableBytes > 0 {}
    }
    guard medium != .pipe else { return }
    let listener = try await Listener.bind(medium.url(Wiring(layers: "json+")))
    let running = Task { try await listener.run { _ in } }
    let other = try ConnectionURL(listener.url.replacing("json+", with: "cbor+"))
    _ = try? await Connection.connect(to: other)
    let connecting = Task { try await Connection.connect(to: listener.dialable()) }
    connecting.cancel()
    _ = try? await connecting.value
    _ = try await Connection.connect(to: listener.dialable())
    listener.stop(drain: .seconds(5))
    try await running.value
    _ = try? await Connection.connect(to: listener.dialable())
}

private func threadCount() -> Int { entries("/proc/self/task").count }

private func socketFiles() -> [String] { entries("/tmp").filter { $0.hasPrefix("patchbay-test-\(getpid())-") && $0.hasSuffix(".sock") } }

private func entries(_ path: String) -> [String] {
    guard let folder = opendir(path) else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        if name.first != "." { names.append(name) }
    }
    return names
}

/// What of this process is in memory: statm's second field, in pages of 4 KiB (proc(5)).
private func residentBytes() -> Int {
    guard let file = fopen("/proc/self/statm", "r") else { return 0 }
    defer { fclose(file) }
    var text = [CChar](repeating: 0, count: 128)
    guard fgets(&text, 127, file) != nil else { return 0 }
    let fields = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).split(separator: " ")
    return fields.count > 1 ? (Int(fields[1]) ?? 0) * 4096 : 0
}
