"""A peer that uses nothing but multiprocessing.connection: it connects or listens, then evaluates one expression per line.

    connection_peer.py listen|connect tcp|unix ADDRESS KEY

ADDRESS is a port or a path, KEY hexadecimal, or "none". A listener says "ready ADDRESS" first. Then both say "connected", or "error" and
the exception's name, and answer each line of input with the result's ascii(), or an error in the same way.
"""

import fcntl
import os
import socket
import sys
from array import array
from multiprocessing import connection, reduction


def same(one, other):
    """Equal, and of the same types all the way down."""
    if type(one) is not type(other):
        return False
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return same(list(one.items()), list(other.items()))
    if isinstance(one, (set, frozenset)):
        return len(one) == len(other) and all(any(same(a, b) for b in other) for a in one)
    return one == other or (one != one and other != other)


corpus = [
    None, True, False,
    0, 1, -1, 255, 256, 65535, 65536, -32768, 2**31 - 1, -2**31, 2**31, 2**63 - 1, -2**63, 2**63, 2**64, -2**63 - 1, 10**60, -10**600,
    0.0, -0.0, 1.5, -2.25, 1e300, 5e-324, float("inf"), float("-inf"), float("nan"),
    "", "a", "junk", "Zürich", "日本", "\U0001f40d", "\0", "x" * 255, "x" * 256, "ü" * 40000,
    b"", b"hello", bytes(range(256)), b"y" * 70000,
    bytearray(), bytearray(b"abc"), bytearray(range(256)),
    [], [1], [None, [True, [2.5, ["deep"]]]], list(range(3000)),
    (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), ((), ((),)),
    {}, {"a": 1}, {1: "one", (2, 3): [4], None: {}, b"k": b"v", True: 2.5}, {str(i): i for i in range(2000)},
    set(), {1, 2, 3}, {"a", (1, b"b"), None}, frozenset(), frozenset({1, frozenset({"x"})}),
    [2.25, None, "junk"], [["shared"] * 3] * 3,
]


def roundtrip(conn, values):
    """Sends each value, and returns those that do not come back as they were."""
    wrong = []
    for value in values:
        conn.send(value)
        back = conn.recv()
        if not same(value, back):
            wrong.append((value, back))
    return wrong


def echo(conn):
    """Returns what it gets, as bytes, until the end; says how many."""
    count = 0
    try:
        while True:
            conn.send_bytes(conn.recv_bytes())
            count += 1
    except EOFError:
        return count


def into(conn, values, offset=0):
    """recv_bytes_into an array of C ints."""
    numbers = array("i", values)
    return conn.recv_bytes_into(numbers, offset), numbers


def receive(conn, count):
    """Whether so many messages say what a process says that took our connection over, in order."""
    numbers = [conn.recv_bytes() for _ in range(count)]
    first = int(numbers[0].split()[1])
    return numbers == [b"got %d" % number for number in range(first, first + count)]


def give(conn, text, lowest=0):
    """Sends the reading end of a pipe that holds a text; its number is at least the given one."""
    reading, writing = os.pipe()
    os.write(writing, text.encode())
    os.close(writing)
    number = fcntl.fcntl(reading, fcntl.F_DUPFD, lowest)
    os.close(reading)
    reduction.send_handle(conn, number, os.getpid())
    os.close(number)


def take(conn):
    """Reads what is behind a descriptor that comes."""
    with open(reduction.recv_handle(conn)) as file:
        return file.read()


kept = None


def give_end(conn):
    """Keeps one end of a pair of sockets, and sends the other."""
    global kept
    kept, other = socket.socketpair()
    reduction.send_handle(conn, other.fileno(), os.getpid())
    other.close()


def give_many(conn, count):
    """Sends many copies of one descriptor with one byte."""
    with socket.fromfd(conn.fileno(), socket.AF_UNIX, socket.SOCK_STREAM) as plain:
        reduction.sendfds(plain, [0] * count)


def say(*words):
    print(*words, flush=True)


def connect(role, kind, address, authkey):
    if role == "connect":
        return connection.Client(("127.0.0.1", int(address)) if kind == "tcp" else address, authkey=authkey)
    listener = connection.Listener(("127.0.0.1", 0) if kind == "tcp" else address, authkey=authkey)
    say("ready", listener.address[1] if kind == "tcp" else listener.address)
    try:
        return listener.accept()
    finally:
        listener.close()


def main(role, kind, address, key):
    try:
        conn = connect(role, kind, address, None if key == "none" else bytes.fromhex(key))
    except Exception as error:
        return say("error", type(error).__name__)
    say("connected")
    globals()["conn"] = conn
    for line in sys.stdin:
        try:
            say(ascii(eval(line, globals())))
        except Exception as error:
            say("error", type(error).__name__)


main(*sys.argv[1:])
