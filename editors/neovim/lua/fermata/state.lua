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

--- Takes over a list of runs. What belongs to another workspace is listed by
--- `:Fermata runs`, and neither announced nor counted here.
---@param result table as answered by fermata/runs
function M.take(result)
  local roots = vim.tbl_map(function(client)
    local root = client.config.root_dir
    return (vim.uv.fs_realpath(root) or root) .. '/'
  end, vim.lsp.get_clients({ name = 'fermata' }))
  local function here(path)
    return vim.iter(roots):any(function(root)
      return vim.startswith(path, root)
    end)
  end
  M.known = {
    all = result.runs,
    runs = vim.tbl_filter(function(run)
      return here(run.path)
    end, result.runs),
    starts = vim.tbl_filter(function(start)
      return here(start.request.path or '')
    end, result.starts),
  }
end

--- The end of a run's id, by which people name it.
---@param run table
---@return string
function M.short(run)
  return run.run:sub(-8)
end

--- Every decision that waits here: gates, oldest run first, then choices.
---@return { key: string, title: string, run: string?, gate: table?, start: table? }[]
function M.waiting()
  local found = {}
  for _, run in vim.iter(M.known.runs):rev():enumerate() do
    for _, gate in ipairs(run.gates) do
      local title = ('%s (run %s)'):format(gate.title, M.short(run))
      found[#found + 1] = { key = run.run .. '/' .. gate.gate, title = title, run = run.run, gate = gate }
    end
  end
  for _, start in ipairs(M.known.starts) do
    found[#found + 1] = { key = start.start, title = start.title, start = start }
  end
  return found
end

--- For the statusline: empty while nothing runs.
---@return string
function M.statusline()
  local running = #vim.tbl_filter(function(run)
    return run.status == 'running' or run.status == 'queued'
  end, M.known.runs)
  local held = #M.waiting()
  local parts = {}
  parts[#parts + 1] = running > 0 and 'running ' .. running or nil
  parts[#parts + 1] = held > 0 and 'held ' .. held or nil
  return #parts > 0 and 'fermata: ' .. table.concat(parts, ', ') or ''
end

local function say(text)
  require('fermata.client').say(text, vim.log.levels.WARN)
end

local function announce()
  local fresh = vim.tbl_filter(function(entry)
    return not announced[entry.key]
  end, M.waiting())
  for _, entry in ipairs(fresh) do
    announced[entry.key] = true
  end
  if primed and #fresh > 0 then
    local what = #fresh == 1 and fresh[1].title or #fresh .. ' decisions wait'
    say(what .. '. Answer with :Fermata answer')
  end
  primed = true
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
      require('fermata.runs').draw()
      vim.cmd.redrawstatus()
    end)
  end, 30)
end

--- Says what was refused, and looks at the runs again: what follows an acting command.
---@param result table
function M.settled(result)
  -- A choice is announced with how to answer it; the reason of a late answer names who was first.
  if result.ok == false and result.reason ~= 'choice' then
    say(result.message or result.reason)
  end
  M.refresh()
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
    local function meant(entry)
      return entry.start and entry.start.start == asked.start or entry.gate and entry.run == asked.run
    end
    if asked.started then
      return
    elseif vim.iter(M.waiting()):any(meant) then
      require('fermata.answer').pick(meant)
    elseif asked.run then
      require('fermata.log').open(asked.run)
    end
  end,
  ['fermata/serverStatus'] = function(_, status)
    if status.health ~= 'ok' and status.message then
      say(status.message)
    end
  end,
}

return M
