internal import CGateMarks
internal import Glibc
internal import NIOCore
internal import Patchbay

private struct Missing: Error { var name: String }
private struct UnexpectedResult: Error { var name: String }

/// Work without a socket, for counting instructions: each kind runs once to warm up, then between two marks, and its name and
/// count are printed in that order.
func runFixedWork() throws {
    try scanFrames()
    for name in ["json", "msgpack", "cbor"] { try code(name) }
    try readURLs()
    try passThroughPipe()
}

private func measure(_ name: String, _ count: Int, _ body: (Int) throws -> Void) throws {
    try body(count)
    gate_mark()
    try body(count)
    gate_mark()
    print("\(name) \(count)")
}

private func scanFrames() throws {
    let frames = 64
    var bytes = ByteBuffer()
    for _ in 0..<frames {
        bytes.writeInteger(UInt32(64))
        bytes.writeRepeatingByte(UInt8(ascii: "x"), count: 64)
    }
    try measure("frame-scan", frames * 20) { count in
        for _ in 0..<count / frames {
            var decoder = LengthFraming().makeDecoder()
            try bytes.withUnsafeReadableBytes { bytes in
                var offset = 0
                while offset < bytes.count {
                    gate_waste()
                    let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
                    guard case .frame(let header, let body, let trailer) = try decoder.scan(rest, atEnd: false, maximum: 1 << 20) else {
                        throw UnexpectedResult(name: "frame-scan")
                    }
                    offset += header + body + trailer
                }
            }
        }
    }
}

private func code(_ name: String) throws {
    guard let layer = Registry.standard.layer(named: name)?.layer, case .codec(let make) = layer.maker else { throw Missing(name: name) }
    let codec = try make(try Options([:], for: layer.options))
    let record = Record(number: 4711)
    var message = ByteBuffer()
    try codec.encode(record, into: &message)
    var output = ByteBuffer()
    output.reserveCapacity(4096)
    try measure("\(name)-encode", 200) { count in
        for _ in 0..<count {
            gate_waste()
            output.clear()
            try codec.encode(record, into: &output)
        }
    }
    guard output == message else { throw UnexpectedResult(name: "\(name)-encode") }
    try measure("\(name)-decode", 200) { count in
        for _ in 0..<count {
            gate_waste()
            guard try codec.decode(Record.self, from: message).number == 4711 else { throw UnexpectedResult(name: "\(name)-decode") }
        }
    }
}

private func readURLs() throws {
    let text = "json+length32+bare+tcp://10.0.0.7:7000?timeout=5s"
    try measure("url-parse", 100) { count in
        for _ in 0..<count {
            gate_waste()
            try ConnectionURL(text).check()
        }
    }
    let url = try ConnectionURL(text)
    try measure("url-resolve", 100) { count in
        for _ in 0..<count {
            gate_waste()
            guard try Registry.standard.resolve(url, for: .dialer).isBare else { throw UnexpectedResult(name: "url-resolve") }
        }
    }
}

/// Two tasks of one reactor: without a second thread the order of things is always the same.
private func passThroughPipe() throws {
    let reactors = try ReactorGroup()
    defer { reactors.stop() }
    let (near, far) = try Connection.pipe(reactors: reactors)
    let count = 500
    // Not by way of the pool, whose threads never start under valgrind 3.19.
    try wait(on: reactors.next()) {
        async let echoes: Void = echo(far, count * 2)
        try await makeRoundTrips(near, count)
        gate_mark()
        try await makeRoundTrips(near, count)
        gate_mark()
        try await echoes
    }
    print("pipe-round-trip \(count)")
}

private func makeRoundTrips(_ connection: Connection, _ count: Int) async throws {
    let message = ByteBuffer(repeating: UInt8(ascii: "x"), count: 64)
    for _ in 0..<count {
        gate_waste()
        try await connection.send(bytes: message)
        guard try await connection.receiveBytes()?.readableBytes == 64 else { throw UnexpectedResult(name: "pipe-round-trip") }
    }
}

private func echo(_ connection: Connection, _ count: Int) async throws {
    for _ in 0..<count {
        guard let message = try await connection.receiveBytes() else { return }
        try await connection.send(bytes: message)
    }
    // The last answer leaves now: nothing will be received, where it would leave otherwise.
    connection.flush()
}
