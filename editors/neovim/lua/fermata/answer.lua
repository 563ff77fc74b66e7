-- Answering gates and start choices with vim.ui.select. Only ever called by
-- `:Fermata answer`, so nothing pops up while somebody types.
local client = require('fermata.client')
local state = require('fermata.state')

local M = {}

local CHOICES = {
  resume = 'Resume the earlier run',
  abandon_and_run = 'Abandon it and run fresh',
  with_changes = 'Run with the uncommitted changes',
  from_head = 'Run from the last commit, without them',
  run_fresh = 'Run fresh, keep it',
  dismiss = 'Dismiss this request',
}

-- Asks for the texts or numbers that come with an answer, one after another.
local function fill(fields, index, answer, done)
  local field = fields[index]
  if not field then
    return done(answer)
  end
  if answer[field.name] ~= nil then
    -- What was picked says it already, as `continue with 5 more` does.
    return fill(fields, index + 1, answer, done)
  end
  vim.ui.input({ prompt = field.name .. ': ', default = field.minimum and tostring(field.minimum) or nil }, function(text)
    if text == nil then
      return
    end
    if field.ty == 'integer' then
      answer[field.name] = tonumber(text)
    elseif answer.kind == 'human' then
      answer.input = answer.input or {}
      answer.input[field.name] = text
    else
      answer[field.name] = text
    end
    fill(fields, index + 1, answer, done)
  end)
end

---@param entry { run: table, gate: table }
local function answer_gate(entry)
  local specs = entry.gate.answers or {}
  vim.ui.select(specs, {
    prompt = state.describe(entry.run, entry.gate),
    format_item = function(spec)
      return spec.label
    end,
  }, function(spec)
    if not spec then
      return
    end
    local answer = vim.deepcopy(spec.answer)
    fill(spec.fields or {}, 1, answer, function(filled)
      client.execute('fermata.answer', { run = entry.run.run, gate = entry.gate.gate, answer = filled }, state.settled)
    end)
  end)
end

---@param start table
local function answer_start(start)
  local answers = start.answers or { 'resume', 'abandon_and_run', 'run_fresh', 'dismiss' }
  vim.ui.select(answers, {
    prompt = state.question(start),
    format_item = function(answer)
      return CHOICES[answer]
    end,
  }, function(answer)
    if answer then
      client.execute('fermata.choose', { start = start.start, answer = answer }, state.settled)
    end
  end)
end

--- Shows what waits; with one decision, goes straight to its answers.
---@param only { run: string?, start: string? }? what a lens was clicked for
function M.pick(only)
  only = only or {}
  client.request('fermata/runs', vim.empty_dict(), function(result)
    state.take(result)
    local items = {}
    for _, entry in ipairs(state.gates()) do
      if not only.start and (not only.run or only.run == entry.run.run) then
        items[#items + 1] = {
          text = state.describe(entry.run, entry.gate),
          open = function()
            answer_gate(entry)
          end,
        }
      end
    end
    for _, start in ipairs(state.known.starts) do
      if not only.run and (not only.start or only.start == start.start) then
        items[#items + 1] = {
          text = start.workflow .. ': choose about an earlier run',
          open = function()
            answer_start(start)
          end,
        }
      end
    end
    if #items == 0 then
      vim.notify('Fermata: nothing waits for an answer.')
    elseif #items == 1 then
      items[1].open()
    else
      vim.ui.select(items, {
        prompt = 'What do you want to decide?',
        format_item = function(item)
          return item.text
        end,
      }, function(item)
        if item then
          item.open()
        end
      end)
    end
  end)
end

return M
