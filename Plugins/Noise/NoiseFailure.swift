/// Why a handshake or a record of Noise was not taken.
enum NoiseFailure: Error {
    /// Too short, too long, or not due.
    case malformed
    /// A code or a key that is not right.
    case refused
}
