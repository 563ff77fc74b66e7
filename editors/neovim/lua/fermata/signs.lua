-- Signs on the steps of open workflow buffers: the state of each step in the
-- newest run of that file.
local M = {}

local namespace = vim.api.nvim_create_namespace('fermata.steps')

local SIGNS = {
  running = { '>', 'DiagnosticSignInfo' },
  waiting = { '?', 'DiagnosticSignWarn' },
  completed = { '+', 'DiagnosticSignOk' },
  failed = { 'x', 'DiagnosticSignError' },
  skipped = { '-', 'DiagnosticSignHint' },
}

--- The line (from 0) on which a step's name is written.
---@param lines string[]
---@param step string
---@return integer?
local function line_of(lines, step)
  for number, line in ipairs(lines) do
    local value = line:match('^%s*%-?%s*name:%s*(.-)%s*$') or line:match('^%s*%-?%s*id:%s*(.-)%s*$')
    if value and value:gsub('%s+#.*$', ''):gsub('^["\']', ''):gsub('["\']$', '') == step then
      return number - 1
    end
  end
end

---@param bufnr integer
---@param run table as answered by fermata/show
local function mark(bufnr, run)
  vim.api.nvim_buf_clear_namespace(bufnr, namespace, 0, -1)
  local lines = vim.api.nvim_buf_get_lines(bufnr, 0, -1, false)
  local last = {}
  for _, step in ipairs(run.steps or {}) do
    last[step.step] = step.status
  end
  for _, gate in ipairs(run.gates or {}) do
    last[gate.step] = 'waiting'
  end
  for step, status in pairs(last) do
    local line, sign = line_of(lines, step), SIGNS[status]
    if line and sign then
      vim.api.nvim_buf_set_extmark(bufnr, namespace, line, 0, { sign_text = sign[1], sign_hl_group = sign[2], priority = 20 })
    end
  end
end

--- Draws the signs of the newest run of every loaded workflow buffer.
---@param runs table[] newest first
function M.draw(runs)
  for _, bufnr in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_is_loaded(bufnr) and vim.bo[bufnr].filetype == 'yaml' then
      local path = vim.uv.fs_realpath(vim.api.nvim_buf_get_name(bufnr))
      for _, run in ipairs(runs) do
        if path and vim.uv.fs_realpath(run.path) == path then
          require('fermata.client').request('fermata/show', { run = run.run }, function(shown)
            if vim.api.nvim_buf_is_loaded(bufnr) then
              mark(bufnr, shown)
            end
          end)
          break
        end
      end
    end
  end
end

return M
