internal import Patchbay

/// The exit codes, by kind of failure: those of sysexits.h where one fits.
enum ExitStatus: Int32, CaseIterable {
    case success = 0
    case usage = 64
    case message = 65
    case connect = 69
    case other = 70
    case standardStream = 74
    case timeout = 75
    case connectionBroke = 76
    case authenticate = 77
    case resolve = 78
    case interrupted = 130
    case outputClosed = 141
    case terminated = 143

    /// The one table: `--help` shows it, and docs/cli.md repeats it.
    static var table: [String] {
        allCases.map { status in
            let code = String(status.rawValue)
            return String(repeating: " ", count: max(0, 3 - code.count)) + code + "  " + status.words
        }
    }

    private var words: String {
        switch self {
        case .success: "done"
        case .usage: "the command line is wrong"
        case .message: "a message could not be decoded or encoded; the others went on"
        case .connect: "nobody there: dialling or listening failed"
        case .other: "another failure"
        case .standardStream: "standard input or output failed"
        case .timeout: "time ran out"
        case .connectionBroke: "the connection broke, or the peer speaks another stack"
        case .authenticate: "a key, a password or a policy refused"
        case .resolve: "the URL is wrong, or its options are"
        case .interrupted: "ended by SIGINT"
        case .outputClosed: "standard output was closed"
        case .terminated: "ended by SIGTERM"
        }
    }

    init(of error: any Error) {
        if let failure = error as? StandardStreamFailure {
            self = failure.isClosedOutput ? .outputClosed : .standardStream
        } else if let error = error as? PatchbayError {
            self.init(code: error.code, stage: error.stage)
        } else {
            self = .other
        }
    }

    private init(code: PatchbayError.Code, stage: PatchbayError.Stage) {
        switch code {
        case .timedOut: self = .timeout
        case .invalidArgument: self = .usage
        case .authenticationFailed, .refused: self = .authenticate
        case .decodingFailed, .encodingFailed: self = .message
        case .stackMismatch, .versionMismatch, .truncated, .reset, .protocolViolation, .messageTooLarge, .closed: self = .connectionBroke
        default:
            switch stage {
            case .resolve: self = .resolve
            case .dial, .listen: self = .connect
            case .authenticate: self = .authenticate
            case .encode, .decode: self = .message
            case .handshake, .send, .receive, .close: self = .connectionBroke
            case .plugin: self = .other
            }
        }
    }
}
