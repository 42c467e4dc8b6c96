internal import NIOCore
internal import PatchbayCore

/// What the dialer sends: u8 length and user in UTF-8, then u16 big-endian length and password, and nothing behind it.
struct Credentials {
    static let longestPassword = 1024

    var user: String
    var password: ByteBuffer

    /// - Throws: ``PatchbayError`` with `invalidOption` for what cannot be sent.
    init(user: String, password: ByteBuffer) throws(PatchbayError) {
        guard UserName.isPlain(user) else {
            throw PatchbayError(
                .invalidOption,
                "a user's name has 1 to \(UserName.longest) bytes, without control characters",
                stage: .authenticate,
                layer: PasswordAuthenticator.layer
            )
        }
        guard (1...Self.longestPassword).contains(password.readableBytes) else {
            throw PatchbayError(
                .invalidOption,
                "a password has 1 to \(Self.longestPassword) bytes, and this one has \(password.readableBytes)",
                stage: .authenticate,
                layer: PasswordAuthenticator.layer
            )
        }
        self.user = user
        self.password = password
    }

    /// - Throws: ``PatchbayError`` with `protocolViolation`.
    init(reading message: ByteBuffer) throws(PatchbayError) {
        var message = message
        guard let userBytes = message.readInteger(as: UInt8.self), userBytes > 0,
            let name = message.readSlice(length: Int(userBytes)),
            let passwordBytes = message.readInteger(as: UInt16.self), (1...Self.longestPassword).contains(Int(passwordBytes)),
            let password = message.readSlice(length: Int(passwordBytes)), message.readableBytes == 0,
            let user = String(validating: name.readableBytesView, as: UTF8.self), UserName.isPlain(user)
        else {
            throw PatchbayError(
                .protocolViolation,
                "password: a message that does not hold a user and a password",
                stage: .authenticate,
                layer: PasswordAuthenticator.layer
            )
        }
        self.user = user
        self.password = password
    }

    func write() -> ByteBuffer {
        var message = ByteBuffer()
        message.writeInteger(UInt8(user.utf8.count))
        message.writeString(user)
        message.writeInteger(UInt16(password.readableBytes))
        message.writeImmutableBuffer(password)
        return message
    }
}
