-- Answering gates and start choices with vim.ui.select. Only ever called by
-- `:Fermata answer` and by a lens, so nothing pops up while somebody types.
local ask = require('fermata.ask')
local client = require('fermata.client')
local state = require('fermata.state')

local M = {}

-- Where the texts of an answer belong, for those that have a place of their own.
local PLACES = { human = 'input', questions = 'answers' }

-- The texts and numbers to ask for, less what the answer says already.
local function fields_of(gate, spec)
  local fields = {}
  for _, field in ipairs(spec.fields or {}) do
    if spec.answer[field.name] == nil then
      local prompt = field.name .. (field.optional and ' (optional)' or '')
      fields[#fields + 1] = { name = field.name, prompt = prompt, default = field.minimum and tostring(field.minimum) }
    end
  end
  for _, question in ipairs(spec.answer['do'] == 'submit' and gate.extra.questions or {}) do
    fields[#fields + 1] = { name = question.id, prompt = question.text }
  end
  return fields
end

local function answer_gate(entry, spec)
  ask.each(fields_of(entry.gate, spec), function(texts)
    local answer = vim.deepcopy(spec.answer)
    local place = PLACES[answer.kind]
    if place and next(texts) then
      answer[place] = vim.tbl_extend('force', answer[place] or {}, texts)
    else
      answer = vim.tbl_extend('force', answer, texts)
      answer.n = tonumber(answer.n)
    end
    client.execute('fermata.answer', { run = entry.run, gate = entry.gate.gate, answer = answer }, state.settled)
  end)
end

local function decide(entry)
  local start = entry.start
  vim.ui.select(start and start.answers or entry.gate.answers, {
    prompt = entry.title,
    format_item = function(item)
      return start and start.labels[item] or item.label
    end,
  }, function(item)
    if not item then
      return
    elseif start then
      client.execute('fermata.choose', { start = start.start, answer = item }, state.settled)
    else
      answer_gate(entry, item)
    end
  end)
end

--- Shows what waits; with one decision, goes straight to its answers.
---@param only (fun(entry: table): boolean)? what a lens was clicked for
function M.pick(only)
  client.request('fermata/runs', vim.empty_dict(), function(result)
    state.take(result)
    local entries = vim.tbl_filter(only or function()
      return true
    end, state.waiting())
    if #entries < 2 then
      return entries[1] and decide(entries[1]) or client.say('nothing waits for an answer.')
    end
    vim.ui.select(entries, {
      prompt = 'What do you want to decide?',
      format_item = function(entry)
        return entry.title
      end,
    }, function(entry)
      if entry then
        decide(entry)
      end
    end)
  end)
end

return M
