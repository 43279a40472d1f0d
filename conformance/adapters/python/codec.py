"""A small codec of IOTMP as shipping devices speak it: messages over PSON 2.

Messages are dicts of field names; only the fields that are there are in them.
"""

import struct

MAX_BODY = 256 * 1024
MAX_DEPTH = 128
VARINT, PSON2 = 0, 2

# Message types, and the fields that each has; mandatory ones carry a "!".
MESSAGES = {
    0x01: ("ok", "stream_id! parameters payload"),
    0x02: ("error", "stream_id! parameters payload"),
    0x03: ("connect", "stream_id! parameters payload!"),
    0x04: ("disconnect", "stream_id parameters payload"),
    0x05: ("keep_alive", ""),
    0x06: ("run", "stream_id parameters payload resource!"),
    0x07: ("describe", "stream_id! parameters resource"),
    0x08: ("start_stream", "stream_id! parameters payload resource!"),
    0x09: ("stop_stream", "stream_id! parameters payload"),
    0x0A: ("stream_data", "stream_id! parameters payload"),
}
FIELD_IDS = {"stream_id": 1, "parameters": 2, "payload": 3, "resource": 4}
CODES = {name: code for code, (name, _) in MESSAGES.items()}


def fields_of(code):
    """Field number to name, and the mandatory names, of a message type."""
    words = MESSAGES[code][1].split()
    names = [word.rstrip("!") for word in words]
    return {FIELD_IDS[n]: n for n in names}, [w[:-1] for w in words if w.endswith("!")]


class Refused(Exception):
    """Bytes that are no message, or a message that has no bytes."""

    def __init__(self, kind, offset, detail):
        super().__init__(detail)
        self.kind, self.offset, self.detail = kind, offset, detail


class Reader:
    """Takes bytes off the front of a slice, and never more than there are."""

    def __init__(self, data, at=0, end=None):
        self.data, self.at = data, at
        self.end = len(data) if end is None else end

    def take(self, count):
        if count > self.end - self.at:
            raise Refused("truncated", self.at, f"{count} bytes needed, {self.end - self.at} left")
        self.at += count
        return self.data[self.at - count : self.at]

    def varint(self, bits):
        start, number = self.at, 0
        for shift in range(0, bits, 7):
            if self.at == self.end:
                raise Refused("truncated", start, "a varint without its last byte")
            byte = self.take(1)[0]
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                if number >> bits:
                    break
                return number
        raise Refused("varint-overflow", start, f"a number beyond {bits} bits")

    def value(self, depth=0):
        start = self.at
        tag = self.take(1)[0]
        kind, number = tag >> 5, tag & 0x1F
        if number == 0x1F:
            number = self.varint(64)
        if kind == 2:
            if number > 1:
                raise Refused("tag", start, f"there is no float {number}")
            return struct.unpack(*(("<f", self.take(4)) if number == 0 else ("<d", self.take(8))))[0]
        if kind == 3:
            if number > 2:
                raise Refused("tag", start, f"there is no constant {number}")
            return (False, True, None)[number]
        if kind == 0:
            return number
        if kind == 1:
            return -number
        if kind == 4:
            return self.text(number)
        if kind == 5:
            return bytes(self.take(number))
        if depth == MAX_DEPTH:
            raise Refused("depth", start, f"nested deeper than {MAX_DEPTH} levels")
        # A count is believed one element at a time: each takes a byte at least.
        if kind == 7:
            elements = []
            for _ in range(number):
                elements.append(self.value(depth + 1))
            return elements
        pairs = {}
        for _ in range(number):
            key_at = self.at
            tag = self.take(1)[0]
            if tag >> 5 != 4:
                raise Refused("key", key_at, "the key of a map is not a string")
            size = tag & 0x1F
            key = self.text(self.varint(64) if size == 0x1F else size)
            pairs[key] = self.value(depth + 1)
        return pairs

    def text(self, size):
        start = self.at
        try:
            return str(self.take(size), "utf-8")
        except UnicodeDecodeError as error:
            raise Refused("utf8", start + error.start, "text that is not UTF-8") from None


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def tagged(kind, number):
    if number < 0x1F:
        return bytes([kind << 5 | number])
    return bytes([kind << 5 | 0x1F]) + varint(number)


def encode_value(value, depth=0):
    """One value in PSON 2, every number in its shortest form."""
    if value is None:
        return b"\x62"
    if isinstance(value, bool):
        return b"\x61" if value else b"\x60"
    if isinstance(value, float):
        return encode_float(value)
    if isinstance(value, int):
        if abs(value) >> 64:
            raise Refused("range", 0, f"{value} is beyond 64 bits")
        return tagged(0, value) if value >= 0 else tagged(1, -value)
    if isinstance(value, str):
        text = value.encode()
        return tagged(4, len(text)) + text
    if isinstance(value, bytes):
        return tagged(5, len(value)) + value
    if depth == MAX_DEPTH:
        raise Refused("depth", 0, f"nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, dict):
        keys = sorted((key.encode(), key) for key in value)
        pairs = (encode_value(key) + encode_value(value[key], depth + 1) for _, key in keys)
        return tagged(6, len(value)) + b"".join(pairs)
    return tagged(7, len(value)) + b"".join(encode_value(v, depth + 1) for v in value)


def encode_float(value):
    if value.is_integer() and abs(value) < 2**64:
        return encode_value(int(value))
    try:
        single = struct.pack("<f", value)
        if value != value or struct.unpack("<f", single)[0] == value:
            return b"\x40" + single
    except OverflowError:
        pass
    return b"\x41" + struct.pack("<d", value)


def decode_value(data):
    """One value that takes all of the bytes."""
    reader = Reader(data)
    value = reader.value()
    if reader.at != reader.end:
        raise Refused("trailing-bytes", reader.at, "bytes after the value")
    return value


def decode_message(data):
    """The message that the bytes start with, as (name, fields), and its size."""
    header = Reader(data)
    code, size = header.varint(32), header.varint(32)
    if size > header.end - header.at:
        raise Refused("truncated", header.end, "the message is longer than the bytes")
    if size > MAX_BODY:
        raise Refused("too-large", header.at, f"a body of {size} bytes")
    body = Reader(data, header.at, header.at + size)
    if code not in MESSAGES:
        return (code, bytes(body.take(size))), body.end
    names, mandatory = fields_of(code)
    fields = {}
    while body.at < body.end:
        key_at = body.at
        key = body.varint(32)
        name, wire, value_at = names.get(key >> 3), key & 7, body.at
        if wire not in (VARINT, PSON2):
            raise Refused("wire-type", key_at, f"wire type {wire} is reserved")
        if name == "stream_id":
            if wire != VARINT:
                raise Refused("wrong-type", key_at, "a stream identifier is a varint")
            value = body.varint(32)
            if value > 0xFFFF:
                raise Refused("range", value_at, f"stream identifier {value} is beyond 16 bits")
        else:
            value = body.varint(64) if wire == VARINT else body.value()
        if name:
            fields[name] = value
    for name in mandatory:
        if name not in fields:
            raise Refused("missing-field", body.end, f"{name} is missing")
    return (MESSAGES[code][0], fields), body.end


def encode_message(name, fields):
    """A message with the fields in the order of their numbers."""
    if name not in CODES:
        raise Refused("unknown-message", 0, f"there is no message {name}")
    code, body = CODES[name], b""
    names, mandatory = fields_of(code)
    for name in mandatory:
        if name not in fields:
            raise Refused("missing-field", 0, f"{name} is missing")
    for name in fields:
        if name not in names.values():
            raise Refused("unknown-field", 0, f"there is no field {name}")
    for number, name in sorted(names.items()):
        if name not in fields:
            continue
        value = fields[name]
        whole = isinstance(value, int) and not isinstance(value, bool)
        if name == "stream_id" and not (whole and 0 <= value <= 0xFFFF):
            raise Refused("range", 0, f"{value} is no stream identifier")
        if whole and 0 <= value < 2**64:
            body += varint(number << 3 | VARINT) + varint(value)
        else:
            body += varint(number << 3 | PSON2) + encode_value(value)
    if len(body) > MAX_BODY:
        raise Refused("too-large", 0, f"a body of {len(body)} bytes")
    return varint(code) + varint(len(body)) + body
