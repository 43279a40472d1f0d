-- Bodies of fields one behind the other.

local function read_placed(c, def, entry)
  local node = { at = c.at }
  entry.node = node
  if def.kind == "number" then
    node.kind, node.value = "integer", c:fixed(def.bits / 8, BODY.little, def.name)
    if def.constant and node.value.number ~= def.constant then
      local text = "%s is %s, but it is always %.0f"
      fail(node.at, string.format(text, def.name, digits(node.value), def.constant))
    end
  else
    local size = def.size
    if def.prefix then
      size = c:fixed(def.prefix / 8, BODY.little, "size of " .. def.name).number
    elseif def.rest then
      size = c:left()
    end
    node.value_at = c.at
    if def.max and size > def.max then
      local text = "%s of %.0f bytes, but at most %.0f are allowed"
      fail(node.at, string.format(text, def.name, size, def.max))
    end
    if def.kind == "string" then
      node.kind, node.value = "string", c:text(size, def.name)
    else
      fill_bytes(node, c, size, def.name)
    end
  end
  node.length = c.at - node.at
  entry.length = node.length
end

BODIES["fixed"] = function(c, message, fields)
  for _, def in ipairs(message.fields) do
    if not def.mandatory and c:left() == 0 then
      return
    end
    local entry = { at = c.at, def = def }
    fields[#fields + 1] = entry
    read_placed(c, def, entry)
  end
end

-- The bytes that every message begins with: they tie an answer to its request.
local function ticket_of(tvb, at)
  local size = BODY.prefix_size
  if size > 0 and at + size <= tvb:len() then
    return tvb(at, size):raw()
  end
  return ""
end

-- Which message of a code it is, by the request that it answers.
local function answer_to(request, code, tvb, at)
  local answers = request and request.answers[code]
  if not answers then
    return nil
  end
  local by = answers.selector
  if not by then
    return MESSAGES[answers.only]
  end
  if at + by.offset + by.bytes > tvb:len() then
    return nil
  end
  local c = cursor(tvb, at + by.offset, tvb:len())
  local number = c:fixed(by.bytes, BODY.little, "selector").number
  for _, case in ipairs(by.cases) do
    if case.number == number then
      return MESSAGES[case.name]
    end
  end
end
