"""The Python example with one thing broken: `fake.py FAULT`.

The faults of the process strike at the one request for TARGET; those of the
codec are planted into its functions.
"""

import json
import os
import pathlib
import signal
import struct
import sys
import time

HERE = pathlib.Path(__file__).resolve()
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE.parents[2] / "adapters" / "python"), str(HERE.parent)]

import adapter  # noqa: E402
import codec  # noqa: E402
import planted  # noqa: E402

TARGET = "0103088001"  # iotmp-shipping/varint/stream-id-128
FAULT = sys.argv[1]


def say(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def strike(request):
    """What happens at the target instead of an answer; the answer where it returns one."""
    right = {"id": request.get("id"), **adapter.answer(request)}
    if FAULT == "hang":
        signal.pause()
    elif FAULT == "crash":
        sys.stderr.write("boom: no such luck\n")
        sys.stderr.flush()
        os._exit(7)
    elif FAULT == "segfault":
        signal.signal(signal.SIGSEGV, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGSEGV)
    elif FAULT == "dies-for-good":
        pathlib.Path(sys.argv[2]).touch()
        os._exit(7)
    elif FAULT == "garbage":
        return "Segmentation fault? \x1b[31mno"
    elif FAULT == "wrong-id":
        return json.dumps({**right, "id": right["id"] + 1})
    elif FAULT == "huge-line":
        return "x" * (17 << 20)
    elif FAULT == "no-consumed":
        del right["consumed"]
    elif FAULT == "flood":
        sys.stderr.write("noise " * 200_000 + "\nthe last word\n")
        sys.stderr.flush()
        os._exit(7)
    return json.dumps(right)


def worded(request, answer):
    """Every answer, with one thing wrong in how it is said."""
    if FAULT == "upper-hex" and isinstance(answer.get("ok"), str):
        answer["ok"] = answer["ok"].upper()
    elif FAULT == "never-consumed":
        answer.pop("consumed", None)
    elif FAULT == "consumed-zero" and "consumed" in answer:
        answer["consumed"] = 0
    elif FAULT == "reject-text" and "reject" in answer:
        answer["reject"] = "no"
    elif FAULT == "error-key" and "reject" in answer:
        answer["error"] = answer.pop("reject")
    elif FAULT == "ok-and-reject" and "ok" in answer:
        answer["reject"] = {}
    elif FAULT == "slow" and request.get("hex") == "0500":
        time.sleep(0.3)
    elif FAULT == "crash-of-two-bytes" and len(request.get("hex", "")) > 2:
        os._exit(7)
    return answer


def greet():
    hello = dict(adapter.HELLO)
    if FAULT == "always-crash" and len(sys.argv) > 2:
        with open(sys.argv[2], "a", encoding="ascii") as starts:
            starts.write(".")
    if FAULT == "dies-at-hello":
        sys.exit("no license found")
    elif FAULT == "silent-at-hello":
        signal.pause()
    elif FAULT == "hello-garbage":
        return "Welcome to codec 1.0"
    elif FAULT == "hello-proto-2":
        hello["proto"] = 2
    elif FAULT == "loud":
        hello["impl"] = "\x1b[31mred\n509 pass: conformant\ufffe\u202e"
    elif FAULT == "decode-only":
        hello["ops"] = ["decode"]
    elif FAULT == "other-spec":
        hello["specs"] = ["iotmp-2025"]
    elif FAULT == "small":
        hello["limits"] = {"max_message_size": 64}
    return json.dumps(hello)


def plant():
    """One bug in the codec."""
    read_varint = codec.Reader.varint
    fields_of = codec.fields_of
    if FAULT == "plant-cut":  # numbers are silently cut to their width
        codec.Reader.varint = lambda self, bits: read_varint(self, 64) & ((1 << bits) - 1)
    elif FAULT == "plant-big-endian":
        class Swapped:
            pack = staticmethod(struct.pack)
            unpack = staticmethod(lambda layout, data: struct.unpack(layout.replace("<", ">"), data))

        codec.struct = Swapped
    elif FAULT == "plant-optional":  # nothing is mandatory for the decoder
        codec.fields_of = lambda code: (fields_of(code)[0], [])
    elif FAULT == "plant-sorted":  # maps keep the order that they have
        codec.sorted = list
    elif FAULT.startswith("plant-"):
        planted.plant(FAULT.removeprefix("plant-"))


def main():
    if FAULT == "dies-for-good" and pathlib.Path(sys.argv[2]).exists():
        sys.exit("already dead")
    plant()
    for line in sys.stdin:
        try:
            request = json.loads(line)
        except ValueError:
            if FAULT == "fragile":
                raise
            say('{"unsupported":"no JSON"}')
            continue
        op = request.get("op")
        if op == "hello":
            say(greet())
        elif FAULT == "always-crash":
            os._exit(1)
        elif FAULT == "mute":
            continue
        elif FAULT == "fragile" and op not in ("decode", "encode"):
            raise KeyError(op)
        elif request.get("hex") == TARGET and op == "decode":
            say(strike(request))
        else:
            say(json.dumps(worded(request, {"id": request.get("id"), **adapter.answer(request)})))
    if FAULT == "fragile":
        sys.exit(1)


main()
