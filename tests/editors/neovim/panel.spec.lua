-- `:Fermata panel` starts one server, opens its page in the browser, and takes
-- the server with it when Neovim ends.
local d = require('driver')

local opened = {}
vim.ui.open = function(address)
  opened[#opened + 1] = address
end

-- The status line of an answer, read over a socket: nothing else is needed for it.
local function status(address)
  local host, port = address:match('^http://([%d.]+):(%d+)/')
  local said
  local socket = vim.uv.new_tcp()
  socket:connect(host, tonumber(port), function(err)
    if err then
      said = err
      return
    end
    socket:read_start(function(_, data)
      said = said or data
    end)
    socket:write('GET / HTTP/1.1\r\nHost: ' .. host .. ':' .. port .. '\r\nConnection: close\r\n\r\n')
  end)
  d.wait('an answer of ' .. address, function()
    return said
  end)
  socket:close()
  return said
end

d.it(':Fermata panel opens the page of a server of its own', function()
  vim.cmd('Fermata panel')
  d.wait('the browser to be opened', function()
    return opened[1]
  end)
  d.contains(opened[1], '#token=')
  d.contains(status(opened[1]), '200 OK')
  d.contains(status(opened[1]), "default-src 'none'")
end)

d.it('the second time the same server is used, with the run that was named', function()
  local folder = vim.fn.getcwd()
  d.write(
    'once.yaml',
    'workflow: {name: once, entry_point: s}\nagents:\n  - {name: s, type: set, value: "1", routes: [{to: $end}]}\noutput: {}\n'
  )
  vim.fn.system({ 'fermata', 'run', folder .. '/once.yaml' })
  d.open('once.yaml')
  d.client()
  local run = vim.json.decode(vim.fn.system({ 'fermata', 'runs', '--json' })).runs[1].run
  vim.cmd('Fermata panel ' .. run:sub(-8))
  d.wait('the browser to be opened again', function()
    return opened[2]
  end)
  d.contains(opened[2], '/?run=' .. run .. '#token=')
  d.equal(opened[2]:match('#.*'), opened[1]:match('#.*'))
end)
