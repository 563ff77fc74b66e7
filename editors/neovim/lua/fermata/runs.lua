-- The list of runs: one scratch buffer, redrawn when something changes.
local client = require('fermata.client')
local scratch = require('fermata.scratch')
local state = require('fermata.state')

local M = {}

local bufnr = -1
-- line number → run id
local at_line = {}

--- Draws the list anew, where it is shown.
function M.draw()
  if not vim.api.nvim_buf_is_valid(bufnr) then
    return
  end
  local lines = {}
  at_line = {}
  for _, start in ipairs(state.known.starts) do
    lines[#lines + 1] = ('choose     %s (:Fermata answer)'):format(start.title)
  end
  for _, run in ipairs(state.known.all) do
    local cause = run.cause ~= vim.NIL and (' (%s)'):format(run.cause) or ''
    local what = run.gates[1] and run.gates[1].title or run.workflow .. cause
    lines[#lines + 1] = ('%-10s %s  %s'):format(run.status, state.short(run), what)
    at_line[#lines] = run.run
  end
  scratch.write(bufnr, 0, #lines > 0 and lines or { 'No runs yet. Open a workflow and use :Fermata run' })
end

--- Opens the list; <CR> opens a run's log, `a` answers, `r` refreshes, `q` closes.
function M.open()
  bufnr = scratch.show('fermata://runs', 10)
  local keys = {
    ['<CR>'] = function()
      local run = at_line[vim.api.nvim_win_get_cursor(0)[1]]
      if run then
        require('fermata.log').open(run)
      end
    end,
    a = function()
      require('fermata.answer').pick()
    end,
    r = state.refresh,
    q = '<cmd>close<cr>',
  }
  for key, action in pairs(keys) do
    vim.keymap.set('n', key, action, { buffer = bufnr, nowait = true })
  end
  M.draw()
  state.refresh()
end

return M
