-- The run buffer: one scratch buffer per run that follows its log. The log in
-- the store is the truth: a gap in what arrives is asked for, never guessed.
local client = require('fermata.client')
local scratch = require('fermata.scratch')

local M = {}

-- run id → { bufnr, last event, count of lines }
local followed = {}

--- The lines of one event as the buffer shows them; none for what the server does not put into words.
---@param event table
---@return string[]
local function lines_of(event)
  if not event.says then
    return {}
  end
  local head = ('%5d %s '):format(event.seq, os.date('%H:%M:%S', math.floor(event.at / 1000)))
  local text = vim.trim(event.says):gsub('\n', '\n' .. (' '):rep(#head))
  return vim.split(head .. text, '\n')
end

--- A batch from the server: appended when it fits, asked for again when there is a gap.
---@param batch { run: string, from: integer, events: table[] }
function M.events(batch)
  local view = followed[batch.run]
  if not view then
    return
  elseif batch.from > view.last + 1 then
    return client.request('fermata/subscribe', { run = batch.run, from = view.last + 1 })
  end
  local lines = {}
  for _, event in ipairs(batch.events) do
    if event.seq == view.last + 1 then
      view.last = event.seq
      vim.list_extend(lines, lines_of(event))
    end
  end
  scratch.write(view.bufnr, view.count, lines)
  for _, window in ipairs(vim.fn.win_findbuf(view.bufnr)) do
    -- Follow only where the cursor stood on the last line: a reader is not dragged along.
    if vim.api.nvim_win_get_cursor(window)[1] >= view.count then
      vim.api.nvim_win_set_cursor(window, { math.max(1, view.count + #lines), 0 })
    end
  end
  view.count = view.count + #lines
end

--- Opens the run buffer of a run and follows it until the buffer is closed.
---@param run string full run id
function M.open(run)
  local bufnr, made = scratch.show('fermata://run/' .. run, 15)
  if not made then
    return
  end
  followed[run] = { bufnr = bufnr, last = 0, count = 0 }
  vim.api.nvim_create_autocmd('BufWipeout', {
    buffer = bufnr,
    callback = function()
      followed[run] = nil
      if client.get() then
        client.request('fermata/unsubscribe', { run = run })
      end
    end,
  })
  client.request('fermata/subscribe', { run = run, from = 1 })
end

return M
