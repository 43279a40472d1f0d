#!/usr/bin/env node
// Lets `iotmp-conformance codec` ask codec.mjs: one JSON object per line each way.
//
//     iotmp-conformance codec -- node adapter.mjs

import { createInterface } from 'node:readline';
import * as codec from './codec.mjs';

const SPEC = 'iotmp-shipping';
const HELLO = {
  proto: 1,
  impl: 'javascript-example',
  version: '1.0.0',
  ops: ['decode', 'encode'],
  specs: [SPEC],
  limits: { max_message_size: codec.MAX_BODY + 10, max_depth: codec.MAX_DEPTH },
};
const PLAIN = 2n ** 53n; // larger integers are no longer exact as a Number

const fromHex = (hex) => new Uint8Array(Buffer.from(hex, 'hex'));
const toHex = (bytes) => Buffer.from(bytes).toString('hex');

/** A value in the notation: plain where JSON says it exactly, tagged otherwise. */
function toJson(value) {
  if (typeof value === 'bigint') {
    const plain = value <= PLAIN && value >= -PLAIN;
    return plain ? Number(value) : { type: 'integer', value: String(value) };
  }
  if (typeof value === 'number') {
    const bits = new DataView(new ArrayBuffer(8));
    bits.setFloat64(0, value);
    return { type: 'float', bits: toHex(new Uint8Array(bits.buffer)) };
  }
  if (value instanceof Uint8Array) return { type: 'bytes', value: toHex(value) };
  if (Array.isArray(value)) return value.map(toJson);
  if (!(value instanceof Map)) return value;
  const pairs = [...value].map(([key, v]) => [key, toJson(v)]);
  // In an object, `type` would be a tag and `__proto__` no key.
  const plain = !value.has('type') && !value.has('__proto__');
  return plain ? Object.fromEntries(pairs) : { type: 'map', value: pairs };
}

/** A value out of the notation. */
function fromJson(value) {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(fromJson);
  if (value === null || typeof value !== 'object') return value;
  switch (value.type) {
    case undefined: return new Map(Object.entries(value).map(([key, v]) => [key, fromJson(v)]));
    case 'integer':
    case 'varint': return BigInt(value.value);
    case 'float': return value.bits === undefined ? Number(value.value) : fromBits(value.bits);
    case 'bytes': return fromHex(value.value);
    case 'string': return value.value;
    case 'map': return new Map(value.value.map(([key, v]) => [key, fromJson(v)]));
  }
  throw new Error(`there is no tag ${value.type}`);
}

function fromBits(bits) {
  const view = new DataView(fromHex(bits).buffer);
  return bits.length === 16 ? view.getFloat64(0) : view.getFloat32(0);
}

function fieldsToJson(fields) {
  return Object.fromEntries([...fields].map(([name, value]) => [name, toJson(value)]));
}

function decode({ kind = 'message', hex }) {
  const data = fromHex(hex);
  if (kind === 'value') return { ok: toJson(codec.decodeValue(data)), consumed: data.length };
  const { name, fields, code, body, consumed } = codec.decodeMessage(data);
  if (name) return { ok: { type: name, ...fieldsToJson(fields) }, consumed };
  // A type that nobody knows.
  const type = `0x${code.toString(16).padStart(2, '0')}`;
  return { ok: { type, body: toJson(body) }, consumed };
}

function encode({ kind = 'message', message, value }) {
  if (kind === 'value') return { ok: toHex(codec.encodeValue(fromJson(value))) };
  const { type, ...fields } = message;
  const entries = Object.entries(fields).map(([name, v]) => [name, fromJson(v)]);
  return { ok: toHex(codec.encodeMessage(type, new Map(entries))) };
}

function answer(request) {
  const { op, spec, encoding = 'pson2' } = request;
  if (op === 'hello') return HELLO;
  if (!HELLO.ops.includes(op)) return { unsupported: `there is no op ${op}` };
  if (spec !== SPEC) return { unsupported: `only ${SPEC} is spoken here` };
  if (encoding !== 'pson2') return { unsupported: `there is no encoding ${encoding}` };
  try {
    return op === 'decode' ? decode(request) : encode(request);
  } catch (error) {
    if (!(error instanceof codec.Refused)) throw error;
    return { reject: { class: error.kind, offset: error.offset, detail: error.message } };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  let request;
  let reply;
  try {
    request = JSON.parse(line);
    reply = answer(request);
  } catch (error) {
    // What cannot be read is answered too, so that the next line is.
    reply = { unsupported: `not a request: ${error}` };
  }
  const id = request?.id === undefined ? {} : { id: request.id };
  process.stdout.write(`${JSON.stringify({ ...id, ...reply })}\n`);
}
