-- PSON, generation 1: a type above three bits of wire type, then the data. Containers say their
-- size in bytes.

local PSON1_WIRE = { [3] = 5, [4] = 1, [9] = 2, [11] = 2, [13] = 2, [14] = 2 }
local PSON1_CONSTANTS = {
  [0] = { "null" },
  [5] = { "boolean", true },
  [6] = { "boolean", false },
  [7] = { "integer", integer(0, 0) },
  [8] = { "integer", integer(0, 1) },
  [10] = { "string", "" },
  [12] = { "bytes", "" },
  [15] = { "null" },
}

DECODERS.pson1 = function(c, node, depth)
  local start = c.at
  local tag = c:byte("value")
  local kind, wire = math.floor(tag / 8), tag % 8
  if kind > 15 then
    fail(start, string.format("tag 0x%02x is not valid: there is no type %d", tag, kind))
  end
  if wire ~= (PSON1_WIRE[kind] or 0) then
    local why = "tag 0x%02x is not valid: type %d travels in wire type %d, not %d"
    fail(start, string.format(why, tag, kind, PSON1_WIRE[kind] or 0, wire))
  end
  local constant = PSON1_CONSTANTS[kind]
  if constant then
    node.kind, node.value = constant[1], constant[2]
  elseif kind == 1 or kind == 2 then
    node.kind, node.negative, node.value = "integer", kind == 2, c:varint(64, "integer")
  elseif kind == 3 or kind == 4 then
    fill_float(node, c, kind == 3 and 4 or 8, true)
  elseif kind == 9 then
    node.kind, node.value = "string", c:text(c:varint(64, "size").number, "string")
  elseif kind == 11 then
    fill_bytes(node, c, c:varint(64, "size").number, "bytes")
  else
    node.kind, node.items = kind == 13 and "map" or "array", {}
    local inner = c:within(c:varint(64, "size").number, node.kind)
    check_depth(start, depth)
    while inner:left() > 0 do
      local at = inner.at
      local key
      if node.kind == "map" then
        key = inner:text(inner:varint(64, "size").number, "map key")
      end
      local item = child(node.items, at, key)
      item.value_at = inner.at
      decode_value("pson1", inner, item, depth + 1)
    end
  end
  -- Zero has no sign.
  node.negative = node.negative and node.value.number ~= 0
end
