-- What is shown: one field of the protocol for every field of every message.

local PROTO = Proto(SPEC.name, SPEC.title)
local FIELDS = {}

local function name_of(...)
  return table.concat({ SPEC.name, ... }, ".")
end

local function names_of(enum)
  local names = {}
  for _, value in ipairs(enum and ENUMS[enum].values or {}) do
    names[value.number] = value.name
  end
  return next(names) and names or nil
end

local NUMBER_FIELDS = {
  [8] = ProtoField.uint8,
  [16] = ProtoField.uint16,
  [32] = ProtoField.uint32,
  [64] = ProtoField.uint64,
}

local function number_field(abbr, def)
  return NUMBER_FIELDS[def.bits](abbr, def.name, base.DEC, names_of(def.enum), nil, def.doc)
end

local function define()
  local codes = {}
  for _, message in ipairs(SPEC.messages) do
    codes[message.code] = codes[message.code] or message.name
  end
  FIELDS.message = ProtoField.string(name_of("message"), "Message")
  FIELDS.code = ProtoField.uint32(name_of("code"), "Code", base.HEX, codes)
  FIELDS.size = ProtoField.uint32(name_of("size"), "Size of the body")
  FIELDS.body = ProtoField.bytes(name_of("body"), "Body")
  FIELDS.key = ProtoField.uint32(name_of("key"), "Key", base.HEX)
  FIELDS.unknown = ProtoField.string(name_of("unknown_field"), "Unknown field")
  FIELDS.integer = ProtoField.uint64(name_of("value", "integer"), "Integer")
  FIELDS.negative = ProtoField.int64(name_of("value", "negative"), "Negative integer")
  FIELDS.float = ProtoField.double(name_of("value", "float"), "Float")
  FIELDS.boolean = ProtoField.bool(name_of("value", "boolean"), "Boolean")
  FIELDS.string = ProtoField.string(name_of("value", "string"), "String")
  FIELDS.bytes = ProtoField.bytes(name_of("value", "bytes"), "Bytes")
  for _, message in ipairs(SPEC.messages) do
    for _, def in ipairs(message.fields) do
      local abbr = name_of(message.name, def.name)
      if def.kind == "number" then
        FIELDS[abbr] = number_field(abbr, def)
      elseif def.kind == "bytes" then
        FIELDS[abbr] = ProtoField.bytes(abbr, def.name, base.NONE, def.doc)
      else
        FIELDS[abbr] = ProtoField.string(abbr, def.name, base.UNICODE, def.doc)
      end
    end
  end
  for map, entries in pairs(SPEC.maps) do
    for _, entry in ipairs(entries) do
      local abbr = name_of(map, entry.name)
      FIELDS[abbr] = ProtoField.string(abbr, entry.name, base.UNICODE, entry.doc)
    end
  end
  local list = {}
  for _, field in pairs(FIELDS) do
    list[#list + 1] = field
  end
  PROTO.fields = list
end

define()

local function expert_note(name, text, group, severity)
  return ProtoExpert.new(name_of(name), text, expert.group[group], expert.severity[severity])
end

local MALFORMED = expert_note("malformed", "Malformed", "MALFORMED", "ERROR")
local UNKNOWN_MESSAGE = expert_note("unknown_message.expert", "Unknown message", "UNDECODED", "NOTE")
local UNKNOWN_FIELD = expert_note("unknown_field.expert", "Unknown field", "UNDECODED", "NOTE")
PROTO.experts = { MALFORMED, UNKNOWN_MESSAGE, UNKNOWN_FIELD }

-- Text as Wireshark can hold it, which ends at a NUL.
local function visible(text)
  return (text:gsub("%z", "\226\144\128"))
end

-- The bytes of a node, or those up to `stop` where it was not read to its end.
local function span(tvb, node, stop)
  local at = math.min(node.at, tvb:len() - 1)
  return tvb(at, math.max(node.length or stop - at, 1))
end

-- ` (name)` for a number that an enum names.
local function named(enum, node)
  local names = enum and node.kind == "integer" and not node.negative and names_of(enum)
  local name = names and names[node.value.number]
  return name and " (" .. name .. ")" or ""
end

local function show_leaf(tree, tvb, range, node, label)
  local item
  if node.kind == "integer" and not node.negative then
    item = tree:add(FIELDS.integer, range, UInt64.new(node.value.lo, node.value.hi))
  elseif node.kind == "integer" and node.value.hi < 2 ^ 31 then
    item = tree:add(FIELDS.negative, range, Int64.new(node.value.lo, node.value.hi) * Int64.new(-1))
  elseif node.kind == "float" then
    item = tree:add(FIELDS.float, range, node.value)
  elseif node.kind == "boolean" then
    item = tree:add(FIELDS.boolean, range, node.value)
  elseif node.kind == "string" then
    item = tree:add(FIELDS.string, range, visible(node.value))
  elseif node.kind == "bytes" and #node.value > 0 then
    item = tree:add(FIELDS.bytes, tvb(node.data_at, node.data_length))
  else
    item = tree:add(range, label)
  end
  item:set_text(label)
  return item
end

local show_items

-- Shows a value below `tree`; `map` is the one that it is known to be.
local function show_value(tree, tvb, node, stop, label, map, enum)
  local range = span(tvb, node, stop)
  if node.items then
    local what = node.kind == "map" and "pair" or "element"
    local count = #node.items == 1 and "1 " .. what or string.format("%d %ss", #node.items, what)
    local item = tree:add(range, string.format("%s: %s of %s", label, node.kind, count))
    show_items(item, tvb, node, stop, map)
  else
    show_leaf(tree, tvb, range, node, label .. ": " .. json_of(node) .. named(enum, node))
  end
end

function show_items(tree, tvb, node, stop, map)
  local entries = {}
  for _, entry in ipairs(map and SPEC.maps[map] or {}) do
    entries[entry.key] = entry
  end
  for index, item in ipairs(node.items) do
    local entry = entries[item.key]
    local label = item.key and quoted(item.key) or string.format("[%d]", index - 1)
    if entry then
      local range = span(tvb, item, stop)
      local under = tree:add(FIELDS[name_of(map, entry.name)], range, visible(json_of(item)))
      under:append_text(named(entry.enum, item) .. " [" .. item.key .. "]")
      if item.items then
        show_items(under, tvb, item, stop)
      end
    else
      show_value(tree, tvb, item, stop, label)
    end
  end
end

local function show_key(item, tvb, entry)
  if entry.key_length then
    local key = item:add(FIELDS.key, tvb(entry.at, entry.key_length), entry.key)
    local wire = entry.wire and wire_name(entry.wire) or "reserved"
    key:set_text(string.format("Key: 0x%02x, field %d, wire type %s", entry.key, entry.id, wire))
  end
end

-- Shows a field, as far as it was read.
local function show_field(tree, tvb, message, entry, stop)
  local range = span(tvb, entry, stop)
  local node, def = entry.node, entry.def
  if not node or not node.kind then
    local name = def and def.name or string.format("field %d", entry.id or 0)
    show_key(tree:add(range, name .. ": not read"), tvb, entry)
    return
  end
  local item
  if not def then
    item = tree:add(FIELDS.unknown, range, visible(json_of(node)))
    item:set_text(string.format("Unknown field %d: %s", entry.id, visible(json_of(node))))
    item:add_proto_expert_info(UNKNOWN_FIELD, string.format("%s has no field %d", message.name, entry.id))
  else
    local field = FIELDS[name_of(message.name, def.name)]
    if not node.length then
      item = tree:add(range, def.name .. ": " .. (node.items and json_of(node) or "not read"))
    elseif def.kind == "number" and def.bits == 64 then
      item = tree:add(field, range, UInt64.new(node.value.lo, node.value.hi))
    elseif def.kind == "number" then
      item = tree:add(field, range, node.value.number)
    elseif def.kind == "bytes" and node.data_length > 0 then
      item = tree:add(field, tvb(node.data_at, node.data_length))
    elseif def.kind == "bytes" then
      item = tree:add(range, def.name .. ": empty")
    elseif def.kind == "string" then
      item = tree:add(field, range, visible(node.value))
    else
      item = tree:add(field, range, visible(json_of(node)))
    end
  end
  show_key(item, tvb, entry)
  if node.items then
    show_items(item, tvb, node, stop, def and def.map)
  elseif def and def.kind == "any" then
    show_value(item, tvb, node, stop, "Value")
  end
end
