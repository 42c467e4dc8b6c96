"""The Python end of the demo: nothing but multiprocessing.connection, from CPython's standard library.

    peer.py listen|connect ADDRESS KEY_FILE

ADDRESS is the path of a Unix socket, or HOST:PORT. What it sends stands on standard error, line by line, before it is sent;
one that listens first writes its address to standard output.
"""

import platform
import signal
import sys
from multiprocessing.connection import Client, Listener


def parse(address):
    if address.startswith("/"):
        return address
    host, _, port = address.rpartition(":")
    return host, int(port)


def show(address):
    return address if isinstance(address, str) else "%s:%d" % address


def say(words, arrow=" "):
    print("   python %s %s" % (arrow, words), file=sys.stderr, flush=True)


def answer(task):
    if task["task"] == "area":
        return {"area": task["width"] * task["height"]}
    if task["task"] == "sort":
        return {"sorted": sorted(task["words"]), "longest": max(task["words"], key=len)}
    if task["task"] == "repeat":
        return task["what"]
    raise SystemExit("peer.py: no such task: %r" % (task,))


def converse(connection):
    def send(value):
        say(value, ">")
        connection.send(value)

    send({"hello": "CPython " + platform.python_version()})
    while True:
        task = connection.recv()
        if task["task"] == "echo":
            for _ in range(task["times"]):
                connection.send(connection.recv())
        elif task["task"] == "goodbye":
            return send({"goodbye": "swift"})
        else:
            send(answer(task))


def main():
    signal.alarm(120)  # Nobody waits for ever, whatever the other end does.
    role, address, key_file = sys.argv[1:]
    with open(key_file, "rb") as file:
        key = file.read()
    if role == "listen":
        with Listener(parse(address), authkey=key) as listener:
            say("listens at " + show(listener.address))
            print(show(listener.address), flush=True)
            with listener.accept() as connection:
                converse(connection)
    else:
        say("connects to " + address)
        with Client(parse(address), authkey=key) as connection:
            converse(connection)


main()
