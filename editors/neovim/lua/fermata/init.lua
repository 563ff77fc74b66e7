-- What other configuration may use. There is no setup(): everything works as
-- installed, and `vim.g.fermata_cmd`, `vim.g.fermata_settings` and
-- `vim.g.fermata_autostart` change what has to be changed.
local M = {}

--- A statusline component: how many runs run and how many gates hold; empty while nothing does.
---@return string
function M.statusline()
  return require('fermata.state').statusline()
end

return M
