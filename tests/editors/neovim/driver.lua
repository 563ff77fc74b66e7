-- A real Neovim as a person uses it: files, problems, actions, lenses, menus,
-- messages, signs and the screen. A scenario is a file that calls `it`.
-- Knows Neovim 0.10 to today, and nothing of the plugin under test.

local M = {}

---@class Proof
---@field sentence string
---@field prove fun()

---@type Proof[]
local proofs = {}

---@type { prompt: string?, kind: string?, titles: string[] }[]
local menus = {}
---@type string[]
local choices = {}
---@type { message: string, level: integer? }[]
local messages = {}

--- How long anything may take, in milliseconds, on a machine that is busy with other things.
M.patience = 60000

--- Adds one thing to prove. They run in order, in the same editor.
---@param sentence string
---@param prove fun()
function M.it(sentence, prove)
  proofs[#proofs + 1] = { sentence = sentence, prove = prove }
end

--- Ends the proof that is running, saying why it cannot be had here.
---@param reason string
function M.skip(reason)
  error({ skipped = reason })
end

--- Waits until `look` gives something truthy, and returns that.
---@generic T
---@param what string
---@param look fun(): T
---@return T
function M.wait(what, look)
  local seen
  local reached = vim.wait(M.patience, function()
    seen = look()
    return seen and true or false
  end, 20)
  if not reached then
    error(('waited %d s for %s; last seen: %s'):format(M.patience / 1000, what, vim.inspect(seen)), 2)
  end
  return seen
end

--- Fails unless both are deeply equal.
function M.equal(got, expected, what)
  if not vim.deep_equal(got, expected) then
    error(('%s: expected %s, got %s'):format(what or 'not equal', vim.inspect(expected), vim.inspect(got)), 2)
  end
end

--- Fails unless `text` contains `part` (no pattern).
function M.contains(text, part)
  if type(text) ~= 'string' or not text:find(part, 1, true) then
    error(('expected something with %q, got %s'):format(part, vim.inspect(text)), 2)
  end
end

-- Files -----------------------------------------------------------------------

--- Writes a file of the workspace, and returns its path.
---@param name string
---@param text string
---@return string
function M.write(name, text)
  local path = vim.fn.getcwd() .. '/' .. name
  vim.fn.mkdir(vim.fs.dirname(path), 'p')
  vim.fn.writefile(vim.split(text, '\n', { plain = true }), path, 'b')
  return path
end

--- Opens a file of the workspace in the current window.
---@param name string
function M.open(name)
  vim.cmd.edit(vim.fn.fnameescape(vim.fn.getcwd() .. '/' .. name))
end

---@return string
function M.text()
  return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\n')
end

--- Puts the cursor at a line and column, both from 1.
function M.go(line, column)
  vim.api.nvim_win_set_cursor(0, { line, (column or 1) - 1 })
end

--- Types keys in Normal mode, as a person would; `<Esc>` and the like work.
function M.keys(keys)
  vim.api.nvim_feedkeys(vim.api.nvim_replace_termcodes(keys, true, false, true), 'xt', false)
end

-- Language server -------------------------------------------------------------

--- The client attached to the current buffer, once it is initialized.
function M.client()
  return M.wait('a language server to attach', function()
    for _, client in ipairs(vim.lsp.get_clients({ bufnr = 0 })) do
      if client.initialized then
        return client
      end
    end
  end)
end

--- Waits for `count` problems of the current buffer; returns them by position.
---@param count integer
function M.problems(count)
  return M.wait(count .. ' problems', function()
    local found = vim.diagnostic.get(0)
    table.sort(found, function(a, b)
      return a.lnum < b.lnum or a.lnum == b.lnum and a.col < b.col
    end)
    return #found == count and found
  end)
end

--- A request to the server of the current buffer, and its result.
---@param method string
---@param params table
function M.request(method, params)
  local client = M.client()
  local answer
  local function take(err, result)
    answer = { err = err, result = result }
  end
  if vim.fn.has('nvim-0.11') == 1 then
    client:request(method, params, take, 0)
  else
    client.request(method, params, take, 0)
  end
  M.wait('an answer to ' .. method, function()
    return answer
  end)
  if answer.err then
    error(method .. ': ' .. vim.inspect(answer.err), 2)
  end
  return answer.result
end

--- Titles of the code actions at the cursor; the menu is dismissed.
---@return string[]
function M.actions()
  local before = #menus
  vim.lsp.buf.code_action()
  return M.wait('the menu of code actions', function()
    return menus[before + 1]
  end).titles
end

--- Picks the code action whose title contains `title`.
---@param title string
function M.act(title)
  vim.lsp.buf.code_action({
    apply = true,
    filter = function(action)
      return action.title:find(title, 1, true) ~= nil
    end,
  })
end

--- Titles of the lenses of the current buffer, by line.
---@return string[]
function M.lenses()
  local params = { textDocument = vim.lsp.util.make_text_document_params() }
  local titles = {}
  for _, lens in ipairs(M.request('textDocument/codeLens', params) or {}) do
    titles[#titles + 1] = lens.command and lens.command.title or M.request('codeLens/resolve', lens).command.title
  end
  return titles
end

--- Stops every server and waits until they are gone.
function M.stop_servers()
  for _, client in ipairs(vim.lsp.get_clients()) do
    if vim.fn.has('nvim-0.11') == 1 then
      client:stop()
    else
      vim.lsp.stop_client(client.id)
    end
  end
  M.wait('the servers to stop', function()
    return #vim.lsp.get_clients() == 0
  end)
end

-- What the editor says and asks -----------------------------------------------

--- Says what to pick in the menus to come, in order; a menu for which nothing
--- is left, or in which it does not stand, is dismissed.
function M.choose(...)
  choices = { ... }
end

--- The menus shown so far.
function M.menus()
  return menus
end

--- Everything said through `vim.notify` so far.
function M.messages()
  return messages
end

--- Waits for a message that contains `part`.
---@param part string
function M.message(part)
  return M.wait(('a message with %q'):format(part), function()
    for _, said in ipairs(messages) do
      if said.message:find(part, 1, true) then
        return said
      end
    end
  end)
end

--- The screen as text; floats are not on it, read those from their windows.
---@return string
function M.screen()
  vim.cmd.redraw()
  local rows = {}
  for row = 1, vim.o.lines do
    local cells = {}
    for column = 1, vim.o.columns do
      cells[column] = vim.fn.screenstring(row, column)
    end
    rows[row] = (table.concat(cells):gsub('%s+$', ''))
  end
  return table.concat(rows, '\n')
end

--- Keeps the screen where people look at screenshots.
---@param name string
function M.screenshot(name)
  local folder = vim.env.FERMATA_SCREENSHOTS
  vim.fn.mkdir(folder, 'p')
  local version = vim.version()
  local path = ('%s/neovim-%d.%d-%s.txt'):format(folder, version.major, version.minor, name)
  vim.fn.writefile(vim.split(M.screen(), '\n', { plain = true }), path)
end

--- Names of the signs in the current buffer, by line (from 1).
---@return table<integer, string>
function M.signs()
  local found = {}
  for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, -1, 0, -1, { details = true, type = 'sign' })) do
    found[mark[2] + 1] = vim.trim(mark[4].sign_text or '')
  end
  return found
end

-- Running ---------------------------------------------------------------------

local function listen()
  vim.ui.select = function(items, options, on_choice)
    local titles = {}
    for index, item in ipairs(items) do
      titles[index] = (options.format_item or tostring)(item)
    end
    menus[#menus + 1] = { prompt = options.prompt, kind = options.kind, titles = titles }
    local wanted = table.remove(choices, 1)
    for index, title in ipairs(titles) do
      if wanted and title:find(wanted, 1, true) then
        return on_choice(items[index], index)
      end
    end
    on_choice(nil, nil)
  end
  vim.notify = function(message, level)
    messages[#messages + 1] = { message = message, level = level }
  end
end

-- Each line begins with a line end, because the editor leaves its own messages
-- without one; and is flushed, so that it stands where it was said.
local function say(line)
  io.stdout:write('\n' .. line)
  io.stdout:flush()
end

--- Runs a scenario to its end and leaves the editor; the status says whether
--- anything failed.
---@param scenario string
function M.main(scenario)
  local passed, failed, skipped = 0, 0, 0
  local version = vim.version()
  say(('-- %s in Neovim %d.%d.%d'):format(vim.fs.basename(scenario), version.major, version.minor, version.patch))
  listen()
  local loaded, why = pcall(dofile, scenario)
  if not loaded then
    failed = 1
    say('FAILED the scenario could not be read: ' .. tostring(why))
  end
  for _, proof in ipairs(loaded and proofs or {}) do
    local fine, trouble = xpcall(proof.prove, function(err)
      return type(err) == 'table' and err or debug.traceback(tostring(err), 2)
    end)
    if fine then
      passed = passed + 1
      say('ok      ' .. proof.sentence)
    elseif type(trouble) == 'table' and trouble.skipped then
      skipped = skipped + 1
      say(('SKIPPED %s: %s'):format(proof.sentence, trouble.skipped))
    else
      failed = failed + 1
      say(('FAILED  %s\n%s\n-- the screen:\n%s'):format(proof.sentence, vim.inspect(trouble):gsub('\\n', '\n'), M.screen()))
    end
  end
  if failed == 0 and passed == 0 and skipped == 0 then
    failed = 1
    say('FAILED the scenario proves nothing')
  end
  say(('%d passed, %d failed, %d skipped'):format(passed, failed, skipped) .. '\n')
  vim.cmd(failed == 0 and 'qall!' or 'cquit 1')
end

return M
