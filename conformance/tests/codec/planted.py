"""Bugs for the Python example: one in how it reads or writes a kind of thing."""

import struct

import codec


def values(change):
    """Values change once they are read; `change` sees the tag, too."""
    read = codec.Reader.value

    def changed(self, depth=0):
        tag = self.data[self.at] if self.at < self.end else 0
        return change(read(self, depth), tag)

    codec.Reader.value = changed


def written(change):
    """What is written for a value; `change` gives nothing where it is right."""
    write = codec.encode_value

    def changed(value, depth=0):
        wrong = change(value)
        return write(value, depth) if wrong is None else wrong

    codec.encode_value = changed


def second_byte():
    """The second byte of a number counts for eight bits."""
    read = codec.Reader.varint

    def varint(self, bits):
        start = self.at
        number = read(self, bits)
        raw = self.data[start : self.at]
        return raw[0] & 0x7F | raw[1] << 8 if len(raw) == 2 else number

    codec.Reader.varint = varint


def write_second_byte():
    """A number of two bytes keeps eight bits in the first."""
    write = codec.varint

    def varint(number):
        short = 0x80 <= number < 0x4000
        return bytes([number & 0xFF | 0x80, number >> 8]) if short else write(number)

    codec.varint = varint


def three_bytes():
    """A number of three bytes or more is refused, in words that name its place."""
    read = codec.Reader.varint

    def varint(self, bits):
        start = self.at
        number = read(self, bits)
        if self.at - start > 2:
            raise codec.Refused(f"long-number-at-{start}", start, "a number of three bytes")
        return number

    codec.Reader.varint = varint


def thirty():
    """The number 30 in a tag says that another one follows."""
    def missing(it, tag):
        if tag & 31 == 30:
            raise codec.Refused("truncated", 0, "the number is missing")
        return it

    values(missing)


def negative():
    """Negative integers are one too low."""
    values(lambda it, tag: it - 1 if tag >> 5 == 1 else it)


def write_negative():
    """The sign is lost."""
    written(lambda it: codec.tagged(0, -it) if type(it) is int and it < 0 else None)


def double():
    """Floats of eight bytes are read the wrong way round."""
    def swapped(it, tag):
        return struct.unpack(">d", struct.pack("<d", it))[0] if tag == 0x41 else it

    values(swapped)


def empty_string():
    """Empty text is null."""
    values(lambda it, tag: None if it == "" else it)


def write_empty_string():
    """Empty text is null."""
    written(lambda it: b"\x62" if it == "" else None)


def nested_map():
    """A map in a map loses what it holds."""
    def lost(it, tag):
        if not isinstance(it, dict):
            return it
        return {key: {} if isinstance(value, dict) else value for key, value in it.items()}

    values(lost)


def long_string():
    """Text of 128 bytes and more loses its last character."""
    def short(it, tag):
        return it[:-1] if isinstance(it, str) and len(it.encode()) >= 128 else it

    values(short)


def boolean():
    """True is false."""
    values(lambda it, tag: not it if isinstance(it, bool) else it)


def null():
    """Null is false."""
    values(lambda it, tag: False if it is None else it)


def octets():
    """Bytes are text."""
    values(lambda it, tag: it.decode("latin-1") if isinstance(it, bytes) else it)


def write_octets():
    """Bytes are written under the tag of text."""
    written(lambda it: codec.tagged(4, len(it)) + it if isinstance(it, bytes) else None)


def long_array():
    """Of an array whose count stands behind the tag the last element is lost."""
    values(lambda it, tag: it[:-1] if isinstance(it, list) and len(it) >= 31 else it)


def unknown_field():
    """A message with a field that has no name is refused."""
    decode = codec.decode_message

    def refusing(data):
        message, end = decode(data)
        reader = codec.Reader(data)
        code, size = reader.varint(32), reader.varint(32)
        reader.end = reader.at + size
        while code in codec.MESSAGES and reader.at < reader.end:
            key = reader.varint(32)
            if key >> 3 not in codec.FIELD_IDS.values():
                raise codec.Refused("unknown-field", reader.at, f"there is no field {key >> 3}")
            reader.varint(64) if key & 7 == codec.VARINT else reader.value()
        return message, end

    codec.decode_message = refusing


def trailing():
    """Bytes may follow a value."""
    codec.decode_value = lambda data: codec.Reader(data).value()


def zero_stream():
    """Stream 0 is taken for none."""
    decode = codec.decode_message

    def without(data):
        (name, fields), end = decode(data)
        if isinstance(fields, dict) and fields.get("stream_id") == 0:
            del fields["stream_id"]
        return (name, fields), end

    codec.decode_message = without


def write_long_body():
    """A body of 128 bytes and more has its size in one byte."""
    encode = codec.encode_message

    def short(name, fields):
        out = encode(name, fields)
        return out if len(out) < 131 else out[:1] + bytes([out[1] & 0x7F]) + out[3:]

    codec.encode_message = short


def resource():
    """Resources lose their first character."""
    decode = codec.decode_message

    def short(data):
        (name, fields), end = decode(data)
        if isinstance(fields, dict) and isinstance(fields.get("resource"), str):
            fields["resource"] = fields["resource"][1:]
        return (name, fields), end

    codec.decode_message = short


def duplicate():
    """A field that comes twice is refused."""
    decode = codec.decode_message

    def once(data):
        message, end = decode(data)
        reader = codec.Reader(data)
        code, size = reader.varint(32), reader.varint(32)
        reader.end, seen = reader.at + size, set()
        while code in codec.MESSAGES and reader.at < reader.end:
            key = reader.varint(32)
            if key in seen:
                raise SystemExit("twice")
            seen.add(key)
            reader.varint(64) if key & 7 == codec.VARINT else reader.value()
        return message, end

    codec.decode_message = once


def plant(bug):
    """Puts the bug of that name in."""
    globals()[bug.replace("-", "_")]()
