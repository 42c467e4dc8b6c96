internal import CPatchbayIO

/// Something that a reactor watches.
package protocol EventSource: AnyObject, Sendable {
    /// Called on the reactor's thread only, with epoll's bits.
    func handle(_ events: UInt32)
}

/// epoll's bits.
package enum Events {
    package static let readable = UInt32(CPB_IN)
    package static let writable = UInt32(CPB_OUT)
    package static let error = UInt32(CPB_ERR)
    package static let hangUp = UInt32(CPB_HUP)
    package static let peerClosed = UInt32(CPB_RDHUP)
    package static let edge: UInt32 = 1 << 31

    /// What a stream is registered with for its whole life; writability is added only while a write is blocked.
    package static let reading = readable | peerClosed | edge
    package static let readingAndWriting = reading | writable
    /// The peer will send no more, or the stream failed.
    package static let ending = peerClosed | hangUp | error
}

/// What epoll's pointer leads to: one object per registration, released only after the last batch of events that can name it.
final class Registration: Sendable {
    let source: any EventSource

    init(_ source: any EventSource) { self.source = source }
}

/// What a registration is known by.
package struct RegistrationToken: Sendable {
    let registration: Unmanaged<Registration>
}
