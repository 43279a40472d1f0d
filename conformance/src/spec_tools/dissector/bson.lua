-- BSON: documents of elements, little-endian.

local function bson_name(c)
  local start = c.at
  repeat
    local byte = c:byte("name")
  until byte == 0
  local text = c.at - 1 > start and c.tvb(start, c.at - 1 - start):raw() or ""
  if not_utf8(text) then
    fail(start, "name is not UTF-8")
  end
  return text
end

local bson_document

local function bson_element(c, node, depth, kind, at)
  if kind == 0x01 then
    fill_float(node, c, 8, true)
  elseif kind == 0x02 then
    local size = c:fixed(4, true, "size").number
    if size < 1 then
      fail(c.at - 4, "a string has a byte at its end")
    end
    node.kind, node.value = "string", c:text(size - 1, "string")
    c:byte("end of a string")
  elseif kind == 0x03 or kind == 0x04 then
    bson_document(c, node, depth, kind == 0x04)
  elseif kind == 0x05 then
    local size = c:fixed(4, true, "size").number
    c:byte("kind of bytes")
    fill_bytes(node, c, size, "bytes")
  elseif kind == 0x08 then
    node.kind, node.value = "boolean", c:byte("boolean") ~= 0
  elseif kind == 0x0a then
    node.kind = "null"
  elseif kind == 0x10 or kind == 0x12 then
    fill_integer(node, c, kind == 0x10 and 4 or 8, true, true)
  else
    fail(at, string.format("element of type 0x%02x is not read here", kind))
  end
end

function bson_document(c, node, depth, is_array)
  local start = c.at
  local size = c:fixed(4, true, "size of a document").number
  node.kind, node.items = is_array and "array" or "map", {}
  check_depth(start, depth)
  local inner = c:within(math.max(size - 4, 0), "document")
  while true do
    local at = inner.at
    local kind = inner:byte("element")
    if kind == 0 then
      break
    end
    local name = bson_name(inner)
    local item = child(node.items, at, not is_array and name or nil)
    bson_element(inner, item, depth + 1, kind, at)
    item.length = inner.at - item.at
  end
  if inner:left() > 0 then
    fail(inner.at, string.format("%d bytes left over after the document", inner:left()))
  end
end

-- A value that is no map stands in a document under this key alone.
local BSON_WHOLE = "$value"

DECODERS.bson = function(c, node, depth)
  bson_document(c, node, depth, false)
  local whole = node.items[1]
  if #node.items == 1 and whole.key == BSON_WHOLE then
    node.items = nil
    for name, part in pairs(whole) do
      if name ~= "at" and name ~= "length" and name ~= "key" then
        node[name] = part
      end
    end
  end
end
