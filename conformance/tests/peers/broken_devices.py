"""More devices that break one rule: each is a connection that does one thing differently."""

import math

import wire
from device import Connection
from faults import Faults
from wire import ERROR, OK

fault = Faults()


# --- streams

@fault("stop-ends-all", "a Stop Stream ends all streams")
class _(Connection):
    def stop(self, identifier):
        known = identifier in self.streams
        super().stop(identifier)
        if known:
            self.streams.clear()


@fault("stop-ends-another", "a Stop Stream ends the oldest stream")
class _(Connection):
    def stop(self, identifier):
        if identifier in self.streams:
            del self.streams[next(iter(self.streams))]
            self.send(OK, id=identifier)
        else:
            self.send(ERROR, id=identifier)


@fault("stop-unanswered", "a Stop Stream is obeyed and not answered")
class _(Connection):
    def stop(self, identifier):
        if self.streams.pop(identifier, None) is None:
            self.send(ERROR, id=identifier)


@fault("stop-refused", "a Stop Stream is obeyed and answered by Error")
class _(Connection):
    def stop(self, identifier):
        self.streams.pop(identifier, None)
        self.send(ERROR, id=identifier)


@fault("slots-outlive-connections", "of eight streams only a Stop Stream gives one back")
class _(Connection):
    slots = 8

    def start(self, values, identifier):
        if type(self).slots == 0:
            self.send(ERROR, id=identifier)
            return
        super().start(values, identifier)
        type(self).slots -= identifier in self.streams

    def stop(self, identifier):
        type(self).slots += identifier in self.streams
        super().stop(identifier)


@fault("values-doubled", "every value of an interval comes twice")
class _(Connection):
    def tick(self, now):
        before = {identifier: due for identifier, (_, _, due) in self.streams.items()}
        super().tick(now)
        for identifier, (name, _, due) in list(self.streams.items()):
            if before.get(identifier) not in (None, due):
                self.value(identifier, name)


class Timed(Connection):
    """Starts streams at another interval than the one that was asked for."""

    def start(self, values, identifier):
        super().start(values, identifier)
        if identifier in self.streams:
            name, seconds, _ = self.streams[identifier]
            seconds = self.other(seconds)
            self.streams[identifier] = (name, seconds, self.loop.time() + seconds)


@fault("interval-in-whole-seconds", "an interval is rounded up to whole seconds")
class _(Timed):
    def other(self, seconds):
        return math.ceil(seconds)


@fault("interval-cut-to-seconds", "an interval is cut to whole seconds, and none is left of a short one")
class _(Timed):
    def other(self, seconds):
        return int(seconds)


@fault("interval-doubled", "values come every other interval")
class _(Timed):
    def other(self, seconds):
        return 2 * seconds


@fault("interval-in-microseconds", "an interval is taken for microseconds")
class _(Timed):
    def other(self, seconds):
        return seconds / 1000


@fault("interval-in-8-bits", "of an interval only eight bits are kept")
class _(Timed):
    def other(self, seconds):
        return (int(seconds * 1000) & 0xFF) / 1000


@fault("interval-in-32-bits", "of an interval only 32 bits are kept")
class _(Timed):
    def other(self, seconds):
        return (round(seconds * 1000) & 0xFFFFFFFF) / 1000


@fault("old-interval-stays", "a longer interval does not replace a shorter one")
class _(Connection):
    def start(self, values, identifier):
        before = self.streams.get(identifier)
        super().start(values, identifier)
        if before and identifier in self.streams and 0 < before[1] < self.streams[identifier][1]:
            self.streams[identifier] = before


@fault("no-second-start", "a resource that was stopped cannot be streamed again")
class _(Connection):
    def start(self, values, identifier):
        name = str(values[wire.RESOURCE])
        self.gone = getattr(self, "gone", set())
        if name in self.gone:
            self.send(ERROR, id=identifier)
            return
        super().start(values, identifier)

    def stop(self, identifier):
        if identifier in self.streams:
            self.gone = getattr(self, "gone", set()) | {self.streams[identifier][0]}
        super().stop(identifier)


@fault("second-start-without-values", "a resource that is streamed again gives no values any more")
class _(Connection):
    def stop(self, identifier):
        if identifier in self.streams:
            self.gone = getattr(self, "gone", set()) | {self.streams[identifier][0]}
        super().stop(identifier)

    def value(self, identifier, name):
        if name not in getattr(self, "gone", set()):
            super().value(identifier, name)


class Labelled(Connection):
    """Puts values under another identifier."""

    def value(self, identifier, name):
        super().value(self.label(identifier), name)


@fault("values-in-8-bits", "values carry the low eight bits of their stream's identifier")
class _(Labelled):
    def label(self, identifier):
        return identifier & 0xFF


@fault("values-in-15-bits", "values carry the low fifteen bits of their stream's identifier")
class _(Labelled):
    def label(self, identifier):
        return identifier & 0x7FFF


@fault("values-under-0", "values carry identifier 0")
class _(Labelled):
    def label(self, identifier):
        return 0


@fault("stream-0-silent", "a stream with identifier 0 gives no values")
class _(Connection):
    def value(self, identifier, name):
        if identifier:
            super().value(identifier, name)


@fault("value-before-ok", "the first value comes before the Ok of its Start Stream")
class _(Connection):
    def start(self, values, identifier):
        name = self.device.find(values[wire.RESOURCE])
        if name not in (None, "reset"):
            self.value(identifier, name)
        super().start(values, identifier)


@fault("interval-0-floods", "an interval of 0 is one of no time at all")
class _(Timed):
    def other(self, seconds):
        return seconds or 0.0001


@fault("start-answered-twice", "a Start Stream is answered twice")
class _(Connection):
    def start(self, values, identifier):
        super().start(values, identifier)
        self.send(OK if identifier in self.streams else ERROR, id=identifier)


@fault("describe-answered-twice", "a Describe is answered twice")
class _(Connection):
    def describe(self, values, identifier):
        super().describe(values, identifier)
        super().describe(values, identifier)


@fault("only-last-stream-echoes", "of two streams only the one opened last is told of an input")
class _(Connection):
    def value(self, identifier, name):
        if name != "led" or identifier == list(self.streams)[-1]:
            super().value(identifier, name)


@fault("values-put-off", "a value is put off by whatever comes")
class _(Connection):
    def take(self, code, body):
        for identifier, (name, interval, due) in list(self.streams.items()):
            if interval:
                self.streams[identifier] = (name, interval, self.loop.time() + interval)
        super().take(code, body)


@fault("last-interval-for-all", "all streams go by the interval that came last")
class _(Connection):
    def start(self, values, identifier):
        super().start(values, identifier)
        if identifier in self.streams:
            _, interval, due = self.streams[identifier]
            self.streams = {other: (name, interval, due) for other, (name, _, _) in self.streams.items()}


@fault("refused-stream-runs", "a stream that is refused brings values all the same")
class _(Connection):
    def start(self, values, identifier):
        super().start(values, identifier)
        if identifier not in self.streams:
            self.streams[identifier] = ("temperature", 0.1, self.loop.time() + 0.1)


@fault("disconnect-leaves-streams", "while a stream is open a Disconnect is ignored")
class _(Connection):
    def take(self, code, body):
        if code != wire.DISCONNECT or not self.streams:
            super().take(code, body)


# --- signs of life

@fault("keep-alive-when-idle", "Keep Alive is put off by whatever comes")
class _(Connection):
    def beat(self, now):
        if now - getattr(self, "heard", 0) > 0.9 * self.device.options.keep_alive:
            super().beat(now)

    def take(self, code, body):
        if code != wire.KEEP_ALIVE:
            self.heard = self.loop.time()
        super().take(code, body)


@fault("keep-alive-once", "Keep Alive is sent once")
class _(Connection):
    def beat(self, now):
        if not getattr(self, "beaten", False):
            self.beaten = True
            super().beat(now)


@fault("keep-alive-echoed", "Keep Alive is answered by Keep Alive")
class _(Connection):
    def take(self, code, body):
        super().take(code, body)
        if code == wire.KEEP_ALIVE:
            self.writer.write(wire.message(wire.KEEP_ALIVE))


@fault("any-message-answers-keep-alive", "whatever comes is taken for the answer to Keep Alive")
class _(Connection):
    def take(self, code, body):
        self.awaited = None
        super().take(code, body)


# --- calls

@fault("name-prefix-found", "the beginning of a name names a resource")
class _(Connection):
    def take(self, code, body):
        device, names = self.device, self.device.names()

        def find(resource):
            if isinstance(resource, str) and len(resource) > 2:
                return next((name for name in names if name.startswith(resource)), None)
            return type(device).find(device, resource)

        device.find = find
        super().take(code, body)


@fault("name-with-more-found", "what comes after a name does not matter")
class _(Connection):
    def take(self, code, body):
        device, names = self.device, self.device.names()

        def find(resource):
            if isinstance(resource, str):
                return next((name for name in names if resource.startswith(name)), None)
            return type(device).find(device, resource)

        device.find = find
        super().take(code, body)


@fault("unknown-number-ok", "a number that is no alias names the first resource")
class _(Connection):
    def take(self, code, body):
        device = self.device
        device.find = lambda resource: "temperature" if isinstance(resource, int) else type(device).find(device, resource)
        super().take(code, body)


@fault("only-one-output", "only one resource gives its value to a Run")
class _(Connection):
    def perform(self, values):
        ok, said = super().perform(values)
        return ok, {} if self.device.find(values.get(wire.RESOURCE)) == "temperature" else said


@fault("output-as-text", "what a resource gives is text")
class _(Connection):
    def perform(self, values):
        ok, said = super().perform(values)
        return ok, {key: str(value) for key, value in said.items()}


@fault("output-in-parameters", "what a resource gives is in the parameters of the Ok")
class _(Connection):
    def perform(self, values):
        ok, said = super().perform(values)
        return ok, {"parameters": value for value in said.values()}


@fault("output-under-its-name", "what a resource gives is in a map under its name")
class _(Connection):
    def perform(self, values):
        ok, said = super().perform(values)
        name = self.device.find(values.get(wire.RESOURCE))
        return ok, {key: {name: value} for key, value in said.items()}


@fault("input-refused", "an input that is like its sample is refused")
class _(Connection):
    def perform(self, values):
        ok, said = super().perform(values)
        return ok and self.device.find(values.get(wire.RESOURCE)) != "led", said


@fault("run-then-error", "a Run gets an Error after its Ok")
class _(Connection):
    def run(self, values, identifier):
        super().run(values, identifier)
        if identifier is not None and self.device.find(values.get(wire.RESOURCE)):
            self.send(ERROR, id=identifier)


@fault("payload-type-limits", "a Run whose payload is an array is not answered")
class _(Connection):
    def run(self, values, identifier):
        if not isinstance(values.get(wire.PAYLOAD), list):
            super().run(values, identifier)


@fault("other-input-unanswered", "a Run with an input of another kind than its sample is not answered")
class _(Connection):
    def run(self, values, identifier):
        is_led = self.device.find(values.get(wire.RESOURCE)) == "led"
        if not is_led or isinstance(values.get(wire.PAYLOAD, True), bool):
            super().run(values, identifier)


@fault("malformed-input-ignored", "an input that is no value is none")
class _(Connection):
    def take(self, code, body):
        try:
            super().take(code, body)
        except wire.Malformed:
            # The payload comes last, if it is malformed.
            at = body.rfind(wire.PAYLOAD << 3 | wire.VALUE)
            if code != wire.RUN or at < 0:
                raise
            super().take(code, body[:at])


# --- descriptions

class Described(Connection):
    """Changes what Describe is answered."""

    def describe(self, values, identifier):
        self.whole = wire.RESOURCE not in values
        super().describe(values, identifier)
        self.whole = None

    whole = None

    def send(self, code, **values):
        if code == OK and self.whole is not None:
            values["payload"] = (self.every if self.whole else self.one)(values["payload"])
        super().send(code, **values)

    def every(self, payload):
        return payload

    def one(self, payload):
        return payload


@fault("function-from-0", "functions are counted from 0")
class _(Described):
    def every(self, payload):
        return {name: {**about, "fn": about["fn"] - 1} for name, about in payload.items()}


@fault("function-as-text", "functions are words")
class _(Described):
    def every(self, payload):
        return {name: {**about, "fn": ["", "run", "in", "out", "io"][about["fn"]]} for name, about in payload.items()}


@fault("functions-swapped", "inputs are described as outputs and outputs as inputs")
class _(Described):
    def every(self, payload):
        return {name: {**about, "fn": [0, 1, 3, 2, 4][about["fn"]]} for name, about in payload.items()}


@fault("samples-swapped", "the sample of an input is described as one of an output")
class _(Described):
    def one(self, payload):
        return {{"in": "out", "out": "in"}[key]: value for key, value in payload.items()}


@fault("sample-too-many", "an output is described with a sample of an input that it does not have")
class _(Described):
    def one(self, payload):
        return {"in": 0, **payload}


@fault("sample-bare", "a resource is described by its value alone")
class _(Described):
    def one(self, payload):
        return next(iter(payload.values()), None)


@fault("descriptions-in-array", "resources are described in an array")
class _(Described):
    def every(self, payload):
        return [{"name": name, **about} for name, about in payload.items()]


@fault("functions-alone", "resources are described by their function alone")
class _(Described):
    def every(self, payload):
        return {name: about["fn"] for name, about in payload.items()}


@fault("alias-as-text", "an alias is text")
class _(Described):
    def every(self, payload):
        return {name: {**about, **({"id": "7"} if "id" in about else {})} for name, about in payload.items()}


# --- introductions

class Greeting(Connection):
    """Sends another Connect than it should."""

    def __init__(self, device, reader, writer):
        super().__init__(device, reader, writer)
        right = writer.write

        def write(data):
            writer.write = right
            right(self.greet(data))

        writer.write = write

    def greet(self, data):
        payload = [self.device.options.user, self.device.options.device, self.device.options.credential]
        return wire.message(wire.CONNECT, **self.said(payload))


@fault("four-strings", "the Connect carries four strings")
class _(Greeting):
    def said(self, payload):
        return {"id": 1, "payload": [*payload, "v1"]}


@fault("credential-as-number", "the Connect carries a number for the credential")
class _(Greeting):
    def said(self, payload):
        return {"id": 1, "payload": [*payload[:2], 1234]}


@fault("payload-as-map", "the Connect carries a map")
class _(Greeting):
    def said(self, payload):
        return {"id": 1, "payload": dict(zip(("username", "device", "credential"), payload))}


@fault("connect-without-id", "the Connect has no stream identifier")
class _(Greeting):
    def said(self, payload):
        return {"payload": payload}


@fault("connect-twice", "the Connect is sent twice (no rule speaks of it)")
class _(Greeting):
    def greet(self, data):
        return data + data


class Later(Greeting):
    """Introduces itself wrongly from the third connection on."""

    def greet(self, data):
        self.device.dials = getattr(self.device, "dials", 0) + 1
        return self.other(data) if self.device.dials > 2 else data


@fault("value-before-later-connect", "from the third connection on a value comes before the Connect")
class _(Later):
    def other(self, data):
        return wire.message(wire.DATA, id=9, payload=1) + data


@fault("credential-lost", "from the third connection on the Connect carries two strings")
class _(Later):
    def other(self, data):
        options = self.device.options
        parameters = {"ka": options.keep_alive}
        return wire.message(wire.CONNECT, id=1, parameters=parameters, payload=[options.user, options.device])


@fault("tries-again-in-place", "after a refusal the Connect is sent again on the same connection")
class _(Connection):
    def take(self, code, body):
        super().take(code, body)
        if self.over and code == ERROR:
            options, self.over = self.device.options, False
            payload = [options.user, options.device, options.credential]
            self.writer.write(wire.message(wire.CONNECT, id=1, payload=payload))


@fault("refusal-without-code-borne", "only a refusal with a code is one")
class _(Connection):
    def take(self, code, body):
        if code == ERROR and not self.accepted and wire.PARAMETERS not in wire.fields(code, body):
            self.accepted = True
        else:
            super().take(code, body)


# --- how bytes come

@fault("tail-of-read-lost", "of 1024 bytes that come together what is no whole message is lost")
class _(Connection):
    def receive(self, data, chunk):
        for at in range(0, len(chunk), 1024):
            super().receive(data, chunk[at:at + 1024])
            if len(chunk) - at >= 1024 and len(data) < 1000:
                data.clear()


@fault("half-message-taken", "what the end of the connection cuts off is filled up with zeros")
class _(Connection):
    def ended(self, data):
        if data:
            self.receive(data, bytes(64))


@fault("stop-taken-first", "of messages that come together a Stop Stream is taken first")
class _(Connection):
    def receive(self, data, chunk):
        together = []
        self.take = lambda code, body: together.append((code, body))
        super().receive(data, chunk)
        del self.take
        for code, body in sorted(together, key=lambda message: message[0] != wire.STOP):
            self.take(code, body)


# --- what breaks no rule

@fault("connect-in-pieces", "the Connect comes in pieces (no fault)")
class _(Greeting):
    def greet(self, data):
        self.loop.call_later(0.02, lambda: self.writer.write(data[5:]))
        return data[:5]


@fault("keep-alive-at-once", "a Keep Alive comes right after the Ok as well (no fault)")
class _(Connection):
    def take(self, code, body):
        was = self.accepted
        super().take(code, body)
        if self.accepted and not was:
            self.writer.write(wire.message(wire.KEEP_ALIVE))


@fault("errors-explained", "every Error says why (no fault)")
class _(Connection):
    def send(self, code, **values):
        if code == ERROR:
            values.setdefault("payload", "this did not work")
        super().send(code, **values)


@fault("unknown-type-closes", "a message of a type that is not known ends the connection (no fault)")
class _(Connection):
    def take(self, code, body):
        if code > wire.DATA:
            self.over = True
        else:
            super().take(code, body)


@fault("properties-read-at-start", "a server's resource is run as soon as it is connected (no fault)")
class _(Connection):
    def take(self, code, body):
        was = self.accepted
        super().take(code, body)
        if self.accepted and not was:
            self.writer.write(wire.message(wire.RUN, id=40000, parameters="settings", resource=1))


@fault("bare-interval-passed-over", "parameters that are no map are none (no fault)")
class _(Connection):
    def start(self, values, identifier):
        if not isinstance(values.get(wire.PARAMETERS), dict):
            values.pop(wire.PARAMETERS, None)
        super().start(values, identifier)


@fault("one-sensor-out", "a resource that has no value now answers by Error (no fault)")
class _(Connection):
    def perform(self, values):
        ok, said = super().perform(values)
        is_out = self.device.find(values.get(wire.RESOURCE)) == "noise"
        return (False, {}) if is_out else (ok, said)


@fault("keep-alive-padded", "the type and the size of a Keep Alive take five bytes each (no fault)")
class _(Connection):
    def beat(self, now):
        writer, self.writer = self.writer, Padding(self.writer)
        super().beat(now)
        self.writer = writer


class Padding:
    """Writes a message without a body with the longest header."""

    def __init__(self, writer):
        self.writer = writer

    def write(self, data):
        code, size = data
        zeros = b"\x80\x80\x80\x00"
        self.writer.write(bytes([code | 0x80]) + zeros + bytes([size | 0x80]) + zeros)


# --- names and numbers that are nearly those

@fault("answers-256-runs", "of the Runs of a connection 256 are answered")
class _(Connection):
    runs = 0

    def run(self, values, identifier):
        self.runs += 1
        if self.runs <= 256:
            super().run(values, identifier)


@fault("stop-by-low-byte", "a stream is stopped by the lower byte of its identifier")
class _(Connection):
    def stop(self, identifier):
        like = [other for other in self.streams if other & 0xFF == identifier & 0xFF]
        super().stop(identifier)
        for other in like:
            self.streams.pop(other, None)


class Finding(Connection):
    """Takes other names for those of resources as well."""

    def take(self, code, body):
        device = self.device

        def find(resource):
            resource = self.same(resource) if isinstance(resource, str) else resource
            return type(device).find(device, resource)

        if code in self.codes:
            device.find = find
        super().take(code, body)
        vars(device).pop("find", None)


@fault("run-name-ends-at-nul", "a Run finds a name that ends at a NUL")
class _(Finding):
    codes = {wire.RUN}

    def same(self, name):
        return name.partition("\0")[0]


@fault("describe-name-trimmed", "a Describe finds a name with blanks around it")
class _(Finding):
    codes = {wire.DESCRIBE}

    def same(self, name):
        return name.strip()


@fault("start-name-trimmed", "a Start Stream finds a name with blanks around it")
class _(Finding):
    codes = {wire.START}

    def same(self, name):
        return name.strip()


# --- what has been before

@fault("third-start-refused", "an identifier opens two streams, and no third one")
class _(Connection):
    def start(self, values, identifier):
        self.begun = getattr(self, "begun", {})
        self.begun[identifier] = self.begun.get(identifier, 0) + 1
        if self.begun[identifier] > 2 and identifier not in self.streams:
            self.send(ERROR, id=identifier)
        else:
            super().start(values, identifier)


@fault("interval-outlives-none", "a second Start Stream without an interval leaves the one there was")
class _(Connection):
    def start(self, values, identifier):
        before = self.streams.get(identifier)
        super().start(values, identifier)
        if before and self.streams.get(identifier, before)[1] == 0:
            self.streams[identifier] = before


@fault("second-refusal-unsaid", "what was refused under an identifier is not refused again")
class _(Connection):
    def run(self, values, identifier):
        known = self.device.find(values.get(wire.RESOURCE)) is not None
        self.refused = getattr(self, "refused", set())
        if known or identifier not in self.refused:
            super().run(values, identifier)
        if not known:
            self.refused.add(identifier)


@fault("describe-lost-beside-values", "a Describe is not answered while a value is due soon")
class _(Connection):
    def describe(self, values, identifier):
        now = self.loop.time()
        if not any(interval and due - now < interval / 2 for _, interval, due in self.streams.values()):
            super().describe(values, identifier)


@fault("piece-of-1460-lost", "1460 bytes that come together are lost")
class _(Connection):
    def receive(self, data, chunk):
        if len(chunk) != 1460:
            super().receive(data, chunk)


@fault("runs-lost-beside-streams", "every fourth Run is lost while a stream is open")
class _(Connection):
    def run(self, values, identifier):
        self.runs = getattr(self, "runs", 0) + 1
        if not self.streams or self.runs % 4:
            super().run(values, identifier)
