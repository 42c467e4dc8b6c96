"""A client of a relay, as docs/relay.md describes it, and then a peer of Patchbay's wire through it.

    relay_peer.py listen|dial PORT NAME ACCESS STACK KEY [CHANGE] [-- NAME=VALUE ...]

ACCESS is the access key as "id:key", or "none"; STACK, KEY and NAME=VALUE are those of wire_peer.py. CHANGE, "realm", "name" or
"circuit", is what this end binds its greeting to another one of. A listener says "ready LEASE" once it is registered, "called CALLER" once
somebody dialled it. What follows is as with wire_peer.py, where a listener's expressions also have the line to the relay.
"""

import hashlib
import hmac
import os
import socket
import struct
import sys
import threading

# No folder of compiled files beside the tests.
sys.dont_write_bytecode = True

from wire_peer import TIMEOUT, Peer, Refused, Violation, attempt, converse, details, say

PREFACE = b"PBRL\x01"
CHALLENGE, LISTEN, DIAL, ACCEPT, READY, INCOMING, FAILURE, NOTICE, PING, PONG, WITHDRAW = range(1, 12)
NAME, GENERATION, INSTANCE, KEY_ID, NONCE, CIRCUIT, REALM, CALLER, LEASE, AFTER = range(1, 11)
CODE, MESSAGE, PROOF = 16, 17, 127
LONGEST = 1024


def frame(kind, fields):
    """A frame of these fields, by type."""
    content = bytes([kind])
    for number in sorted(fields):
        content += struct.pack("!BH", number, len(fields[number])) + fields[number]
    return struct.pack("!H", len(content)) + content


def parse(content):
    fields, last = {}, 0
    while content:
        if len(content) < 3:
            raise Violation("protocol-violation", "a field without a length")
        number, length = struct.unpack("!BH", content[:3])
        value, content = content[3:3 + length], content[3 + length:]
        if len(value) < length or number <= last:
            raise Violation("protocol-violation", "a field cut off, or out of order")
        if number >= 128:
            raise Violation("version-mismatch", "a field that must be understood")
        fields[number], last = value, number
    return fields


def binding(realm, name, circuit):
    """What both ends' greetings begin with, unsent."""
    parts = (realm, name, circuit)
    return b"patchbay relay 1\0" + b"".join(bytes([len(part)]) + part for part in parts)


class Client:
    """One connection to a relay."""

    def __init__(self, port, access=None):
        self.access = access
        self.sock = socket.create_connection(("127.0.0.1", port), TIMEOUT)
        self.transcript = self.read(len(PREFACE))
        if self.transcript != PREFACE:
            raise Violation("protocol-violation", "no relay")
        fields = self.expect(CHALLENGE)
        if len(fields.get(NONCE, b"")) != 32 or not fields.get(REALM):
            raise Violation("protocol-violation", "a challenge without its fields")
        self.realm = fields[REALM]

    def read(self, count):
        """So many bytes and not one more: what follows may be the peer's."""
        data = b""
        while len(data) < count:
            piece = self.sock.recv(count - len(data))
            if not piece:
                raise EOFError("the relay closed the connection")
            data += piece
        return data

    def receive(self):
        header = self.read(2)
        length, = struct.unpack("!H", header)
        if not 1 <= length <= LONGEST:
            raise Violation("protocol-violation", "a frame of a wrong length")
        content = self.read(length)
        fields = parse(content[1:])
        if content[0] == FAILURE:
            raise Refused({16: fields[CODE], 17: fields.get(MESSAGE, b"")})
        return content[0], fields, header + content

    def expect(self, due):
        while True:
            kind, fields, self.last = self.receive()
            self.transcript += self.last
            if kind == due:
                return fields
            if kind != NOTICE:
                raise Violation("protocol-violation", "a frame that is not due")

    def proof(self, role, covered):
        return hmac.new(self.access[1], b"patchbay relay 1 " + role + b"\0" + covered, hashlib.sha256).digest()

    def ask(self, kind, fields):
        """What this end wants: READY's fields."""
        proves = self.access is not None and kind != ACCEPT
        if kind != ACCEPT:
            fields = {**fields, NONCE: os.urandom(32)}
        if proves:
            fields = {**fields, KEY_ID: self.access[0], PROOF: bytes(32)}
        said = PREFACE + frame(kind, fields)
        if proves:
            said = said[:-32] + self.proof(b"client", self.transcript + said[:-32])
        self.transcript += said
        self.sock.sendall(said)
        answer = self.expect(READY)
        if proves:
            covered = self.transcript[:-32]
            if PROOF not in answer or not hmac.compare_digest(answer[PROOF], self.proof(b"relay", covered)):
                raise Violation("authentication-failed", "the relay does not hold the access key")
        return answer


class Line(Client):
    """A listener's name at a relay."""

    def __init__(self, port, name, access):
        super().__init__(port, access)
        self.port, self.name = port, name
        ready = self.ask(LISTEN, {NAME: name, GENERATION: struct.pack("!Q", 1), INSTANCE: os.urandom(16)})
        self.lease, = struct.unpack("!I", ready[LEASE])
        self.sending = threading.Lock()
        self.over = threading.Event()
        threading.Thread(target=self.keep, daemon=True).start()

    def say(self, kind):
        with self.sending:
            self.sock.sendall(frame(kind, {}))

    def keep(self):
        while not self.over.wait(self.lease / 3000):
            try:
                self.say(PING)
            except OSError:
                return

    def call(self):
        """The next call: its circuit and who calls."""
        while True:
            kind, fields, _ = self.receive()
            if kind == INCOMING:
                return fields[CIRCUIT], fields.get(CALLER, b"").decode()
            if kind not in (PING, PONG, NOTICE):
                raise Violation("protocol-violation", "a frame that is not due")

    def ping(self):
        """Asks the relay for a word, and waits for it."""
        self.say(PING)
        while self.receive()[0] != PONG:
            pass

    def withdraw(self):
        """Gives the name back; true once the relay has closed the line."""
        self.over.set()
        self.say(WITHDRAW)
        try:
            while True:
                self.receive()
        except EOFError:
            return True


def changed(parts, change):
    """The parts of the binding, one of them another's."""
    index = ("realm", "name", "circuit").index(change) if change else None
    return [part[:-1] + bytes([part[-1] ^ 1]) if at == index else part for at, part in enumerate(parts)]


def main(role, port, name, access, stack, key, *words):
    port, name = int(port), name.encode()
    access = None if access == "none" else tuple(access.encode().split(b":", 1))
    key = None if key == "none" else bytes.fromhex(key)
    change = words[0] if words and words[0] != "--" else None
    user, data = details(words[words.index("--") + 1:] if "--" in words else ())
    names = {}
    if role == "listen":
        line = attempt(lambda: Line(port, name, access))
        if line is None:
            return
        say("ready", line.lease)
        circuit, caller = line.call()
        say("called", caller)
        client = Client(port)
        if client.ask(ACCEPT, {CIRCUIT: circuit})[CIRCUIT] != circuit:
            raise Violation("protocol-violation", "another call than the one that was accepted")
        names["line"] = line
    else:
        client = attempt(lambda: Client(port, access))
        ready = client and attempt(lambda: client.ask(DIAL, {NAME: name}))
        if ready is None:
            return
        circuit = ready[CIRCUIT]
    bound = binding(*changed([client.realm, name, circuit], change))
    converse(lambda: Peer(client.sock, "listener" if role == "listen" else "dialer", stack, key, user, data, bound), **names)


if __name__ == "__main__":
    main(*sys.argv[1:])
