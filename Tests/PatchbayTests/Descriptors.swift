import CPatchbayIO
import Glibc
import Patchbay
import Testing

/// A fresh pipe that holds a text, and whose writing end is closed: its reading end.
func openPipe(holding text: String) throws -> OwnedDescriptor {
    var ends: [CInt] = [-1, -1]
    try #require(cpb_pipe(&ends) == 0)
    defer { close(ends[1]) }
    let bytes = Array(text.utf8)
    try #require(write(ends[1], bytes, bytes.count) == bytes.count)
    return OwnedDescriptor(ends[0])
}

/// All that a pipe holds whose writing ends are closed.
func content(of descriptor: borrowing OwnedDescriptor) -> String {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = read(descriptor.number, &bytes, bytes.count)
    return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
}

extension Connection {
    func send(pipeHolding text: String) async throws {
        let descriptor = try openPipe(holding: text)
        try await sendDescriptor(descriptor.number)
    }

    /// What is behind the descriptor that comes next.
    func receivePipe() async throws -> String? {
        guard let descriptor = try await receiveDescriptor(timeout: .seconds(20)) else { return nil }
        return content(of: descriptor)
    }
}
