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
  child_started = true,
  run_waiting = true,
  run_parked = true,
  agent_usage = true,
}

-- What each event says; a name in braces is a field of it, or one of `also`.
local WORDS = {
  run_queued = '{workflow} requested by {by}',
  run_started = 'started',
  step_started = '{step} started{again}',
  step_completed = '{step} done in {took}',
  step_failed = '{step} failed: {error.message}',
  route_taken = '{from} -> {to}',
  run_resumed = 'goes on, asked by {by} from {surface}',
  iteration_limit_reached = 'HELD at {gate.current_iteration}/{gate.max_iterations} before {gate.step}',
  gate_opened = 'HELD: {gate.prompt}',
  iteration_limit_resolved = 'answered by {by} from {surface}: {said}; the limit is {max_iterations} now',
  gate_answered = 'answered by {by} from {surface}: {said}',
  gate_withdrawn = 'gate withdrawn: {reason}',
  run_completed = 'completed',
  run_failed = 'failed ({cause}): {error.message}',
  run_cancelled = 'cancelled by {by}',
  agent_message = '{step}: {text}',
  agent_thought = '{step} thinks: {text}',
  script_output = '{step} {stream}: {text}',
  warning = 'warning: {message}',
}

-- What is said of an event that is no field of it.
local also = {
  again = function(e)
    return (e.attempt or 1) > 1 and (' (attempt %d)'):format(e.attempt) or ''
  end,
  took = function(e)
    return ('%.1f s'):format((e.elapsed or 0) / 1000)
  end,
  -- "continue with 5 more", "stop", or the answer as it is.
  said = function(e)
    local answer = e.answer or {}
    return answer['do'] == 'continue' and ('continue with %d more'):format(answer.n)
      or answer['do']
      or answer.value
      or answer.decision
      or answer.option
      or vim.json.encode(answer)
  end,
}

local function payload(event)
  local words = (WORDS[event.type] or event.type):gsub('{([%w_.]+)}', function(name)
    local value = also[name] and also[name](event) or vim.tbl_get(event, unpack(vim.split(name, '.', { plain = true })))
    return value ~= vim.NIL and tostring(value or '') or ''
  end)
  return words
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
