-- Asking for texts with vim.ui.input, one after another.
local M = {}

--- `done` gets the texts by name; leaving one leaves all.
---@param fields { name: string, prompt: string, default: string? }[]
---@param done fun(texts: table<string, string>)
---@param texts table<string, string>? those that are there already
function M.each(fields, done, texts)
  texts = texts or {}
  local field = vim.iter(fields):find(function(each)
    return texts[each.name] == nil
  end)
  if not field then
    return done(texts)
  end
  vim.ui.input({ prompt = field.prompt .. ': ', default = field.default }, function(text)
    if text ~= nil then
      texts[field.name] = text
      M.each(fields, done, texts)
    end
  end)
end

return M
