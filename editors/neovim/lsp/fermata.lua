-- The client configuration for `vim.lsp.enable('fermata')` (Neovim 0.11 and later).
-- Neovim 0.10 starts the same table from plugin/fermata.lua.
return require('fermata.client').config()
