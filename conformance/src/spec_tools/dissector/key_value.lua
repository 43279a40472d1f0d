-- Bodies of keys and values, in any order.

local function active(allowed, wanted)
  for _, name in ipairs(allowed) do
    if name == wanted then
      return name
    end
  end
  return allowed[1]
end

-- Reads what stands behind a key.
local function read_shape(c, wire, node, encoding)
  local shape = wire.shape
  if shape == "varint" then
    node.kind, node.value = "integer", c:varint(64, "varint")
  elseif shape == "fixed" then
    node.kind, node.value = "integer", c:fixed(wire.bytes, true, "fixed value")
  elseif shape == "encoded" then
    decode_value(active(wire.encodings, encoding), c, node, 0)
  else
    local inner = c:within(c:varint(64, "size").number, "sized value")
    if wire.encodings[1] then
      node.value_at = inner.at
      decode_value(active(wire.encodings, encoding), inner, node, 0)
      if inner:left() > 0 then
        fail(inner.at, string.format("%d bytes left over after the value", inner:left()))
      end
    else
      fill_bytes(node, inner, inner:left(), "bytes")
      node.kind = not_utf8(node.value) and "bytes" or "string"
    end
  end
  node.length = c.at - node.at
end

-- Reads a field. Its entry is in the list before its value is read.
local function read_field(c, message, fields, encoding)
  local entry = { at = c.at }
  local key = c:number(BODY.key, "key").number
  local low, high = key % 2 ^ BODY.low_bits, math.floor(key / 2 ^ BODY.low_bits)
  local id, wire_id = high, low
  if not BODY.field_high then
    id, wire_id = low, high
  end
  entry.id, entry.key, entry.key_length = id, key, c.at - entry.at
  entry.def = message.by_id[id]
  entry.wire = BODY.wire_types[wire_id]
  fields[#fields + 1] = entry
  local wire = entry.wire
  if not wire then
    fail(entry.at, string.format("field %d has wire type %d, which is reserved", id, wire_id))
  end
  local def = entry.def
  if def and def.kind == "number" then
    if wire.shape ~= "varint" then
      fail(entry.at, "wire type " .. wire_name(wire) .. ", but this field is a varint")
    end
    entry.node = { at = c.at, kind = "integer" }
    entry.node.value = c:varint(def.bits, def.name)
    entry.node.length = c.at - entry.node.at
  elseif not def and wire.shape == "sized" then
    -- A receiver sizes it, and reads no more than it has to.
    entry.node = { at = c.at }
    fill_bytes(entry.node, c, c:varint(64, "size").number, "sized value")
    entry.node.length = c.at - entry.node.at
  else
    entry.node = { at = c.at }
    read_shape(c, wire, entry.node, encoding)
    -- Said, where an integer would not travel so by itself.
    entry.node.tagged = def and wire.shape == "varint" and not BODY.integers_as_varint
  end
  entry.length = c.at - entry.at
end

BODIES["key-value"] = function(c, message, fields, encoding)
  while c:left() > 0 do
    read_field(c, message, fields, encoding)
  end
  for _, def in ipairs(message.fields) do
    local found = not def.mandatory
    for _, entry in ipairs(fields) do
      found = found or entry.def == def
    end
    if not found then
      fail(c.at, "mandatory field " .. def.name .. " is absent")
    end
  end
end
