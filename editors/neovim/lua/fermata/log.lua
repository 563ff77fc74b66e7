-- The run buffer: one scratch buffer per run that follows its log. The log in
-- the store is the truth: a gap in what arrives is asked for, never guessed.
local M = {}

-- run id → { bufnr, last }
local followed = {}

-- Bookkeeping that a reader of the log has no use for.
local SILENT = {
  definition_pinned = true,
  inputs_resolved = true,
  process_started = true,
  run_waiting = true,
  run_parked = true,
  agent_usage = true,
}

-- "continue with 5 more", "stop", or the answer as it is.
local function answered(e)
  local answer = e.answer or {}
  local words = answer['do'] == 'continue' and ('continue with %d more'):format(answer.n)
    or answer['do']
    or answer.value
    or answer.decision
    or answer.option
  return ('answered by %s from %s: %s'):format(e.by, e.surface, words or vim.json.encode(answer))
end

local function payload(event)
  local e = event
  local texts = {
    run_queued = function()
      return ('%s requested by %s'):format(e.workflow, e.by or '?')
    end,
    run_started = function()
      return 'started'
    end,
    step_started = function()
      return ('%s started%s'):format(e.step, (e.attempt or 1) > 1 and (' (attempt %d)'):format(e.attempt) or '')
    end,
    step_completed = function()
      return ('%s done in %.1f s'):format(e.step, (e.elapsed or 0) / 1000)
    end,
    step_failed = function()
      return ('%s failed: %s'):format(e.step, e.error and e.error.message or '')
    end,
    route_taken = function()
      return ('%s -> %s'):format(e.from, e.to)
    end,
    run_resumed = function()
      return ('goes on, asked by %s from %s'):format(e.by or '?', e.surface or '?')
    end,
    iteration_limit_reached = function()
      return ('HELD at %d/%d before %s'):format(e.gate.current_iteration, e.gate.max_iterations, e.gate.step)
    end,
    gate_opened = function()
      return 'HELD: ' .. (e.gate.prompt or '')
    end,
    iteration_limit_resolved = function()
      return ('%s; the limit is %d now'):format(answered(e), e.max_iterations)
    end,
    gate_answered = function()
      return answered(e)
    end,
    gate_withdrawn = function()
      return 'gate withdrawn: ' .. (e.reason or '')
    end,
    run_completed = function()
      return 'completed'
    end,
    run_failed = function()
      return ('failed (%s): %s'):format(e.cause, e.error and e.error.message or '')
    end,
    run_cancelled = function()
      return 'cancelled by ' .. (e.by or '?')
    end,
    agent_message = function()
      return ('%s: %s'):format(e.step, e.text)
    end,
    agent_thought = function()
      return ('%s thinks: %s'):format(e.step, e.text)
    end,
    script_output = function()
      return ('%s %s: %s'):format(e.step, e.stream, e.text)
    end,
    warning = function()
      return 'warning: ' .. (e.message or '')
    end,
  }
  local text = texts[e.type]
  return text and text() or e.type
end

--- The lines of one event as the buffer shows them.
---@param event table
---@return string[]
function M.lines(event)
  if SILENT[event.type] then
    return {}
  end
  local where = event.path and event.path ~= '' and event.path:find('/') and (' [' .. event.path .. ']') or ''
  local head = ('%5d %s%s '):format(event.seq, os.date('%H:%M:%S', math.floor(event.at / 1000)), where)
  local lines = {}
  for number, line in ipairs(vim.split(vim.trim(payload(event)), '\n')) do
    lines[number] = number == 1 and head .. line or (' '):rep(#head) .. line
  end
  return lines
end

local function append(view, events)
  if not vim.api.nvim_buf_is_valid(view.bufnr) then
    return
  end
  local lines = {}
  for _, event in ipairs(events) do
    if event.seq == view.last + 1 then
      view.last = event.seq
      vim.list_extend(lines, M.lines(event))
    end
  end
  if #lines == 0 then
    return
  end
  vim.bo[view.bufnr].modifiable = true
  local count = vim.api.nvim_buf_line_count(view.bufnr)
  local empty = count == 1 and vim.api.nvim_buf_get_lines(view.bufnr, 0, 1, false)[1] == ''
  vim.api.nvim_buf_set_lines(view.bufnr, empty and 0 or count, -1, false, lines)
  vim.bo[view.bufnr].modifiable = false
  local bottom = vim.api.nvim_buf_line_count(view.bufnr)
  for _, window in ipairs(vim.fn.win_findbuf(view.bufnr)) do
    -- Follow only where the cursor stood on the last line: a reader is not dragged along.
    if vim.api.nvim_win_get_cursor(window)[1] >= (empty and 1 or count) then
      vim.api.nvim_win_set_cursor(window, { bottom, 0 })
    end
  end
end

local function catch_up(run, view)
  require('fermata.client').request('fermata/events', { run = run, from = view.last + 1, limit = 500 }, function(result)
    append(view, result.events)
    if #result.events == 500 then
      catch_up(run, view)
    end
  end)
end

--- A batch from the server: appended when it fits, asked for again when there is a gap.
---@param batch { run: string, from: integer, events: table[] }
function M.events(batch)
  local view = followed[batch.run]
  if not view then
    return
  end
  if batch.from > view.last + 1 then
    catch_up(batch.run, view)
  else
    append(view, batch.events)
  end
end

--- Opens the run buffer of a run and follows it until the buffer is closed.
---@param run string full run id
---@return integer bufnr
function M.open(run)
  local view = followed[run]
  if view and vim.api.nvim_buf_is_valid(view.bufnr) then
    vim.cmd.sbuffer(view.bufnr)
    return view.bufnr
  end
  vim.cmd('botright 15new')
  local bufnr = vim.api.nvim_get_current_buf()
  vim.api.nvim_buf_set_name(bufnr, 'fermata://run/' .. run)
  vim.bo[bufnr].buftype = 'nofile'
  vim.bo[bufnr].bufhidden = 'wipe'
  vim.bo[bufnr].swapfile = false
  vim.bo[bufnr].modifiable = false
  vim.bo[bufnr].filetype = 'fermata'
  view = { bufnr = bufnr, last = 0 }
  followed[run] = view
  local client = require('fermata.client')
  vim.api.nvim_create_autocmd('BufWipeout', {
    buffer = bufnr,
    once = true,
    callback = function()
      followed[run] = nil
      if client.get() then
        client.request('fermata/unsubscribe', { run = run }, function() end)
      end
    end,
  })
  client.request('fermata/subscribe', { run = run, from = 1 }, function()
    catch_up(run, view)
  end)
  return bufnr
end

return M
