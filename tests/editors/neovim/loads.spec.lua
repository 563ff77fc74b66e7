-- The plugin is there for somebody who only put it on the runtimepath.
local d = require('driver')

d.it('the command exists without any setup', function()
  d.equal(vim.fn.exists(':Fermata'), 2)
end)

d.it('the health check finds the server on PATH', function()
  if not vim.env.FERMATA_BIN then
    d.skip('FERMATA_BIN is not set')
  end
  vim.cmd('checkhealth fermata')
  d.contains(d.text(), 'OK Neovim')
  if d.text():find('not on PATH', 1, true) then
    error(d.text())
  end
  d.screenshot('checkhealth')
end)

d.it('an ordinary YAML file opens without a complaint', function()
  d.write('compose.yaml', 'services:\n  web:\n    image: nginx\n')
  d.open('compose.yaml')
  d.equal(vim.bo.filetype, 'yaml')
  d.equal(d.messages(), {})
end)
