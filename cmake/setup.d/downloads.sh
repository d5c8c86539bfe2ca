# Pinned files, from the Debian archive that this machine's own package sources name. The suite that carries
# them is newer than the system's, so it gets a package state of its own inside the cache; the system's is
# neither read nor changed. A file that lies in the cache's downloads folder with the right SHA-256 is used
# as it is: that is the way in for machines that reach no Debian archive.

downloads=$cache/downloads
apt_state=$cache/apt

# pinned KIND NAME: the fields after the name in dependencies.lock, for this machine's architecture.
pinned() {
  awk -v kind="$1" -v name="$2" -v arch="$(machine)" \
    '$1 == kind && $2 == name && (kind == "source" || $4 == "all" || $4 == arch) { print $3, $4, $5, $6; exit }' "$lock_file"
}

machine() {
  case $(uname -m) in
    x86_64) echo amd64 ;;
    aarch64 | arm64) echo arm64 ;;
    *) uname -m ;;
  esac
}

has_sha256() { echo "$2  $1" | sha256sum --check --status 2> /dev/null; }

private_apt() {
  local tool=$1
  shift
  "$tool" -oDir::State="$apt_state" -oDir::State::lists="$apt_state/lists" -oDir::State::status="$apt_state/status" \
    -oDir::Cache="$apt_state/cache" -oDir::Etc::SourceList=/dev/null -oDir::Etc::SourceParts="$apt_state/sources" \
    -oDir::Etc::Preferences=/dev/null -oDir::Etc::PreferencesParts=/dev/null -oAPT::Default-Release= \
    -oAPT::Sandbox::User= -oAcquire::Retries=3 "$@"
}

# The archives this machine's package sources use for its own suite, whichever way they are written down.
debian_archives() {
  local codename
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-stable}")
  apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(CODENAME) $(COMPONENT) $(CREATED_BY)' 2> /dev/null |
    awk -v codename="$codename" '$NF == "Packages" && $(NF - 1) == "main" && ($2 == codename || $3 == codename) { print $1 }' | sort -u
}

prepare_apt() {
  [[ $(cat "$apt_state/read-by" 2> /dev/null) == $$ ]] && return
  local suite archives archive keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  suite=$(awk '$1 == "suite" { print $2 }' "$lock_file")
  has_dpkg && grep -q '^ID=debian' /etc/os-release || fail_without_archive 'this system is not Debian'
  archives=$(debian_archives)
  if [[ -z $archives ]] && can_become_root; then
    refresh_package_lists
    archives=$(debian_archives)
  fi
  [[ -n $archives ]] || fail_without_archive 'the system names no Debian archive among its package sources'
  mkdir -p "$apt_state"/{lists/partial,cache/archives/partial,sources}
  : > "$apt_state/status"
  rm -f "$apt_state"/sources/*
  for archive in $archives; do
    printf 'Types: deb deb-src\nURIs: %s\nSuites: %s %s-updates\nComponents: main\n' "$archive" "$suite" "$suite"
    [[ -r $keyring ]] && echo "Signed-By: $keyring"
    echo
  done > "$apt_state/sources/$suite.sources"
  say "reading the package lists of Debian $suite (for the pinned files only; the system's own lists stay as they are)"
  logged apt-lists private_apt apt-get update
  echo $$ > "$apt_state/read-by"
}

fail_without_archive() {
  say "$1, so these files have to be put into $downloads by hand (names and SHA-256 in cmake/dependencies.lock):"
  awk '$1 == "source" { print "  " $5 }' "$lock_file" >&2
  say 'for the WebAssembly build, have an emcc of 3.1.69 or later on the PATH'
  exit 1
}

# fetch KIND NAME: makes sure that the pinned file is in the downloads folder, and prints its path.
fetch() {
  local kind=$1 name=$2 version origin file sha256
  read -r version origin file sha256 <<< "$(pinned "$kind" "$name")"
  [[ -n ${sha256:-} ]] || fail "dependencies.lock pins no $name for $(machine)"
  local path=$downloads/$file
  if ! has_sha256 "$path" "$sha256"; then
    rm -f "$path"
    prepare_apt
    say "downloading $file"
    download "$kind" "$name" "$version" "$origin"
    take_download "$kind" "$name" "$path" "$sha256"
  fi
  echo "$path"
}

# Leaves what the archive has in a scratch folder: it is nobody's until its SHA-256 has been checked.
download() {
  local kind=$1 name=$2 version=$3 origin=$4
  mkdir -p "$downloads"
  rm -rf "${downloads:?}/.$name"
  mkdir "$downloads/.$name"
  cd "$downloads/.$name"
  case $kind in
    source) logged "download-$name" private_apt apt-get source --download-only --tar-only "$origin" ;;
    deb) logged "download-$name" private_apt apt-get download "$name=$version" ;;
    runtime) download_runtime "$name" "$version" ;;
  esac
  cd "$root"
}

# A stable suite replaces its C library now and then and keeps no older one. The successor is good as well:
# it only serves to run programs built for it, and apt has checked its signature.
download_runtime() {
  if ! private_apt apt-get download "$1=$2" > "$logs/download-$1.log" 2>&1; then
    logged "download-$1" private_apt apt-get download "$1"
    say "$1 $2 is no longer offered; using its successor, $(ls), signed by the archive"
    touch successor
  fi
}

take_download() {
  local kind=$1 name=$2 path=$3 sha256=$4 scratch=$downloads/.$2
  local found=$scratch/${path##*/}
  if [[ -e $scratch/successor ]]; then
    mv "$scratch"/*.deb "$path"
  elif has_sha256 "$found" "$sha256"; then
    mv "$found" "$path"
  else
    fail "$name: no file ${path##*/} with the pinned SHA-256 came; see $scratch"
  fi
  rm -rf "$scratch"
}
