#!/usr/bin/env bash
# Runs one scenario in one Neovim: run.sh NVIM SCENARIO
# The editor has a home, a state folder and a workspace of its own, and no
# configuration but the plugin. Its last line is `N passed, M failed, K skipped`.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
nvim=$1 scenario=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
folder=$(mktemp -d "${TMPDIR:-/tmp}/fermata-neovim-XXXXXX")
mkdir -p "$folder"/{workspace,fermata-home,config,data,state,cache}

# Workers leave on purpose; what still names our folder when the scenario is
# over is ended by its id.
clean() {
  local file
  for file in $(grep -lFs "$folder" /proc/[0-9]*/environ); do
    file=${file#/proc/}
    [ "${file%/environ}" = $$ ] || kill -KILL "${file%/environ}" 2>/dev/null
  done
  rm -rf "$folder"
}
trap clean EXIT

# The server is found as a user's is: on PATH.
if [ -n "${FERMATA_BIN:-}" ]; then
  PATH=$(cd "$(dirname "$FERMATA_BIN")" && pwd):$PATH
fi
cd "$folder/workspace" || exit 1
env -u NVIM -u VIMRUNTIME HOME="$folder" XDG_CONFIG_HOME="$folder/config" XDG_DATA_HOME="$folder/data" \
  XDG_STATE_HOME="$folder/state" XDG_CACHE_HOME="$folder/cache" FERMATA_HOME="$folder/fermata-home" \
  FERMATA_SCREENSHOTS="${FERMATA_SCREENSHOTS:-$here/../../../target/screenshots}" \
  timeout --kill-after=5 "${FERMATA_SCENARIO_SECONDS:-300}" \
  "$nvim" --headless --clean -n -i NONE \
  --cmd "set runtimepath^=$here/../../../editors/neovim" \
  --cmd "lua package.path = '$here/?.lua;' .. package.path" \
  -c "lua require('driver').main([[$scenario]])" </dev/null
status=$?
if [ "$status" -ne 0 ]; then
  tail -n 20 "$folder/state/nvim/lsp.log" 2>/dev/null
  # A killed or broken editor printed no count.
  [ "$status" -eq 1 ] || echo "0 passed, 1 failed, 0 skipped"
fi
exit "$status"
