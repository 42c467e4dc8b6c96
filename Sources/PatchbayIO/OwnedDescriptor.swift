internal import CPatchbayIO

/// A descriptor that is closed with its owner.
public struct OwnedDescriptor: ~Copyable, Sendable {
    public let number: CInt

    /// Takes over an open descriptor.
    public init(_ number: CInt) { self.number = number }

    deinit { _ = cpb_close(number) }

    /// Gives it up: the number is the caller's to close.
    public consuming func take() -> CInt {
        let number = number
        discard self
        return number
    }
}
