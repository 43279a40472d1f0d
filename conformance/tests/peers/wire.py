"""The bytes of IOTMP as shipping devices speak it: frames, fields and PSON 2."""

import os
import struct
import threading
import time

OK, ERROR, CONNECT, DISCONNECT, KEEP_ALIVE = 1, 2, 3, 4, 5
RUN, DESCRIBE, START, STOP, DATA = 6, 7, 8, 9, 10
ID, PARAMETERS, PAYLOAD, RESOURCE = 1, 2, 3, 4
VARINT, VALUE = 0, 2

# Fields of each message, and those that it must have.
FIELDS = {
    OK: ({1, 2, 3}, {1}), ERROR: ({1, 2, 3}, {1}), CONNECT: ({1, 2, 3}, {1, 3}),
    DISCONNECT: ({1, 2, 3}, set()), KEEP_ALIVE: (set(), set()), RUN: ({1, 2, 3, 4}, {4}),
    DESCRIBE: ({1, 2, 4}, {1}), START: ({1, 2, 3, 4}, {1, 4}), STOP: ({1, 2, 3}, {1}),
    DATA: ({1, 2, 3}, {1}),
}

MAX_DEPTH = 128


class Malformed(Exception):
    """Bytes that are no message."""


class Partial(Exception):
    """Bytes that are no message yet."""


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def read_varint(data, at, bits, missing=Malformed):
    number = shift = 0
    while True:
        if shift >= (bits + 6) // 7 * 7:
            raise Malformed("varint without an end")
        if at >= len(data):
            raise missing("varint cut short")
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            if number >> bits:
                raise Malformed("number too large")
            return number, at


def tag(kind, number):
    return bytes([kind << 5 | number]) if number < 31 else bytes([kind << 5 | 31]) + varint(number)


def pack(value):
    if value is None:
        return tag(3, 2)
    if isinstance(value, bool):
        return tag(3, int(value))
    if isinstance(value, float) and value == value and value not in (float("inf"), -float("inf")):
        if value == int(value):
            value = int(value)
    if isinstance(value, int):
        return tag(0, value) if value >= 0 else tag(1, -value)
    if isinstance(value, float):
        short = struct.pack("<f", value)
        if struct.unpack("<f", short)[0] == value:
            return tag(2, 0) + short
        return tag(2, 1) + struct.pack("<d", value)
    if isinstance(value, str):
        data = value.encode()
        return tag(4, len(data)) + data
    if isinstance(value, bytes):
        return tag(5, len(value)) + value
    if isinstance(value, dict):
        pairs = sorted((key.encode(), item) for key, item in value.items())
        return tag(6, len(pairs)) + b"".join(tag(4, len(k)) + k + pack(v) for k, v in pairs)
    return tag(7, len(value)) + b"".join(map(pack, value))


def unpack(data, at, depth=0, max_depth=MAX_DEPTH):
    if depth > max_depth:
        raise Malformed("nested too deep")
    if at >= len(data):
        raise Malformed("value cut short")
    kind, number = data[at] >> 5, data[at] & 31
    at += 1
    if number == 31:
        number, at = read_varint(data, at, 64)
    if kind == 0:
        return number, at
    if kind == 1:
        return -number, at
    if kind == 2:
        if number > 1:
            raise Malformed("no such float")
        size, form = ((4, "<f"), (8, "<d"))[number]
        if at + size > len(data):
            raise Malformed("float cut short")
        return struct.unpack_from(form, data, at)[0], at + size
    if kind == 3:
        if number > 2:
            raise Malformed("no such constant")
        return (False, True, None)[number], at
    if number > len(data) - at:
        raise Malformed("longer than its message")
    if kind in (4, 5):
        raw = bytes(data[at:at + number])
        if kind == 5:
            return raw, at + number
        try:
            return raw.decode(), at + number
        except UnicodeDecodeError as error:
            raise Malformed("string is not UTF-8") from error
    if kind == 6:
        out = {}
        for _ in range(number):
            key, at = unpack(data, at, depth + 1, max_depth)
            if not isinstance(key, str):
                raise Malformed("key is no string")
            out[key], at = unpack(data, at, depth + 1, max_depth)
        return out, at
    out = []
    for _ in range(number):
        item, at = unpack(data, at, depth + 1, max_depth)
        out.append(item)
    return out, at


def field(identifier, value):
    if identifier == ID or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
        return varint(identifier << 3 | VARINT) + varint(value)
    return varint(identifier << 3 | VALUE) + pack(value)


def message(code, **values):
    names = {"id": ID, "parameters": PARAMETERS, "payload": PAYLOAD, "resource": RESOURCE}
    body = b"".join(field(names[name], value) for name, value in values.items())
    return varint(code) + varint(len(body)) + body


def frame(data, limit):
    """The code, the body and the length of the first message in `data`."""
    code, at = read_varint(data, 0, 32, Partial)
    size, at = read_varint(data, at, 32, Partial)
    if limit is not None and size > limit:
        raise Malformed("message too large")
    if len(data) < at + size:
        raise Partial
    return code, bytes(data[at:at + size]), at + size


def fields(code, body, fault="", max_depth=MAX_DEPTH):
    """The fields of a message by their identifiers."""
    known, mandatory = FIELDS.get(code, (set(), set()))
    found, at, last = {}, 0, 0
    while at < len(body):
        key, at = read_varint(body, at, 32)
        identifier, wire = key >> 3, key & 7
        if fault == "long-key-cut":
            identifier &= 15
        if wire == VARINT:
            value, at = read_varint(body, at, 64)
        elif wire == VALUE:
            value, at = unpack(body, at, 0, max_depth)
        elif wire == 1 and fault == "reserved-wire-type-read":
            value, at = unpack(body, at, 0, max_depth)
        else:
            raise Malformed("reserved wire type")
        if identifier not in known:
            if fault == "unknown-field-refused":
                raise Malformed("unknown field")
            continue
        if fault == "unordered-field-lost" and identifier < last:
            continue
        last = identifier
        if fault == "varint-payload-refused" and wire == VARINT and identifier != ID:
            raise Malformed("a value was expected")
        if identifier == ID:
            if wire != VARINT and fault != "id-as-value-read":
                raise Malformed("the stream identifier is no varint")
            if fault == "id-cut-to-8-bits":
                value &= 0xFF
            elif fault == "id-cut-to-16-bits":
                value &= 0xFFFF
            elif value > 0xFFFF:
                raise Malformed("stream identifier beyond 16 bits")
        found[identifier] = value
    missing = mandatory - found.keys()
    if fault == "run-without-resource-ok" and code == RUN:
        missing.discard(RESOURCE)
    if missing:
        raise Malformed("mandatory field missing")
    return found


def end_with_parent():
    """Ends this process with whoever started it: a device that is left over dials whoever listens there next."""
    parent = os.getppid()

    def watch():
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
