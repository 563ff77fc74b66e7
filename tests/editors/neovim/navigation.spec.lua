-- Problems are there once, however the editor gets them (asked for in 0.12,
-- sent before), follow other files, and the ways through a workflow are
-- Neovim's own commands. No plugin function is called.
local d = require('driver')

local MAIN = [[
name: main
description: d
nodes:
  - {id: plan, command: make-plan}
  - {id: review, depends_on: [plan], prompt: By $plan.output}
  - {id: ship, depends_on: [review], workflow: part}
]]
local PART = [[
name: part
description: d
nodes:
  - {id: pack, bash: make}
]]

local asks = vim.fn.has('nvim-0.12') == 1

local function codes()
  return vim.tbl_map(function(found)
    return found.code
  end, vim.diagnostic.get(0))
end

local function until_codes(wanted)
  d.wait('the problems ' .. vim.inspect(wanted), function()
    return vim.deep_equal(codes(), wanted)
  end)
end

-- Titles of the quickfix list, once there are some.
local function listed()
  return d.wait('the quickfix list', function()
    local found = vim.tbl_map(function(item)
      return ('%d: %s'):format(item.lnum, item.text)
    end, vim.fn.getqflist())
    return #found > 0 and found
  end)
end

d.it('each problem is there once, from one source', function()
  d.write('.archon/workflows/main.yaml', MAIN)
  d.write('.archon/workflows/part.yaml', PART)
  d.open('.archon/workflows/main.yaml')
  local client = d.client()
  d.equal(client.server_capabilities.diagnosticProvider ~= nil, asks, 'offered to who can be told to ask again')
  until_codes({ 'command-not-found' })
  local sources = {}
  for _, found in ipairs(vim.diagnostic.get(0)) do
    sources[found.namespace] = true
  end
  d.equal(vim.tbl_count(sources), 1, 'namespaces')
end)

d.it('typing keeps them once, and what is mended is gone', function()
  vim.api.nvim_buf_set_lines(0, 3, 4, false, { '  - {id: plan, command: make-plot}' })
  vim.api.nvim_buf_set_lines(0, 5, 5, false, { '  - {id: lost, depends_on: [nobody], bash: x}' })
  d.wait('the problem of the new node, once', function()
    local found = vim.diagnostic.get(0)
    return #found == 1 and found[1].lnum == 5
  end)
  vim.api.nvim_buf_set_lines(0, 0, -1, false, vim.split(vim.trim(MAIN), '\n'))
  until_codes({ 'command-not-found' })
end)

d.it('a file that comes to be mends the open one, with no key pressed', function()
  d.write('.archon/commands/make-plan.md', 'Plan it.\n')
  until_codes({})
end)

d.it('symbols of the workspace are found, also in files that nobody has open', function()
  vim.fn.setqflist({})
  vim.lsp.buf.workspace_symbol('pack')
  d.contains(listed()[1], 'pack')
  vim.cmd('cclose')
end)

d.it('incoming calls are what a node depends on, also from another file', function()
  vim.fn.setqflist({})
  vim.cmd('buffer main.yaml')
  d.go(5, 10)
  vim.lsp.buf.incoming_calls()
  d.equal(listed(), { '5: plan' })
  vim.cmd('cclose')
  vim.fn.setqflist({})
  d.open('.archon/workflows/part.yaml')
  d.client()
  d.go(1, 8)
  vim.lsp.buf.incoming_calls()
  d.equal(listed(), { '6: ship' })
  vim.cmd('cclose')
end)

d.it('a selection grows', function()
  if vim.fn.has('nvim-0.12') == 0 then
    d.skip('Neovim selects by the server from 0.12 on')
  end
  vim.cmd('buffer main.yaml')
  d.go(5, 50)
  vim.lsp.buf.selection_range(1, d.patience)
  vim.lsp.buf.selection_range(1, d.patience)
  d.keys('y')
  d.equal(vim.fn.getreg('"'), '$plan.output')
end)

d.it('the picture of it', function()
  d.screenshot('navigation')
end)
