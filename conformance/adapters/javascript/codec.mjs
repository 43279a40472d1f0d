// A small codec of IOTMP as shipping devices speak it: messages over PSON 2.
//
// Integers are BigInt, floats are Number, bytes are Uint8Array, maps are Map.
// Messages are {name, fields}, with only the fields that are there.

export const MAX_BODY = 256 * 1024;
export const MAX_DEPTH = 128;
const VARINT = 0n, PSON2 = 2n;

const FIELDS = { stream_id: 1n, parameters: 2n, payload: 3n, resource: 4n };
const message = (name, mandatory, optional) => ({ name, mandatory, names: [...mandatory, ...optional] });
const MESSAGES = new Map([
  [0x01n, message('ok', ['stream_id'], ['parameters', 'payload'])],
  [0x02n, message('error', ['stream_id'], ['parameters', 'payload'])],
  [0x03n, message('connect', ['stream_id', 'payload'], ['parameters'])],
  [0x04n, message('disconnect', [], ['stream_id', 'parameters', 'payload'])],
  [0x05n, message('keep_alive', [], [])],
  [0x06n, message('run', ['resource'], ['stream_id', 'parameters', 'payload'])],
  [0x07n, message('describe', ['stream_id'], ['parameters', 'resource'])],
  [0x08n, message('start_stream', ['stream_id', 'resource'], ['parameters', 'payload'])],
  [0x09n, message('stop_stream', ['stream_id'], ['parameters', 'payload'])],
  [0x0an, message('stream_data', ['stream_id'], ['parameters', 'payload'])],
]);

/** Bytes that are no message, or a message that has no bytes. */
export class Refused extends Error {
  constructor(kind, offset, detail) {
    super(detail);
    Object.assign(this, { kind, offset });
  }
}

/** Takes bytes off the front, and never more than there are. */
class Reader {
  constructor(data, at = 0, end = data.length) {
    Object.assign(this, { data, at, end });
    this.view = new DataView(data.buffer, data.byteOffset, data.length);
  }

  /** Moves over `count` bytes and gives where they start. */
  skip(count) {
    const left = this.end - this.at;
    if (count > left) throw new Refused('truncated', this.at, `${count} bytes needed, ${left} left`);
    this.at += Number(count);
    return this.at - Number(count);
  }

  bytes(count) {
    const start = this.skip(count);
    return this.data.slice(start, this.at);
  }

  varint(bits) {
    const start = this.at;
    let number = 0n;
    for (let shift = 0n; shift < bits; shift += 7n) {
      if (this.at === this.end) throw new Refused('truncated', start, 'a varint without its last byte');
      const byte = BigInt(this.data[this.skip(1)]);
      number |= (byte & 0x7fn) << shift;
      if (byte < 0x80n) {
        if (number >> bits) break;
        return number;
      }
    }
    throw new Refused('varint-overflow', start, `a number beyond ${bits} bits`);
  }

  /** The type and the number of a tag. */
  tag() {
    const tag = this.data[this.skip(1)];
    const number = tag & 0x1f;
    return [tag >> 5, number === 0x1f ? this.varint(64n) : BigInt(number)];
  }

  text(size) {
    const start = this.at;
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.bytes(size));
    } catch (error) {
      if (error instanceof Refused) throw error;
      throw new Refused('utf8', start, 'text that is not UTF-8');
    }
  }

  value(depth = 0) {
    const start = this.at;
    const [kind, number] = this.tag();
    switch (kind) {
      case 0: return number;
      case 1: return -number;
      case 2:
        if (number === 0n) return this.view.getFloat32(this.skip(4), true);
        if (number === 1n) return this.view.getFloat64(this.skip(8), true);
        throw new Refused('tag', start, `there is no float ${number}`);
      case 3:
        if (number > 2n) throw new Refused('tag', start, `there is no constant ${number}`);
        return [false, true, null][Number(number)];
      case 4: return this.text(number);
      case 5: return this.bytes(number);
    }
    if (depth === MAX_DEPTH) throw new Refused('depth', start, `nested deeper than ${MAX_DEPTH} levels`);
    // A count is believed one element at a time: each takes a byte at least.
    if (kind === 7) {
      const elements = [];
      for (let i = 0n; i < number; i++) elements.push(this.value(depth + 1));
      return elements;
    }
    const pairs = new Map();
    for (let i = 0n; i < number; i++) {
      const at = this.at;
      if (this.data[this.skip(1)] >> 5 !== 4) throw new Refused('key', at, 'the key of a map is not a string');
      this.at = at;
      const key = this.text(this.tag()[1]);
      pairs.set(key, this.value(depth + 1));
    }
    return pairs;
  }
}

const concat = (parts) => Uint8Array.from(parts.flatMap((part) => [...part]));

function varint(number) {
  const out = [];
  for (; number > 0x7fn; number >>= 7n) out.push(Number(number & 0x7fn) | 0x80);
  out.push(Number(number));
  return out;
}

function tagged(kind, number) {
  return number < 0x1fn ? [(kind << 5) | Number(number)] : [(kind << 5) | 0x1f, ...varint(number)];
}

function encodeFloat(value) {
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 64) return encodeValue(BigInt(value));
  const single = Math.fround(value);
  const out = new DataView(new ArrayBuffer(9));
  if (Object.is(single, value)) {
    out.setUint8(0, 0x40);
    out.setFloat32(1, value, true);
    return new Uint8Array(out.buffer, 0, 5);
  }
  out.setUint8(0, 0x41);
  out.setFloat64(1, value, true);
  return new Uint8Array(out.buffer);
}

function byBytes(a, b) {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** One value in PSON 2, every number in its shortest form. */
export function encodeValue(value, depth = 0) {
  if (value === null) return [0x62];
  switch (typeof value) {
    case 'boolean': return [value ? 0x61 : 0x60];
    case 'number': return encodeFloat(value);
    case 'bigint': {
      const magnitude = value < 0n ? -value : value;
      if (magnitude >> 64n) throw new Refused('range', 0, `${value} is beyond 64 bits`);
      return tagged(value < 0n ? 1 : 0, magnitude);
    }
    case 'string': {
      const text = new TextEncoder().encode(value);
      return concat([tagged(4, BigInt(text.length)), text]);
    }
  }
  if (value instanceof Uint8Array) return concat([tagged(5, BigInt(value.length)), value]);
  if (depth === MAX_DEPTH) throw new Refused('depth', 0, `nested deeper than ${MAX_DEPTH} levels`);
  if (value instanceof Map) {
    const keys = [...value.keys()].sort(byBytes);
    const pairs = keys.flatMap((key) => [encodeValue(key), encodeValue(value.get(key), depth + 1)]);
    return concat([tagged(6, BigInt(value.size)), ...pairs]);
  }
  return concat([tagged(7, BigInt(value.length)), ...value.map((v) => encodeValue(v, depth + 1))]);
}

/** One value that takes all of the bytes. */
export function decodeValue(data) {
  const reader = new Reader(data);
  const value = reader.value();
  if (reader.at !== reader.end) throw new Refused('trailing-bytes', reader.at, 'bytes after the value');
  return value;
}

/** The message that the bytes start with, and how many it takes. */
export function decodeMessage(data) {
  const header = new Reader(data);
  const code = header.varint(32n);
  const size = header.varint(32n);
  const left = header.end - header.at;
  if (size > left) throw new Refused('truncated', header.end, `a body of ${size} bytes, ${left} left`);
  if (size > MAX_BODY) throw new Refused('too-large', header.at, `a body of ${size} bytes`);
  const body = new Reader(data, header.at, header.at + Number(size));
  const type = MESSAGES.get(code);
  if (!type) return { code, body: body.bytes(size), consumed: body.end };
  const fields = new Map();
  while (body.at < body.end) {
    const keyAt = body.at;
    const key = body.varint(32n);
    const [id, wire] = [key >> 3n, key & 7n];
    const valueAt = body.at;
    if (wire !== VARINT && wire !== PSON2) throw new Refused('wire-type', keyAt, `wire type ${wire} is reserved`);
    const name = type.names.find((name) => FIELDS[name] === id);
    if (name !== 'stream_id') {
      const value = wire === VARINT ? body.varint(64n) : body.value();
      if (name) fields.set(name, value);
      continue;
    }
    if (wire !== VARINT) throw new Refused('wrong-type', keyAt, 'a stream identifier is a varint');
    const stream = body.varint(32n);
    if (stream > 0xffffn) throw new Refused('range', valueAt, `stream identifier ${stream} is beyond 16 bits`);
    fields.set(name, stream);
  }
  const missing = type.mandatory.find((name) => !fields.has(name));
  if (missing) throw new Refused('missing-field', body.end, `${missing} is missing`);
  return { name: type.name, fields, consumed: body.end };
}

/** A message with its fields in the order of their numbers. */
export function encodeMessage(name, fields) {
  const [code, type] = [...MESSAGES].find(([, type]) => type.name === name) ?? [];
  if (!type) throw new Refused('unknown-message', 0, `there is no message ${name}`);
  const missing = type.mandatory.find((name) => !fields.has(name));
  if (missing) throw new Refused('missing-field', 0, `${missing} is missing`);
  const unknown = [...fields.keys()].find((name) => !type.names.includes(name));
  if (unknown) throw new Refused('unknown-field', 0, `there is no field ${unknown}`);
  const body = [];
  for (const [name, id] of Object.entries(FIELDS)) {
    if (!fields.has(name)) continue;
    const value = fields.get(name);
    const natural = typeof value === 'bigint' && value >= 0n && !(value >> 64n);
    if (name === 'stream_id' && !(natural && value <= 0xffffn)) {
      throw new Refused('range', 0, `${value} is no stream identifier`);
    }
    body.push(varint((id << 3n) | (natural ? VARINT : PSON2)), natural ? varint(value) : encodeValue(value));
  }
  const bytes = concat(body);
  if (bytes.length > MAX_BODY) throw new Refused('too-large', 0, `a body of ${bytes.length} bytes`);
  return concat([varint(code), varint(BigInt(bytes.length)), bytes]);
}
