-- The live panel in a browser: one server for this Neovim, which ends with it.
local client = require('fermata.client')

local M = {}

-- The server's job while it runs, and its address once it has said it.
local job, address

local function show(run)
  local place, token = address:match('^(.-/)[^/#]*#(.*)$')
  vim.ui.open(place .. (run and '?run=' .. run or '') .. '#' .. token)
end

--- Opens the panel, with a run or with the list of runs.
---@param run string? full run id
function M.open(run)
  if job then
    -- A server that has not said its address yet opens what was asked for first.
    return address and show(run)
  end
  local complaints = {}
  job = vim.fn.jobstart({ client.cmd()[1], 'panel', '--no-open' }, {
    on_stdout = function(_, lines)
      if not address and lines[1] ~= '' then
        address = lines[1]
        show(run)
      end
    end,
    on_stderr = function(_, lines)
      vim.list_extend(complaints, lines)
    end,
    on_exit = function(_, code)
      job, address = nil, nil
      if code ~= 0 and vim.v.exiting == vim.NIL then
        client.say('the panel ended. ' .. vim.trim(table.concat(complaints, '\n')), vim.log.levels.ERROR)
      end
    end,
  })
end

return M
