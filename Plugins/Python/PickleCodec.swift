public import NIOCore
public import PatchbayCore

/// Python's pickle, data only.
///
/// Reads and writes None, bool, int of any size, float, str, bytes, bytearray, list, tuple, dict, set and frozenset; protocols 0 to 5
/// are read, 2 to 5 written. Nothing in a message is ever called or looked up: every opcode that would is refused by its name, but for
/// the constructors of those very types, which older protocols spell them with and which are understood, not called.
///
/// A `bytearray` is `Value.tagged` with the name `bytearray` around bytes, a `frozenset` one around a set. Objects that a message
/// shares are expanded; cycles are refused.
public struct PickleCodec: ValueCodec {
    /// What becomes of the name of a class or function.
    public enum Globals: String, Sendable, Hashable {
        /// The message is refused, with the name in the error.
        case refuse
        /// The name is given as `Value.global`; calling it is still refused.
        case inert
    }

    /// The protocols that can be written.
    public static let protocols = 2...5
    /// What CPython 3.8 to 3.13 write by default.
    public static let defaultProtocol = 4

    static let byteArrayTag = "bytearray"
    static let frozenSetTag = "frozenset"

    let version: Int
    let globals: Globals
    let limits: DecodingLimits

    /// - Parameter protocol: what to write, 2 to 5; what lies outside is brought inside.
    public init(protocol version: Int = defaultProtocol, globals: Globals = .refuse, limits: DecodingLimits = DecodingLimits()) {
        self.version = min(max(version, Self.protocols.lowerBound), Self.protocols.upperBound)
        self.globals = globals
        self.limits = limits
    }

    public func makeWriter(_ buffer: consuming ByteBuffer) -> PickleWriter {
        PickleWriter(buffer, protocol: version)
    }

    public func read(_ message: ByteBuffer) throws -> Tape {
        guard message.readableBytes < Int32.max else {
            throw PatchbayError(
                .limitExceeded,
                "a pickle of \(message.readableBytes) bytes is too large; send it in parts",
                stage: .decode,
                layer: PythonPlugin.codecName
            )
        }
        let tape = try message.withUnsafeReadableBytes { bytes in
            var machine = PickleMachine(bytes, globals: globals, limits: limits)
            let root = try machine.run()
            return try machine.tape(root, message: message, limits: limits)
        }
        if limits.refusesDuplicateKeys { try refuseDuplicateKeys(tape) }
        return tape
    }

    private func refuseDuplicateKeys(_ tape: Tape) throws {
        for index in tape.tokens.indices where tape.tokens[index].kind == .map {
            guard let key = tape.duplicateKey(inMapAt: index) else { continue }
            throw PatchbayError(
                .decodingFailed,
                "the key \(tape.summary(of: key)) comes twice in one dict",
                stage: .decode,
                layer: PythonPlugin.codecName
            )
        }
    }
}
