-- PSON, generation 2: a type above five bits of number, which a varint continues. Containers say
-- how many they hold.

local PSON2_NAMES = {
  [0] = "unsigned integer",
  "negative integer",
  "float",
  "discrete",
  "string",
  "bytes",
  "map",
  "array",
}
local PSON2_STRING, PSON2_MAP = 4, 6

-- A tag, and the number in it or behind it.
local function pson2_head(c, what)
  local tag = c:byte(what)
  local number = tag % 32
  if number == 31 then
    return tag, c:varint(64, "number of a tag")
  end
  return tag, integer(0, number)
end

local function pson2_key(c)
  if c:left() > 0 then
    local kind = math.floor(c.tvb(c.at, 1):uint() / 32)
    if kind ~= PSON2_STRING then
      fail(c.at, PSON2_NAMES[kind] .. " as a map key, but keys are strings")
    end
  end
  local _, size = pson2_head(c, "map key")
  return c:text(size.number, "map key")
end

DECODERS.pson2 = function(c, node, depth)
  local start = c.at
  local tag, number = pson2_head(c, "value")
  local kind, count = math.floor(tag / 32), number.number
  local function refuse(why)
    fail(start, string.format("tag 0x%02x is not valid: %s", tag, why))
  end
  if kind <= 1 then
    node.kind, node.negative, node.value = "integer", kind == 1 and count ~= 0, number
  elseif kind == 2 then
    local bytes = ({ [0] = 4, [1] = 8 })[count] or refuse("a float is 0 (4 bytes) or 1 (8 bytes)")
    fill_float(node, c, bytes, true)
  elseif kind == 3 then
    if count == 2 then
      node.kind = "null"
    elseif count < 2 then
      node.kind, node.value = "boolean", count == 1
    else
      refuse("a discrete value is 0 (false), 1 (true) or 2 (null)")
    end
  elseif kind == PSON2_STRING then
    node.kind, node.value = "string", c:text(count, "string")
  elseif kind == 5 then
    fill_bytes(node, c, count, "bytes")
  else
    node.kind, node.items = PSON2_NAMES[kind], {}
    c:need(kind == PSON2_MAP and 2 * count or count, node.kind)
    check_depth(start, depth)
    for _ = 1, count do
      local at = c.at
      local key = kind == PSON2_MAP and pson2_key(c) or nil
      local item = child(node.items, at, key)
      item.value_at = c.at
      decode_value("pson2", c, item, depth + 1)
    end
  end
end
