"""A small server and a small device of Nubison that keep every rule but the one named by --fault."""

import argparse
import asyncio
import os
import secrets
import string

import wire

CLIENT, SECRET = b"client-0000000000001", b"secret-0000000000001"
PRODUCT, IDENTIFIER = b"SENSOR01", b"kitchen"
TYPE, STRUCTURE, NO_CLIENT, UNREGISTERED, TOKEN = 1, 2, 3, 4, 5
# How long the rest of a packet may take.
PATIENCE = 0.6


class Incomplete(Exception):
    """More has to come."""


class Malformed(Exception):
    """No packet, whatever comes."""


def text(data):
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Malformed from None


class Reader:
    """Takes the fields of a packet from the start of what has arrived."""

    def __init__(self, data, letters):
        self.data, self.at, self.letters = data, 9, letters

    def take(self, size):
        if len(self.data) < self.at + size:
            raise Incomplete
        self.at += size
        return bytes(self.data[self.at - size : self.at])

    def number(self, size):
        return int.from_bytes(self.take(size), "big")

    def tail(self):
        """What may be left out: it is there if bytes follow, unless they are another packet."""
        left = bytes(self.data[self.at :])
        if not left or (left[0] in self.letters and len(left) >= 10 and len(left) != 1 + left[0]):
            return None
        return self.take(self.number(1))


class Connection:
    letters = b""

    def __init__(self, options, reader, writer):
        self.options, self.fault = options, options.fault
        self.reader, self.writer, self.buffer = reader, writer, bytearray()

    def send(self, letter, identifier, *fields):
        if not self.writer.is_closing():
            self.writer.write(letter + identifier + b"".join(fields))

    async def serve(self):
        while not self.writer.is_closing():
            whole = len(self.buffer) < 9
            try:
                data = await asyncio.wait_for(self.reader.read(1 << 17), None if whole else PATIENCE)
            except asyncio.TimeoutError:
                self.broken()
                continue
            if not data:
                return
            if self.fault == "whole-packet-per-read":
                self.buffer.clear()
            self.buffer += data
            self.process()
            await self.writer.drain()

    def process(self):
        if self.fault == "short-answered" and len(self.buffer) < 9:
            self.send(b"R", bytes(self.buffer[1:]).ljust(8, b"\0"), b"\0\0\2")
            self.buffer.clear()
        while len(self.buffer) >= 9:
            reader = Reader(self.buffer, self.letters)
            try:
                self.packet(bytes(self.buffer[:1]), bytes(self.buffer[1:9]), reader)
            except Incomplete:
                return
            except Malformed:
                return self.broken()
            lost = self.fault == "second-in-one-read-lost"
            del self.buffer[: None if lost else reader.at]

    def broken(self):
        self.writer.close()

    def drop(self, reader):
        """What cannot be read has no end that is known."""
        reader.at = len(self.buffer)


class Server(Connection):
    letters = b"LODHR"
    token = None

    def respond(self, identifier, status, *rest):
        if self.fault == "id-cut-at-nul":
            identifier = identifier.split(b"\0")[0].ljust(8, b"\0")
        status = b"01"[status : status + 1] if self.fault == "status-as-digit" else bytes([status])
        self.send(b"R", identifier, status, *rest)

    def refuse(self, identifier, code, letter=b""):
        if self.fault == {b"L": "login", b"D": "data"}.get(letter, "?") + "-refused-bare":
            return self.respond(identifier, 0)
        code = 0x9999 if (code, self.fault) == (STRUCTURE, "structure-9999") else code
        self.respond(identifier, 0, code.to_bytes(2, "big"))

    def broken(self):
        self.refuse(bytes(self.buffer[1:9]), STRUCTURE)
        self.buffer.clear()

    def packet(self, letter, identifier, reader):
        if letter == b"L":
            self.login(identifier, *(reader.take(size) for size in (20, 20, 8)), reader)
        elif letter in (b"O", b"D", b"H"):
            token = reader.take(24)
            payload = self.payload(letter, reader)
            self.carried(letter, identifier, text(token), payload)
        elif letter == b"R":
            self.drop(reader)
        elif self.fault == "dies-of-unknown-type":
            os._exit(1)
        else:
            self.drop(reader)
            self.refuse(identifier, STRUCTURE if self.fault == "unknown-type-0002" else TYPE)

    def payload(self, letter, reader):
        if letter == b"D":
            size = reader.number(2)
            return reader.take(size & 255 if self.fault == "data-length-in-one-byte" else size)
        return None if letter == b"O" or self.fault == "heartbeat-tail-unread" else reader.tail()

    def login(self, identifier, client, secret, product, reader):
        size = reader.number(1)
        name = reader.take(size)
        for part in (client, secret, product, name):
            text(part)
        if size > 127 and self.fault == "long-identifier-refused":
            raise Malformed
        known = product == PRODUCT or self.fault == "product-unread"
        part = name and self.fault == "part-of-identifier" and IDENTIFIER.startswith(name)
        if client != CLIENT or (secret != SECRET and self.fault != "secret-unread"):
            return self.refuse(identifier, NO_CLIENT, b"L")
        if not known or (name != IDENTIFIER and not part):
            return self.refuse(identifier, UNREGISTERED, b"L")
        letters = string.ascii_letters + string.digits
        self.token = "".join(secrets.choice(letters) for _ in range(24))
        sent = self.token[:23] if self.fault == "token-of-23-bytes" else self.token
        self.respond(identifier, 1, sent.encode())

    def carried(self, letter, identifier, token, payload):
        size = 8 if self.fault == "token-by-prefix" else 24
        valid = self.token is not None and self.token[:size] == token[:size]
        if letter == b"O":
            self.token = None if valid else self.token
            rest = b"\0\0" if self.fault == "logout-with-code" else b""
            return self.respond(identifier, 1, rest)
        if not valid:
            return self.refuse(identifier, TOKEN, letter)
        if payload == b"" and letter == b"D" and self.fault == "empty-data-refused":
            return self.refuse(identifier, STRUCTURE, letter)
        echo = self.fault == "heartbeat-echoed" and letter == b"H" and payload is not None
        self.respond(identifier, 1, bytes([len(payload)]) + payload if echo else b"")


class Device(Connection):
    letters = b"CR"
    requests = 0
    token = beating = None

    def __init__(self, *args):
        super().__init__(*args)
        self.asked, self.own = {}, secrets.token_bytes(8)

    def request(self, letter, *fields):
        identifier = self.own if self.fault == "id-per-connection" else secrets.token_bytes(8)
        if self.fault == "ids-count":
            Device.requests += 1
            identifier = Device.requests.to_bytes(8, "big")
        self.asked[identifier] = letter
        self.send(letter, identifier, *fields)

    async def serve(self):
        size = 2 if self.fault == "identifier-length-in-two-bytes" else 1
        length = len(IDENTIFIER).to_bytes(size, "big")
        self.request(b"L", CLIENT, SECRET, PRODUCT, length, IDENTIFIER)
        if self.fault == "data-before-answer":
            self.data(bytes(24))
        try:
            await super().serve()
        finally:
            if self.beating:
                self.beating.cancel()

    def data(self, token):
        size = 1 if self.fault == "data-length-in-one-byte" else 2
        self.request(b"D", token, (9).to_bytes(size, "big"), b'{"t":2.5}')

    async def beat(self):
        token = self.token
        if self.fault == "token-in-ascii":
            token = bytes(byte if byte < 128 else ord("?") for byte in token)
        self.data(token)
        while True:
            await asyncio.sleep(0.5)
            size = 2 if self.fault == "heartbeat-length-in-two-bytes" else 1
            self.request(b"H", token, (6).to_bytes(size, "big"), b'{"h":}')

    def log_in(self, token):
        self.token = token
        self.beating = asyncio.ensure_future(self.beat())

    def packet(self, letter, identifier, reader):
        if letter == b"C":
            token = reader.take(24)
            self.command(identifier, token, reader.tail())
        elif letter == b"R":
            self.answered(identifier, reader)
        else:
            self.drop(reader)

    def answered(self, identifier, reader):
        request = self.asked.get(identifier)
        if self.fault == "any-answer-taken" and self.token is None:
            request = b"L"
        if request is None:
            return self.drop(reader)
        status = reader.number(1)
        if status > 1 and self.fault == "dies-of-odd-status":
            os._exit(1)
        if status > 1 and self.fault != "odd-status-taken":
            raise Malformed
        code = reader.number(2) if status == 0 else 0
        if request == b"L" and status:
            token, key = reader.take(24), reader.tail()
            text(token)
            if key is not None and self.fault == "key-refused":
                raise Malformed
            self.log_in(token)
        elif request == b"L":
            unnamed = code > 6 and self.fault == "unnamed-code-ignored"
            if not unnamed and self.fault != "refusal-ignored":
                raise Malformed
            self.log_in(b"x" * 24)
        self.asked.pop(identifier, None)

    def command(self, identifier, token, payload):
        bare = self.fault == "bare-command-unanswered" and payload is None
        long = self.fault == "long-command-unanswered" and len(payload or b"") > 127
        if bare or long:
            return
        if self.fault == "answer-id-in-ascii":
            identifier = bytes(byte & 127 for byte in identifier)
        if token != self.token:
            return self.send(b"R", identifier, b"\0\0\5" if self.fault == "failure-with-code" else b"\0")
        size = 2 if self.fault == "answer-length-in-two-bytes" else 1
        rest = b"" if payload is None else len(payload).to_bytes(size, "big") + payload
        self.send(b"R", identifier, b"1" if self.fault == "success-as-digit" else b"\1", rest)


async def listen(options):
    async def accept(reader, writer):
        await live(Server(options, reader, writer))

    listener = await asyncio.start_server(accept, "127.0.0.1", 0)
    print("listening", "%s:%d" % listener.sockets[0].getsockname()[:2], flush=True)
    async with listener:
        await listener.serve_forever()


async def dial(options):
    host, port = options.server.rsplit(":", 1)
    while True:
        try:
            reader, writer = await asyncio.open_connection(host, int(port))
        except OSError:
            await asyncio.sleep(0.05)
            continue
        await live(Device(options, reader, writer))


async def live(connection):
    try:
        await connection.serve()
    except OSError:
        pass
    finally:
        connection.writer.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", help="dials it, and is a device")
    parser.add_argument("--fault", default="none")
    wire.end_with_parent()
    chosen = parser.parse_args()
    asyncio.run(dial(chosen) if chosen.server else listen(chosen))
