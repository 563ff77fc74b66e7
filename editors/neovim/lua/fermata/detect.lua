-- Which buffers are workflows. The server decides for good; this keeps the
-- client away from the YAML files that cannot be one.
local M = {}

--- Whether a buffer looks like a workflow: by place, by modeline, or by top-level keys.
---@param bufnr integer
---@return boolean
function M.is_workflow(bufnr)
  local path = vim.api.nvim_buf_get_name(bufnr):gsub('\\', '/')
  if path:find('/%.archon/workflows/') then
    return true
  end
  local keys = {}
  for number, line in ipairs(vim.api.nvim_buf_get_lines(bufnr, 0, 4000, false)) do
    if number <= 20 and line:match('^%s*#%s*fermata:%s*(%a+)') then
      local word = line:match('^%s*#%s*fermata:%s*(%a+)')
      if word == 'conductor' or word == 'archon' then
        return true
      end
    end
    local key = line:match('^["\']?([%w_]+)["\']?%s*:')
    if key then
      keys[key] = true
    end
  end
  return (keys.workflow and (keys.agents or keys.parallel or keys.for_each)) or keys.nodes or false
end

--- The folder that holds the workspace of a buffer.
---@param bufnr integer
---@return string
function M.root(bufnr)
  local path = vim.api.nvim_buf_get_name(bufnr)
  local marker = vim.fs.find({ '.git', '.jj', '.fermata', '.archon' }, { path = vim.fs.dirname(path), upward = true })[1]
  return marker and vim.fs.dirname(marker) or vim.fs.dirname(path)
end

return M
