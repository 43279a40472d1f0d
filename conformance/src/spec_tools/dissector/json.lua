-- JSON.

local function json_space(c)
  while c:left() > 0 do
    local byte = c.tvb(c.at, 1):uint()
    if byte ~= 32 and byte ~= 9 and byte ~= 10 and byte ~= 13 then
      return byte
    end
    c.at = c.at + 1
  end
end

local JSON_ESCAPES = {
  b = "\b",
  f = "\f",
  n = "\n",
  r = "\r",
  t = "\t",
  ['"'] = '"',
  ["\\"] = "\\",
  ["/"] = "/",
}

-- A character as UTF-8.
local function utf8_of(point)
  if point < 0x80 then
    return string.char(point)
  end
  local tail = {}
  local room = 64
  while point >= room do
    table.insert(tail, 1, string.char(128 + point % 64))
    point, room = math.floor(point / 64), room == 64 and 32 or room / 2
  end
  return string.char(256 - 2 * room + point) .. table.concat(tail)
end

local function json_unit(c)
  local digits_read = c:raw(4, "escape")
  return tonumber(digits_read, 16) or fail(c.at - 4, "an escape needs four hex digits")
end

local function json_string(c)
  local start = c.at
  local parts = {}
  c:byte("string")
  while true do
    local char = string.char(c:byte("string"))
    if char == '"' then
      break
    elseif char == "\\" then
      local escape = string.char(c:byte("escape"))
      if escape == "u" then
        local unit = json_unit(c)
        if unit >= 0xd800 and unit < 0xdc00 then
          if c:raw(2, "second half of a pair") ~= "\\u" then
            fail(start, "half of a pair of escapes")
          end
          unit = 0x10000 + (unit - 0xd800) * 1024 + json_unit(c) - 0xdc00
        end
        parts[#parts + 1] = utf8_of(unit)
      else
        parts[#parts + 1] = JSON_ESCAPES[escape] or fail(c.at - 1, "there is no escape " .. escape)
      end
    else
      parts[#parts + 1] = char
    end
  end
  local text = table.concat(parts)
  if not_utf8(text) then
    fail(start, "string is not UTF-8")
  end
  return text
end

local function json_number(c, node)
  local start = c.at
  while c:left() > 0 and c.tvb(c.at, 1):raw():find("[%d%+%-%.eE]") do
    c.at = c.at + 1
  end
  local text = c.at > start and c.tvb(start, c.at - start):raw() or ""
  local sign, whole = text:match("^(%-?)(%d+)$")
  local number = tonumber(text)
  if not number then
    fail(start, "no value begins so")
  elseif not (whole and fill_decimal(node, sign, whole)) then
    node.kind, node.value = "float", number
  end
end

-- By their first letters.
local JSON_WORDS = {
  [0x6e] = { "null", "null" },
  [0x74] = { "true", "boolean", true },
  [0x66] = { "false", "boolean", false },
}

local function json_expect(c, byte, what)
  if json_space(c) ~= byte then
    fail(c.at, what .. " is missing")
  end
  c.at = c.at + 1
end

local function json_value(c, node, depth)
  local first = json_space(c)
  node.value_at = c.at
  if first == 0x7b or first == 0x5b then
    local is_map = first == 0x7b
    local close = is_map and 0x7d or 0x5d
    check_depth(c.at, depth)
    c.at = c.at + 1
    node.kind, node.items = is_map and "map" or "array", {}
    while json_space(c) ~= close or #node.items > 0 do
      if #node.items > 0 then
        if json_space(c) == close then
          break
        end
        json_expect(c, 0x2c, "a comma")
        json_space(c)
      end
      local at = c.at
      local key
      if is_map then
        if json_space(c) ~= 0x22 then
          fail(c.at, "a key is missing")
        end
        key = json_string(c)
        json_expect(c, 0x3a, "a colon")
      end
      local item = child(node.items, at, key)
      json_value(c, item, depth + 1)
      item.length = c.at - item.at
    end
    c.at = c.at + 1
  elseif first == 0x22 then
    node.kind, node.value = "string", json_string(c)
  elseif JSON_WORDS[first] then
    local word = JSON_WORDS[first]
    if c:left() < #word[1] or c.tvb(c.at, #word[1]):raw() ~= word[1] then
      fail(c.at, "no value begins so")
    end
    c.at = c.at + #word[1]
    node.kind, node.value = word[2], word[3]
  else
    json_number(c, node)
  end
end

DECODERS.json = function(c, node, depth)
  json_value(c, node, depth)
  json_space(c)
end
