internal import CGateMarks
internal import NIOCore
internal import Patchbay

private struct UnexpectedAnswer: Error {}

private let messageBytes = 64

private func makeMessage(_ request: UInt8) -> ByteBuffer {
    var message = ByteBuffer(repeating: UInt8(ascii: "x"), count: messageBytes)
    message.setInteger(request, at: 0)
    return message
}

private func roundTrip(_ connection: Connection, _ message: ByteBuffer) async throws {
    try await connection.send(bytes: message)
    guard try await connection.receiveBytes() != nil else { throw UnexpectedAnswer() }
}

/// Echoes of 64 B, one after the other.
func makeRoundTrips(_ url: ConnectionURL, _ count: Int) async throws {
    let message = makeMessage(Request.echo)
    try await withConnection(to: url) { connection in
        for _ in 0..<count {
            gate_waste()
            try await roundTrip(connection, message)
        }
        try await connection.send(bytes: makeMessage(Request.quit))
    }
}

/// Messages of 64 B that nobody answers; then an answer, so that all were read.
func sendOneWay(_ url: ConnectionURL, _ count: Int) async throws {
    let message = makeMessage(Request.sink)
    try await withConnection(to: url) { connection in
        for _ in 0..<count {
            gate_waste()
            try await connection.send(bytes: message)
        }
        try await roundTrip(connection, makeMessage(Request.finish))
        try await connection.send(bytes: makeMessage(Request.quit))
    }
}

/// Small values that nobody answers, but the last.
func sendRecords(_ url: ConnectionURL, _ count: Int) async throws {
    try await withConnection(to: url) { connection in
        for number in 0..<count {
            gate_waste()
            try await connection.send(FlatRecord(number: number))
        }
        try await connection.send(FlatRecord(number: Record.last))
        guard try await connection.receive(as: FlatRecord.self) != nil else { throw UnexpectedAnswer() }
    }
}

/// Connect, one round trip, close, again and again.
func connect(_ url: ConnectionURL, _ count: Int) async throws {
    let message = makeMessage(Request.echo)
    // On a reactor, as a program that makes many short connections would.
    try await ReactorGroup.shared.run {
        for _ in 0..<count {
            gate_waste()
            try await withConnection(to: url) { try await roundTrip($0, message) }
        }
    }
    try await withConnection(to: url) { try await $0.send(bytes: makeMessage(Request.quit)) }
}
