"""A small IOTMP server that keeps every rule but the one named by --fault."""

import argparse
import asyncio
import os
import sys

import faults
import wire
from wire import ERROR, OK, Malformed, Partial

LIMIT = 256 * 1024

FAULTS = {
    "none": "breaks nothing",
    "run-answered-twice": "every Run gets its answer twice",
    "credential-prefix-accepted": "any prefix of the credential will do",
    "hundredth-response-dropped": "every hundredth response of any kind is lost",
    "hundredth-run-unanswered": "every hundredth Run gets no answer",
    "ids-swapped-under-load": "two answers exchange their identifiers when many are under way",
    "dies-of-nesting": "a value nested too deep ends the process",
    "any-first-message": "a connection may begin with anything",
    "keep-alive-unanswered": "Keep Alive is never answered",
    "keep-alive-with-body": "the answer to Keep Alive has a body",
    "closes-despite-keep-alive": "Keep Alive does not put off the end of the connection",
    "closes-before-interval": "the connection ends before the interval does",
    "missed-keep-alive-borne": "a connection lives without Keep Alive",
    "payload-type-unchecked": "a Connect whose payload is no array is accepted",
    "id-cut-to-8-bits": "stream identifiers lose their upper byte",
    "id-cut-to-16-bits": "a stream identifier beyond 16 bits is cut",
    "whole-message-per-read": "a message that comes in pieces is lost",
    "header-in-one-read": "a header that comes in pieces is lost",
    "second-coalesced-lost": "of messages that come together only the first is seen",
    "unknown-resource-ok": "a Run of nothing is answered by Ok",
    "run-without-resource-ok": "a Run without a resource is answered by Ok",
    "reads-announced-size": "a body of any size is waited for",
    "disconnect-ignored": "Disconnect changes nothing",
    "run-without-id-answered": "a Run without a stream identifier is answered all the same",
    "keep-alive-unlimited": "any keep alive interval is accepted",
    "refusal-without-code": "a refusal does not say why",
    "ok-with-payload": "the Ok of a Connect has a payload",
    "client-type-refused": "a Connect that names its client type is refused",
    "unknown-field-refused": "a field that is not known ends the connection",
    "long-key-cut": "a field identifier above 15 is taken for a smaller one",
    "unordered-field-lost": "a field that comes after a higher one is lost",
    "reserved-wire-type-read": "wire type 1 is read like wire type 2",
    "varint-payload-refused": "a whole number has to come as PSON",
    "id-as-value-read": "a stream identifier may be a value",
    "stop-unknown-ok": "Stop Stream of nothing is answered by Ok",
    "id-used-once": "a stream identifier is never free again",
    "one-hurts-all": "a malformed message ends all connections",
    "answers-once": "only one request of a connection is answered at a time, later ones are lost",
    "small-messages-only": "a message above 4 KiB ends the connection",
    "user-unchecked": "any user name will do",
}


class Server:
    def __init__(self, options):
        self.options = options
        self.fault = options.fault
        self.responses = self.runs = 0
        self.properties = {}
        self.open = set()


class Connection:
    def __init__(self, server, reader, writer):
        self.server, self.reader, self.writer = server, reader, writer
        self.fault = server.fault
        self.interval, self.connected, self.over = 60.0, False, False
        self.heard = asyncio.get_running_loop().time()
        self.streams, self.used = set(), set()
        self.held = []

    def send(self, code, **values):
        server = self.server
        server.responses += 1
        if self.fault == "hundredth-response-dropped" and server.responses % 100 == 0:
            return
        self.writer.write(wire.message(code, **values))

    def deadline(self):
        margin = 1.15
        if not self.connected:
            return self.heard + 10
        if self.fault == "closes-before-interval":
            return self.heard + self.interval * 0.4
        if self.fault == "missed-keep-alive-borne":
            return self.heard + 3600
        return self.heard + self.interval * margin

    async def serve(self):
        data = bytearray()
        loop = asyncio.get_running_loop()
        while not self.over:
            wait = self.deadline() - loop.time()
            try:
                chunk = await asyncio.wait_for(self.reader.read(65536), max(wait, 0))
            except asyncio.TimeoutError:
                return
            if not chunk:
                return
            if self.fault == "whole-message-per-read":
                data = bytearray()
            if self.fault == "header-in-one-read" and len(data) == 1:
                data = bytearray()
            data += chunk
            taken = 0
            while not self.over:
                limit = None if self.fault == "reads-announced-size" else LIMIT
                if self.fault == "small-messages-only":
                    limit = 4096
                try:
                    code, body, length = wire.frame(data, limit)
                except Partial:
                    break
                del data[:length]
                taken += 1
                if self.fault == "second-coalesced-lost" and taken == 2:
                    continue
                self.take(code, body)
            self.flush()
            await self.writer.drain()

    def take(self, code, body):
        deep = self.fault == "dies-of-nesting"
        try:
            values = wire.fields(code, body, self.fault, sys.maxsize if deep else wire.MAX_DEPTH)
        except RecursionError:
            os._exit(70)
        if not self.connected and self.fault != "any-first-message" and code != wire.CONNECT:
            self.over = True
        elif code == wire.CONNECT:
            self.connect(values)
        elif code == wire.KEEP_ALIVE:
            if self.fault != "closes-despite-keep-alive":
                self.heard = asyncio.get_running_loop().time()
            if self.fault == "keep-alive-with-body":
                self.writer.write(b"\x05\x02\x08\x01")
            elif self.fault != "keep-alive-unanswered":
                self.send(wire.KEEP_ALIVE)
        elif code == wire.DISCONNECT:
            if self.fault == "disconnect-ignored":
                return
            if wire.ID in values:
                self.send(OK, id=values[wire.ID])
            self.over = True
        elif code == wire.RUN:
            self.run(values)
        elif code == wire.START:
            self.start(values)
        elif code == wire.STOP:
            known = values[wire.ID] in self.streams
            self.streams.discard(values[wire.ID])
            fine = known or self.fault == "stop-unknown-ok"
            self.send(OK if fine else ERROR, id=values[wire.ID])

    def connect(self, values):
        if self.connected:
            self.over = True
            return
        identifier, options = values[wire.ID], self.server.options
        parameters = values.get(wire.PARAMETERS, {})
        payload = values[wire.PAYLOAD]
        well_formed = isinstance(payload, list) and len(payload) == 3
        well_formed = well_formed and all(isinstance(part, str) for part in payload)
        valid = self.valid(payload)
        if self.fault == "user-unchecked" and well_formed:
            valid = payload[1:] == [options.device, options.credential]
        if self.fault == "credential-prefix-accepted" and well_formed:
            valid = payload[:2] == [options.user, options.device]
            valid = valid and options.credential.startswith(payload[2])
        if self.fault == "payload-type-unchecked" and not isinstance(payload, list):
            valid = True
        interval = parameters.get("ka", 60) if isinstance(parameters, dict) else 60
        code = None
        if not isinstance(interval, int) or interval > 1800 and self.fault != "keep-alive-unlimited":
            code = 3
        elif not isinstance(parameters, dict) or parameters.get("at", 0) != 0:
            code = 2
        elif not valid or "ct" in parameters and self.fault == "client-type-refused":
            code = 2
        if code is not None:
            said = {} if self.fault == "refusal-without-code" else {"parameters": code}
            self.send(ERROR, id=identifier, **said)
            self.over = True
            return
        self.connected, self.interval = True, float(interval or 60)
        self.heard = asyncio.get_running_loop().time()
        said = {"payload": "welcome"} if self.fault == "ok-with-payload" else {}
        self.send(OK, id=identifier, **said)

    def valid(self, payload):
        options = self.server.options
        return payload == [options.user, options.device, options.credential]

    def run(self, values):
        identifier = values.get(wire.ID)
        ok, payload = self.perform(values)
        if identifier is None:
            if self.fault == "run-without-id-answered":
                self.writer.write(wire.message(ERROR))
            return
        if self.fault == "id-used-once":
            if identifier in self.used:
                return
            self.used.add(identifier)
        self.server.runs += 1
        if self.fault == "hundredth-run-unanswered" and self.server.runs % 100 == 0:
            return
        said = {} if payload is None else {"payload": payload}
        if self.fault in ("ids-swapped-under-load", "answers-once"):
            self.held.append((OK if ok else ERROR, identifier, said))
            return
        self.send(OK if ok else ERROR, id=identifier, **said)
        if self.fault == "run-answered-twice":
            self.send(OK if ok else ERROR, id=identifier, **said)

    def perform(self, values):
        number, target = values.get(wire.RESOURCE), values.get(wire.PARAMETERS)
        if isinstance(target, int):
            number, target = target, number
        if number == 2 and isinstance(target, str):
            self.server.properties[target] = values.get(wire.PAYLOAD)
            return True, None
        if number == 1 and target in self.server.properties:
            return True, self.server.properties[target]
        if self.fault == "unknown-resource-ok" and isinstance(number, str):
            return True, None
        if self.fault == "run-without-resource-ok" and number is None:
            return True, None
        return False, None

    def flush(self):
        if self.fault == "answers-once":
            del self.held[1:]
        held, self.held = self.held, []
        if len(held) >= 8:
            (one, first, said), (other, second, more) = held[3], held[4]
            held[3], held[4] = (one, second, said), (other, first, more)
        for code, identifier, said in held:
            self.send(code, id=identifier, **said)

    def start(self, values):
        if values[wire.RESOURCE] == 8:
            self.streams.add(values[wire.ID])
            self.send(OK, id=values[wire.ID])
        else:
            self.send(ERROR, id=values[wire.ID])


async def main(options, kind=Connection):
    server = Server(options)

    async def accept(reader, writer):
        connection = kind(server, reader, writer)
        server.open.add(writer)
        try:
            await connection.serve()
        except Malformed:
            if server.fault == "one-hurts-all":
                for other in list(server.open):
                    other.close()
        except (ConnectionError, OSError):
            pass
        finally:
            server.open.discard(writer)
            writer.close()

    host, port = options.listen.rsplit(":", 1)
    listener = await asyncio.start_server(accept, host, int(port), reuse_address=True)
    print("listening", "%s:%d" % listener.sockets[0].getsockname()[:2], flush=True)
    async with listener:
        await listener.serve_forever()


if __name__ == "__main__":
    # What is broken there builds on what stands here.
    from broken_servers import fault

    parser = argparse.ArgumentParser()
    parser.add_argument("--listen", default="127.0.0.1:0")
    faults.run(main, parser, FAULTS, fault, Connection)
