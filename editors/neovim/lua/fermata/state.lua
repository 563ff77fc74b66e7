-- What this Neovim knows about runs: refreshed when the server says that
-- something changed, shown by vim.notify once for each gate, by the statusline
-- component, and by signs on the steps.
local M = {}

---@class fermata.Known
---@field all table[] every run, newest first
---@field runs table[] those of this workspace
---@field starts table[] open choices of this workspace
M.known = { all = {}, runs = {}, starts = {} }

-- Gates and choices that were already announced: key → true.
local announced = {}
-- Whether what was open before this editor came has been noted.
local primed = false
local pending = false
local listeners = {}

--- Takes over a list of runs. What belongs to another workspace is listed by
--- `:Fermata runs`, and neither announced nor counted here.
---@param result table as answered by fermata/runs
function M.take(result)
  local function here(path)
    for _, client in ipairs(vim.lsp.get_clients({ name = 'fermata' })) do
      local root = client.config.root_dir
      if type(root) == 'string' and vim.startswith(path, (vim.uv.fs_realpath(root) or root) .. '/') then
        return true
      end
    end
    return false
  end
  local known = { all = result.runs or {}, runs = {}, starts = {} }
  for _, run in ipairs(known.all) do
    if here(run.path) then
      known.runs[#known.runs + 1] = run
    end
  end
  for _, start in ipairs(result.starts or {}) do
    if here((start.request or {}).path or '') then
      known.starts[#known.starts + 1] = start
    end
  end
  M.known = known
end

--- The gates that hold, each with its run, oldest run first.
---@return { run: table, gate: table }[]
function M.gates()
  local found = {}
  for index = #M.known.runs, 1, -1 do
    local run = M.known.runs[index]
    for _, gate in ipairs(run.gates or {}) do
      found[#found + 1] = { run = run, gate = gate }
    end
  end
  return found
end

--- Where a gate holds, and its count or question.
---@param gate table
---@return string
function M.held(gate)
  if gate.kind == 'iteration_limit' then
    return ('held at %d/%d before %s'):format(gate.current_iteration, gate.max_iterations, gate.step)
  end
  return ('holds at %s: %s'):format(gate.step, vim.split(vim.trim(gate.prompt or ''), '\n')[1])
end

--- One line about a gate: workflow, step, count and short run id.
---@param run table
---@param gate table
---@return string
function M.describe(run, gate)
  local short = tostring(run.run):sub(-8)
  -- The gate's own workflow: a nested one holds under another name than its run.
  return ('%s %s (run %s)'):format(gate.workflow or run.workflow, M.held(gate), short)
end

--- What a start request asks: which earlier run, how it stands, what it was about.
---@param start table
---@return string
function M.question(start)
  if type(start.prior) ~= 'string' then
    local files = table.concat(start.changes or {}, ', ')
    return ('%s runs in a worktree of its own; not committed: %s'):format(start.workflow, files)
  end
  for _, run in ipairs(M.known.all) do
    if run.run == start.prior then
      local cause = type(run.cause) == 'string' and (' (%s)'):format(run.cause) or ''
      local about = type(run.message) == 'string' and run.message or vim.json.encode(run.inputs or vim.empty_dict())
      local stands = run.status == 'failed' and run.status or 'is ' .. run.status
      return ('%s: run %s %s%s; it was about: %s'):format(start.workflow, run.run:sub(-8), stands, cause, about)
    end
  end
  return ('%s: an earlier run has to be decided about first'):format(start.workflow)
end

--- For the statusline: empty while nothing runs.
---@return string
function M.statusline()
  local running, gates = 0, #M.gates()
  for _, run in ipairs(M.known.runs) do
    if run.status == 'running' or run.status == 'queued' then
      running = running + 1
    end
  end
  local parts = {}
  if running > 0 then
    parts[#parts + 1] = ('running %d'):format(running)
  end
  if gates + #M.known.starts > 0 then
    parts[#parts + 1] = ('held %d'):format(gates + #M.known.starts)
  end
  return #parts > 0 and 'fermata: ' .. table.concat(parts, ', ') or ''
end

local function announce()
  local fresh = {}
  for _, entry in ipairs(M.gates()) do
    local key = entry.run.run .. '/' .. entry.gate.gate
    if not announced[key] then
      announced[key] = true
      fresh[#fresh + 1] = M.describe(entry.run, entry.gate)
    end
  end
  for _, start in ipairs(M.known.starts) do
    if not announced[start.start] then
      announced[start.start] = true
      fresh[#fresh + 1] = M.question(start)
    end
  end
  if not primed then
    primed = true
  elseif #fresh == 1 then
    vim.notify('Fermata: ' .. fresh[1] .. '. Answer with :Fermata answer', vim.log.levels.WARN)
  elseif #fresh > 1 then
    vim.notify(('Fermata: %d decisions wait. Answer with :Fermata answer'):format(#fresh), vim.log.levels.WARN)
  end
end

--- Asks the server for all runs and starts, then tells whoever shows them.
function M.refresh()
  if pending then
    return
  end
  pending = true
  vim.defer_fn(function()
    pending = false
    local client = require('fermata.client')
    if not client.get() then
      return
    end
    client.request('fermata/runs', vim.empty_dict(), function(result)
      M.take(result)
      announce()
      require('fermata.signs').draw(M.known.runs)
      for _, listener in ipairs(listeners) do
        listener()
      end
      vim.cmd.redrawstatus()
    end)
  end, 30)
end

--- Says what was refused, and looks at the runs again: what follows an acting command.
---@param result table
function M.settled(result)
  -- A choice is announced with how to answer it; the reason of a late answer names who was first.
  if result.ok == false and result.reason ~= 'choice' then
    vim.notify('Fermata: ' .. (result.message or result.reason or 'refused'), vim.log.levels.WARN)
  end
  M.refresh()
end

--- Calls `listener` after every refresh.
---@param listener fun()
function M.on_change(listener)
  listeners[#listeners + 1] = listener
end

-- Handlers of the server's notifications, given to the client configuration.
M.handlers = {
  ['fermata/runChanged'] = M.refresh,
  ['fermata/startsChanged'] = M.refresh,
  ['fermata/events'] = function(_, batch)
    require('fermata.log').events(batch)
  end,
  -- A lens was clicked: what waits is asked, what does not is shown.
  ['fermata/openPanel'] = function(_, asked)
    if asked.started then
      return
    end
    if asked.start then
      return require('fermata.answer').pick({ start = asked.start })
    end
    for _, entry in ipairs(M.gates()) do
      if entry.run.run == asked.run then
        return require('fermata.answer').pick({ run = asked.run })
      end
    end
    if asked.run then
      require('fermata.log').open(asked.run)
    end
  end,
  ['fermata/serverStatus'] = function(_, status)
    if status.health ~= 'ok' and status.message then
      vim.notify('Fermata: ' .. status.message, vim.log.levels.WARN)
    end
  end,
}

return M
