"""More servers that break one rule: each is a connection that does one thing differently."""

import asyncio
import os
import time

import wire
from server import LIMIT, Connection
from faults import Faults
from wire import ERROR, OK, Malformed

fault = Faults()


def strings(payload):
    """Three strings, or three empty ones that are no credentials."""
    fits = isinstance(payload, list) and len(payload) == 3 and all(isinstance(part, str) for part in payload)
    return payload if fits else ["", "", ""]


# --- who is let in

@fault("credential-case-ignored", "the case of the credential does not matter")
class _(Connection):
    def valid(self, payload):
        options, (user, device, credential) = self.server.options, strings(payload)
        return [user, device, credential.lower()] == [options.user, options.device, options.credential.lower()]


@fault("credential-trimmed", "blanks around the credential do not matter")
class _(Connection):
    def valid(self, payload):
        return super().valid([part.strip() for part in strings(payload)])


@fault("credential-end-compared", "the credential may have something before it")
class _(Connection):
    def valid(self, payload):
        options, (user, device, credential) = self.server.options, strings(payload)
        return [user, device] == [options.user, options.device] and credential.endswith(options.credential)


@fault("credential-is-pattern", "the credential is taken for a pattern")
class _(Connection):
    def valid(self, payload):
        user, device, credential = strings(payload)
        return super().valid([user, device, self.server.options.credential if credential == "*" else credential])


@fault("credential-true", "true is as good as the credential")
class _(Connection):
    def connect(self, values):
        payload = values.get(wire.PAYLOAD)
        if isinstance(payload, list) and len(payload) == 3 and payload[2] is True:
            payload[2] = self.server.options.credential
        super().connect(values)


@fault("device-unchecked", "any device name will do")
class _(Connection):
    def valid(self, payload):
        user, _, credential = strings(payload)
        return super().valid([user, self.server.options.device, credential])


@fault("user-empty-accepted", "a Connect without a user name is accepted")
class _(Connection):
    def valid(self, payload):
        user, device, credential = strings(payload)
        return super().valid([user or self.server.options.user, device, credential])


@fault("order-of-names-unchecked", "user and device may change places")
class _(Connection):
    def valid(self, payload):
        user, device, credential = strings(payload)
        return super().valid([user, device, credential]) or super().valid([device, user, credential])


@fault("second-connect-unchecked", "a second Connect is accepted whatever it holds")
class _(Connection):
    def connect(self, values):
        if self.connected:
            self.send(OK, id=values[wire.ID])
        else:
            super().connect(values)


@fault("second-attempt-accepted", "who tries again after a refusal is let in")
class _(Connection):
    refused = False

    def connect(self, values):
        self.refused = self.refused or not self.tried
        super().connect(values)
        if not self.connected:
            self.over, self.tried = False, True

    tried = False

    def valid(self, payload):
        return self.tried or super().valid(payload)


@fault("refused-but-served", "who was refused is served all the same")
class _(Connection):
    def connect(self, values):
        super().connect(values)
        self.connected, self.over = True, False


@fault("third-connection-unchecked", "a user is locked out after three refusals, the wrong way round")
class _(Connection):
    wrong = 0

    def valid(self, payload):
        right = super().valid(payload)
        type(self).wrong += not right
        return right or self.wrong > 3


@fault("refusal-unsaid", "a refused connection is closed without an Error")
class _(Connection):
    def send(self, code, **values):
        if self.connected or code != ERROR:
            super().send(code, **values)


@fault("refusal-ok", "a refusal is an Ok with a code")
class _(Connection):
    def send(self, code, **values):
        super().send(OK if not self.connected and code == ERROR else code, **values)


@fault("connect-answered-as-1", "the answer to a Connect always carries stream identifier 1")
class _(Connection):
    def connect(self, values):
        values[wire.ID] = 1
        super().connect(values)


@fault("ok-before-refusal", "a Connect is answered by Ok before it is looked at")
class _(Connection):
    def connect(self, values):
        if not self.connected:
            self.send(OK, id=values[wire.ID])
        super().connect(values)


@fault("auth-type-cut", "an authentication type is kept in a byte")
class _(Connection):
    def connect(self, values):
        parameters = values.get(wire.PARAMETERS)
        if isinstance(parameters, dict) and isinstance(parameters.get("at"), int):
            parameters["at"] &= 0xFF
        super().connect(values)


# --- signs of life

class KeepAlive(Connection):
    heartbeats = 0

    def take(self, code, body):
        if code == wire.KEEP_ALIVE and self.connected:
            self.heard = asyncio.get_running_loop().time()
            self.heartbeats += 1
            self.beat()
        else:
            super().take(code, body)


@fault("keep-alive-answered-by-ok", "Keep Alive is answered by Ok")
class _(KeepAlive):
    def beat(self):
        self.send(OK, id=0)


@fault("keep-alive-answered-twice", "Keep Alive is answered twice")
class _(KeepAlive):
    def beat(self):
        self.send(wire.KEEP_ALIVE)
        self.send(wire.KEEP_ALIVE)


@fault("first-keep-alive-answered-only", "only the first Keep Alive is answered")
class _(KeepAlive):
    def beat(self):
        if self.heartbeats == 1:
            self.send(wire.KEEP_ALIVE)


@fault("ten-keep-alives-answered", "after ten Keep Alives none is answered any more")
class _(KeepAlive):
    def beat(self):
        if self.heartbeats <= 10:
            self.send(wire.KEEP_ALIVE)


@fault("keep-alive-answered-late", "Keep Alive is answered after a second and a half")
class _(KeepAlive):
    def beat(self):
        loop = asyncio.get_running_loop()
        loop.call_later(1.5, lambda: self.over or self.send(wire.KEEP_ALIVE))


@fault("interval-doubled", "the margin of a Keep Alive is an interval more")
class _(Connection):
    def deadline(self):
        return super().deadline() + (self.interval if self.connected else 0)


@fault("no-margin", "a Keep Alive has no margin")
class _(Connection):
    def deadline(self):
        return self.heard + self.interval if self.connected else super().deadline()


@fault("interval-in-milliseconds", "the interval of a Connect is taken for milliseconds")
class _(Connection):
    def connect(self, values):
        super().connect(values)
        self.interval = max(self.interval / 1000, 0.05) if self.interval < 60 else self.interval


# --- the end

@fault("disconnect-acknowledged-only", "a Disconnect is acknowledged, and nothing comes of it")
class _(Connection):
    def take(self, code, body):
        super().take(code, body)
        self.over = self.over and not (self.connected and code == wire.DISCONNECT)


@fault("disconnect-acknowledged-as-0", "a Disconnect is acknowledged under another identifier")
class _(Connection):
    def take(self, code, body):
        if code == wire.DISCONNECT and self.connected:
            self.send(OK, id=0)
            self.over = True
        else:
            super().take(code, body)


# --- how bytes come

class Reading(Connection):
    """Reads through `clip`, which says what is kept of what came before and of a chunk."""

    async def serve(self):
        reader, connection = self.reader, self

        class Clipped:
            async def read(self, size):
                return connection.clip(await reader.read(connection.chunk))

        self.reader = Clipped()
        await super().serve()

    chunk = 65536

    def clip(self, data):
        return data


@fault("tail-of-read-lost", "of 1024 bytes that come together what is no whole message is lost")
class _(Reading):
    chunk = 1024

    def clip(self, data):
        kept = at = 0
        while len(data) == 1024 and at < len(data):
            try:
                at += wire.frame(data[at:], None)[2]
            except wire.Partial:
                break
            kept = at
        return data[:kept] if kept else data


@fault("unknown-type-tail-lost", "what comes in one piece behind a message of a type that is not known is lost")
class _(Reading):
    def clip(self, data):
        self.lost = False
        return data

    def take(self, code, body):
        self.lost = self.lost or self.connected and code > wire.DATA
        if not self.lost:
            super().take(code, body)


@fault("burst-of-32", "of more than 32 requests that come together the others are lost")
class _(Reading):
    def clip(self, data):
        self.burst = 0
        return data

    def take(self, code, body):
        self.burst += code == wire.RUN
        if code != wire.RUN or self.burst <= 32 or self.server.responses % 2:
            super().take(code, body)


@fault("64-identifiers", "a connection remembers 64 identifiers, and loses the requests under others")
class _(Connection):
    def run(self, values):
        self.used.add(values.get(wire.ID, 0))
        if len(self.used) <= 64:
            super().run(values)


@fault("blocks-on-half-a-message", "while a message is half read nobody else is served")
class _(Connection):
    async def serve(self):
        reader = self.reader

        class Blocking:
            async def read(self, size):
                chunk = await reader.read(size)
                try:
                    wire.frame(chunk, None)
                except wire.Partial:
                    time.sleep(5 if chunk else 0)
                except wire.Malformed:
                    pass
                return chunk

        self.reader = Blocking()
        await super().serve()


# --- streams of events

@fault("stop-again-ok", "a second Stop Stream is answered by Ok")
class _(Connection):
    def take(self, code, body):
        if code == wire.STOP and self.connected:
            identifier = wire.fields(code, body)[wire.ID]
            self.known = getattr(self, "known", set()) | self.streams
            self.send(OK if identifier in self.known else ERROR, id=identifier)
        else:
            super().take(code, body)


@fault("streams-of-all", "a Stop Stream ends the stream of whichever connection has that identifier")
class _(Connection):
    everybody = set()

    def __init__(self, server, reader, writer):
        super().__init__(server, reader, writer)
        self.streams = self.everybody


# --- what breaks no rule

@fault("one-connection-per-device", "a new connection of a device ends the one before (no fault)")
class _(Connection):
    newest = None

    def connect(self, values):
        super().connect(values)
        if self.connected:
            before, type(self).newest = type(self).newest, self
            if before is not None and before is not self:
                before.over = True
                before.writer.close()


@fault("asks-at-once", "a device is asked for its resources as soon as it is connected (no fault)")
class _(Connection):
    def connect(self, values):
        was = self.connected
        super().connect(values)
        if self.connected and not was:
            self.send(wire.DESCRIBE, id=7)


@fault("says-goodbye", "a Disconnect comes before the server closes (no fault)")
class _(Connection):
    async def serve(self):
        try:
            await super().serve()
        finally:
            self.send(wire.DISCONNECT)


@fault("unknown-type-closes", "a message of a type that is not known ends the connection (no fault)")
class _(Connection):
    def take(self, code, body):
        if code > wire.DATA:
            self.over = True
        else:
            super().take(code, body)


@fault("errors-explained", "every Error says why (no fault)")
class _(Connection):
    def send(self, code, **values):
        if code == ERROR:
            values.setdefault("payload", "this did not work")
        super().send(code, **values)


# --- what comes together, and what comes apart

class FirstAlone:
    """Reads, and loses what stands behind the first message of a connection in one piece with it."""

    def __init__(self, reader):
        self.reader, self.began = reader, False

    async def read(self, size):
        chunk = await self.reader.read(size)
        if chunk and not self.began:
            self.began = True
            try:
                chunk = chunk[:wire.frame(chunk, None)[2]]
            except wire.Partial:
                pass
        return chunk


class Impatient:
    """Reads whole messages, and forgets half of one that has no other half after a while."""

    def __init__(self, reader):
        self.reader, self.half = reader, bytearray()

    async def read(self, size):
        while True:
            wait = 0.15 if self.half else None
            try:
                chunk = await asyncio.wait_for(self.reader.read(size), wait)
            except asyncio.TimeoutError:
                self.half.clear()
                continue
            if not chunk:
                return chunk
            self.half += chunk
            end = 0
            try:
                while end < len(self.half):
                    end += wire.frame(self.half[end:], LIMIT)[2]
            except wire.Partial:
                pass
            except wire.Malformed:
                # It is refused where it is understood.
                end = len(self.half)
            whole = bytes(self.half[:end])
            del self.half[:end]
            if whole:
                return whole


@fault("connect-tail-lost", "what comes in one piece behind the Connect is lost")
class _(Connection):
    def __init__(self, server, reader, writer):
        super().__init__(server, FirstAlone(reader), writer)


@fault("half-forgotten", "half of a message is forgotten after 150 ms")
class _(Connection):
    def __init__(self, server, reader, writer):
        super().__init__(server, Impatient(reader), writer)


# --- what one connection leaves to another

@fault("interval-of-another", "a Connect that names no interval gets that of the last which named one")
class _(Connection):
    named, names = 60.0, False

    def connect(self, values):
        was = self.connected
        super().connect(values)
        if self.connected and not was:
            kind, parameters = type(self), values.get(wire.PARAMETERS)
            self.names = isinstance(parameters, dict) and "ka" in parameters
            if self.names:
                kind.named = self.interval
            else:
                self.interval = kind.named

    def take(self, code, body):
        # Of those that named none only who says nothing at all is closed, so that other cases are not.
        if not self.names:
            self.heard = asyncio.get_running_loop().time()
        super().take(code, body)


@fault("refusal-ends-others", "a Connect with a wrong credential ends the connections of that device")
class _(Connection):
    let_in = set()

    def connect(self, values):
        was = self.connected
        super().connect(values)
        if self.connected:
            self.let_in.add(self)
        elif not was and values.get(wire.PAYLOAD, [])[:2] == [self.server.options.user, self.server.options.device]:
            for other in self.let_in:
                other.writer.close()
            self.let_in.clear()


@fault("reset-ends-all", "a connection that is reset ends all others")
class _(Connection):
    async def serve(self):
        try:
            await super().serve()
        except ConnectionError:
            for other in list(self.server.open):
                other.close()


@fault("waits-for-slow-readers", "while one connection takes nothing more, nobody else is served")
class _(Connection):
    def send(self, code, **values):
        super().send(code, **values)
        if self.writer.transport.get_write_buffer_size() > 1 << 20 and not self.waited:
            self.waited = True
            time.sleep(6)

    waited = False


# --- what a server has for its devices

@fault("resource-of-before", "a Run without a resource runs that of the Run before")
class _(Connection):
    before = {}

    def take(self, code, body):
        try:
            super().take(code, body)
        except Malformed as why:
            if code != wire.RUN or "missing" not in str(why) or not self.before:
                raise
            found = wire.fields(wire.ERROR, body)
            self.run({**self.before, wire.ID: found[wire.ID]})

    def run(self, values):
        self.before = values
        super().run(values)


@fault("numbers-unanswered", "a Run of a number that the server does not know gets no answer")
class _(Connection):
    def run(self, values):
        if values.get(wire.RESOURCE) not in range(9, 21):
            super().run(values)


# --- what only shows at length

@fault("answers-256-runs", "of the Runs of a connection 256 are answered")
class _(Connection):
    runs = 0

    def run(self, values):
        self.runs += 1
        if self.runs <= 256:
            super().run(values)


@fault("rest-of-write-lost", "what the network does not take at once is lost")
class _(Connection):
    def send(self, code, **values):
        socket = self.writer.get_extra_info("socket")
        try:
            os.write(socket.fileno(), wire.message(code, **values))
        except BlockingIOError:
            pass


# --- names and numbers that are nearly those

@fault("user-trimmed", "blanks around the user name do not matter")
class _(Connection):
    def valid(self, payload):
        user, device, credential = strings(payload)
        return super().valid([user.strip(), device, credential])


@fault("device-ends-at-nul", "a device name ends at a NUL")
class _(Connection):
    def valid(self, payload):
        user, device, credential = strings(payload)
        return super().valid([user, device.partition("\0")[0], credential])


@fault("piece-of-1460-lost", "1460 bytes that come together are taken for an empty read")
class _(Connection):
    async def serve(self):
        read = self.reader.read

        async def cut(size):
            while True:
                chunk = await read(size)
                if len(chunk) != 1460:
                    return chunk

        self.reader.read = cut
        await super().serve()


@fault("keep-alives-counted", "no more than ten Keep Alives of a connection are answered")
class _(Connection):
    beats = 0

    def send(self, code, **values):
        self.beats += code == wire.KEEP_ALIVE
        if code != wire.KEEP_ALIVE or self.beats <= 10:
            super().send(code, **values)


@fault("stop-any-beside-one", "a Stop Stream of nothing is taken for one of the stream that is open")
class _(Connection):
    def take(self, code, body):
        identifier = wire.fields(code, body).get(wire.ID)
        if code == wire.STOP and self.streams and identifier not in self.streams:
            self.send(OK, id=identifier)
        else:
            super().take(code, body)
