/// Something that a reactor watches, in the one word that epoll keeps for it: a reference, let go only after the last batch of events that
/// can name it.
///
/// Sockets are named themselves, by their address and one; everything else through an object that holds it.
// Sendable: the word never changes, and what it leads to is Sendable.
package struct Registration: @unchecked Sendable {
    let word: UnsafeMutableRawPointer

    private static let socketBit = 1

    init(_ source: any EventSource) { word = Unmanaged.passRetained(WatchedSource(source)).toOpaque() }

    init(_ socket: SocketStream) { word = Unmanaged.passRetained(socket).toOpaque() + Self.socketBit }

    init(word: UnsafeMutableRawPointer) { self.word = word }

    private var isSocket: Bool { Int(bitPattern: word) & Self.socketBit != 0 }

    func handle(_ events: UInt32) {
        if isSocket {
            Unmanaged<SocketStream>.fromOpaque(word - Self.socketBit).takeUnretainedValue().handle(events)
        } else {
            Unmanaged<WatchedSource>.fromOpaque(word).takeUnretainedValue().source.handle(events)
        }
    }

    func release() {
        if isSocket {
            Unmanaged<SocketStream>.fromOpaque(word - Self.socketBit).release()
        } else {
            Unmanaged<WatchedSource>.fromOpaque(word).release()
        }
    }
}

private final class WatchedSource: Sendable {
    let source: any EventSource

    init(_ source: any EventSource) { self.source = source }
}
