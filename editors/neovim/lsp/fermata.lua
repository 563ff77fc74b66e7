-- The client configuration for `vim.lsp.enable('fermata')` (Neovim 0.11 and later).
-- Neovim 0.10 starts the same table from ftplugin/yaml.lua.
return require('fermata.client').config()
