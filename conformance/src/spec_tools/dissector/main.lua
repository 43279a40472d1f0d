-- Messages in a stream: where each begins and ends, in which encoding its values are, and what
-- it answers.

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

local function malformed(item, tvb, reason, stop)
  local at = math.min(reason.at, stop - 1)
  local place = item:add(tvb(at, stop - at), "Malformed: " .. reason.text)
  place:add_proto_expert_info(MALFORMED, reason.text)
end

-- Reads the message at `at`. Gives where the next one begins, or nothing and how many bytes more
-- are wanted, 0 where that is not known.
local function dissect_message(tvb, at, pinfo, tree, whole)
  local total = tvb:len()
  local c = cursor(tvb, at, total)
  local code, code_length, size
  local ok, reason = pcall(function()
    code = c:number(SPEC.code, "message type").number
    code_length = c.at - at
    size = SPEC.size and c:number(SPEC.size, "message size").number
  end)
  if not ok and type(reason) ~= "table" then
    error(reason, 0)
  elseif not ok and reason.short and not whole then
    return nil, 0
  elseif not ok then
    local item = tree:add(PROTO, tvb(at, total - at))
    malformed(item, tvb, reason, total)
    return total, nil, "[malformed]"
  end
  local body = c.at
  if SPEC.min_size and total - at < SPEC.min_size and not whole then
    return nil, SPEC.min_size - (total - at)
  end
  local stop = size and body + size or total
  local beyond = size and SPEC.max_message_size and size > SPEC.max_message_size
  if stop > total and not whole and not beyond then
    return nil, stop - total
  end

  local connection = connection_of(pinfo)
  local ticket = BODY.prefix_size and ticket_of(tvb, body)
  local message = CODES[code]
  if ticket then
    local request = known_at(connection.requests[ticket], pinfo.number, at)
    message = answer_to(request and MESSAGES[request], code, tvb, body) or message
  end
  local fields, ended, wrong, agreed = {}, body, nil, nil
  if beyond then
    local text = "a body of %.0f bytes, but at most %.0f are accepted"
    wrong = { at = at, text = string.format(text, size, SPEC.max_message_size) }
  elseif message then
    local encoding = known_at(connection.encodings, pinfo.number, at) or BODY.default_encoding
    if HAS_CHOICE and PROTO.prefs.encoding > 0 then
      encoding = BODY.encodings[PROTO.prefs.encoding]
    end
    fields, ended, wrong, agreed = read_agreed(tvb, body, math.min(stop, total), message, encoding)
  end
  if not wrong and stop > total then
    local text = "a body of %.0f bytes, but %d left"
    wrong = { at = body, text = string.format(text, size, total - body) }
  elseif wrong and wrong.short and not size and not whole then
    -- Only its own layout tells where it ends.
    return nil, 0
  end
  if not size and message and not wrong then
    stop = ended
  end
  stop = math.min(stop, total)
  if beyond or (wrong and not size) then
    stop = total
  end

  if agreed then
    remember(connection.encodings, pinfo, at, agreed)
  end
  if ticket and message and next(message.answers) then
    connection.requests[ticket] = connection.requests[ticket] or {}
    remember(connection.requests[ticket], pinfo, at, message.name)
  end

  local name = message and message.name or string.format("0x%02x", code)
  local item = tree:add(PROTO, tvb(at, stop - at))
  item:append_text(", " .. name)
  item:add(FIELDS.message, tvb(at, stop - at), name):set_generated()
  local shown = item:add(FIELDS.code, tvb(at, code_length), code)
  shown:set_text(string.format("Code: 0x%02x, %s", code, message and message.name or "unknown"))
  if size then
    item:add(FIELDS.size, tvb(at + code_length, body - at - code_length), size)
  end
  if not message then
    item:add_proto_expert_info(UNKNOWN_MESSAGE, "no message has the code " .. name)
    if stop > body then
      item:add(FIELDS.body, tvb(body, stop - body))
    end
  end
  for _, entry in ipairs(fields) do
    show_field(item, tvb, message, entry, stop)
  end
  if wrong then
    malformed(item, tvb, wrong, stop)
  end
  return stop, nil, wrong and name .. " [malformed]" or name
end

function PROTO.dissector(tvb, pinfo, tree)
  pinfo.cols.protocol = SPEC.title
  local at, names = 0, {}
  while at < tvb:len() do
    local whole = not PROTO.prefs.reassemble or pinfo.can_desegment == 0
    local next_at, more, name = dissect_message(tvb, at, pinfo, tree, whole)
    if not next_at then
      pinfo.desegment_offset = at
      pinfo.desegment_len = more > 0 and more or DESEGMENT_ONE_MORE_SEGMENT
      return tvb:len()
    end
    at = next_at
    names[#names + 1] = name
    pinfo.cols.info = table.concat(names, ", ")
  end
  return tvb:len()
end

function PROTO.init()
  CONNECTIONS = {}
end

PROTO.prefs.ports = Pref.range("TCP ports", SPEC.ports, "Ports of servers", 65535)
PROTO.prefs.reassemble =
  Pref.bool("Reassemble messages", true, "Whether messages go on in the next segment")
if HAS_CHOICE then
  local choices = { { 0, "as negotiated", 0 } }
  for index, name in ipairs(BODY.encodings) do
    choices[#choices + 1] = { index, name, index }
  end
  PROTO.prefs.encoding =
    Pref.enum("Encoding of values", 0, "Where a capture lacks the negotiation", choices, false)
end

local registered = ""
local function register()
  local ports = DissectorTable.get("tcp.port")
  if registered ~= "" then
    ports:remove(registered, PROTO)
  end
  registered = PROTO.prefs.ports
  if registered ~= "" then
    ports:add(registered, PROTO)
  end
end

PROTO.prefs_changed = register
register()
DissectorTable.get("tls.port"):add_for_decode_as(PROTO)
