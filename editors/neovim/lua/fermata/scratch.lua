-- Buffers without a file, shown at the bottom and written by the plugin only.
local M = {}

--- Shows a buffer at the bottom, made if there is none of that name.
---@param name string
---@param height integer
---@return integer bufnr
---@return boolean made
function M.show(name, height)
  local bufnr = vim.fn.bufnr('^' .. name .. '$')
  local made = bufnr == -1
  if made then
    bufnr = vim.api.nvim_create_buf(false, true)
    vim.api.nvim_buf_set_name(bufnr, name)
    vim.bo[bufnr].filetype = 'fermata'
    vim.bo[bufnr].modifiable = false
    vim.bo[bufnr].bufhidden = 'wipe'
  end
  local window = vim.fn.bufwinid(bufnr)
  if window ~= -1 then
    vim.api.nvim_set_current_win(window)
  else
    vim.cmd(('botright %dsplit'):format(height))
    vim.api.nvim_win_set_buf(0, bufnr)
  end
  return bufnr, made
end

--- Replaces all lines from `first` (from 0) on.
---@param bufnr integer
---@param first integer
---@param lines string[]
function M.write(bufnr, first, lines)
  vim.bo[bufnr].modifiable = true
  vim.api.nvim_buf_set_lines(bufnr, first, -1, false, lines)
  vim.bo[bufnr].modifiable = false
end

return M
