-- UBJSON: a letter, then the data, big-endian.

local UBJSON_INTEGERS = {
  i = { 1, true },
  U = { 1, false },
  I = { 2, true },
  l = { 4, true },
  L = { 8, true },
}

-- Elements may take no bytes, so that bytes do not bound their number.
local UBJSON_MAX_ITEMS = 65536

local function ubjson_letter(c, what)
  local letter
  repeat
    letter = string.char(c:byte(what))
  until letter ~= "N"
  return letter
end

local function ubjson_size(c)
  local start = c.at
  local how = UBJSON_INTEGERS[ubjson_letter(c, "size")]
  if not how then
    fail(start, "a size is an integer")
  end
  local node = {}
  fill_integer(node, c, how[1], false, how[2])
  if node.negative then
    fail(start, "a size is not negative")
  end
  return node.value.number
end

local function ubjson_is(c, letter)
  if c:left() > 0 and c.tvb(c.at, 1):raw() == letter then
    c.at = c.at + 1
    return true
  end
  return false
end

local ubjson_value

local function ubjson_items(c, node, depth, is_map)
  local start = c.at - 1
  local close = is_map and "}" or "]"
  node.kind, node.items = is_map and "map" or "array", {}
  check_depth(start, depth)
  local kind = ubjson_is(c, "$") and string.char(c:byte("type")) or nil
  local count = ubjson_is(c, "#") and ubjson_size(c) or nil
  if kind and not count then
    fail(start, "a type without a count")
  elseif kind == "U" and not is_map then
    -- How bytes are written.
    fill_bytes(node, c, count, "bytes")
    node.items = nil
    return
  elseif count then
    c:need(is_map and count or 0, node.kind)
  end
  local left = count or math.huge
  while left > 0 do
    if not count then
      while ubjson_is(c, "N") do end
      if ubjson_is(c, close) then
        return
      end
    end
    left = left - 1
    local at = c.at
    local key = is_map and c:text(ubjson_size(c), "map key") or nil
    local item = child(node.items, at, key)
    ubjson_value(c, item, depth + 1, kind or ubjson_letter(c, "value"))
    item.length = c.at - item.at
    if #node.items > UBJSON_MAX_ITEMS then
      fail(start, "more elements than a message can hold")
    end
  end
end

function ubjson_value(c, node, depth, letter)
  local at = c.at - 1
  local how = UBJSON_INTEGERS[letter]
  if how then
    fill_integer(node, c, how[1], false, how[2])
  elseif letter == "Z" then
    node.kind = "null"
  elseif letter == "T" or letter == "F" then
    node.kind, node.value = "boolean", letter == "T"
  elseif letter == "d" or letter == "D" then
    fill_float(node, c, letter == "d" and 4 or 8, false)
  elseif letter == "C" then
    node.kind, node.value = "string", c:text(1, "character")
  elseif letter == "S" then
    node.kind, node.value = "string", c:text(ubjson_size(c), "string")
  elseif letter == "H" then
    local sign, whole = c:text(ubjson_size(c), "number"):match("^(%-?)(%d+)$")
    local plain = whole and (#whole == 1 or whole:sub(1, 1) ~= "0")
    if not (plain and fill_decimal(node, sign, whole)) then
      fail(at, "a high-precision number is no integer of a sign and 64 bits")
    end
  elseif letter == "[" or letter == "{" then
    ubjson_items(c, node, depth, letter == "{")
  else
    fail(at, "no value begins with " .. quoted(letter))
  end
end

DECODERS.ubjson = function(c, node, depth)
  ubjson_value(c, node, depth, ubjson_letter(c, "value"))
end
