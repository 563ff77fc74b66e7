-- The whole promise in one Neovim: the loop is marked before the run, the gate
-- is announced without blocking, whoever is late is told, and words are never
-- swapped. Real plugin, real server, real workers; no model is called.
local d = require('driver')

local TASK = 'A rate limiter for the public API'
local samples = vim.fs.normalize(debug.getinfo(1, 'S').source:sub(2) .. '/../../../../workflows-samples')
local lines = vim.fn.readfile(samples .. '/review-loop.yaml')

local function sample(name)
  d.write(name, table.concat(vim.fn.readfile(samples .. '/' .. name), '\n') .. '\n')
end

-- The line (from 1) of the last text that contains `part`.
local function line_of(part)
  for number = #lines, 1, -1 do
    if lines[number]:find(part, 1, true) then
      return number
    end
  end
  error('no line with ' .. part)
end

-- What the terminal says, asked from the same folder and home.
local function terminal(...)
  local said = vim.fn.system({ 'fermata', ... })
  d.equal(vim.v.shell_error, 0, said)
  return said
end

local function runs()
  return vim.json.decode(terminal('runs', '--json'), { luanil = { object = true } })
end

local function workflow()
  for _, window in ipairs(vim.api.nvim_list_wins()) do
    if vim.api.nvim_buf_get_name(vim.api.nvim_win_get_buf(window)):find('review%-loop%.yaml$') then
      return vim.api.nvim_set_current_win(window)
    end
  end
  d.open('review-loop.yaml')
end

local function buffer(name)
  return d.wait('the buffer ' .. name, function()
    for _, bufnr in ipairs(vim.api.nvim_list_bufs()) do
      if vim.api.nvim_buf_get_name(bufnr):find(name, 1, true) then
        return bufnr
      end
    end
  end)
end

local function holds(bufnr, part)
  d.wait(('%q in the buffer'):format(part), function()
    return table.concat(vim.api.nvim_buf_get_lines(bufnr, 0, -1, false), '\n'):find(part, 1, true)
  end)
end

local function lens(part, there)
  d.wait(('the lens %q %s'):format(part, there and 'to come' or 'to go'), function()
    return (table.concat(d.lenses(), '\n'):find(part, 1, true) ~= nil) == there
  end)
end

local function status(part)
  d.wait('a statusline with ' .. part, function()
    return require('fermata').statusline():find(part, 1, true)
  end)
end

-- The sign on the step's line, once it is `sign`.
local function sign(step, wanted)
  d.wait(('the sign %s on %s'):format(wanted, step), function()
    return d.signs()[line_of('- name: ' .. step)] == wanted
  end)
end

d.it('both loop warnings stand where the loop is written', function()
  sample('review-loop.yaml')
  sample('review-loop.script.yaml')
  vim.o.signcolumn = 'yes'
  vim.o.columns, vim.o.lines = 120, 40
  vim.o.statusline = '%f %m %= %{v:lua.require("fermata").statusline()}'
  d.open('review-loop.yaml')
  d.client()
  local found = d.problems(2)
  d.contains(found[1].message, 'trusts the flag alone')
  d.equal(found[1].lnum + 1, line_of('when: "{{ output.approved }}"'))
  d.contains(found[2].message, 'can send work back')
  d.equal(found[2].lnum + 1, line_of('- to: architect'))
  d.equal(found[2].col, (lines[line_of('- to: architect')]:find('architect', 1, true)) - 1)
  d.go(line_of('- to: architect'), 1)
  vim.cmd('normal! zz')
  d.screenshot('review-loop-marked')
end)

d.it('nothing runs in a repository before it is trusted, which is asked once', function()
  d.choose('Do not run')
  vim.cmd('Fermata run scripted ' .. TASK)
  d.wait('the question', function()
    return #d.menus() == 1
  end)
  d.contains(d.menus()[1].prompt, 'Trust ')
  d.equal(runs().runs, {})
end)

d.it('a run is started with its words, and the gate is said once without a menu', function()
  d.choose('Trust it and run')
  vim.cmd('Fermata run scripted ' .. TASK)
  local said = d.message('review-loop held at 20/20 before architect')
  d.contains(said.message, ':Fermata answer')
  d.equal(said.level, vim.log.levels.WARN)
  d.equal(runs().runs[1].inputs.task, TASK)
  d.equal(#d.menus(), 2, 'nothing pops up while somebody types')
end)

d.it('statusline, signs, lens and log show where it holds', function()
  status('held 1')
  sign('architect', '?')
  sign('reviewer', '+')
  lens('held at 20/20', true)
  vim.cmd('Fermata log')
  local log = buffer('fermata://run/')
  holds(log, 'HELD at 20/20 before architect')
  d.screenshot('review-loop-held')
  workflow()
end)

d.it(':Fermata answer continues, the log follows, and the run holds again', function()
  d.choose('Continue with 5 more')
  vim.cmd('Fermata answer')
  d.message('review-loop held at 25/25 before reviewer')
  local menu = d.menus()[3]
  d.contains(menu.prompt, 'held at 20/20')
  d.equal(menu.titles[2], 'Continue with 5 more')
  holds(buffer('fermata://run/'), 'HELD at 25/25 before reviewer')
  holds(buffer('fermata://run/'), 'from neovim')
end)

d.it('a code action on the step answers, and the lens goes', function()
  workflow()
  d.go(line_of('- name: reviewer'), 6)
  lens('held at 25/25', true)
  d.act('Continue with 5 more')
  d.message('review-loop held at 30/30 before architect')
  lens('held at 25/25', false)
end)

d.it('who answers late is told who was first', function()
  -- The menu is open while somebody answers in a terminal.
  local select = vim.ui.select
  vim.ui.select = function(items, _, on_choice)
    vim.ui.select = select
    terminal('answer', '@last', 'stop')
    on_choice(items[1], 1)
  end
  vim.cmd('Fermata answer')
  local said = d.message('answered')
  d.contains(said.message, 'terminal')
  d.equal(runs().runs[1].status, 'failed')
  lens('held at', false)
  lens('failed (iteration_limit)', true)
  d.wait('an empty statusline', function()
    return require('fermata').statusline() == ''
  end)
end)

d.it('running again asks what is meant, and starts nothing meanwhile', function()
  workflow()
  vim.cmd('Fermata run scripted A queue for outgoing mail')
  local said = d.message('failed (iteration_limit); it was about: ' .. TASK)
  d.contains(said.message, ':Fermata answer')
  status('held 1')
  d.equal(#runs().runs, 1)
  vim.cmd('Fermata runs')
  holds(buffer('fermata://runs'), 'an earlier run has to be decided about')
  d.screenshot('review-loop-choice')
  vim.cmd('close')
end)

d.it('run fresh keeps the earlier run and runs the new words', function()
  workflow()
  d.choose('Run fresh, keep it')
  vim.cmd('Fermata answer')
  d.wait('the fresh run to hold', function()
    local listed = runs()
    return #listed.starts == 0 and #listed.runs == 2 and listed.runs[1].status == 'waiting'
  end)
  local menus = d.menus()
  d.contains(menus[#menus].prompt, TASK)
  local listed = runs().runs
  d.equal(listed[1].inputs.task, 'A queue for outgoing mail')
  d.equal({ listed[2].status, listed[2].inputs.task }, { 'failed', TASK })
  vim.cmd('Fermata runs')
  holds(buffer('fermata://runs'), 'held at 20/20')
  holds(buffer('fermata://runs'), 'failed')
  d.screenshot('review-loop-runs')
  vim.cmd('close')
end)

d.it('an editor that is opened later finds the gate, and can end it', function()
  workflow()
  d.stop_servers()
  vim.cmd('Fermata restart')
  vim.cmd.edit()
  d.client()
  status('held 1')
  d.go(line_of('- name: architect'), 6)
  lens('held at 20/20', true)
  d.act('Abort the run')
  lens('cancelled', true)
end)

d.it('the health check finds the server attached', function()
  vim.cmd('checkhealth fermata')
  d.contains(d.text(), 'is attached')
  d.screenshot('review-loop-health')
end)
