internal import NIOCore
internal import PatchbayCore
internal import PatchbayPython
internal import PythonSupport
internal import Testing

/// Our handshake against `deliver_challenge` and `answer_challenge` of a live CPython, over pipes.
@Suite("authentication with a live CPython")
struct PythonHandshakeLiveTests {
    private static let program = """
        import os, struct, sys
        from multiprocessing import connection, AuthenticationError
        class Pipes:
            def send_bytes(self, data):
                data = struct.pack('!i', len(data)) + bytes(data)
                while data: data = data[os.write(1, data):]
            def recv_bytes(self, maximum=None):
                n, = struct.unpack('!i', self.read(4))
                return self.read(n)
            def read(self, n):
                data = b''
                while len(data) < n:
                    piece = os.read(0, n - len(data))
                    if not piece: raise EOFError
                    data += piece
                return data
        role, key = sys.argv[1], bytes.fromhex(sys.argv[2])
        try:
            if role == 'listener':
                connection.deliver_challenge(Pipes(), key)
                connection.answer_challenge(Pipes(), key)
            else:
                connection.answer_challenge(Pipes(), key)
                connection.deliver_challenge(Pipes(), key)
            sys.stderr.write('authenticated')
        except AuthenticationError: sys.stderr.write('AuthenticationError')
        except EOFError: sys.stderr.write('EOFError')
        """

    /// Runs our end of a handshake; what Python said, and our error.
    private func run(
        _ interpreter: Interpreter,
        role: Role,
        digest: PythonDigest,
        key: String = "secret"
    ) throws -> (python: String, error: PatchbayError?) {
        let script = try Script(
            path: interpreter.path,
            Self.program,
            arguments: [role == .dialer ? "listener" : "dialer", hexadecimal("secret".utf8)]
        )
        var handshake: any Handshake = PythonAuthenticator(key: Array(key.utf8), digest: digest).makeHandshake(HandshakeContext(role: role))
        let framing = PythonFraming()
        func send(_ body: ByteBuffer) throws {
            var frame = ByteBuffer()
            framing.writeHeader(bodyBytes: body.readableBytes, into: &frame)
            try script.write(Array(frame.readableBytesView) + Array(body.readableBytesView))
        }
        var received: [UInt8] = []
        var input = HandshakeInput.start
        do {
            while true {
                let step = try handshake.step(input)
                for body in step.output { try send(body) }
                guard case .receive = step.next else { return (script.finish(), nil) }
                var decoder = framing.makeDecoder()
                var more = true
                while more {
                    let scan = try received.withUnsafeBytes { try decoder.scan($0, atEnd: false, maximum: 256) }
                    if case .frame(let header, let body, _) = scan {
                        input = .message(ByteBuffer(bytes: received[header..<(header + body)]))
                        received.removeFirst(header + body)
                        more = false
                    } else {
                        let piece = script.readSome()
                        guard !piece.isEmpty else { return (script.finish(), nil) }
                        received += piece
                    }
                }
            }
        } catch {
            if let parting = handshake.parting { try? send(parting) }
            return (script.finish(), error as? PatchbayError)
        }
    }

    @Test(
        "both roles authenticate with the right key; older versions only where MD5 is named",
        .enabled(if: !Interpreter.all.isEmpty, Interpreter.absence),
        arguments: Interpreter.all,
        [Role.dialer, .listener]
    )
    func rightKey(interpreter: Interpreter, role: Role) throws {
        for digest in PythonDigest.allCases {
            let (python, error) = try run(interpreter, role: role, digest: digest)
            if interpreter.isModern || digest == .md5 {
                #expect(python == "authenticated", "\(digest)")
                #expect(error == nil)
            } else {
                #expect(python != "authenticated")
                #expect(error?.code == .authenticationFailed)
                #expect(error?.message.contains("python.digest=md5") == true)
            }
        }
    }

    @Test(
        "both roles refuse the wrong key, and so does CPython",
        .enabled(if: !Interpreter.all.isEmpty, Interpreter.absence),
        arguments: Interpreter.all,
        [Role.dialer, .listener]
    )
    func wrongKey(interpreter: Interpreter, role: Role) throws {
        let (python, error) = try run(interpreter, role: role, digest: .md5, key: "sekret")
        #expect(python == "AuthenticationError")
        #expect(error?.code == .authenticationFailed)
        #expect(error?.message.contains("key") == true)
    }
}
