-- What scenarios about runs do in Neovim again and again: ask the terminal, wait
-- for lenses, signs and buffers. Knows the plugin.
local d = require('driver')

local M = {}

local root = vim.fs.normalize(debug.getinfo(1, 'S').source:sub(2) .. '/../../../..')
-- The workflow that the scenario is about.
local file, lines

--- Copies a file of this repository into the workspace.
---@param from string its folder
---@param name string
function M.copy(from, name)
  d.write(name, table.concat(vim.fn.readfile(('%s/%s/%s'):format(root, from, name)), '\n') .. '\n')
end

--- Says which workflow the steps below are about, and opens it.
---@param name string
function M.about(name)
  file, lines = name, vim.fn.readfile(name)
  M.workflow()
  d.client()
end

--- The line (from 1) of the last text that contains `part`.
function M.line_of(part)
  for number = #lines, 1, -1 do
    if lines[number]:find(part, 1, true) then
      return number
    end
  end
  error('no line with ' .. part)
end

--- The column (from 1) of a part of a line.
function M.column_of(line, part)
  return (lines[line]:find(part, 1, true))
end

--- What the terminal says, asked from the same folder and home.
function M.terminal(...)
  local said = vim.fn.system({ 'fermata', ... })
  d.equal(vim.v.shell_error, 0, said)
  return said
end

--- Runs and starts, as the terminal lists them.
function M.runs()
  return vim.json.decode(M.terminal('runs', '--json'), { luanil = { object = true } })
end

--- Goes to the window with the workflow, or opens it.
function M.workflow()
  for _, window in ipairs(vim.api.nvim_list_wins()) do
    if vim.endswith(vim.api.nvim_buf_get_name(vim.api.nvim_win_get_buf(window)), '/' .. file) then
      return vim.api.nvim_set_current_win(window)
    end
  end
  d.open(file)
end

--- Waits until a buffer, named by part of its name, contains a text.
function M.holds(name, part)
  d.wait(('%q in %s'):format(part, name), function()
    for _, bufnr in ipairs(vim.api.nvim_list_bufs()) do
      if vim.api.nvim_buf_get_name(bufnr):find(name, 1, true) then
        return table.concat(vim.api.nvim_buf_get_lines(bufnr, 0, -1, false), '\n'):find(part, 1, true)
      end
    end
  end)
end

--- Waits until a lens is there, or is not.
function M.lens(part, there)
  d.wait(('the lens %q %s'):format(part, there and 'to come' or 'to go'), function()
    return (table.concat(d.lenses(), '\n'):find(part, 1, true) ~= nil) == there
  end)
end

--- Waits until the statusline component says something.
function M.status(part)
  d.wait('a statusline with ' .. part, function()
    return require('fermata').statusline():find(part, 1, true)
  end)
end

--- Waits until the sign on the line that contains `part` is `wanted`.
function M.sign(part, wanted)
  d.wait(('the sign %s on %s'):format(wanted, part), function()
    return d.signs()[M.line_of(part)] == wanted
  end)
end

--- A window in which the pictures are worth looking at.
function M.window()
  vim.o.signcolumn = 'yes'
  vim.o.columns, vim.o.lines = 120, 40
  vim.o.statusline = '%f %m %= %{v:lua.require("fermata").statusline()}'
end

return M
