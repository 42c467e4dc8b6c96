public import NIOCore

/// Everything that Patchbay throws, but for `CancellationError`.
///
/// The message says what happened and what to do, and holds no secret.
public struct PatchbayError: Error, Sendable {
    /// What kind of failure; an open set, so that plugins can add theirs.
    public struct Code: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
        public var rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
        public init(_ rawValue: String) { self.rawValue = rawValue }
        public var description: String { rawValue }
    }

    /// Where in the life of a connection it failed.
    public enum Stage: String, Sendable, Hashable, CaseIterable {
        case resolve, listen, dial, handshake, authenticate, send, receive, encode, decode, close, plugin
    }

    /// One way that was tried, for failures of a race.
    public struct Attempt: Sendable {
        /// What was tried, such as an address.
        public var target: String
        /// From the start of the race to this failure.
        public var elapsed: Duration
        public var error: any Error

        public init(target: String, elapsed: Duration, error: any Error) {
            self.target = target
            self.elapsed = elapsed
            self.error = error
        }
    }

    public var code: Code
    public var message: String
    public var stage: Stage
    /// The layer that failed, by its name in the URL.
    public var layer: String?
    /// Zero-based offset in UTF-8 bytes into the URL as written; ``ConnectionURL/columnInDescription(_:)`` finds it in print.
    public var column: Int?
    public var cause: (any Error)?
    public var attempts: [Attempt] = []
    /// The message that did not fit, whole, with ``Code/bufferTooSmall``.
    public var payload: ByteBuffer?

    public init(
        _ code: Code,
        _ message: String,
        stage: Stage,
        layer: String? = nil,
        column: Int? = nil,
        cause: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.stage = stage
        self.layer = layer
        self.column = column
        self.cause = cause
    }
}

extension PatchbayError {
    /// What a layer threw, as one of ours.
    static func wrapping(_ error: any Error, stage: Stage) -> PatchbayError {
        error as? PatchbayError ?? PatchbayError(.systemFailure, "a layer failed", stage: stage, cause: error)
    }
}

extension PatchbayError: CustomStringConvertible {
    public var description: String {
        var text = message
        if let layer { text += " [\(layer)]" }
        if let cause { text += " (\(cause))" }
        for attempt in attempts {
            text += "\n  \(attempt.target): \(attempt.error) after \(attempt.elapsed)"
        }
        return text
    }
}

extension PatchbayError.Code {
    // Resolving a URL.
    public static let invalidURL = Self("invalid-url")
    public static let unknownLayer = Self("unknown-layer")
    public static let wrongOrder = Self("wrong-order")
    public static let unknownOption = Self("unknown-option")
    public static let ambiguousOption = Self("ambiguous-option")
    public static let invalidOption = Self("invalid-option")
    public static let missingOption = Self("missing-option")
    public static let unusedPassword = Self("unused-password")
    /// The stack would send a secret or unauthenticated bytes in the clear, and the URL does not say `insecure`.
    public static let insecure = Self("insecure")
    /// Not possible here: another system, another direction, a missing permission of the application.
    public static let unsupported = Self("unsupported")

    // Dialling and listening.
    public static let connectionRefused = Self("connection-refused")
    public static let noSuchSocket = Self("no-such-socket")
    public static let notASocket = Self("not-a-socket")
    public static let nameNotFound = Self("name-not-found")
    public static let unreachable = Self("unreachable")
    public static let pathTooLong = Self("path-too-long")
    public static let addressInUse = Self("address-in-use")
    public static let permissionDenied = Self("permission-denied")
    public static let tooManyDescriptors = Self("too-many-descriptors")
    public static let systemFailure = Self("system-failure")
    public static let timedOut = Self("timed-out")

    // Handshake and authentication.
    /// The two ends were given different stacks.
    public static let stackMismatch = Self("stack-mismatch")
    public static let versionMismatch = Self("version-mismatch")
    public static let authenticationFailed = Self("authentication-failed")
    /// The peer, or this end's `admit`, refused the connection; the message holds the reason.
    public static let refused = Self("refused")

    // Messages.
    public static let closed = Self("closed")
    /// The peer went away in the middle of a message, or without the authenticated close that the stack promises.
    public static let truncated = Self("truncated")
    /// The peer reset the connection.
    public static let reset = Self("reset")
    public static let protocolViolation = Self("protocol-violation")
    public static let messageTooLarge = Self("message-too-large")
    public static let bufferTooSmall = Self("buffer-too-small")
    public static let wrongDirection = Self("wrong-direction")
    public static let invalidArgument = Self("invalid-argument")
    public static let encodingFailed = Self("encoding-failed")
    public static let decodingFailed = Self("decoding-failed")
    /// A descriptor is next where a message was asked for, or the other way round: the other call has it.
    public static let outOfTurn = Self("out-of-turn")
    public static let limitExceeded = Self("limit-exceeded")
}
