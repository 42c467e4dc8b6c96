"""One end of Patchbay's wire, as docs/wire.md and docs/security.md describe it; nothing but the standard library, and for noise the
package noiseprotocol.

    wire_peer.py listen|connect tcp|unix ADDRESS STACK KEY [NAME=VALUE ...]

ADDRESS is a port or a path, KEY hexadecimal or "none"; NAME=VALUE is handshake data, and user=… the user. A listener says "ready
ADDRESS" first. Then both say "connected" and what the peer told of itself, or "refused CODE" for an error that the peer sent, or
"error CODE" for one found here. Each line of input is an expression, answered by its ascii() or by an error in the same way.
"""

import hashlib
import hmac
import os
import socket
import struct
import sys

PREFACE = b"PBAY\x01"
HELLO, AUTH, DETAILS, FINISH, ERROR, CLOSE, PING, PONG = range(1, 9)
GREETING_FRAME = 4096
LIMIT = 16 << 20
TIMEOUT = 20


class Violation(Exception):
    """The peer broke a rule: it is told the code, and the connection ends."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Refused(Exception):
    """The peer sent an ERROR."""

    def __init__(self, fields):
        self.code = fields.get(16, b"").decode()
        self.message = fields.get(17, b"").decode()
        self.stack = fields.get(2, b"").decode() or None
        super().__init__(self.message)


def mac(key, *parts):
    return hmac.new(key, b"".join(parts), hashlib.sha256).digest()


def hkdf(salt, key, info):
    """RFC 5869 with SHA-256, for 32 bytes."""
    return mac(mac(salt, key), info, b"\x01")


# Fields


def field(kind, value):
    return struct.pack("!BH", kind, len(value)) + value


def datum(name, value):
    return field(6, bytes([len(name.encode())]) + name.encode() + value.encode())


def parse_fields(content):
    """The fields by type; 6 is a list of pairs."""
    fields = {6: []}
    last = 0
    while content:
        if len(content) < 3:
            raise Violation("protocol-violation", "a field without a length")
        kind, length = struct.unpack("!BH", content[:3])
        value, content = content[3:3 + length], content[3 + length:]
        if len(value) < length:
            raise Violation("protocol-violation", "a field that ends too early")
        if kind < last or kind == last != 6:
            raise Violation("protocol-violation", "fields out of order")
        last = kind
        if kind == 6:
            if not value or not value[0] or len(value) < 1 + value[0]:
                raise Violation("protocol-violation", "a datum without a name")
            fields[6].append((value[1:1 + value[0]].decode(), value[1 + value[0]:].decode()))
        elif kind in (1, 2, 3, 4, 5, 16, 17):
            fields[kind] = value
        elif kind >= 128:
            raise Violation("version-mismatch", "a field that must be understood")
    return fields


# Records of hmac


class Records:
    """One direction's row of records."""

    END = 0x80000000

    def __init__(self, key):
        self.key = key
        self.number = 0

    def tag(self, header, payload):
        tag = mac(self.key, struct.pack("!Q", self.number), header, payload)[:16]
        self.number += 1
        return tag

    def seal(self, data):
        sealed = b""
        for start in range(0, len(data), 16384):
            payload = data[start:start + 16384]
            header = struct.pack("!I", len(payload))
            sealed += header + payload + self.tag(header, payload)
        return sealed

    def seal_end(self):
        header = struct.pack("!I", self.END)
        return header + self.tag(header, b"")


    def open(self, header, read):
        """A record whose first four bytes are there: its payload, and whether it is the last."""
        length, = struct.unpack("!I", header)
        if length != self.END and not 1 <= length <= 16384:
            raise Violation("protocol-violation", "a record of a wrong length")
        payload = b"" if length == self.END else read(length)
        tag = read(16)
        if not hmac.compare_digest(tag, self.tag(header, payload)):
            raise Violation("authentication-failed", "a record was changed")
        return payload, length == self.END


class NoiseRecords:
    """Both directions' rows of records."""

    def __init__(self, noise):
        self.noise = noise

    def seal(self, data):
        return b"".join(self.record(data[start:start + 16384]) for start in range(0, len(data), 16384))

    def seal_end(self):
        return self.record(b"")

    def record(self, payload):
        sealed = self.noise.encrypt(payload)
        return struct.pack("!H", len(sealed)) + sealed

    def open(self, header, read):
        length, = struct.unpack("!H", header[:2])
        if not 16 <= length <= 16400:
            raise Violation("protocol-violation", "a record of a wrong length")
        try:
            payload = bytes(self.noise.decrypt(header[2:] + read(length - 2)))
        except Exception as error:
            raise Violation("authentication-failed", "a record was changed") from error
        return payload, not payload


class Peer:
    """A connection past its greeting."""

    def __init__(self, sock, role, stack, key=None, user=None, data=(), binding=b""):
        self.sock, self.role, self.stack, self.key = sock, role, stack, key
        self.user, self.data = user, data
        self.sealer = self.opener = None
        self.opened = b""
        self.ended = False
        self.exported = None
        self.transcript = binding
        self.greeting = True
        self.pongs = []
        self.secured = "+noise" in stack
        try:
            self.greet()
        except Violation as violation:
            self.write_error(violation.code)
            raise
        self.greeting = False

    # Bytes

    def write(self, data):
        self.sock.sendall(self.sealer.seal(data) if self.sealer else data)

    def read_socket(self, count):
        data = bytearray()
        while len(data) < count:
            piece = self.sock.recv(count - len(data))
            if not piece:
                if data:
                    raise EOFError("truncated")
                return None
            data += piece
        return bytes(data)

    def read(self, count):
        """So many bytes of the stream as it is once opened; None at its end."""
        if self.opener is None:
            return self.read_socket(count)
        while len(self.opened) < count and not self.ended:
            self.read_record()
        if len(self.opened) < count:
            if self.opened:
                raise EOFError("truncated")
            return None
        data, self.opened = self.opened[:count], self.opened[count:]
        return data

    def read_record(self):
        header = self.read_socket(4)
        if header is None:
            raise EOFError("the stream ended without its last record")
        length, = struct.unpack("!I", header)
        if 0x80000001 <= length <= 0xbfffffff:
            # An ERROR in plain, of a peer that refused our last message and has no transform.
            body = self.read_socket(length & 0x3fffffff) if length & 0x3fffffff <= GREETING_FRAME else b""
            if body[:1] == bytes([ERROR]):
                raise Refused(parse_fields(body[1:]))
            raise Violation("protocol-violation", "a record that is none")
        payload, self.ended = self.opener.open(header, self.read_whole)
        self.opened += payload

    def read_whole(self, count):
        data = self.read_socket(count)
        if data is None:
            raise EOFError("truncated")
        return data

    # Frames

    def write_control(self, kind, content=b""):
        frame = struct.pack("!I", 0x80000000 | 1 + len(content)) + bytes([kind]) + content
        if self.greeting:
            self.transcript += frame
        self.write(frame)

    def write_error(self, code, message="no"):
        fields = field(2, self.stack.encode()) if code == "stack-mismatch" else b""
        try:
            self.write_control(ERROR, fields + field(16, code.encode()) + field(17, message.encode()))
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def read_frame(self):
        """A header and a body; None at the end."""
        header = self.read(4)
        if header is None:
            return None
        bits, = struct.unpack("!I", header)
        control, more, length = bits >> 31, bits >> 30 & 1, bits & 0x3fffffff
        if control and (more or not 1 <= length <= GREETING_FRAME):
            raise Violation("protocol-violation", "a control frame that is none")
        if self.greeting and not control:
            raise Violation("protocol-violation", "a message during the greeting")
        if length > LIMIT:
            raise Violation("message-too-large", "the message is too large")
        body = self.read(length) if length else b""
        if body is None:
            raise EOFError("truncated")
        if self.greeting:
            self.transcript += header + body
        return control, more, body

    def expect(self, kind):
        """The content of the one control frame that is due."""
        frame = self.read_frame()
        if frame is None:
            raise EOFError("the peer ended during the greeting")
        body = frame[2]
        if body[0] == ERROR:
            raise Refused(parse_fields(body[1:]))
        if body[0] != kind:
            raise Violation("protocol-violation", "a frame that is not due")
        return body[1:]

    # Greeting

    def greet(self):
        self.nonce = os.urandom(32)
        if self.role == "dialer":
            self.write_preface()
            self.write_hello()
            self.read_preface()
            self.read_hello()
        else:
            self.read_preface()
            try:
                self.read_hello()
            except Violation:
                self.write_preface()
                raise
            self.write_preface()
            self.write_hello()
        if self.secured:
            self.authenticate_noise()
            self.exchange_details()
        elif self.key is not None:
            self.authenticate()
        if self.role == "listener":
            self.write_finish()
            self.read_finish()
        else:
            self.read_finish()
            self.write_finish()

    def write_preface(self):
        self.transcript += PREFACE
        self.write(PREFACE)

    def read_preface(self):
        preface = self.read(5)
        if preface is None:
            raise EOFError("the peer ended before its preface")
        if preface[:4] != PREFACE[:4]:
            self.sock.close()
            raise EOFError("the peer does not speak Patchbay's wire")
        self.transcript += preface
        if preface != PREFACE:
            if self.role == "listener":
                self.write_preface()
            raise Violation("version-mismatch", "another major version")

    def write_hello(self):
        fields = field(1, b"\0\0") + field(2, self.stack.encode()) + field(3, self.nonce) + field(4, struct.pack("!Q", LIMIT))
        self.write_control(HELLO, fields if self.secured else fields + self.details())

    def details(self):
        user = field(5, self.user.encode()) if self.user is not None else b""
        return user + b"".join(datum(*pair) for pair in self.data)

    def take_details(self, fields):
        self.their_user = fields[5].decode() if 5 in fields else None
        self.their_data = fields[6]

    def exchange_details(self):
        """Sealed, the dialer first."""
        if self.role == "dialer":
            self.write_control(DETAILS, self.details())
        self.take_details(parse_fields(self.expect(DETAILS)))
        if self.role == "listener":
            self.write_control(DETAILS, self.details())

    def read_hello(self):
        fields = parse_fields(self.expect(HELLO))
        if not all(kind in fields for kind in (1, 2, 3, 4)) or len(fields[3]) != 32 or len(fields[4]) != 8:
            raise Violation("protocol-violation", "a HELLO without its fields")
        if fields[3] == self.nonce:
            raise Violation("protocol-violation", "an echo")
        if fields[2] != self.stack.encode():
            raise Violation("stack-mismatch", "the peer has " + fields[2].decode())
        self.limit, = struct.unpack("!Q", fields[4])
        if self.secured and (5 in fields or fields[6]):
            raise Violation("protocol-violation", "user or data in the clear")
        self.take_details(fields)

    def authenticate(self):
        """The authenticator hmac."""
        transcript = self.transcript
        dialers = mac(self.key, b"patchbay hmac 1 proof dialer\0", transcript)
        listeners = mac(self.key, b"patchbay hmac 1 proof listener\0", transcript, dialers)
        if self.role == "dialer":
            self.write_control(AUTH, dialers)
            self.check(self.expect(AUTH), listeners)
        else:
            self.check(self.expect(AUTH), dialers)
            self.write_control(AUTH, listeners)
        salt = hashlib.sha256(transcript + dialers + listeners).digest()
        of_dialer = Records(hkdf(salt, self.key, b"patchbay hmac 1 records dialer"))
        of_listener = Records(hkdf(salt, self.key, b"patchbay hmac 1 records listener"))
        self.exported = hkdf(salt, self.key, b"patchbay hmac 1 exported")
        self.sealer, self.opener = (of_dialer, of_listener) if self.role == "dialer" else (of_listener, of_dialer)

    def authenticate_noise(self):
        """The authenticator noise, with a shared key."""
        from noise.connection import NoiseConnection

        cipher = b"AESGCM" if "cipher=aesgcm" in self.stack else b"ChaChaPoly"
        noise = NoiseConnection.from_name(b"Noise_NNpsk0_25519_" + cipher + b"_SHA256")
        noise.set_psks(psk=mac(b"patchbay noise 1 key", self.key))
        noise.set_prologue(self.transcript)
        if self.role == "dialer":
            noise.set_as_initiator()
        else:
            noise.set_as_responder()
        noise.start_handshake()
        state = noise.noise_protocol.symmetric_state
        if self.role == "dialer":
            self.write_control(AUTH, bytes(noise.write_message()))
        answer = self.expect(AUTH)
        try:
            noise.read_message(answer)
        except Exception as error:
            raise Violation("authentication-failed", "another key") from error
        if self.role == "listener":
            self.write_control(AUTH, bytes(noise.write_message()))
        # The third output of the derivation that gave the keys of the directions.
        start = mac(state.ck)
        first = mac(start, b"\1")
        second = mac(start, first, b"\2")
        self.exported = mac(start, second, b"\3")
        self.sealer = self.opener = NoiseRecords(noise)

    def check(self, got, expected):
        if not hmac.compare_digest(got, expected):
            raise Violation("authentication-failed", "another key")

    def confirmation(self, role):
        if self.exported is None:
            return b""
        return mac(self.exported, b"patchbay finish ", role.encode(), b"\0", self.transcript)

    def write_finish(self):
        self.write_control(FINISH, self.confirmation(self.role))

    def read_finish(self):
        expected = self.confirmation("dialer" if self.role == "listener" else "listener")
        self.check(self.expect(FINISH), expected)

    # Messages

    def send(self, message):
        self.write(struct.pack("!I", len(message)) + message)

    def send_fragments(self, *parts):
        """One message, in so many fragments."""
        for part in parts[:-1]:
            self.write(struct.pack("!I", 0x40000000 | len(part)) + part)
        self.send(parts[-1])

    def ping(self, data):
        self.write_control(PING, data)

    def recv(self):
        """The next message; None once the peer has ended in order. Answers pings, and collects pongs."""
        message = b""
        while True:
            frame = self.read_frame()
            if frame is None:
                raise EOFError("the peer ended without CLOSE")
            control, more, body = frame
            if not control:
                message += body
                if not more:
                    return message
            elif body[0] == PING:
                self.write_control(PONG, body[1:])
            elif body[0] == PONG:
                self.pongs.append(body[1:])
            elif body[0] == ERROR:
                raise Refused(parse_fields(body[1:]))
            elif body[0] == CLOSE:
                if self.opener is not None and self.read(1) is not None:
                    raise Violation("protocol-violation", "bytes behind CLOSE")
                return None
            elif body[0] < 0xc0:
                raise Violation("protocol-violation", "a control frame of no known kind")

    def echo(self):
        """Returns messages until the end; says how many."""
        count = 0
        while (message := self.recv()) is not None:
            self.send(message)
            count += 1
        return count

    def end(self):
        """Ends this direction in order."""
        self.write_control(CLOSE)
        if self.sealer is not None:
            self.sock.sendall(self.sealer.seal_end())
        self.sock.shutdown(socket.SHUT_WR)

    def vanish(self):
        """Ends without a word."""
        self.sock.shutdown(socket.SHUT_WR)


def say(*words):
    print(*words, flush=True)


def reach(role, kind, address):
    family = socket.AF_INET if kind == "tcp" else socket.AF_UNIX
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.settimeout(TIMEOUT)
    if role == "connect":
        sock.connect(("127.0.0.1", int(address)) if kind == "tcp" else address)
        return sock
    sock.bind(("127.0.0.1", 0) if kind == "tcp" else address)
    sock.listen()
    say("ready", sock.getsockname()[1] if kind == "tcp" else address)
    accepted = sock.accept()[0]
    accepted.settimeout(TIMEOUT)
    return accepted


def attempt(body):
    try:
        return body()
    except Refused as error:
        say("refused", error.code, *([error.stack] if error.stack else []))
    except Violation as error:
        say("error", error.code)
    except Exception as error:
        say("error", type(error).__name__)


def details(pairs):
    """The user and the data of NAME=VALUE."""
    data = [tuple(pair.split("=", 1)) for pair in pairs]
    return next((value for name, value in data if name == "user"), None), [pair for pair in data if pair[0] != "user"]


def converse(make, **names):
    """Says what became of the greeting, then answers each line of input."""
    peer = attempt(make)
    if peer is None:
        return
    say("connected", ascii(peer.their_user), ascii(peer.their_data))
    names = dict(globals(), peer=peer, **names)
    for line in sys.stdin:
        attempt(lambda: say(ascii(eval(line, names))))


def main(role, kind, address, stack, key, *pairs):
    sock = reach(role, kind, address)
    key = None if key == "none" else bytes.fromhex(key)
    converse(lambda: Peer(sock, "dialer" if role == "connect" else "listener", stack, key, *details(pairs)))


if __name__ == "__main__":
    main(*sys.argv[1:])
