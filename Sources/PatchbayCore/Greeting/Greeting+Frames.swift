internal import NIOCore

extension Greeting {
    /// What a look for a frame found.
    enum Frame {
        /// A whole control frame, header included, plain, in a buffer of its own.
        case frame(ByteBuffer)
        case need(Int)
    }

    mutating func takeOutput() -> ByteBuffer {
        defer { output = ByteBuffer() }
        return output
    }

    mutating func writePreface() throws(PatchbayError) {
        hasSentPreface = true
        let preface = ByteBuffer(bytes: Self.magic + [Self.majorVersion])
        transcript.writeImmutableBuffer(preface)
        try result.write(preface, to: &output)
    }

    /// Appends a frame to the transcript and, sealed where a transform is in use, to the output.
    mutating func send(_ kind: ControlKind, _ content: ByteBuffer) throws(PatchbayError) {
        guard content.readableBytes < limits.frameBytes else {
            throw PatchbayError(
                .limitExceeded,
                "a frame of the greeting has \(content.readableBytes + 1) bytes where \(limits.frameBytes) are allowed; send less handshake data, or raise the limit at both ends",
                stage: .handshake
            )
        }
        var frame = ByteBuffer()
        try LengthFraming(largestControl: limits.frameBytes).writeControl(kind, content, into: &frame)
        try record(frame)
        try result.write(frame, to: &output)
    }

    mutating func record(_ frame: ByteBuffer) throws(PatchbayError) {
        guard transcript.readableBytes + frame.readableBytes <= limits.greetingBytes else {
            throw PatchbayError(
                .limitExceeded,
                "the greeting exceeds \(limits.greetingBytes) bytes",
                stage: .handshake
            )
        }
        transcript.writeImmutableBuffer(frame)
    }

    mutating func receivePreface(_ wire: inout ByteBuffer) throws(PatchbayError) -> Int? {
        let expected = Self.magic + [Self.majorVersion]
        let seen = Array(wire.readableBytesView.prefix(expected.count))
        guard Self.magic.starts(with: seen.prefix(Self.magic.count)) else {
            isSilent = true
            throw PatchbayError(
                .protocolViolation,
                "the peer does not speak Patchbay's wire; check its address, or say bare in the URL for peers without a greeting",
                stage: .handshake
            )
        }
        guard seen.count == expected.count else { return expected.count }
        guard seen == expected else {
            throw PatchbayError(
                .versionMismatch,
                "major version \(seen[Self.magic.count]) of the wire at the one end, \(Self.majorVersion) at the other; use the same at both",
                stage: .handshake
            )
        }
        wire.moveReaderIndex(forwardBy: expected.count)
        transcript.writeBytes(expected)
        phase = .hello
        return nil
    }

    /// The same where an authenticator secured the bare stream: the preface comes out of its transform.
    mutating func receiveSealedPreface(_ wire: inout ByteBuffer) throws(PatchbayError) -> Int? {
        while true {
            var opened = result.opened
            if try receivePreface(&opened) == nil {
                result.opened = opened
                return nil
            }
            if let needed = try result.open(&wire, upTo: limits.frameBytes) { return needed }
        }
    }

    /// Takes the next frame off the wire, through the opener where a transform is in use.
    mutating func nextFrame(_ wire: inout ByteBuffer) throws(PatchbayError) -> Frame {
        guard result.opener != nil else { return try cutFrame(&wire) }
        if speaksPlain(wire) { return try cutPlainError(&wire) }
        let maximum = limits.frameBytes
        while true {
            if case .frame(let frame) = try cutFrame(&result.opened) { return .frame(frame) }
            guard var opener = result.opener else { return .need(1) }
            defer { result.opener = opener }
            switch try opener.open(&wire, into: &result.opened, upTo: maximum) {
            case .bytes: hasOpenedRecord = true
            case .need(let count): return .need(count)
            case .end:
                isSilent = true
                throw PatchbayError(.truncated, "the peer ended the connection in the middle of the greeting", stage: .handshake)
            }
        }
    }

    /// The peer may have refused the last message of the authenticator, and so have no transform: its ERROR comes in plain.
    /// No record begins like a control frame that has a body.
    private func speaksPlain(_ wire: ByteBuffer) -> Bool {
        guard !hasOpenedRecord, result.opened.readableBytes == 0 else { return false }
        guard let header = wire.getInteger(at: wire.readerIndex, as: UInt32.self) else {
            // Both say how much they need once the header is whole.
            return wire.readableBytes > 0
        }
        let body = Int(header & UInt32(LengthFraming.largestBody))
        return header >> 30 == 0b10 && body > 0 && body <= limits.frameBytes
    }

    /// Nothing but an ERROR may come in plain once there is a transform.
    private func cutPlainError(_ wire: inout ByteBuffer) throws(PatchbayError) -> Frame {
        let found = try cutFrame(&wire)
        guard case .frame(let frame) = found else { return found }
        guard frame.getInteger(at: frame.readerIndex + LengthFraming.headerBytes) == ControlKind.error.rawValue else {
            throw PatchbayError(
                .authenticationFailed,
                "the peer sent a plain frame where only sealed ones are due",
                stage: .authenticate
            )
        }
        return found
    }

    private func cutFrame(_ buffer: inout ByteBuffer) throws(PatchbayError) -> Frame {
        var decoder = LengthFraming.Decoder(largestControl: limits.frameBytes)
        let scan: FrameScan
        do {
            // No message has its place here, whatever its length.
            scan = try buffer.withUnsafeReadableBytes { bytes throws(PatchbayError) in
                try decoder.scan(bytes, atEnd: false, maximum: -1)
            }
        } catch  where error.code == .messageTooLarge {
            throw GreetingFields.violation("a message before the greeting ended")
        }
        switch scan {
        case .need(let count): return .need(count)
        case .control(let header, let body, let trailer):
            guard let frame = buffer.readSlice(length: header + body + trailer) else { return .need(header + body + trailer) }
            // A copy, so that the connection's buffer is its own.
            return .frame(ByteBuffer(bytes: frame.readableBytesView))
        case .frame, .fragment, .end: throw GreetingFields.violation("a message before the greeting ended")
        }
    }
}
