-- The language client: its configuration, and how to reach the running one.
local detect = require('fermata.detect')

local M = {}

--- Says something to the person who types.
---@param text string
---@param level integer? of vim.log.levels
function M.say(text, level)
  vim.notify('Fermata: ' .. text, level)
end

--- The command that starts the server: vim.g.fermata_cmd, else `fermata` on PATH.
---@return string[]
function M.cmd()
  local cmd = vim.g.fermata_cmd or { 'fermata', 'lsp' }
  return type(cmd) == 'string' and { cmd, 'lsp' } or cmd
end

--- The server's acting commands when a lens or code action calls one: called
--- for its result too, so that a refusal is read by somebody.
---@return table<string, fun(command: table)>
local function commands()
  local acting = {}
  for _, name in ipairs({ 'answer', 'choose', 'resume', 'abandon', 'stop', 'run', 'dryRun' }) do
    acting['fermata.' .. name] = function(command)
      require('fermata.command').act(command.command, command.arguments[1])
    end
  end
  return acting
end

--- The client configuration, for vim.lsp.enable and vim.lsp.start alike.
---@return table
function M.config()
  local capabilities = vim.lsp.protocol.make_client_capabilities()
  capabilities.experimental = { fermata = { says = true } }
  return {
    name = 'fermata',
    cmd = M.cmd(),
    filetypes = { 'yaml', 'markdown' },
    capabilities = capabilities,
    -- Requests block Neovim, so gates are shown by this plugin (lua/fermata/state.lua).
    init_options = { gatePrompt = 'none' },
    settings = { fermata = vim.tbl_extend('force', { gatePrompt = 'none' }, vim.g.fermata_settings or {}) },
    handlers = require('fermata.state').handlers,
    commands = commands(),
    root_dir = function(bufnr, found)
      if detect.concerns(bufnr) then
        found(detect.root(bufnr))
      end
    end,
    on_init = vim.schedule_wrap(require('fermata.state').refresh),
    -- With each buffer, too: what is opened later has signs.
    on_attach = vim.schedule_wrap(require('fermata.state').refresh),
  }
end

-- In 0.10 this is a field that takes nothing, since 0.11 a method.
local function alive(client)
  return not client.is_stopped(client)
end

-- Neovim ends, and the server with it: nobody is left who asked for what it would refuse now.
local function exiting()
  return vim.v.exiting ~= vim.NIL
end

--- Starts the client for a buffer that concerns the server.
---@param bufnr integer
function M.start(bufnr)
  if not detect.concerns(bufnr) then
    return
  end
  local config = M.config()
  config.root_dir = detect.root(bufnr)
  vim.lsp.start(config, {
    bufnr = bufnr,
    reuse_client = function(client)
      return client.name == config.name and client.config.root_dir == config.root_dir and alive(client)
    end,
  })
end

--- The running client: the current buffer's own, else any.
---@return vim.lsp.Client?
function M.get()
  local own = vim.lsp.get_clients({ name = 'fermata', bufnr = 0 })
  return vim.iter(vim.list_extend(own, vim.lsp.get_clients({ name = 'fermata' }))):find(alive)
end

--- Sends a request; `done` gets the result, errors become a notification.
---@param method string
---@param params table
---@param done fun(result: any)?
function M.request(method, params, done)
  local client = M.get()
  if not client and exiting() then
    return
  end
  if not client then
    return M.say('no server is running here. Open a workflow file, or see :checkhealth fermata.', vim.log.levels.ERROR)
  end
  local function handler(err, result)
    if err and not exiting() then
      M.say(err.message, vim.log.levels.ERROR)
    elseif done and not err then
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

--- Stops and starts the client of every buffer that has one.
function M.restart()
  for _, client in ipairs(vim.lsp.get_clients({ name = 'fermata' })) do
    local buffers = vim.tbl_keys(client.attached_buffers)
    vim.lsp.stop_client(client.id)
    vim.iter(buffers):filter(vim.api.nvim_buf_is_loaded):each(M.start)
  end
end

return M
