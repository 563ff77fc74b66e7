-- :checkhealth fermata
return {
  check = function()
    vim.health.start('fermata')
    if vim.fn.has('nvim-0.10') == 1 then
      vim.health.ok('Neovim ' .. tostring(vim.version()))
    else
      vim.health.error('Neovim 0.10 or newer is needed', 'Upgrade Neovim.')
    end
    local program = require('fermata.client').cmd()[1]
    local path = vim.fn.exepath(program)
    if path == '' then
      local advice = 'Install fermata, or set vim.g.fermata_cmd = { "/path/to/fermata", "lsp" }.'
      return vim.health.error(program .. ' is not on PATH', advice)
    end
    vim.health.ok(('%s (%s)'):format(path, vim.trim(vim.fn.system({ program, '--version' }))))
    local clients = vim.lsp.get_clients({ name = 'fermata' })
    for _, client in ipairs(clients) do
      vim.health.ok(('server %d is attached to %d buffers'):format(client.id, vim.tbl_count(client.attached_buffers)))
    end
    if #clients == 0 then
      vim.health.info('no server is running; open a workflow file')
    end
  end,
}
