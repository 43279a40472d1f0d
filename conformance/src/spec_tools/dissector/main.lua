-- Messages in a stream: where each begins and ends, which it is, and how it is shown.

-- Reads a header: what it says, where the body begins and where it should end. Nothing, and how
-- many bytes more are wanted, where it is not whole.
local function read_header(tvb, at, whole)
  local total = tvb:len()
  local c = cursor(tvb, at, total)
  local header = {}
  local ok, reason = pcall(function()
    header.code = c:number(SPEC.code, "message type").number
    header.code_length = c.at - at
    header.size = SPEC.size and c:number(SPEC.size, "message size").number
  end)
  if not ok and type(reason) ~= "table" then
    error(reason, 0)
  elseif not ok and reason.short and not whole then
    return nil, 0
  elseif not ok then
    return { wrong = reason, stop = total }
  elseif SPEC.min_size and total - at < SPEC.min_size and not whole then
    return nil, SPEC.min_size - (total - at)
  end
  header.body = c.at
  header.stop = header.size and c.at + header.size or total
  if header.size and SPEC.max_message_size and header.size > SPEC.max_message_size then
    -- Not waited for.
    local text = "a body of %.0f bytes, but at most %.0f are accepted"
    header.wrong = { at = at, text = string.format(text, header.size, SPEC.max_message_size) }
    header.stop = total
  elseif header.stop > total and not whole then
    return nil, header.stop - total
  end
  return header
end

-- Which message it is: by its code, and where several share it by what it answers.
local function identify(tvb, at, pinfo, header, connection)
  local message = CODES[header.code]
  local ticket = BODY.prefix_size and ticket_of(tvb, header.body)
  if not ticket then
    return message
  end
  local requests = connection.requests[ticket] or {}
  connection.requests[ticket] = requests
  local request = known_at(requests, pinfo.number, at)
  message = answer_to(MESSAGES[request], header.code, tvb, header.body) or message
  if message and next(message.answers) then
    remember(requests, pinfo, at, message.name)
  end
  return message
end

-- Reads the body of a message in the encoding that is in force.
local function read_fields(tvb, at, pinfo, header, message, connection)
  local stop = math.min(header.stop, tvb:len())
  if HAS_CHOICE and PROTO.prefs.encoding > 0 then
    return read_body(tvb, header.body, stop, message, BODY.encodings[PROTO.prefs.encoding])
  end
  local encoding = known_at(connection.encodings, pinfo.number, at) or BODY.default_encoding
  local fields, ended, wrong, agreed = read_agreed(tvb, header.body, stop, message, encoding)
  if agreed then
    remember(connection.encodings, pinfo, at, agreed)
  end
  return fields, ended, wrong
end

local function show_malformed(item, tvb, reason, stop)
  local at = math.min(reason.at, stop - 1)
  local place = item:add(tvb(at, stop - at), "Malformed: " .. reason.text)
  place:add_proto_expert_info(MALFORMED, reason.text)
end

local function show_message(tree, tvb, at, header, message, fields, wrong, stop)
  local item = tree:add(PROTO, tvb(at, stop - at))
  if header.code then
    local name = message and message.name or string.format("0x%02x", header.code)
    local code = string.format("Code: 0x%02x, %s", header.code, message and name or "unknown")
    item:append_text(", " .. name)
    item:add(FIELDS.message, tvb(at, stop - at), name):set_generated()
    item:add(FIELDS.code, tvb(at, header.code_length), header.code):set_text(code)
  end
  if header.size then
    local size_at = at + header.code_length
    item:add(FIELDS.size, tvb(size_at, header.body - size_at), header.size)
  end
  if header.body and not message then
    item:add_proto_expert_info(UNKNOWN_MESSAGE, "no message has this code")
    if stop > header.body then
      item:add(FIELDS.body, tvb(header.body, stop - header.body))
    end
  end
  for _, entry in ipairs(fields) do
    show_field(item, tvb, message, entry, stop)
  end
  if wrong then
    show_malformed(item, tvb, wrong, stop)
  end
end

-- Reads and shows the message at `at`. Gives where the next one begins and what this one is called,
-- or nothing and how many bytes more are wanted, 0 where that is not known.
local function dissect_message(tvb, at, pinfo, tree, whole)
  local total = tvb:len()
  local header, more = read_header(tvb, at, whole)
  if not header then
    return nil, more
  end
  local fields, ended, message = {}, nil, nil
  local wrong, stop = header.wrong, math.min(header.stop, total)
  if not wrong then
    local connection = connection_of(pinfo)
    message = identify(tvb, at, pinfo, header, connection)
    if message then
      fields, ended, wrong = read_fields(tvb, at, pinfo, header, message, connection)
    end
    if not wrong and header.stop > total then
      local text = "a body of %.0f bytes, but %d left"
      local left = total - header.body
      wrong = { at = header.body, text = string.format(text, header.size, left) }
    elseif wrong and wrong.short and not header.size and not whole then
      -- Only its own layout tells where it ends.
      return nil, 0
    elseif message and not wrong and not header.size then
      stop = ended
    end
  end
  show_message(tree, tvb, at, header, message, fields, wrong, stop)
  local name = message and message.name or string.format("0x%02x", header.code or 0)
  return stop, wrong and name .. " [malformed]" or name
end

function PROTO.dissector(tvb, pinfo, tree)
  pinfo.cols.protocol = SPEC.title
  local at, names = 0, {}
  while at < tvb:len() do
    local whole = not PROTO.prefs.reassemble or pinfo.can_desegment == 0
    local next_at, said = dissect_message(tvb, at, pinfo, tree, whole)
    if not next_at then
      pinfo.desegment_offset = at
      pinfo.desegment_len = said > 0 and said or DESEGMENT_ONE_MORE_SEGMENT
      return tvb:len()
    end
    at = next_at
    names[#names + 1] = said
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
