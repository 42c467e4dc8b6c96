internal import Glibc

/// Standard input or output failed.
struct StandardStreamFailure: Error, CustomStringConvertible {
    var description: String
    /// Whoever read the output has enough.
    var isClosedOutput = false

    static func system(_ operation: String, _ number: CInt) -> StandardStreamFailure {
        StandardStreamFailure(description: "\(operation): \(String(cString: strerror(number)))")
    }
}
