#!/usr/bin/env bash
# The oldest Neovim that we promise (0.10, Debian trixie) and the newest that
# Debian has (forky), each unpacked with all its libraries, beside each other.
# The host's packages stay as they are, but for patchelf.
source "$(dirname "${BASH_SOURCE[0]}")/cache.sh"
source "$(dirname "${BASH_SOURCE[0]}")/debian.sh"

[ "$(uname -sm)" = "Linux x86_64" ] || cannot "Neovim is unpacked from Debian packages for Linux on x86-64 only"
if begin neovim-floor "neovim 0.10.4 from trixie" bin/nvim; then
  unpack trixie neovim usr/bin/nvim nvim
  "$PLACE/bin/nvim" --version | grep -q '^NVIM v0\.10\.' || { echo "trixie's neovim is no longer 0.10"; exit 1; }
  complete
fi
if begin neovim-newest "neovim from forky" bin/nvim; then
  unpack forky neovim usr/bin/nvim nvim
  "$PLACE/bin/nvim" --version | head -1
  complete
fi
