-- Defines :Fermata and lets the server attach by itself. Nothing else runs at start-up.
if vim.g.loaded_fermata then
  return
end
vim.g.loaded_fermata = true

vim.api.nvim_create_user_command('Fermata', function(args)
  require('fermata.command').run(args)
end, {
  nargs = '*',
  bang = true,
  desc = 'Run, answer and follow agent workflows',
  complete = function(lead, line)
    return require('fermata.command').complete(lead, line)
  end,
})

if vim.g.fermata_autostart == false then
  return
end
if vim.fn.has('nvim-0.11') == 1 then
  vim.lsp.enable('fermata')
else
  vim.api.nvim_create_autocmd('FileType', {
    pattern = { 'yaml', 'markdown' },
    callback = function(args)
      require('fermata.client').start(args.buf)
    end,
  })
end
