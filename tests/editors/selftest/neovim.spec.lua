-- Proves the Neovim driver against a trivial language server: when this fails,
-- the environment or the driver is broken, and no scenario can tell anything.
local d = require('driver')
local here = vim.fs.dirname(debug.getinfo(1, 'S').source:sub(2))

d.it('a file opens, and its problems are found where they are', function()
  vim.diagnostic.config({ virtual_text = true })
  d.write('a.txt', 'one WRONG word\nand another WRONG word\n')
  d.open('a.txt')
  vim.lsp.start({
    name = 'selftest',
    cmd = { 'node', here .. '/server.mjs' },
    root_dir = vim.fn.getcwd(),
    handlers = {
      ['window/showMessage'] = function(_, said)
        vim.notify(said.message)
        return vim.NIL
      end,
    },
  })
  local problems = d.problems(2)
  d.equal({ problems[1].lnum, problems[1].col, problems[1].message }, { 0, 4, 'WRONG is not right' })
  d.contains(d.screen(), 'WRONG is not right')
  d.screenshot('selftest')
end)

d.it('a question of the server is a menu, and its answer reaches it', function()
  d.equal(d.lenses(), { 'Ask me' })
  d.choose('Go on')
  d.act('Ask first')
  d.message('picked Go on')
  d.equal(d.menus()[#d.menus()].titles, { 'Go on', 'Stop' })
end)

d.it('a dismissed question is no answer', function()
  d.choose()
  d.act('Ask first')
  d.message('picked nothing')
end)

d.it('a code action is listed, and changes the text', function()
  d.go(1, 5)
  d.equal(d.actions(), { 'Make it right', 'Ask first' })
  d.act('Make it right')
  d.problems(0)
  d.equal(d.text(), 'one right word\nand another right word')
end)

d.it('the editor has a state folder of its own', function()
  d.contains(vim.env.FERMATA_HOME, 'fermata-neovim-')
end)

d.it('the server ends with the editor', function()
  d.stop_servers()
end)
