internal import Glibc

/// A system call that failed.
public struct IOFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// The system's error number.
    public var errno: CInt
    /// What was tried, such as `connect`.
    public var operation: String

    public init(errno: CInt, operation: String) {
        self.errno = errno
        self.operation = operation
    }

    /// The system's own words for the error number.
    public var reason: String { String(cString: strerror(errno)) }

    public var description: String { "\(operation): \(reason)" }
}
