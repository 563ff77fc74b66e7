-- The language client: its configuration, and how to reach the running one.
local detect = require('fermata.detect')

local M = {}

--- The command that starts the server: vim.g.fermata_cmd, else `fermata` on PATH.
---@return string[]
function M.cmd()
  local cmd = vim.g.fermata_cmd or { 'fermata', 'lsp' }
  return type(cmd) == 'string' and { cmd, 'lsp' } or cmd
end

---@return table
local function capabilities()
  local all = vim.lsp.protocol.make_client_capabilities()
  all.experimental = vim.tbl_extend('force', all.experimental or {}, { fermata = true })
  return all
end

--- The server's acting commands when a lens or code action calls one: called
--- for its result too, so that a refusal is read by somebody.
---@return table<string, fun(command: table)>
function M.commands()
  local commands = {}
  for _, name in ipairs({ 'answer', 'choose', 'resume', 'abandon', 'stop', 'run', 'dryRun' }) do
    commands['fermata.' .. name] = function(command)
      require('fermata.command').act('fermata.' .. name, command.arguments[1])
    end
  end
  return commands
end

--- The client configuration, for vim.lsp.enable and vim.lsp.start alike.
---@return table
function M.config()
  return {
    name = 'fermata',
    cmd = M.cmd(),
    filetypes = { 'yaml' },
    capabilities = capabilities(),
    -- Requests block Neovim, so gates are shown by this plugin (lua/fermata/state.lua).
    init_options = { gatePrompt = 'none' },
    settings = { fermata = vim.tbl_extend('force', { gatePrompt = 'none' }, vim.g.fermata_settings or {}) },
    handlers = require('fermata.state').handlers,
    commands = M.commands(),
    root_dir = function(bufnr, found)
      if detect.is_workflow(bufnr) then
        found(detect.root(bufnr))
      end
    end,
    on_init = function()
      vim.schedule(require('fermata.state').refresh)
    end,
  }
end

--- Starts the client for a buffer if it is a workflow (Neovim 0.10).
---@param bufnr integer
---@return integer? client id
function M.start(bufnr)
  if not detect.is_workflow(bufnr) then
    return nil
  end
  local config = M.config()
  config.root_dir = detect.root(bufnr)
  return vim.lsp.start(config, { bufnr = bufnr })
end

--- The running client: the buffer's own, else any.
---@param bufnr integer?
---@return vim.lsp.Client?
function M.get(bufnr)
  local get = vim.lsp.get_clients
  return get({ name = 'fermata', bufnr = bufnr or 0 })[1] or get({ name = 'fermata' })[1]
end

--- Sends a request; `done` gets the result, errors become a notification.
---@param method string
---@param params table
---@param done fun(result: any)
function M.request(method, params, done)
  local client = M.get()
  if not client then
    vim.notify('Fermata: no server is running here. Open a workflow file, or see :checkhealth fermata.', vim.log.levels.ERROR)
    return
  end
  local function handler(err, result)
    if err then
      vim.notify('Fermata: ' .. (err.message or vim.inspect(err)), vim.log.levels.ERROR)
    else
      done(result)
    end
  end
  if vim.fn.has('nvim-0.11') == 1 then
    client:request(method, params, handler)
  else
    client.request(method, params, handler)
  end
end

--- Runs one of the server's acting commands with its one argument.
---@param name string for example `fermata.answer`
---@param argument table
---@param done fun(result: any)
function M.execute(name, argument, done)
  M.request('workspace/executeCommand', { command = name, arguments = { argument } }, done)
end

--- Stops and starts the client of every workflow buffer.
function M.restart()
  local buffers = {}
  for _, client in ipairs(vim.lsp.get_clients({ name = 'fermata' })) do
    vim.list_extend(buffers, vim.tbl_keys(client.attached_buffers or {}))
    vim.lsp.stop_client(client.id)
  end
  vim.defer_fn(function()
    for _, bufnr in ipairs(buffers) do
      if vim.api.nvim_buf_is_loaded(bufnr) then
        M.start(bufnr)
      end
    end
  end, 300)
end

return M
