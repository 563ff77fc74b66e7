-- What this Neovim knows about runs: refreshed when the server says that
-- something changed, shown by vim.notify once for each gate, by the statusline
-- component, and by signs on the steps.
local M = {}

---@class fermata.Known
---@field runs table[]
---@field starts table[]
M.known = { runs = {}, starts = {} }

-- Gates and choices that were already announced: key → true.
local announced = {}
local pending = false
local listeners = {}

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

--- One line about a gate: workflow, step, count and short run id.
---@param run table
---@param gate table
---@return string
function M.describe(run, gate)
  local short = tostring(run.run):sub(-8)
  if gate.kind == 'iteration_limit' then
    return ('%s held at %d/%d before %s (run %s)'):format(
      run.workflow,
      gate.current_iteration,
      gate.max_iterations,
      gate.step,
      short
    )
  end
  local prompt = vim.split(vim.trim(gate.prompt or ''), '\n')[1]
  return ('%s holds at %s: %s (run %s)'):format(run.workflow, gate.step, prompt, short)
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
      fresh[#fresh + 1] = ('%s: an earlier run has to be decided about first'):format(start.workflow)
    end
  end
  if #fresh == 1 then
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
      M.known = { runs = result.runs or {}, starts = result.starts or {} }
      announce()
      require('fermata.signs').draw(M.known.runs)
      for _, listener in ipairs(listeners) do
        listener()
      end
      vim.cmd.redrawstatus()
    end)
  end, 30)
end

--- Calls `listener` after every refresh.
---@param listener fun()
function M.on_change(listener)
  listeners[#listeners + 1] = listener
end

-- Handlers of the server's notifications, given to the client configuration.
M.handlers = {
  ['fermata/runChanged'] = function()
    M.refresh()
  end,
  ['fermata/startsChanged'] = function()
    M.refresh()
  end,
  ['fermata/events'] = function(_, batch)
    require('fermata.log').events(batch)
  end,
  ['fermata/serverStatus'] = function(_, status)
    if status.health ~= 'ok' and status.message then
      vim.notify('Fermata: ' .. status.message, vim.log.levels.WARN)
    end
  end,
}

return M
