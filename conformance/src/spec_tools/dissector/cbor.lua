-- CBOR: a type above five bits of number, which up to eight bytes continue.

local CBOR_BREAK = 0xff

local function cbor_head(c, what)
  local start = c.at
  local first = c:byte(what)
  local kind, info = math.floor(first / 32), first % 32
  if info < 24 then
    return kind, integer(0, info), info
  elseif info < 28 then
    return kind, c:fixed(2 ^ (info - 24), false, what), info
  elseif info == 31 and (kind >= 2 and kind <= 5 or kind == 7) then
    return kind, nil, info
  end
  fail(start, string.format("tag 0x%02x is not valid", first))
end

local function cbor_is_end(c)
  if c:left() > 0 and c.tvb(c.at, 1):uint() == CBOR_BREAK then
    c.at = c.at + 1
    return true
  end
  return false
end

-- Text or bytes, in one piece or in several.
local function cbor_pieces(c, kind, size)
  if size then
    return c:raw(size.number, "string")
  end
  local pieces = {}
  while not cbor_is_end(c) do
    local start = c.at
    local inner, length = cbor_head(c, "string")
    if inner ~= kind or not length then
      fail(start, "a piece of a string is not one")
    end
    pieces[#pieces + 1] = c:raw(length.number, "string")
  end
  return table.concat(pieces)
end

-- A float of two bytes.
local function cbor_half(bits)
  local sign = bits >= 0x8000 and -1 or 1
  local exponent, fraction = math.floor(bits / 1024) % 32, bits % 1024
  if exponent == 0 then
    return sign * fraction * 2 ^ -24
  elseif exponent == 31 then
    return fraction == 0 and sign * math.huge or 0 / 0
  end
  return sign * (1024 + fraction) * 2 ^ (exponent - 25)
end

DECODERS.cbor = function(c, node, depth)
  local start = c.at
  local kind, number, info = cbor_head(c, "value")
  if kind == 0 then
    node.kind, node.value = "integer", number
  elseif kind == 1 then
    -- -1 less the number.
    local lo, hi = number.lo + 1, number.hi
    if lo == TWO32 then
      lo, hi = 0, hi + 1
    end
    if hi == TWO32 then
      fail(start, "an integer is below -2^64")
    end
    node.kind, node.negative, node.value = "integer", true, integer(hi, lo)
  elseif kind == 2 then
    local at = c.at
    node.value = cbor_pieces(c, kind, number)
    node.kind, node.data_at, node.data_length = "bytes", at, c.at - at
  elseif kind == 3 then
    local text = cbor_pieces(c, kind, number)
    if not_utf8(text) then
      fail(start, "string is not UTF-8")
    end
    node.kind, node.value = "string", text
  elseif kind == 4 or kind == 5 then
    node.kind, node.items = kind == 5 and "map" or "array", {}
    c:need(number and number.number * (kind - 3) or 0, node.kind)
    check_depth(start, depth)
    local left = number and number.number or math.huge
    while left > 0 and (number or not cbor_is_end(c)) do
      left = left - 1
      local at = c.at
      local key
      if kind == 5 then
        local key_kind, size = cbor_head(c, "map key")
        if key_kind ~= 3 then
          fail(at, "keys of maps are strings")
        end
        key = cbor_pieces(c, 3, size)
      end
      decode_value("cbor", c, child(node.items, at, key), depth + 1)
    end
  elseif kind == 6 then
    -- A tag says more of the value behind it.
    check_depth(start, depth)
    DECODERS.cbor(c, node, depth + 1)
  elseif info == 20 or info == 21 then
    node.kind, node.value = "boolean", info == 21
  elseif info == 22 or info == 23 then
    node.kind = "null"
  elseif info == 25 then
    node.kind, node.value = "float", cbor_half(number.lo)
  elseif info == 26 or info == 27 then
    c.at = start + 1
    fill_float(node, c, info == 26 and 4 or 8, false)
  else
    fail(start, string.format("simple value %d is not read here", info))
  end
end
