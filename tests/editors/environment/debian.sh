# Sourced after cache.sh: programs from any Debian suite, unpacked into PLACE
# with the C library they were built for. Neither root nor the host's package
# database is involved, except to install patchelf once.

# The mirror that this machine already uses.
debian_mirror() {
  local found
  found=$(sed -n 's/^URIs:[[:space:]]*\(http[^[:space:]]*debian\)\/\{0,1\}$/\1/p' /etc/apt/sources.list.d/*.sources 2>/dev/null | head -n 1)
  [ -n "$found" ] || found=$(sed -n 's/^deb[[:space:]]\(\[[^]]*\][[:space:]]\)\{0,1\}\(http[^[:space:]]*debian\)\/\{0,1\}[[:space:]].*/\2/p' /etc/apt/sources.list 2>/dev/null | head -n 1)
  echo "${found:-http://deb.debian.org/debian}"
}

# private_apt SUITE FOLDER: a configuration under which apt sees only SUITE, an
# empty system, and our folder. Hooks of the host are left out on purpose; its
# proxies are kept.
private_apt() {
  local suite=$1 folder=$2
  mkdir -p "$folder"/{lists,archives}/partial
  : >"$folder/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(debian_mirror) $suite main" >"$folder/sources.list"
  {
    apt-config dump --format '%F "%v";%n' Acquire::http Acquire::https
    cat <<CONF
Dir::Etc::Main "/dev/null"; Dir::Etc::Parts "/dev/null";
Dir::Etc::SourceList "$folder/sources.list"; Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null"; Dir::Etc::PreferencesParts "/dev/null";
Dir::State "$folder"; Dir::State::status "$folder/status";
Dir::Cache "$folder"; Dir::Cache::archives "$folder/archives";
APT::Architecture "amd64"; APT::Install-Recommends "false"; APT::Sandbox::User "root";
Acquire::Languages "none"; Acquire::Retries "5";
Acquire::Check-Valid-Until "false";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
CONF
  } >"$folder/apt.conf"
}

# unpack SUITE PACKAGE BINARY NAME: PACKAGE and all it depends on, below
# PLACE/root; PLACE/bin/NAME starts BINARY (relative to that root).
unpack() {
  local suite=$1 package=$2 binary=$3 name=$4
  command -v apt-get >/dev/null || cannot "no apt-get here to fetch $package from Debian"
  command -v patchelf >/dev/null || apt_install patchelf
  local apt=$PLACE/apt root=$PLACE/root part deb
  private_apt "$suite" "$apt"
  APT_CONFIG=$apt/apt.conf apt-get -qq update
  APT_CONFIG=$apt/apt.conf apt-get -qq -y --download-only install "$package"
  # Packages of these suites ship /usr/lib only; the links are made at install.
  for part in bin sbin lib lib64; do
    mkdir -p "$root/usr/$part"
    [ -e "$root/$part" ] || ln -s "usr/$part" "$root/$part"
  done
  for deb in "$apt"/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$root" --keep-directory-symlink --no-same-owner
  done
  rm -rf "$apt"
  [ -x "$root/$binary" ] || { echo "$package from $suite has no $binary"; return 1; }
  # The program itself is pointed at its own loader and libraries, so that what
  # it starts stays on the host's, and it still sees itself as the executable.
  patchelf --set-interpreter "$root/lib64/ld-linux-x86-64.so.2" --force-rpath \
    --set-rpath "$root/usr/lib/x86_64-linux-gnu:$root/usr/lib" "$root/$binary"
  mkdir -p "$PLACE/bin"
  cat >"$PLACE/bin/$name" <<WRAPPER
#!/bin/sh
exec "$root/$binary" "\$@"
WRAPPER
  chmod +x "$PLACE/bin/$name"
}
