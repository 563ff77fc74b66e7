# Sourced by the scripts beside it: where test environments live, and how one
# is begun, found complete, or declared impossible on this machine.
#
# An environment is a folder of the cache with a `.complete` file that names
# what it was built from. Anything else (another version, an interrupted
# download) is removed and built again, so a half-made one never counts.
set -euo pipefail

CACHE=${FERMATA_TEST_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/fermata-tests}
mkdir -p "$CACHE"
exec 9>"$CACHE/.lock"
flock 9

# begin NAME KEY [FILE]: ends the script when NAME was built from KEY and FILE
# (relative to it) still exists; else makes NAME's folder empty.
begin() {
  PLACE=$CACHE/$1 KEY=$2
  if [ "$(cat "$PLACE/.complete" 2>/dev/null)" = "$KEY" ] && [ -e "$PLACE/${3:-.complete}" ]; then
    echo "$1: kept ($KEY)"
    return 1
  fi
  rm -rf "$PLACE"
  mkdir -p "$PLACE"
}

complete() {
  echo "$KEY" >"$PLACE/.complete"
  echo "$(basename "$PLACE"): ready ($KEY), $(du -sh "$PLACE" | cut -f1), after $SECONDS s"
}

# cannot WHY: this machine cannot have it; the caller skips what needs it.
cannot() {
  echo "$*"
  exit 3
}

# apt_install PACKAGE…: installs on the host. Archives go to a folder of our
# own: container images often empty the shared one after every run of apt, so
# two runs at once would delete each other's downloads.
apt_install() {
  command -v apt-get >/dev/null || cannot "no apt-get here, and $* is missing"
  [ "$(id -u)" = 0 ] || cannot "$* is missing, and only root may install it"
  local archives=$CACHE/apt-archives
  mkdir -p "$archives/partial"
  local options=(-qq -o DPkg::Lock::Timeout=300 -o Acquire::Retries=5 -o "Dir::Cache::archives=$archives")
  local attempt
  for attempt in 1 2 3 4 5; do
    apt-get "${options[@]}" update && break
    [ "$attempt" = 5 ] && return 1
    sleep $((attempt * 3))
  done
  DEBIAN_FRONTEND=noninteractive apt-get "${options[@]}" -y install --no-install-recommends "$@"
  rm -rf "$archives"
}

# npm_install PACKAGE@VERSION…: into PLACE, without install scripts (npm 11
# refuses them, and nothing here needs one).
npm_install() {
  npm install --prefix "$PLACE" --no-package-lock --ignore-scripts --no-audit --no-fund "$@"
}
