-- Values. A node has a kind, the place where it begins, its length once it is read, and what it
-- holds. A decoder fills the node that it is given, so that what was read stays when the rest fails.

-- Decoders by the name of their encoding.
local DECODERS = {}

local function child(list, at, key)
  local node = { at = at, key = key }
  list[#list + 1] = node
  return node
end

-- Refuses a container inside so many others.
local function check_depth(at, depth)
  if depth >= SPEC.max_depth then
    fail(at, string.format("nested deeper than %d levels", SPEC.max_depth))
  end
end

local function decode_value(encoding, c, node, depth)
  local decode = DECODERS[encoding]
  if decode then
    decode(c, node, depth)
  else
    fill_bytes(node, c, c:left(), encoding)
    node.encoding = encoding
  end
  node.length = c.at - node.at
end

local function fill_float(node, c, bytes, little)
  c:need(bytes, "float")
  local range = c.tvb(c.at, bytes)
  node.kind, node.value = "float", little and range:le_float() or range:float()
  c.at = c.at + bytes
end

-- Fills a node with an integer of so many bytes.
local function fill_integer(node, c, bytes, little, signed)
  local read = c:fixed(bytes, little, "integer")
  node.kind, node.negative = "integer", false
  -- A number of 64 bits is rounded; its upper half is not.
  local top = bytes < 8 and read.number >= 2 ^ (8 * bytes - 1) or bytes == 8 and read.hi >= 2 ^ 31
  if signed and top then
    -- The magnitude is what is missing to the next power of two.
    node.negative = true
    if bytes < 8 then
      read = integer(0, 2 ^ (8 * bytes) - read.number)
    else
      local lo = (TWO32 - read.lo) % TWO32
      local hi = TWO32 - read.hi - (lo > 0 and 1 or 0)
      read = integer(hi, lo)
    end
  end
  node.value = read
end

-- Fills a node with the integer that decimal digits spell; false where it has over 64 bits.
local function fill_decimal(node, sign, text)
  local hi, lo = 0, 0
  for digit in text:gmatch("%d") do
    lo = lo * 10 + tonumber(digit)
    hi = hi * 10 + math.floor(lo / TWO32)
    lo = lo % TWO32
    if hi >= TWO32 then
      return false
    end
  end
  node.kind, node.value = "integer", integer(hi, lo)
  node.negative = sign == "-" and (hi > 0 or lo > 0)
  return true
end

local ESCAPES = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

-- Fills a node with bytes, and remembers where they are.
local function fill_bytes(node, c, count, what)
  local at = c.at
  node.value = c:raw(count, what)
  node.kind, node.data_at, node.data_length = "bytes", at, count
end

local function quoted(text)
  return '"' .. text:gsub('[%c"\\]', function(c)
    return ESCAPES[c] or string.format("\\u%04x", c:byte())
  end) .. '"'
end

local function hex(raw)
  return (raw:gsub(".", function(c)
    return string.format("%02x", c:byte())
  end))
end

-- A value as JSON; what JSON cannot say is an object with a type.
local function json_of(node)
  local kind = node.kind
  if kind == "null" then
    return "null"
  elseif kind == "boolean" then
    return tostring(node.value)
  elseif kind == "integer" then
    local text = (node.negative and "-" or "") .. digits(node.value)
    local beyond = node.value.hi >= 2 ^ 31
    if node.tagged then
      return '{"type":"varint","value":"' .. text .. '"}'
    elseif node.negative and beyond then
      return '{"type":"integer","value":"' .. text .. '"}'
    end
    return text
  elseif kind == "float" then
    local float = node.value
    if float ~= float then
      return '{"type":"float","value":"NaN"}'
    elseif float == math.huge or float == -math.huge then
      return '{"type":"float","value":"' .. (float > 0 and "" or "-") .. 'Infinity"}'
    elseif float == math.floor(float) then
      local sign = (1 / float == -math.huge) and "-0.0" or nil
      return '{"type":"float","value":"' .. (sign or string.format("%.17g", float)) .. '"}'
    end
    local short = string.format("%.15g", float)
    return tonumber(short) == float and short or string.format("%.17g", float)
  elseif kind == "string" then
    return quoted(node.value)
  elseif kind == "bytes" then
    return '{"type":"bytes","value":"' .. hex(node.value) .. '"}'
  elseif kind == "array" then
    local parts = {}
    for _, item in ipairs(node.items) do
      parts[#parts + 1] = json_of(item)
    end
    return "[" .. table.concat(parts, ",") .. "]"
  elseif kind == "map" then
    local seen, plain, parts, listed = {}, true, {}, {}
    for _, item in ipairs(node.items) do
      plain = plain and not seen[item.key] and item.key ~= "type"
      seen[item.key] = true
      local value = json_of(item)
      parts[#parts + 1] = quoted(item.key) .. ":" .. value
      listed[#listed + 1] = "[" .. quoted(item.key) .. "," .. value .. "]"
    end
    if plain then
      return "{" .. table.concat(parts, ",") .. "}"
    end
    return '{"type":"map","value":[' .. table.concat(listed, ",") .. "]}"
  end
  return "?"
end

-- The value under a key of a map; of several the last.
local function entry_of(node, key)
  local found
  for _, item in ipairs(node.kind == "map" and node.items or {}) do
    if item.key == key then
      found = item
    end
  end
  return found
end
