-- The same by other keys.

local BODY = SPEC.body
-- Readers of bodies by their kind.
local BODIES = {}
local ENUMS = SPEC.enums
local MESSAGES = {}
local CODES = {}

local function wire_name(wire)
  return string.format("%d %s", wire.id, wire.name)
end

for _, message in ipairs(SPEC.messages) do
  MESSAGES[message.name] = message
  message.by_id = {}
  for _, field in ipairs(message.fields) do
    message.by_id[field.id] = field
    local enum = field.enum and ENUMS[field.enum]
    message.selects = message.selects or (enum and enum.encodings[1] ~= nil)
    for _, entry in ipairs(field.map and SPEC.maps[field.map] or {}) do
      message.selects = message.selects or (entry.enum and ENUMS[entry.enum].encodings[1] ~= nil)
    end
  end
  local answers = {}
  for _, answer in ipairs(message.answers) do
    answers[answer.code] = answer
  end
  message.answers = answers
  -- Of several messages of a code the one that stands for them all.
  local other = CODES[message.code]
  if not other or (other.answers_to and not message.answers_to) then
    CODES[message.code] = message
  end
end

if BODY.wire_types then
  local wire_types = {}
  for _, wire in ipairs(BODY.wire_types) do
    wire_types[wire.id] = wire
  end
  BODY.wire_types = wire_types
end
