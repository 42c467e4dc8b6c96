import CPatchbayIO
import Glibc
import PatchbayIO

/// A blocking socket without any of this package's machinery: the peer of a stream under test.
final class RawSocket: Sendable {
    let descriptor: CInt

    init(_ descriptor: CInt) {
        self.descriptor = descriptor
        _ = cpb_set_blocking(descriptor)
    }

    deinit { close() }

    private func close() { _ = cpb_close(descriptor) }

    /// Two sockets that lead to each other, the first to be taken over by a stream.
    static func pair(tcp: Bool) throws -> (stream: CInt, peer: RawSocket) {
        if !tcp {
            var pair: [CInt] = [-1, -1]
            try check(cpb_socket_pair(CInt(SOCK_STREAM.rawValue), &pair))
            return (pair[0], RawSocket(pair[1]))
        }
        let listener = try check(cpb_socket(AF_INET, CInt(SOCK_STREAM.rawValue)))
        defer { _ = cpb_close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        try check(cpb_bind(listener, &address, length))
        try check(cpb_listen(listener, 1))
        try check(cpb_local_address(listener, &address, &length))
        let dialled = try check(cpb_socket(AF_INET, CInt(SOCK_STREAM.rawValue)))
        let status = cpb_connect(dialled, &address, length)
        guard status == 0 || status == -EINPROGRESS else { throw Failure(number: -status) }
        _ = cpb_poll(listener, CInt(CPB_IN), 5000)
        let accepted = try check(cpb_accept(listener, nil, nil))
        _ = cpb_poll(dialled, CInt(CPB_OUT), 5000)
        return (accepted, RawSocket(dialled))
    }

    struct Failure: Error { var number: CInt }

    @discardableResult
    static func check(_ status: CInt) throws -> CInt {
        guard status >= 0 else { throw Failure(number: -status) }
        return status
    }

    func send(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
            if count <= 0 { return }
            sent += count
        }
    }

    /// What comes next, within ten seconds: empty at the end, nil where it fails or nothing comes. Never blocks its thread.
    func receive() async -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        for _ in 0..<10_000 {
            let count = cpb_recv(descriptor, &bytes, bytes.count)
            if count >= 0 { return Array(bytes[..<count]) }
            guard count == -Int(EAGAIN) else { return nil }
            try? await ReactorGroup.shared.next().sleep(for: .milliseconds(1))
        }
        return nil
    }

    func shutdownOutput() { _ = cpb_shutdown_output(descriptor) }

    /// Has the close at the end of this object's life reset the stream.
    func resetOnClose() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
    }

    /// Sends bytes together with copies of a descriptor (SCM_RIGHTS).
    func send(_ bytes: [UInt8], carrying passed: CInt, count: Int) -> Bool {
        let headerBytes = MemoryLayout<cmsghdr>.size
        let payload = count * MemoryLayout<CInt>.size
        let space = (headerBytes + payload + 7) & ~7
        let control = UnsafeMutableRawBufferPointer.allocate(byteCount: space, alignment: 8)
        defer { control.deallocate() }
        control.initializeMemory(as: UInt8.self, repeating: 0)
        var header = cmsghdr()
        header.cmsg_len = headerBytes + payload
        header.cmsg_level = SOL_SOCKET
        header.cmsg_type = CInt(SCM_RIGHTS)
        control.storeBytes(of: header, as: cmsghdr.self)
        for index in 0..<count { control.storeBytes(of: passed, toByteOffset: headerBytes + index * 4, as: CInt.self) }
        var bytes = bytes
        return bytes.withUnsafeMutableBytes { data in
            var piece = iovec(iov_base: data.baseAddress, iov_len: data.count)
            return withUnsafeMutablePointer(to: &piece) { piece in
                var message = msghdr()
                message.msg_iov = piece
                message.msg_iovlen = 1
                message.msg_control = control.baseAddress
                message.msg_controllen = space
                return sendmsg(descriptor, &message, CInt(MSG_NOSIGNAL)) == data.count
            }
        }
    }
}
