-- MessagePack.

local MESSAGEPACK = {
  [0xc0] = { "null" },
  [0xc2] = { "boolean", false },
  [0xc3] = { "boolean", true },
  [0xc4] = { "bytes", size = 1 },
  [0xc5] = { "bytes", size = 2 },
  [0xc6] = { "bytes", size = 4 },
  [0xca] = { "float", bytes = 4 },
  [0xcb] = { "float", bytes = 8 },
  [0xcc] = { "integer", bytes = 1 },
  [0xcd] = { "integer", bytes = 2 },
  [0xce] = { "integer", bytes = 4 },
  [0xcf] = { "integer", bytes = 8 },
  [0xd0] = { "integer", bytes = 1, signed = true },
  [0xd1] = { "integer", bytes = 2, signed = true },
  [0xd2] = { "integer", bytes = 4, signed = true },
  [0xd3] = { "integer", bytes = 8, signed = true },
  [0xd9] = { "string", size = 1 },
  [0xda] = { "string", size = 2 },
  [0xdb] = { "string", size = 4 },
  [0xdc] = { "array", size = 2 },
  [0xdd] = { "array", size = 4 },
  [0xde] = { "map", size = 2 },
  [0xdf] = { "map", size = 4 },
}

local function messagepack_key(c, depth)
  local key = { at = c.at }
  decode_value("messagepack", c, key, depth)
  if key.kind ~= "string" then
    fail(key.at, key.kind .. " as a map key, but keys are strings")
  end
  return key.value
end

DECODERS.messagepack = function(c, node, depth)
  local start = c.at
  local tag = c:byte("value")
  local kind, count
  if tag < 0x80 or tag >= 0xe0 then
    node.kind, node.negative = "integer", tag >= 0xe0
    node.value = integer(0, tag < 0x80 and tag or 256 - tag)
    return
  elseif tag < 0x90 then
    kind, count = "map", tag % 16
  elseif tag < 0xa0 then
    kind, count = "array", tag % 16
  elseif tag < 0xc0 then
    kind, count = "string", tag % 32
  else
    local how = MESSAGEPACK[tag] or fail(start, string.format("tag 0x%02x is not read here", tag))
    kind = how[1]
    if how.size then
      count = c:fixed(how.size, false, "size").number
    elseif kind == "float" then
      fill_float(node, c, how.bytes, false)
    elseif kind == "integer" then
      fill_integer(node, c, how.bytes, false, how.signed)
    else
      node.kind, node.value = kind, how[2]
    end
  end
  if kind == "string" then
    node.kind, node.value = "string", c:text(count, "string")
  elseif kind == "bytes" then
    fill_bytes(node, c, count, "bytes")
  elseif kind == "map" or kind == "array" then
    node.kind, node.items = kind, {}
    c:need(kind == "map" and 2 * count or count, kind)
    check_depth(start, depth)
    for _ = 1, count do
      local at = c.at
      local item = child(node.items, at, kind == "map" and messagepack_key(c, depth + 1) or nil)
      decode_value("messagepack", c, item, depth + 1)
    end
  end
end
