-- What is known of a connection, and how a body is read by it.

-- Whether values may be in one encoding or in another.
local HAS_CHOICE = BODY.encodings and #BODY.encodings > 1

-- What is known of each connection: encodings agreed on, requests waiting for their answers.
local CONNECTIONS = {}

local function connection_of(pinfo)
  local function place(address, port)
    return tostring(address) .. ":" .. port
  end
  local ends = { place(pinfo.src, pinfo.src_port), place(pinfo.dst, pinfo.dst_port) }
  table.sort(ends)
  local key = ends[1] .. " " .. ends[2]
  CONNECTIONS[key] = CONNECTIONS[key] or { encodings = {}, requests = {} }
  return CONNECTIONS[key]
end

-- The newest of what was known at a place in the capture.
local function known_at(list, number, offset)
  local found
  for _, entry in ipairs(list or {}) do
    if entry.number < number or (entry.number == number and entry.offset < offset) then
      found = entry.value
    end
  end
  return found
end

local function remember(list, pinfo, offset, value)
  if not pinfo.visited then
    list[#list + 1] = { number = pinfo.number, offset = offset, value = value }
  end
end

-- Reads a body. Gives its fields, where the reader stopped, and what was wrong if anything was.
local function read_body(tvb, at, stop, message, encoding)
  local fields = {}
  local c = cursor(tvb, at, stop)
  local ok, reason = pcall(BODIES[BODY.kind], c, message, fields, encoding)
  if ok then
    return fields, c.at, nil
  elseif type(reason) ~= "table" then
    error(reason, 0)
  end
  return fields, c.at, reason
end

-- The encoding that a message itself asks for; nothing where it cannot.
local function announced(message, fields)
  if not message.selects then
    return nil
  end
  local function of(enum, node)
    local encodings = ENUMS[enum].encodings
    for _, value in ipairs(encodings) do
      if node and node.kind == "integer" and value.number == node.value.number then
        return value.encoding
      end
    end
  end
  for _, entry in ipairs(fields) do
    local def = entry.def
    if def and def.enum and ENUMS[def.enum].encodings[1] and entry.node and entry.node.length then
      local found = of(def.enum, entry.node)
      if found then
        return found
      end
    end
    for _, known in ipairs(def and def.map and entry.node and SPEC.maps[def.map] or {}) do
      if known.enum and ENUMS[known.enum].encodings[1] then
        local found = of(known.enum, entry_of(entry.node, known.key))
        if found then
          return found
        end
      end
    end
  end
  return BODY.default_encoding
end

-- Reads a body in the encoding of its connection, or in the one that it announces itself.
local function read_agreed(tvb, at, stop, message, encoding)
  local fields, ended, reason = read_body(tvb, at, stop, message, encoding)
  local agreed = announced(message, fields)
  if not agreed or (not reason and agreed == encoding) then
    return fields, ended, reason, agreed and encoding
  end
  for _, other in ipairs(BODY.encodings) do
    local fields2, ended2, reason2 = read_body(tvb, at, stop, message, other)
    if not reason2 and announced(message, fields2) == other then
      return fields2, ended2, nil, other
    end
  end
  return fields, ended, reason, nil
end
