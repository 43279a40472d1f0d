"""A small IOTMP device that keeps every rule but the one named by --fault."""

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
    "streams-after-stop": "values go on after Stop Stream",
    "one-value-after-stop": "one more value follows the Ok of a Stop Stream",
    "disconnect-ignored": "Disconnect changes nothing",
    "answers-unaccepted": "requests are answered before the Connect is",
    "run-without-id-answered": "a Run without a stream identifier is answered all the same",
    "run-answered-twice": "every Run gets its answer twice",
    "hundredth-response-dropped": "every hundredth response of any kind is lost",
    "interval-ignored": "a stream has an interval of its own choice",
    "interval-in-seconds": "the interval of a stream is taken for seconds",
    "streams-swapped": "of two streams each carries the values under the identifier of the other",
    "ids-swapped-under-load": "two answers exchange their identifiers when many are under way",
    "describes-phantoms": "a resource is described that does not exist",
    "describe-unknown-ok": "Describe of a resource that does not exist is answered by Ok",
    "description-without-function": "a description lacks the function",
    "description-mistyped": "a description says by a number whether it streams",
    "describe-one-empty": "Describe of one resource is answered by Ok without samples",
    "keep-alive-unsent": "no Keep Alive is ever sent",
    "keep-alive-with-body": "Keep Alive has a body",
    "unanswered-keep-alive-borne": "the answer to Keep Alive is not missed",
    "streams-after-reconnect": "streams go on in a new connection",
    "two-strings": "the Connect carries two strings only",
    "payload-string": "the Connect carries one string for its payload",
    "connect-second": "Keep Alive comes before the Connect",
    "stays-after-refusal": "a refused Connect changes nothing",
    "unordered-field-lost": "a field that comes after a higher one is lost",
    "unknown-field-refused": "a field that is not known ends the connection",
    "long-key-cut": "a field identifier above 15 is taken for a smaller one",
    "varint-payload-refused": "a whole number has to come as PSON",
    "id-cut-to-8-bits": "stream identifiers lose their upper byte",
    "id-cut-to-16-bits": "a stream identifier beyond 16 bits is cut",
    "whole-message-per-read": "a message that comes in pieces is lost",
    "header-in-one-read": "a header that comes in pieces is lost",
    "second-coalesced-lost": "of messages that come together only the first is seen",
    "reads-announced-size": "a body of any size is waited for",
    "dies-of-nesting": "a value nested too deep ends the process",
    "unknown-resource-ok": "a Run of nothing is answered by Ok",
    "run-without-resource-ok": "a Run without a resource is answered by Ok",
    "run-without-value": "the Ok of a Run lacks what the resource gives",
    "start-unknown-ok": "Start Stream of nothing is answered by Ok",
    "start-refused": "Start Stream is always answered by Error",
    "stop-unknown-ok": "Stop Stream of nothing is answered by Ok",
    "second-start-ignored": "a second Start Stream of a resource changes nothing",
    "one-stream-only": "a second stream ends the first",
    "first-value-unsent": "no value comes at once after the Ok of a Start Stream",
    "input-not-echoed": "no value comes after an input",
    "unopened-stream": "values come that nobody asked for",
    "id-used-once": "a stream identifier is never free again",
    "alias-unknown": "the alias that is described names nothing",
}


class Device:
    def __init__(self, options):
        self.options, self.fault = options, options.fault
        self.led, self.responses = False, 0
        self.left_open = {}

    def names(self):
        return ["temperature", "led", "sum", "reset", "noise", "about"]

    def function(self, name):
        return {"temperature": 3, "led": 2, "sum": 4, "reset": 1, "noise": 3, "about": 3}[name]

    def sample(self, name):
        if name == "temperature":
            return None, 21.5
        if name == "led":
            return self.led, None
        if name == "sum":
            return {"a": 1, "b": 2}, 3
        if name == "noise":
            return None, {"db": 40.25, "peak": True}
        if name == "about":
            text = "a text that is longer than the tag of a string can say"
            return None, {"exact": 0.1, "lowest": -40, "none": [], "text": text, "whole": 21.0}
        return None, None

    def find(self, resource):
        if isinstance(resource, list):
            resource = "/".join(map(str, resource))
        if resource == 7 and self.fault != "alias-unknown":
            resource = "temperature"
        return resource if resource in self.names() else None


class Connection:
    def __init__(self, device, reader, writer):
        self.device, self.reader, self.writer = device, reader, writer
        self.fault = device.fault
        self.accepted = self.over = False
        self.awaited = None
        self.streams, self.used, self.held, self.zombies = {}, set(), [], []
        self.loop = asyncio.get_running_loop()
        if self.fault == "streams-after-reconnect":
            for identifier, (name, interval, _) in device.left_open.items():
                self.streams[identifier] = (name, interval, self.loop.time() + interval)

    def send(self, code, **values):
        self.device.responses += 1
        if self.fault == "hundredth-response-dropped" and self.device.responses % 100 == 0:
            return
        self.writer.write(wire.message(code, **values))

    def value(self, identifier, name):
        given, gives = self.device.sample(name)
        shown = given if gives is None else gives
        if shown is None:
            return
        if self.fault == "streams-swapped" and len(self.streams) == 2:
            identifier = next(other for other in self.streams if other != identifier)
        self.writer.write(wire.message(wire.DATA, id=identifier, payload=shown))

    async def serve(self):
        options = self.device.options
        payload = [options.user, options.device, options.credential]
        if self.fault == "two-strings":
            payload = payload[:2]
        if self.fault == "payload-string":
            payload = " ".join(payload)
        if self.fault == "connect-second":
            self.writer.write(wire.message(wire.KEEP_ALIVE))
        parameters = {"ka": options.keep_alive}
        self.writer.write(wire.message(wire.CONNECT, id=1, parameters=parameters, payload=payload))
        data, alive = bytearray(), self.loop.time() + 10
        while not self.over:
            now = self.loop.time()
            wakes = [alive] + [due for _, interval, due in self.streams.values() if interval]
            if self.awaited is not None:
                wakes.append(self.awaited)
            try:
                chunk = await asyncio.wait_for(self.reader.read(65536), max(min(wakes) - now, 0.001))
            except asyncio.TimeoutError:
                chunk = None
            if chunk == b"":
                self.ended(data)
                return
            was_accepted = self.accepted
            if chunk:
                self.receive(data, chunk)
            now = self.loop.time()
            if self.accepted and not was_accepted:
                alive = now + options.keep_alive
            if self.awaited is not None and now >= self.awaited:
                return
            if now >= alive:
                if not self.accepted:
                    return
                self.beat(now)
                alive = now + options.keep_alive
            self.tick(now)
            await self.writer.drain()

    def ended(self, data):
        """What has come of a message that will not be whole."""

    def beat(self, now):
        if self.fault == "keep-alive-unsent":
            return
        if self.fault == "keep-alive-with-body":
            self.writer.write(b"\x05\x02\x08\x01")
        else:
            self.writer.write(wire.message(wire.KEEP_ALIVE))
        if self.fault != "unanswered-keep-alive-borne" and self.awaited is None:
            self.awaited = now + self.device.options.keep_alive
        if self.fault == "unopened-stream":
            self.writer.write(wire.message(wire.DATA, id=9, payload=1))

    def tick(self, now):
        for identifier, (name, interval, due) in list(self.streams.items()):
            if interval and now >= due:
                self.value(identifier, name)
                # What was missed while the machine was busy is not caught up with.
                self.streams[identifier] = (name, interval, max(due + interval, now))

    def receive(self, data, chunk):
        if self.fault == "whole-message-per-read" or self.fault == "header-in-one-read" and len(data) == 1:
            data.clear()
        data += chunk
        taken = 0
        while not self.over:
            limit = None if self.fault == "reads-announced-size" else LIMIT
            try:
                code, body, length = wire.frame(data, limit)
            except Partial:
                break
            del data[:length]
            # Whatever comes beside a Keep Alive, or beside the Ok that lets it in, does so by chance.
            counts = code not in {wire.KEEP_ALIVE, wire.OK}
            taken += counts
            if self.fault == "second-coalesced-lost" and taken == 2 and counts:
                continue
            self.take(code, body)
        held, self.held = self.held, []
        if len(held) >= 8:
            (one, first, said), (other, second, more) = held[3], held[4]
            held[3], held[4] = (one, second, said), (other, first, more)
        for code, identifier, said in held:
            self.send(code, id=identifier, **said)

    def take(self, code, body):
        deep = self.fault == "dies-of-nesting"
        try:
            values = wire.fields(code, body, self.fault, sys.maxsize if deep else wire.MAX_DEPTH)
        except RecursionError:
            os._exit(70)
        identifier = values.get(wire.ID)
        if not self.accepted and code not in (OK, ERROR, wire.DISCONNECT):
            if self.fault != "answers-unaccepted":
                return
        if code == OK and identifier == 1:
            self.accepted = True
        elif code == ERROR and identifier == 1 and not self.accepted:
            if self.fault == "stays-after-refusal":
                self.accepted = True
            else:
                self.over = True
        elif code == wire.KEEP_ALIVE:
            self.awaited = None
        elif code == wire.DISCONNECT and self.fault != "disconnect-ignored":
            if identifier is not None:
                self.send(OK, id=identifier)
            self.over = True
        elif code == wire.RUN:
            self.run(values, identifier)
        elif code == wire.DESCRIBE:
            self.describe(values, identifier)
        elif code == wire.START:
            self.start(values, identifier)
        elif code == wire.STOP:
            self.stop(identifier)

    def run(self, values, identifier):
        ok, said = self.perform(values)
        name = self.device.find(values.get(wire.RESOURCE))
        if identifier is None:
            if self.fault == "run-without-id-answered":
                self.writer.write(wire.message(OK))
        elif self.fault == "id-used-once" and identifier in self.used:
            pass
        elif self.fault == "ids-swapped-under-load":
            self.held.append((OK if ok else ERROR, identifier, said))
        else:
            self.used.add(identifier)
            self.send(OK if ok else ERROR, id=identifier, **said)
            if self.fault == "run-answered-twice":
                self.send(OK if ok else ERROR, id=identifier, **said)
        if ok and wire.PAYLOAD in values and self.fault != "input-not-echoed":
            for stream, (streamed, _, _) in self.streams.items():
                if streamed == name:
                    self.value(stream, name)

    def perform(self, values):
        name, payload = self.device.find(values.get(wire.RESOURCE)), values.get(wire.PAYLOAD)
        if name is None:
            if self.fault == "run-without-resource-ok" and wire.RESOURCE not in values:
                return True, {}
            return self.fault == "unknown-resource-ok" and wire.RESOURCE in values, {}
        if name == "led":
            if isinstance(payload, bool):
                self.device.led = payload
            return payload is None or isinstance(payload, bool), {}
        if name == "sum":
            if not isinstance(payload, dict):
                return False, {}
            return True, {"payload": payload.get("a", 0) + payload.get("b", 0)}
        gives = self.device.sample(name)[1]
        if gives is None or self.fault == "run-without-value":
            return True, {}
        return True, {"payload": gives}

    def describe(self, values, identifier):
        device = self.device
        if wire.RESOURCE in values:
            name = device.find(values[wire.RESOURCE])
            if name is None:
                self.send(OK if self.fault == "describe-unknown-ok" else ERROR, id=identifier)
                return
            given, gives = device.sample(name)
            samples = {key: value for key, value in (("in", given), ("out", gives)) if value is not None}
            if self.fault == "describe-one-empty":
                samples = {}
            self.send(OK, id=identifier, payload=samples)
            return
        every = {}
        for name in device.names():
            every[name] = {"fn": device.function(name)}
        every["temperature"]["id"] = 7
        every["reset"]["st"] = False
        if self.fault == "describes-phantoms":
            every["phantom"] = {"fn": 3}
        if self.fault == "description-without-function":
            del every["noise"]["fn"]
        if self.fault == "description-mistyped":
            every["reset"]["st"] = 0
        self.send(OK, id=identifier, payload=every)

    def start(self, values, identifier):
        name = self.device.find(values[wire.RESOURCE])
        parameters = values.get(wire.PARAMETERS, {})
        interval = parameters if isinstance(parameters, int) else 0
        if isinstance(parameters, dict):
            interval = parameters.get("interval", 0)
        if name in (None, "reset") or self.fault == "start-refused":
            self.send(OK if self.fault == "start-unknown-ok" else ERROR, id=identifier)
            return
        seconds = interval if self.fault == "interval-in-seconds" else interval / 1000
        if self.fault == "interval-ignored" and interval:
            seconds = 5
        if self.fault == "one-stream-only":
            self.streams.clear()
        doubled = [other for other, (streamed, _, _) in self.streams.items() if streamed == name]
        if not (doubled and self.fault == "second-start-ignored"):
            for other in doubled:
                del self.streams[other]
            self.streams[identifier] = (name, seconds, self.loop.time() + seconds)
        self.device.left_open = dict(self.streams)
        self.send(OK, id=identifier)
        if self.fault != "first-value-unsent":
            self.value(identifier, name)

    def stop(self, identifier):
        known = identifier in self.streams
        stream = self.streams.get(identifier)
        if self.fault != "streams-after-stop":
            self.streams.pop(identifier, None)
            self.device.left_open = dict(self.streams)
        self.send(OK if known or self.fault == "stop-unknown-ok" else ERROR, id=identifier)
        if known and self.fault == "one-value-after-stop":
            self.value(identifier, stream[0])


async def main(options, kind=Connection):
    device = Device(options)
    host, port = options.server.rsplit(":", 1)
    while True:
        try:
            reader, writer = await asyncio.open_connection(host, int(port))
        except OSError:
            await asyncio.sleep(0.05)
            continue
        try:
            await kind(device, reader, writer).serve()
        except (Malformed, OSError):
            pass
        finally:
            writer.close()


if __name__ == "__main__":
    # What is broken there builds on what stands here.
    from broken_devices import fault

    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    parser.add_argument("--keep-alive", type=int, default=2, metavar="SECONDS")
    faults.run(main, parser, FAULTS, fault, Connection)
