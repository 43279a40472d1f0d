-- Reading bytes. What cannot be read raises a table of the place and the reason; `short` is set
-- where more bytes might help.

local function fail(at, text)
  error({ at = at, text = text }, 0)
end

local Cursor = {}
Cursor.__index = Cursor

local function cursor(tvb, at, stop)
  return setmetatable({ tvb = tvb, at = at, stop = stop }, Cursor)
end

function Cursor:left()
  return self.stop - self.at
end

function Cursor:need(count, what)
  if count > self:left() then
    local text = string.format("%s of %.0f bytes, but %d left", what, count, self:left())
    error({ at = self.at, text = text, short = true }, 0)
  end
end

function Cursor:byte(what)
  self:need(1, what)
  local byte = self.tvb(self.at, 1):uint()
  self.at = self.at + 1
  return byte
end

-- Bytes as a string of Lua.
function Cursor:raw(count, what)
  self:need(count, what)
  local raw = count > 0 and self.tvb(self.at, count):raw() or ""
  self.at = self.at + count
  return raw
end

-- A cursor over the next bytes, which this one passes.
function Cursor:within(count, what)
  self:need(count, what)
  local inner = cursor(self.tvb, self.at, self.at + count)
  self.at = self.at + count
  return inner
end

local TWO32 = 4294967296

-- Integers are halves of 32 bits; `number` is exact up to 2^53.
local function integer(hi, lo)
  return { hi = hi, lo = lo, number = hi * TWO32 + lo }
end

-- A number of at most so many bits. One too long is told from one too large.
function Cursor:varint(bits, what)
  local start = self.at
  local width = bits > 32 and 64 or 32
  local most = math.ceil(width / 7)
  local hi, lo = 0, 0
  for index = 0, most - 1 do
    local byte = self:byte(what)
    local group = byte % 128
    if index < 4 then
      lo = lo + group * 2 ^ (7 * index)
    elseif index == 4 then
      lo = lo + group % 16 * 2 ^ 28
      hi = math.floor(group / 16)
    else
      hi = hi + group * 2 ^ (7 * index - 32)
    end
    local last = byte < 128
    if hi >= TWO32 or (width == 32 and hi > 0) or (index == most - 1 and not last) then
      fail(start, string.format("%s does not fit %d bits", what, width))
    end
    if last then
      local read = integer(hi, lo)
      if bits < 32 and lo >= 2 ^ bits then
        fail(start, string.format("%s is %.0f, but at most %.0f is allowed", what, lo, 2 ^ bits - 1))
      end
      return read
    end
  end
end

-- A number of so many bytes.
function Cursor:fixed(bytes, little, what)
  self:need(bytes, what)
  local hi, lo = 0, 0
  for index = 0, bytes - 1 do
    local place = little and index or bytes - 1 - index
    local byte = self.tvb(self.at + index, 1):uint()
    if place < 4 then
      lo = lo + byte * 2 ^ (8 * place)
    else
      hi = hi + byte * 2 ^ (8 * (place - 4))
    end
  end
  self.at = self.at + bytes
  return integer(hi, lo)
end

-- A number as the table `how` says.
function Cursor:number(how, what)
  if how.kind == "varint" then
    return self:varint(how.bits, what)
  end
  return self:fixed(how.bits / 8, how.kind == "little", what)
end

local function digits(int)
  if int.hi < 2 ^ 21 then
    return string.format("%.0f", int.number)
  end
  return tostring(UInt64.new(int.lo, int.hi))
end

-- Where text stops being UTF-8, counted from 0; nothing where it is all of it.
local function not_utf8(text)
  local at = 1
  while at <= #text do
    local lead = text:byte(at)
    local count, least = 0, 0
    if lead < 0x80 then
      count = 0
    elseif lead >= 0xc2 and lead < 0xe0 then
      count, least = 1, 0x80
    elseif lead >= 0xe0 and lead < 0xf0 then
      count, least = 2, 0x800
    elseif lead >= 0xf0 and lead < 0xf5 then
      count, least = 3, 0x10000
    else
      return at - 1
    end
    local point = count == 0 and lead or lead % 2 ^ (6 - count)
    for next = at + 1, at + count do
      local byte = text:byte(next)
      if not byte or byte < 0x80 or byte > 0xbf then
        return at - 1
      end
      point = point * 64 + byte % 64
    end
    if point < least or point > 0x10ffff or (point >= 0xd800 and point < 0xe000) then
      return at - 1
    end
    at = at + count + 1
  end
end

function Cursor:text(count, what)
  local start = self.at
  local text = self:raw(count, what)
  local bad = not_utf8(text)
  if bad then
    fail(start + bad, what .. " is not UTF-8")
  end
  return text
end
