-- :Fermata and its subcommands.
local client = require('fermata.client')
local state = require('fermata.state')

local M = {}

-- Asks for every missing input, then runs again with them.
local function ask_inputs(argument, missing, index)
  local input = missing[index]
  if not input then
    return M.start(argument)
  end
  vim.ui.input({ prompt = ('%s (%s): '):format(input.name, input.type) }, function(text)
    if text ~= nil then
      argument.inputs = argument.inputs or {}
      argument.inputs[input.name] = text
      ask_inputs(argument, missing, index + 1)
    end
  end)
end

-- Asks once for a repository; the user's own store remembers it.
local function ask_trust(root, argument)
  vim.ui.select({ 'Trust it and run', 'Do not run' }, {
    prompt = ('Workflows run commands and agents. Trust %s?'):format(root),
  }, function(_, index)
    if index ~= 1 then
      return
    end
    vim.system({ client.cmd()[1], 'trust', root }, { text = true }, function(done)
      vim.schedule(function()
        if done.code == 0 then
          M.start(argument)
        else
          vim.notify('Fermata: ' .. vim.trim(done.stderr), vim.log.levels.ERROR)
        end
      end)
    end)
  end)
end

--- Requests a run of a workflow file.
---@param argument table the argument of `fermata.run`
---@param name string? `fermata.dryRun` for a dry one
function M.start(argument, name)
  client.execute(name or 'fermata.run', argument, function(result)
    if result.ok == false and result.reason == 'inputs_needed' then
      ask_inputs(argument, result.inputs, 1)
    elseif result.ok == false and result.reason == 'untrusted' then
      ask_trust(result.root, argument)
    else
      state.settled(result)
    end
  end)
end

--- Carries out an acting command and says what was refused.
---@param name string
---@param argument table
function M.act(name, argument)
  if name == 'fermata.run' or name == 'fermata.dryRun' then
    M.start(argument, name)
  else
    client.execute(name, argument, state.settled)
  end
end

-- The run that a word names; without one, the newest that is not over.
local function with_run(word, over, done)
  client.request('fermata/runs', vim.empty_dict(), function(result)
    for _, run in ipairs(result.runs or {}) do
      if word and (run.run == word or run.run:sub(-#word) == word) then
        return done(run)
      elseif not word and (over or (run.status ~= 'completed' and run.status ~= 'cancelled')) then
        return done(run)
      end
    end
    vim.notify(word and ('Fermata: no run ends in %s.'):format(word) or 'Fermata: there is no such run.', vim.log.levels.WARN)
  end)
end

local function acting(name)
  return function(words)
    with_run(words[1], false, function(run)
      client.execute(name, { run = run.run }, state.settled)
    end)
  end
end

---@type table<string, fun(words: string[], bang: boolean)>
M.subcommands = {
  run = function(words, bang)
    local argument = { uri = vim.uri_from_bufnr(0), force = bang or nil }
    if words[1] == 'scripted' then
      argument.agent = table.remove(words, 1)
    end
    argument.message = #words > 0 and table.concat(words, ' ') or nil
    M.start(argument)
  end,
  runs = function()
    require('fermata.runs').open()
  end,
  answer = function()
    require('fermata.answer').pick()
  end,
  resume = acting('fermata.resume'),
  abandon = acting('fermata.abandon'),
  stop = acting('fermata.stop'),
  log = function(words)
    with_run(words[1], true, function(run)
      require('fermata.log').open(run.run)
    end)
  end,
  panel = function(words)
    if not words[1] then
      return require('fermata.panel').open()
    end
    with_run(words[1], true, function(run)
      require('fermata.panel').open(run.run)
    end)
  end,
  restart = function()
    client.restart()
  end,
}

--- Carries out `:Fermata …`.
---@param args table as given to a user command
function M.run(args)
  local words = vim.deepcopy(args.fargs)
  local name = table.remove(words, 1) or 'runs'
  local subcommand = M.subcommands[name]
  if not subcommand then
    local known = vim.tbl_keys(M.subcommands)
    table.sort(known)
    vim.notify(('Fermata: no subcommand %s; there are %s.'):format(name, table.concat(known, ', ')), vim.log.levels.ERROR)
    return
  end
  subcommand(words, args.bang)
end

--- Completion of subcommands and of run ids.
---@param lead string
---@param line string
---@return string[]
function M.complete(lead, line)
  local words = vim.split(vim.trim(line), '%s+')
  local first = #words == 1 or (#words == 2 and lead ~= '')
  local candidates = {}
  if first then
    candidates = vim.tbl_keys(M.subcommands)
  elseif words[2] == 'run' then
    candidates = { 'scripted' }
  else
    for _, run in ipairs(state.known.runs) do
      candidates[#candidates + 1] = run.run:sub(-8)
    end
  end
  table.sort(candidates)
  return vim.tbl_filter(function(candidate)
    return vim.startswith(candidate, lead)
  end, candidates)
end

return M
