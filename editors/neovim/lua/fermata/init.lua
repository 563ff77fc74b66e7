-- What other configuration may use. There is no setup(): everything works as
-- installed; `:help fermata-install` names what can be changed.
return {
  --- A statusline component: how many runs run and how many gates hold; empty while nothing does.
  statusline = function()
    return require('fermata.state').statusline()
  end,
}
