"""CPython's json and pickle over the files that codec-bench wrote, and the check that all of these say the same.

  cpython.py FOLDER MILLISECONDS    prints lines of `peer shape direction nanoseconds allocations bytes`
  cpython.py FOLDER check           needs msgpack and cbor2
"""

import base64
import json
import pickle
import sys
import time

SHAPES = ["record", "numbers", "tree", "text", "bytes"]


def measure(peer, shape, direction, size, budget, body):
    def run(count):
        start = time.thread_time_ns()
        for _ in range(count):
            body()
        return time.thread_time_ns() - start

    count, taken = 1, 0
    while taken < budget / 10:
        count *= 2
        taken = run(count)
    count = int(count * budget / taken) + 1
    print(peer, shape, direction, run(count) / count, "-", size, flush=True)


def read(folder, shape, codec):
    with open(f"{folder}/{shape}.{codec}", "rb") as file:
        return file.read()


def check(folder):
    import cbor2
    import msgpack

    for shape in SHAPES:
        pickled = pickle.loads(read(folder, shape, "pickle"))
        assert msgpack.unpackb(read(folder, shape, "msgpack")) == pickled, f"msgpack, {shape}"
        assert cbor2.loads(read(folder, shape, "cbor")) == pickled, f"cbor, {shape}"
        if shape == "bytes":
            pickled["content"] = base64.b64encode(pickled["content"]).decode()
        for codec in ("json", "foundation"):
            assert json.loads(read(folder, shape, codec)) == pickled, f"{codec}, {shape}"


def run(folder, budget):
    for shape in SHAPES:
        text = read(folder, shape, "json").decode()
        tree = json.loads(text)
        measure("cpython-json", shape, "decode", len(text), budget, lambda: json.loads(text))
        measure("cpython-json", shape, "encode", len(text), budget, lambda: json.dumps(tree, ensure_ascii=False, separators=(",", ":")))
        # What CPython writes itself is what its pickles are: with a memo.
        for peer, data in (
            ("cpython-pickle", read(folder, shape, "pickle")),
            ("cpython-pickle-own", pickle.dumps(pickle.loads(read(folder, shape, "pickle")), protocol=4)),
        ):
            tree = pickle.loads(data)
            measure(peer, shape, "decode", len(data), budget, lambda: pickle.loads(data))
            if peer == "cpython-pickle":
                measure(peer, shape, "encode", len(data), budget, lambda: pickle.dumps(tree, protocol=4))


if sys.argv[2] == "check":
    check(sys.argv[1])
else:
    run(sys.argv[1], int(sys.argv[2]) * 1_000_000)
