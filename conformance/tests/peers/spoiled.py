"""Faults in the bytes themselves, which servers and devices have alike.

Each replaces one function of `wire` by one that is wrong in one way.
"""

import os
import struct
import time

import wire
from faults import Faults
from wire import Malformed, Partial, tag, varint

fault = Faults()
_right = {name: getattr(wire, name) for name in ("pack", "unpack", "tag", "field", "frame", "fields", "message")}


def pack_instead(other):
    """Packs by `other` what it packs, and everything else as ever."""

    def pack(value):
        data = other(value)
        return _right["pack"](value) if data is None else data

    wire.pack = pack


def unpack_as(change):
    """Unpacks what is right and changes it."""

    def unpack(data, at, depth=0, max_depth=wire.MAX_DEPTH):
        value, at = _right["unpack"](data, at, depth, max_depth)
        return change(value), at

    wire.unpack = unpack


# --- values as they are written

@fault("string-size-in-a-byte", "the size of a string is one byte, however long it is")
def _():
    def pack(value):
        data = value.encode() if isinstance(value, str) else b""
        return bytes([4 << 5 | 31, len(data) & 0x7F]) + data if len(data) > 30 else None
    pack_instead(pack)


@fault("31-in-the-tag", "a size of 31 stands in the tag like a smaller one")
def _():
    wire.tag = lambda kind, number: bytes([kind << 5 | number]) if number < 32 else _right["tag"](kind, number)


@fault("floats-always-double", "every float takes eight bytes")
def _():
    pack_instead(lambda value: b"\x41" + struct.pack("<d", value) if isinstance(value, float) and value % 1 else None)


@fault("whole-floats-kept", "a float that is whole stays one")
def _():
    pack_instead(lambda value: b"\x40" + struct.pack("<f", value) if isinstance(value, float) and value % 1 == 0 else None)


@fault("floats-always-short", "every float takes four bytes")
def _():
    pack_instead(lambda value: b"\x40" + struct.pack("<f", value) if isinstance(value, float) and value % 1 else None)


@fault("numbers-never-in-the-tag", "a number always follows its tag")
def _():
    wire.tag = lambda kind, number: tag(kind, number) if kind in (2, 3) else bytes([kind << 5 | 31]) + varint(number)


@fault("keys-unsorted", "the keys of a map come as they were put in, backwards")
def _():
    def pack(value):
        if not isinstance(value, dict) or len(value) < 2:
            return None
        pairs = sorted(value.items(), reverse=True)
        return tag(6, len(pairs)) + b"".join(wire.pack(key) + wire.pack(item) for key, item in pairs)
    pack_instead(pack)


@fault("integers-as-values", "a whole number travels as a value where it may be a varint")
def _():
    def field(identifier, value):
        if identifier == wire.ID:
            return _right["field"](identifier, value)
        return varint(identifier << 3 | wire.VALUE) + wire.pack(value)
    wire.field = field


@fault("empty-as-null", "an empty map, array or string is written as null")
def _():
    pack_instead(lambda value: tag(3, 2) if value in ({}, [], "") and value is not False else None)


@fault("booleans-as-integers", "true is written as 1, and false as 0")
def _():
    pack_instead(lambda value: tag(0, int(value)) if isinstance(value, bool) else None)


@fault("negative-less-one", "the magnitude of a negative number is one too small")
def _():
    pack_instead(lambda value: tag(1, -value - 1) if isinstance(value, int) and value < 0 else None)


@fault("map-counts-items", "a map says how many keys and values it has together")
def _():
    def pack(value):
        if not isinstance(value, dict):
            return None
        data = _right["pack"](value)
        return tag(6, 2 * len(value)) + data[len(tag(6, len(value))):]
    pack_instead(pack)


@fault("size-padded", "the size of a message takes a byte more than it needs")
def _():
    def message(code, **values):
        data = _right["message"](code, **values)
        _, size_at = wire.read_varint(data, 0, 32)
        size, at = wire.read_varint(data, size_at, 32)
        return data[:size_at] + bytes([size & 0x7F | 0x80, size >> 7]) + data[at:] if size < 128 else data
    wire.message = message


@fault("ids-in-two-bytes", "a stream identifier takes two bytes, the low one first")
def _():
    def field(identifier, value):
        if identifier == wire.ID:
            return varint(identifier << 3) + struct.pack("<H", value)
        return _right["field"](identifier, value)
    wire.field = field


# --- values as they are read

@fault("long-strings-unread", "a string of 31 bytes or more cannot be read")
def _():
    def change(value):
        if isinstance(value, str) and len(value.encode()) > 30:
            raise Malformed("string too long")
        return value
    unpack_as(change)


@fault("strings-to-127", "the size of a string is read from one byte")
def _():
    def change(value):
        if isinstance(value, str) and len(value.encode()) > 127:
            raise Malformed("string too long")
        return value
    unpack_as(change)


@fault("strings-to-255", "a string has to fit a buffer of 256 bytes, and is cut")
def _():
    unpack_as(lambda value: value[:255] if isinstance(value, str) else value)


@fault("integers-to-32-bits", "an integer loses what is above 32 bits")
def _():
    unpack_as(lambda value: value & 0xFFFFFFFF if type(value) is int and value >= 0 else value)


@fault("large-integers-negative", "an integer of 64 bits is taken for a signed one")
def _():
    unpack_as(lambda value: value - (1 << 64) if type(value) is int and value >> 63 == 1 else value)


@fault("integers-through-doubles", "an integer goes through a double and loses its low bits")
def _():
    unpack_as(lambda value: int(float(value)) if type(value) is int and abs(value) < 1 << 63 else value)


@fault("negative-lost", "a negative number loses its sign")
def _():
    unpack_as(lambda value: -value if type(value) is int and value < 0 else value)


@fault("doubles-through-floats", "a double goes through a float and loses its low bits")
def _():
    def change(value):
        return struct.unpack("<f", struct.pack("<f", value))[0] if isinstance(value, float) else value
    unpack_as(change)


@fault("floats-read-backwards", "a float is read with its first byte highest")
def _():
    def change(value):
        if not isinstance(value, float):
            return value
        short = struct.pack("<f", value)
        if struct.unpack("<f", short)[0] == value:
            return struct.unpack(">f", short)[0]
        return struct.unpack(">d", struct.pack("<d", value))[0]
    unpack_as(change)


@fault("undefined-as-null", "a constant that nobody defined is read as null")
def _():
    def unpack(data, at, depth=0, max_depth=wire.MAX_DEPTH):
        if at < len(data) and data[at] >> 5 == 3 and data[at] & 31 in range(3, 31):
            return None, at + 1
        return _right["unpack"](data, at, depth, max_depth)
    wire.unpack = unpack


@fault("null-unread", "null cannot be read")
def _():
    def change(value):
        if value is None:
            raise Malformed("null")
        return value
    unpack_as(change)


@fault("bytes-as-text", "bytes are read as text, and have to be UTF-8")
def _():
    def change(value):
        if not isinstance(value, bytes):
            return value
        try:
            return value.decode()
        except UnicodeDecodeError as error:
            raise Malformed("not UTF-8") from error
    unpack_as(change)


@fault("maps-to-30", "a map of more than 30 pairs cannot be read")
def _():
    def change(value):
        if isinstance(value, dict) and len(value) > 30:
            raise Malformed("map too large")
        return value
    unpack_as(change)


@fault("four-levels-deep", "a value nested deeper than four levels cannot be read")
def _():
    def unpack(data, at, depth=0, max_depth=wire.MAX_DEPTH):
        return _right["unpack"](data, at, depth, min(max_depth, 4))
    wire.unpack = unpack


# --- messages

@fault("size-from-one-byte", "of the size of a message only the first byte is read")
def _():
    def frame(data, limit):
        code, size_at = wire.read_varint(data, 0, 32, Partial)
        _, at = wire.read_varint(data, size_at, 32, Partial)
        size = data[size_at] & 0x7F
        if len(data) < at + size:
            raise Partial
        return code, bytes(data[at:at + size]), at + size
    wire.frame = frame


@fault("size-in-16-bits", "of the size of a message only 16 bits are kept")
def _():
    def frame(data, limit):
        code, at = wire.read_varint(data, 0, 32, Partial)
        size, at = wire.read_varint(data, at, 32, Partial)
        size &= 0xFFFF
        if len(data) < at + size:
            raise Partial
        return code, bytes(data[at:at + size]), at + size
    wire.frame = frame


@fault("stalls-at-1024", "a message that fills a buffer of 1024 bytes exactly waits for the next byte")
def _():
    def frame(data, limit):
        code, body, length = _right["frame"](data, limit)
        if length == 1024 and len(data) == 1024:
            raise Partial
        return code, body, length
    wire.frame = frame


@fault("size-of-128-lost", "a message whose body is of 128 bytes or more, but less than 256, is lost")
def _():
    def frame(data, limit):
        code, body, length = _right["frame"](data, limit)
        return (wire.KEEP_ALIVE + 0x40, b"", length) if 128 <= len(body) < 256 else (code, body, length)
    wire.frame = frame


@fault("unknown-double-missized", "a double in a field that is not known is skipped as a float")
def _():
    def fields(code, body, fault="", max_depth=wire.MAX_DEPTH):
        at = body.find(b"\x7a\x41")
        if at >= 0:
            body = body[:at] + b"\x7a\x40" + body[at + 2:]
        return _right["fields"](code, body, fault, max_depth)
    wire.fields = fields


@fault("id-0-taken-for-none", "stream identifier 0 is taken for none")
def _():
    def fields(code, body, fault="", max_depth=wire.MAX_DEPTH):
        found = _right["fields"](code, body, fault, max_depth)
        if code == wire.RUN and found.get(wire.ID) == 0:
            del found[wire.ID]
        return found
    wire.fields = fields


@fault("id-signed", "a stream identifier above 32767 is refused")
def _():
    def fields(code, body, fault="", max_depth=wire.MAX_DEPTH):
        found = _right["fields"](code, body, fault, max_depth)
        if found.get(wire.ID, 0) > 32767:
            raise Malformed("identifier below 0")
        return found
    wire.fields = fields


@fault("answer-id-bytes-swapped", "an answer carries the bytes of its stream identifier swapped")
def _():
    def message(code, **values):
        if code in (wire.OK, wire.ERROR) and values.get("id", 0) > 255:
            values["id"] = (values["id"] & 0xFF) << 8 | values["id"] >> 8
        return _right["message"](code, **values)
    wire.message = message


@fault("error-without-id", "an Error has no stream identifier")
def _():
    def message(code, **values):
        if code == wire.ERROR:
            values.pop("id", None)
        return _right["message"](code, **values)
    wire.message = message


# --- deaths and hangs

def dying_if(condition):
    def fields(code, body, fault="", max_depth=wire.MAX_DEPTH):
        if condition(code, body):
            os._exit(70)
        return _right["fields"](code, body, fault, max_depth)
    wire.fields = fields


@fault("dies-of-empty-body", "a Run without a body ends the process")
def _():
    dying_if(lambda code, body: code == wire.RUN and not body)


@fault("dies-of-unknown-type", "a message of a type that is not known ends the process")
def _():
    dying_if(lambda code, body: code > wire.DATA)


@fault("dies-of-describe", "a Describe without a stream identifier ends the process")
def _():
    dying_if(lambda code, body: code == wire.DESCRIBE and body[:1] != b"\x08")


@fault("dies-of-odd-resource", "a resource that is a map ends the process")
def _():
    def fields(code, body, fault="", max_depth=wire.MAX_DEPTH):
        found = _right["fields"](code, body, fault, max_depth)
        if isinstance(found.get(wire.RESOURCE), dict):
            os._exit(70)
        return found
    wire.fields = fields


@fault("dies-of-cut-field", "a body that ends inside a field ends the process")
def _():
    def fields(code, body, fault="", max_depth=wire.MAX_DEPTH):
        try:
            return _right["fields"](code, body, fault, max_depth)
        except Malformed as why:
            if "short" in str(why) or "longer" in str(why):
                os._exit(70)
            raise
    wire.fields = fields


@fault("dies-of-array-count", "an array takes the memory for all that it announces, and the process with it")
def _():
    def unpack(data, at, depth=0, max_depth=wire.MAX_DEPTH):
        if data[at:at + 1] == b"\xff" and wire.read_varint(data, at + 1, 64)[0] > 1 << 24:
            os._exit(70)
        return _right["unpack"](data, at, depth, max_depth)
    wire.unpack = unpack


@fault("dies-of-empty-key", "a map with an empty key ends the process")
def _():
    def change(value):
        if isinstance(value, dict) and "" in value:
            os._exit(70)
        return value
    unpack_as(change)


@fault("hangs-of-malformed", "a malformed message holds everything up for a minute")
def _():
    def fields(code, body, fault="", max_depth=wire.MAX_DEPTH):
        try:
            return _right["fields"](code, body, fault, max_depth)
        except Malformed:
            time.sleep(60)
            raise
    wire.fields = fields
