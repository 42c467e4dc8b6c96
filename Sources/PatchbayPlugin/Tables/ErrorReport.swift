internal import CPatchbay
internal import Glibc
internal import PatchbayCore
internal import PatchbayIO

/// A status that one of the host's functions gave: passed on as it is.
struct HostRefusal: Error {
    var status: Int32

    /// Throws where the host's function failed, or is not there.
    static func check(_ status: Int32?) throws {
        guard let status else { throw HostRefusal(status: Int32(PATCHBAY_UNSUPPORTED)) }
        guard status >= 0 else { throw HostRefusal(status: status) }
    }
}

extension UnsafeMutablePointer<patchbay_error> {
    /// Runs the body of a table's function: no Swift error leaves it.
    func guarding(_ body: () throws -> Int32) -> Int32 {
        do { return try body() } catch { return report(error) }
    }

    /// Fills the error in, and gives the status that says the same.
    func report(_ error: any Error) -> Int32 {
        let report = ErrorReport(error)
        pointee.system_error = report.systemError
        let offset = MemoryLayout<patchbay_error>.offset(of: \.message) ?? 8
        let room = Int(pointee.size) - offset
        guard room > 0 else { return report.status }
        let message = UnsafeMutableRawBufferPointer(start: UnsafeMutableRawPointer(self) + offset, count: room)
        // Cut between characters: half of one would be no UTF-8.
        var count = 0
        for character in report.message {
            let bytes = character.utf8
            guard count + bytes.count < room else { break }
            for byte in bytes {
                message[count] = byte == 0 ? UInt8(ascii: " ") : byte
                count += 1
            }
        }
        message[count] = 0
        return report.status
    }
}

/// What a plugin threw, in the words of the interface.
struct ErrorReport {
    var status: Int32
    var systemError: Int32 = 0
    var message: String

    init(_ error: any Error) {
        switch error {
        case let error as HostRefusal:
            status = error.status
            message =
                error.status == Int32(PATCHBAY_LIMIT) ? "more than the host allows" : "the host refused a call, with status \(error.status)"
        case let error as PatchbayError:
            status = Self.status(of: error.code)
            message = error.message
            if let cause = error.cause as? IOFailure {
                systemError = cause.errno
            } else if let cause = error.cause as? PatchbayError {
                message += " (\(cause.message))"
            }
        case let error as IOFailure:
            status = Int32(PATCHBAY_FAILED)
            systemError = error.errno
            message = error.description
        case is CancellationError:
            status = Int32(PATCHBAY_CANCELLED)
            message = "cancelled"
        default:
            // Its description may hold anything, such as a secret.
            status = Int32(PATCHBAY_FAILED)
            message = "a \(type(of: error)) was thrown; a plugin that throws PatchbayError can say more"
        }
    }

    private static func status(of code: PatchbayError.Code) -> Int32 {
        let status =
            switch code {
            case .invalidArgument, .invalidOption, .missingOption, .unknownOption, .invalidURL, .unknownLayer: PATCHBAY_INVALID
            case .unsupported, .wrongDirection: PATCHBAY_UNSUPPORTED
            case .messageTooLarge, .limitExceeded, .bufferTooSmall: PATCHBAY_LIMIT
            case .decodingFailed, .protocolViolation, .truncated: PATCHBAY_CORRUPT
            case .encodingFailed: PATCHBAY_UNFIT
            case .authenticationFailed, .refused: PATCHBAY_REFUSED
            case .unreachable: PATCHBAY_UNREACHABLE
            case .connectionRefused: PATCHBAY_CONNECTION_REFUSED
            case .nameNotFound, .noSuchSocket: PATCHBAY_NOT_FOUND
            case .timedOut: PATCHBAY_TIMED_OUT
            case .closed, .reset: PATCHBAY_CLOSED
            case .addressInUse: PATCHBAY_ADDRESS_IN_USE
            case .permissionDenied: PATCHBAY_PERMISSION_DENIED
            default: PATCHBAY_FAILED
            }
        return Int32(status)
    }
}
