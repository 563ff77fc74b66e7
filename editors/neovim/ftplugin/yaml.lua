-- Neovim 0.10 has no vim.lsp.enable: start the same client here.
if vim.fn.has('nvim-0.11') == 0 and vim.g.fermata_autostart ~= false then
  require('fermata.client').start(vim.api.nvim_get_current_buf())
end
