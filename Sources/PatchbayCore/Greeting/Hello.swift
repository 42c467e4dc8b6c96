internal import NIOCore

/// 32 random bytes that make one greeting differ from all others.
struct GreetingNonce: Sendable, Hashable {
    static let bytes = 32

    private var words: (UInt64, UInt64, UInt64, UInt64)

    init(using generator: inout some RandomNumberGenerator) {
        words = (generator.next(), generator.next(), generator.next(), generator.next())
    }

    /// Nil unless there are exactly 32 bytes.
    init?(_ value: ByteBuffer) {
        guard value.readableBytes == Self.bytes, let four = value.peekMultipleIntegers(as: (UInt64, UInt64, UInt64, UInt64).self) else {
            return nil
        }
        words = four
    }

    var buffer: ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeMultipleIntegers(words.0, words.1, words.2, words.3)
        return buffer
    }

    static func == (left: Self, right: Self) -> Bool { left.words == right.words }

    func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
    }
}

/// What each end says first.
struct Hello: Sendable {
    /// The canonical text of the stack: both ends must have the same.
    var stack: String
    var nonce: GreetingNonce
    /// The largest message that the sender accepts, in bytes.
    var largestMessage: UInt64
    /// Nil below a securing layer, which carries them sealed, in DETAILS.
    var details: Details?
    var minorVersion: UInt16 = 0

    func encoded() throws(PatchbayError) -> ByteBuffer {
        var content = ByteBuffer()
        try GreetingFields.write(.minorVersion, ByteBuffer(integer: minorVersion), into: &content)
        try GreetingFields.write(.stack, stack, into: &content)
        try GreetingFields.write(.nonce, nonce.buffer, into: &content)
        try GreetingFields.write(.limits, ByteBuffer(integer: largestMessage), into: &content)
        if let details { try details.write(into: &content) }
        return content
    }

    /// - Parameter content: what stands behind the kind.
    init(_ content: ByteBuffer, carriesDetails: Bool) throws(PatchbayError) {
        var fields = GreetingFields(content)
        var minorVersion: UInt16?
        var stack: String?
        var nonce: GreetingNonce?
        var largestMessage: UInt64?
        var details = Details()
        while let (kind, value) = try fields.next() {
            switch kind {
            case .minorVersion: minorVersion = try Self.integer(value, "version")
            case .stack: stack = try GreetingFields.text(value, "stack")
            case .nonce: nonce = GreetingNonce(value)
            case .limits: largestMessage = try Self.integer(value, "limit")
            case .user, .datum:
                guard carriesDetails else { throw GreetingFields.violation("handshake data in the clear, below a securing layer") }
                try details.take(kind, value)
            case .session, .code, .message: break
            }
        }
        guard let minorVersion, let stack, let nonce, let largestMessage else {
            throw GreetingFields.violation("a HELLO that lacks its version, stack, nonce or limit, or one that is malformed")
        }
        self.init(
            stack: stack,
            nonce: nonce,
            largestMessage: largestMessage,
            details: carriesDetails ? details : nil,
            minorVersion: minorVersion
        )
    }

    init(stack: String, nonce: GreetingNonce, largestMessage: UInt64, details: Details?, minorVersion: UInt16 = 0) {
        self.stack = stack
        self.nonce = nonce
        self.largestMessage = largestMessage
        self.details = details
        self.minorVersion = minorVersion
    }

    private static func integer<T: FixedWidthInteger>(_ value: ByteBuffer, _ name: String) throws(PatchbayError) -> T {
        guard value.readableBytes == MemoryLayout<T>.size, let integer = value.getInteger(at: value.readerIndex, as: T.self) else {
            throw GreetingFields.violation("a \(name) of \(value.readableBytes) bytes")
        }
        return integer
    }

    /// Who the sender says it is, and what it says beside.
    struct Details: Sendable, Hashable {
        var user: String?
        var data = HandshakeData()

        func write(into content: inout ByteBuffer) throws(PatchbayError) {
            if let user { try GreetingFields.write(.user, user, into: &content) }
            for pair in data.pairs {
                let name = pair.name.utf8.count
                guard let count = UInt8(exactly: name), count > 0 else {
                    throw PatchbayError(
                        .invalidArgument,
                        "a name of handshake data has \(name) bytes; 1 to 255 are allowed",
                        stage: .handshake
                    )
                }
                var datum = ByteBuffer(integer: count)
                datum.writeString(pair.name)
                datum.writeString(pair.value)
                try GreetingFields.write(.datum, datum, into: &content)
            }
        }

        /// Reads the content of a DETAILS frame.
        init(_ content: ByteBuffer) throws(PatchbayError) {
            var fields = GreetingFields(content)
            while let (kind, value) = try fields.next() { try take(kind, value) }
        }

        init(user: String? = nil, data: HandshakeData = HandshakeData()) {
            self.user = user
            self.data = data
        }

        mutating func take(_ kind: GreetingField, _ value: ByteBuffer) throws(PatchbayError) {
            switch kind {
            case .user: user = try GreetingFields.text(value, "user")
            case .datum:
                var rest = value
                guard let count = rest.readInteger(as: UInt8.self), count > 0, let name = rest.readSlice(length: Int(count)) else {
                    throw GreetingFields.violation("handshake data without a name")
                }
                data.pairs.append(
                    .init(try GreetingFields.text(name, "name of handshake data"), try GreetingFields.text(rest, "value of handshake data"))
                )
            default: break
            }
        }
    }
}
