-- The list of runs: one scratch buffer, redrawn when something changes.
local client = require('fermata.client')
local state = require('fermata.state')

local M = {}

local bufnr
-- line number → run id
local at_line = {}

local function draw()
  if not bufnr or not vim.api.nvim_buf_is_valid(bufnr) then
    return
  end
  local lines = {}
  at_line = {}
  for _, start in ipairs(state.known.starts) do
    lines[#lines + 1] = ('choose     %s  an earlier run has to be decided about (:Fermata answer)'):format(start.workflow)
  end
  for _, run in ipairs(state.known.all) do
    local gate = run.gates and run.gates[1]
    local cause = type(run.cause) == 'string' and (' (%s)'):format(run.cause) or ''
    lines[#lines + 1] = ('%-10s %s  %s%s%s'):format(
      run.status,
      run.run:sub(-8),
      run.workflow,
      cause,
      gate and ('  ' .. state.held(gate)) or ''
    )
    at_line[#lines] = run.run
  end
  if #lines == 0 then
    lines = { 'No runs yet. Open a workflow and use :Fermata run' }
  end
  vim.bo[bufnr].modifiable = true
  vim.api.nvim_buf_set_lines(bufnr, 0, -1, false, lines)
  vim.bo[bufnr].modifiable = false
end

state.on_change(draw)

--- Opens the list; <CR> opens a run's log, `a` answers, `r` refreshes.
function M.open()
  if not bufnr or not vim.api.nvim_buf_is_valid(bufnr) then
    bufnr = vim.api.nvim_create_buf(false, true)
    vim.api.nvim_buf_set_name(bufnr, 'fermata://runs')
    vim.bo[bufnr].filetype = 'fermata'
    local function map(key, action)
      vim.keymap.set('n', key, action, { buffer = bufnr, nowait = true })
    end
    map('<CR>', function()
      local run = at_line[vim.api.nvim_win_get_cursor(0)[1]]
      if run then
        require('fermata.log').open(run)
      end
    end)
    map('a', function()
      require('fermata.answer').pick()
    end)
    map('r', state.refresh)
    map('q', '<cmd>close<cr>')
  end
  if vim.fn.bufwinid(bufnr) == -1 then
    vim.cmd('botright 10split')
    vim.api.nvim_win_set_buf(0, bufnr)
  end
  draw()
  if client.get() then
    state.refresh()
  end
end

return M
