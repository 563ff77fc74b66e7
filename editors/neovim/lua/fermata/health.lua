-- :checkhealth fermata
local M = {}

function M.check()
  vim.health.start('fermata')
  if vim.fn.has('nvim-0.10') == 1 then
    vim.health.ok('Neovim ' .. tostring(vim.version()))
  else
    vim.health.error('Neovim 0.10 or newer is needed', 'Upgrade Neovim.')
  end
  local cmd = require('fermata.client').cmd()
  local path = vim.fn.exepath(cmd[1])
  if path == '' then
    vim.health.error(
      ('%s is not on PATH'):format(cmd[1]),
      'Install fermata, or set vim.g.fermata_cmd = { "/path/to/fermata", "lsp" }.'
    )
    return
  end
  local version = vim.trim(vim.fn.system({ cmd[1], '--version' }))
  vim.health.ok(('%s (%s)'):format(path, version))
  local clients = vim.lsp.get_clients({ name = 'fermata' })
  if #clients == 0 then
    vim.health.info('no server is running; open a workflow file')
  else
    for _, client in ipairs(clients) do
      vim.health.ok(('server %d is attached to %d buffers'):format(client.id, vim.tbl_count(client.attached_buffers or {})))
    end
  end
end

return M
