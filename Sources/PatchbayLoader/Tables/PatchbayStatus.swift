internal import CPatchbay
internal import Glibc
internal import PatchbayCore
internal import PatchbayIO

/// A failure that a plugin may return: the numbers of `patchbay_plugin.h`.
enum PatchbayStatus: Int32, Sendable {
    case failed = -1
    case invalid = -2
    case unsupported = -3
    case limit = -4
    case corrupt = -5
    case unfit = -6
    case refused = -7
    case outOfMemory = -8
    case unreachable = -9
    case connectionRefused = -10
    case notFound = -11
    case timedOut = -12
    case cancelled = -13
    case closed = -14
    case addressInUse = -15
    case permissionDenied = -16
    case forbiddenCall = -17

    static let ok: Int32 = 0
    static let proceed: Int32 = 1
    /// What the host's own functions return.
    static let forbidden = Self.forbiddenCall.rawValue
    static let beyondLimit = Self.limit.rawValue
    static let invalidArgument = Self.invalid.rawValue

    /// - Parameter newerPlugin: it was built against a minor version that this host does not know, which may have more failures.
    init?(known status: Int32, newerPlugin: Bool) {
        if let known = Self(rawValue: status) {
            self = known
        } else if newerPlugin, status < 0 {
            self = .failed
        } else {
            return nil
        }
    }

    /// What a failed call means, in the plugin's own words.
    /// - Throws: the breach, where the message does not end.
    func error(
        _ error: UnsafePointer<patchbay_error>,
        _ call: PluginCall,
        _ contract: PluginContract
    ) throws(PatchbayError) -> PatchbayError {
        let text = withUnsafeBytes(of: error.pointee.message) { bytes in
            bytes.firstIndex(of: 0).map { PluginText.printable(bytes[..<$0]) }
        }
        guard var text else { throw contract.breach(call.function, "wrote a message that no NUL ends") }
        if text.isEmpty { text = "it gave no reason (\(self)); its author should fill in patchbay_error" }
        let number = error.pointee.system_error
        return PatchbayError(
            code(call.stage),
            "the plugin '\(contract.plugin)': \(text)",
            stage: call.stage,
            layer: call.layer,
            cause: number > 0 ? IOFailure(errno: number, operation: "\(call.function)") : nil
        )
    }

    private func code(_ stage: PatchbayError.Stage) -> PatchbayError.Code {
        switch self {
        case .failed, .outOfMemory:
            switch stage {
            case .encode: .encodingFailed
            case .decode: .decodingFailed
            case .authenticate: .authenticationFailed
            default: .systemFailure
            }
        case .invalid: stage == .resolve ? .invalidOption : .invalidArgument
        case .unsupported: .unsupported
        case .limit: .limitExceeded
        case .corrupt: stage == .authenticate ? .protocolViolation : .decodingFailed
        case .unfit: .encodingFailed
        case .refused: .authenticationFailed
        case .unreachable: .unreachable
        case .connectionRefused: .connectionRefused
        case .notFound: .nameNotFound
        case .timedOut: .timedOut
        case .cancelled, .closed: .closed
        case .addressInUse: .addressInUse
        case .permissionDenied, .forbiddenCall: .permissionDenied
        }
    }
}
