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

-- Puts the signs of a run into a buffer, as answered by fermata/show.
local function mark(bufnr, run)
  vim.api.nvim_buf_clear_namespace(bufnr, namespace, 0, -1)
  for _, step in ipairs(run.marks ~= vim.NIL and run.marks or {}) do
    local sign = SIGNS[step.status]
    local where = { sign_text = sign[1], sign_hl_group = sign[2], priority = 20, strict = false }
    vim.api.nvim_buf_set_extmark(bufnr, namespace, step.line, 0, where)
  end
end

-- The file of a buffer as runs name it.
local function file(bufnr)
  return vim.uv.fs_realpath(vim.api.nvim_buf_get_name(bufnr))
end

-- Buffers with signs, which follow their file: under another name they have other runs, or none.
local followed = {}

local function follow(bufnr)
  if followed[bufnr] then
    return
  end
  followed[bufnr] = true
  vim.api.nvim_create_autocmd('BufFilePost', {
    buffer = bufnr,
    callback = function()
      require('fermata.state').refresh()
    end,
  })
  vim.api.nvim_create_autocmd('BufWipeout', {
    buffer = bufnr,
    callback = function()
      followed[bufnr] = nil
    end,
  })
end

--- Draws the signs of the newest run of every loaded workflow buffer.
---@param runs table[] newest first
function M.draw(runs)
  for _, bufnr in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_is_loaded(bufnr) and vim.bo[bufnr].filetype == 'yaml' then
      local path = file(bufnr)
      local newest = vim.iter(runs):find(function(run)
        return run.path == path
      end)
      if newest then
        follow(bufnr)
        require('fermata.client').request('fermata/show', { run = newest.run }, function(shown)
          if vim.api.nvim_buf_is_loaded(bufnr) and file(bufnr) == path then
            mark(bufnr, shown)
          end
        end)
      else
        vim.api.nvim_buf_clear_namespace(bufnr, namespace, 0, -1)
      end
    end
  end
end

return M
