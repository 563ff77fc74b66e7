#!/usr/bin/env bash
# Debian's Chromium, installed on the host; the cache only remembers where it is.
source "$(dirname "${BASH_SOURCE[0]}")/cache.sh"

begin chromium "Debian's chromium" chromium || exit 0
command -v chromium >/dev/null || apt_install chromium fonts-dejavu-core
ln -s "$(command -v chromium)" "$PLACE/chromium"
"$PLACE/chromium" --version --no-sandbox
complete
