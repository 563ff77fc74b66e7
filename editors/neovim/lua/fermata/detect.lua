-- Which buffers are workflows. The server decides for good; this keeps the
-- client away from the files that cannot be one.
local M = {}

--- Whether the server has to do with a buffer: a workflow by place, by
--- modeline or by top-level keys, or a command file of Archon's.
---@param bufnr integer
---@return boolean
function M.concerns(bufnr)
  local path = vim.fs.normalize(vim.api.nvim_buf_get_name(bufnr))
  if vim.bo[bufnr].filetype ~= 'yaml' then
    return path:find('/%.archon/commands/.*%.md$') ~= nil
  elseif path:find('/%.archon/workflows/') then
    return true
  end
  local keys = {}
  for number, line in ipairs(vim.api.nvim_buf_get_lines(bufnr, 0, 4000, false)) do
    local dialect = number <= 20 and line:match('^%s*#%s*fermata:%s*(%a+)')
    if dialect == 'conductor' or dialect == 'archon' then
      return true
    end
    keys[line:match('^["\']?([%w_]+)["\']?%s*:') or ''] = true
  end
  return (keys.workflow and (keys.agents or keys.parallel or keys.for_each)) or keys.nodes or false
end

--- The folder that holds the workspace of a buffer.
---@param bufnr integer
---@return string
function M.root(bufnr)
  return vim.fs.root(bufnr, { '.git', '.jj', '.fermata', '.archon' }) or vim.fs.dirname(vim.api.nvim_buf_get_name(bufnr))
end

return M
