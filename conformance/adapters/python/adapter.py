#!/usr/bin/env python3
"""Lets `iotmp-conformance codec` ask codec.py: one JSON object per line each way.

    iotmp-conformance codec -- python3 adapter.py
"""

import json
import struct
import sys

import codec

SPEC = "iotmp-shipping"
HELLO = {
    "proto": 1,
    "impl": "python-example",
    "version": "1.0.0",
    "ops": ["decode", "encode"],
    "specs": [SPEC],
    "limits": {"max_message_size": codec.MAX_BODY + 10, "max_depth": codec.MAX_DEPTH},
}
PLAIN = 1 << 53  # larger integers are no longer exact in every JSON reader


def to_json(value):
    """A value in the notation: plain where JSON says it exactly, tagged otherwise."""
    if isinstance(value, bytes):
        return {"type": "bytes", "value": value.hex()}
    if isinstance(value, float):
        return {"type": "float", "bits": struct.pack(">d", value).hex()}
    if isinstance(value, list):
        return [to_json(element) for element in value]
    if isinstance(value, dict):
        if "type" in value:
            return {"type": "map", "value": [[key, to_json(v)] for key, v in value.items()]}
        return {key: to_json(v) for key, v in value.items()}
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > PLAIN:
        return {"type": "integer", "value": str(value)}
    return value


def from_json(value):
    """A value out of the notation."""
    if isinstance(value, list):
        return [from_json(element) for element in value]
    if not isinstance(value, dict):
        return value
    tag = value.get("type")
    if tag is None:
        return {key: from_json(v) for key, v in value.items()}
    if tag in ("integer", "varint"):
        return int(value["value"])
    if tag == "float" and "bits" in value:
        bits = bytes.fromhex(value["bits"])
        return struct.unpack(">d" if len(bits) == 8 else ">f", bits)[0]
    if tag == "float":
        return float(value["value"])
    if tag == "bytes":
        return bytes.fromhex(value["value"])
    if tag == "string":
        return value["value"]
    if tag == "map":
        return {key: from_json(v) for key, v in value["value"]}
    raise ValueError(f"there is no tag {tag}")


def message_to_json(message):
    name, fields = message
    if isinstance(name, int):  # of a type that nobody knows
        return {"type": f"0x{name:02x}", "body": to_json(fields)}
    return {"type": name, **{field: to_json(value) for field, value in fields.items()}}


def decode(request):
    data = bytes.fromhex(request["hex"])
    if request.get("kind", "message") == "message":
        message, consumed = codec.decode_message(data)
        return {"ok": message_to_json(message), "consumed": consumed}
    return {"ok": to_json(codec.decode_value(data)), "consumed": len(data)}


def encode(request):
    if request.get("kind", "message") == "message":
        fields = {key: from_json(value) for key, value in request["message"].items()}
        return {"ok": codec.encode_message(fields.pop("type"), fields).hex()}
    return {"ok": codec.encode_value(from_json(request["value"])).hex()}


def answer(request):
    op = request.get("op")
    if op == "hello":
        return HELLO
    if op not in HELLO["ops"]:
        return {"unsupported": f"there is no op {op}"}
    if request.get("spec") != SPEC:
        return {"unsupported": f"only {SPEC} is spoken here"}
    if request.get("encoding", "pson2") != "pson2":
        return {"unsupported": f"there is no encoding {request['encoding']}"}
    try:
        return decode(request) if op == "decode" else encode(request)
    except codec.Refused as refused:
        return {"reject": {"class": refused.kind, "offset": refused.offset, "detail": refused.detail}}


def main():
    for line in sys.stdin:
        reply, request = {}, {}
        try:
            request = json.loads(line)
            reply = answer(request)
        except Exception as error:  # what cannot be read is answered too, so that the next line is
            reply = {"unsupported": f"not a request: {error!r}"}
        if isinstance(request, dict) and "id" in request:
            reply = {"id": request["id"], **reply}
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
