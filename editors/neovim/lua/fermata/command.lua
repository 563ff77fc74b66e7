-- :Fermata and its subcommands.
local ask = require('fermata.ask')
local client = require('fermata.client')
local state = require('fermata.state')

local M = {}

-- Asks once for a repository; the user's own store remembers it.
local function ask_trust(root, again)
  vim.ui.select({ 'Trust it and run', 'Do not run' }, {
    prompt = ('Workflows run commands and agents. Trust %s?'):format(root),
  }, function(_, index)
    if index ~= 1 then
      return
    end
    vim.system({ client.cmd()[1], 'trust', root }, { text = true }, function(done)
      vim.schedule(function()
        if done.code == 0 then
          again()
        else
          client.say(vim.trim(done.stderr), vim.log.levels.ERROR)
        end
      end)
    end)
  end)
end

--- Carries out an acting command. What a run still needs is asked for; what was refused is said.
---@param name string
---@param argument table
function M.act(name, argument)
  local function again()
    M.act(name, argument)
  end
  client.execute(name, argument, function(result)
    if result.reason == 'inputs_needed' then
      local fields = vim.tbl_map(function(input)
        return { name = input.name, prompt = ('%s (%s)'):format(input.name, input.type) }
      end, result.inputs)
      ask.each(fields, function(texts)
        argument.inputs = texts
        again()
      end, argument.inputs)
    elseif result.reason == 'message_needed' then
      ask.each({ { name = 'message', prompt = result.message } }, again, argument)
    elseif result.reason == 'untrusted' then
      ask_trust(result.root, again)
    else
      state.settled(result)
    end
  end)
end

-- The run that a word names; without one, the newest that is not over.
local function with_run(word, over, done)
  client.request('fermata/runs', vim.empty_dict(), function(result)
    local found = vim.iter(result.runs):find(function(run)
      if word then
        return vim.endswith(run.run, word)
      end
      return over or (run.status ~= 'completed' and run.status ~= 'cancelled')
    end)
    if found then
      return done(found)
    end
    client.say(word and ('no run ends in %s.'):format(word) or 'there is no such run.', vim.log.levels.WARN)
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
    M.act('fermata.run', argument)
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
  restart = client.restart,
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
    return client.say(('no subcommand %s; there are %s.'):format(name, table.concat(known, ', ')), vim.log.levels.ERROR)
  end
  subcommand(words, args.bang)
end

--- Completion of subcommands and of run ids.
---@param lead string
---@param line string
---@return string[]
function M.complete(lead, line)
  local words = vim.split(line, '%s+')
  local candidates = { 'scripted' }
  if #words == 2 then
    candidates = vim.tbl_keys(M.subcommands)
    table.sort(candidates)
  elseif words[2] ~= 'run' then
    candidates = vim.tbl_map(state.short, state.known.runs)
  end
  return vim.tbl_filter(function(candidate)
    return vim.startswith(candidate, lead)
  end, candidates)
end

return M
