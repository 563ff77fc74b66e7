-- An Archon folder in one Neovim: mistakes are marked where they are made, in
-- the workflow and in the command file beside it; a name is renamed everywhere;
-- the loop holds at its limit, the approval at its decision, and a rejection
-- carries its reason into the work.
local d = require('driver')
local r = require('runs')

local FILE = '.archon/workflows/release-notes.yaml'
local SIGN_OFF = '.archon/workflows/sign-off.yaml'

-- Answers the inputs to come, in order.
local function type_in(...)
  local texts = { ... }
  local asked = {}
  vim.ui.input = function(options, done)
    asked[#asked + 1] = options.prompt
    done(table.remove(texts, 1))
  end
  return asked
end

local function replace(line, from, to)
  local text = vim.api.nvim_buf_get_lines(0, line - 1, line, false)[1]
  local at = assert(text:find(from, 1, true), text)
  vim.api.nvim_buf_set_text(0, line - 1, at - 1, line - 1, at - 1 + #from, { to })
end

d.it('a sound file has no problem, and each mistake is marked where it is made', function()
  r.copy('workflows-samples/release-notes', FILE)
  for _, name in ipairs({
    SIGN_OFF,
    '.archon/release-notes.script.yaml',
    '.archon/sign-off.script.yaml',
    '.archon/commands/draft.md',
  }) do
    r.copy('tests/editors/archon', name)
  end
  r.window()
  r.about(FILE)
  r.lens('Run scripted', true)
  d.equal(vim.diagnostic.get(0), {})
  local line = r.line_of('bash: printf')
  replace(line, '$notes.output', '$notesx.output')
  local found = d.problems(1)
  d.contains(found[1].message, 'notesx')
  d.equal(found[1].lnum + 1, line)
  d.go(line, 1)
  vim.cmd('normal! zz')
  d.screenshot('release-notes-mistake')
  replace(line, '$notesx.output', '$notes.output')
  d.problems(0)
end)

d.it('a command file that is emptied in another buffer marks the workflow that uses it', function()
  d.open(SIGN_OFF)
  d.client()
  local workflow = vim.api.nvim_get_current_buf()
  d.problems(1)
  vim.cmd('split')
  d.open('.archon/commands/draft.md')
  d.client()
  vim.api.nvim_buf_set_lines(0, 0, -1, false, {})
  d.wait('a problem in the workflow', function()
    return vim.iter(vim.diagnostic.get(workflow)):any(function(problem)
      return problem.code == 'command-file-empty'
    end)
  end)
  vim.cmd('silent undo')
  d.wait('no problem in the workflow', function()
    return #vim.diagnostic.get(workflow) == 1
  end)
  vim.cmd('close')
end)

d.it('a reference is explained and completed', function()
  d.open(FILE)
  local line = r.line_of('bash: printf')
  local at = { textDocument = vim.lsp.util.make_text_document_params() }
  at.position = { line = line - 1, character = r.column_of(line, '$notes') }
  d.contains(vim.inspect(d.request('textDocument/hover', at).contents), 'notes')
  replace(line, '$notes.output', '$')
  local items = d.request('textDocument/completion', at)
  local labels = vim.tbl_map(function(item)
    return item.label
  end, items.items or items)
  d.contains(table.concat(labels, ' '), 'notes')
  replace(line, "'%s' $", "'%s' $notes.output")
  d.problems(0)
end)

d.it('a renamed node is renamed in depends_on, in references and in conditions', function()
  d.go(r.line_of('- id: publish'), 11)
  vim.lsp.buf.rename('release')
  d.wait('the rename', function()
    return d.text():find('- id: release', 1, true)
  end)
  for _, part in ipairs({ 'depends_on: [release]', "$release.output.decision == 'later'", '$release.output.text' }) do
    d.contains(d.text(), part)
  end
  vim.cmd('silent undo')
  d.contains(d.text(), '- id: publish')
  vim.cmd('silent write')
end)

d.it('a run asks what it is about, and the loop that is not done holds at its limit', function()
  r.terminal('trust', '.')
  local asked = type_in('version 2.4')
  vim.cmd('Fermata run scripted')
  d.message('release-notes held at 4/4 in notes')
  d.contains(asked[1], '$ARGUMENTS')
  d.equal(r.runs().runs[1].message, 'version 2.4')
  r.status('held 1')
  r.sign('- id: notes', '?')
  r.sign('- id: tone', '+')
  r.lens('held at 4/4', true)
  d.go(r.line_of('- id: notes'), 1)
  vim.cmd('Fermata log')
  r.holds('fermata://run/', 'held at 4/4 in notes')
  d.screenshot('release-notes-held')
  r.workflow()
end)

d.it('one more round by code action, and the approval holds with the decisions of its author', function()
  d.go(r.line_of('- id: notes'), 6)
  d.act('Continue with 1 more')
  d.message('release-notes holds at publish')
  r.lens('held at 4/4', false)
  r.lens('held: answer', true)
  r.sign('- id: publish', '?')
  d.choose()
  vim.cmd('Fermata answer')
  d.wait('the menu', function()
    return #d.menus() > 0
  end)
  d.equal(d.menus()[#d.menus()].titles, { 'Announce it', 'Not today', 'Reject' })
end)

d.it('a decision by code action ends the run, and only its branch has run', function()
  d.go(r.line_of('- id: publish'), 6)
  d.act('Announce it')
  r.lens('completed', true)
  r.sign('- id: announce', '+')
  r.sign('- id: shelve', '-')
  r.holds('fermata://run/', 'completed')
  vim.cmd('normal! zb')
  d.screenshot('release-notes-ended')
end)

d.it('a rejection takes its reason along, and what was changed is asked about again', function()
  r.about(SIGN_OFF)
  local asked = type_in('the release', 'it is too short', '')
  vim.cmd('Fermata run scripted')
  d.message('sign-off holds at review: 2.4 is out.')
  d.go(r.line_of('- id: review'), 6)
  r.lens('held: answer', true)
  local offered = table.concat(d.actions(), '\n')
  d.contains(offered, 'Approve')
  d.equal(offered:find('Reject', 1, true), nil, 'a rejection without a reason would be worked from nothing')
  d.choose('Reject')
  vim.cmd('Fermata answer')
  d.wait('the second question', function()
    local run = r.runs().runs[1]
    return run.gates[1] and run.gates[1].gate == 'g2'
  end)
  vim.cmd('Fermata log')
  r.holds('fermata://run/' .. r.runs().runs[1].run, 'it starts in half the time')
  d.screenshot('release-notes-rejected')
  r.workflow()
  d.equal(asked[2], 'text: ')
  d.choose('Approve')
  vim.cmd('Fermata answer')
  r.lens('completed', true)
  d.equal(asked[3], 'text (optional): ')
end)
