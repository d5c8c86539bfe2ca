# System packages, by Debian's names. An entry is `[command=]package[|package]...`: with a command, a program
# of that name on the PATH is enough (`llvm:` stands for one of LLVM 19 or later under any of its names);
# otherwise one of the packages has to be installed, and the first that the system offers is taken.

package_groups=(native wasm lint tidy browser postgres)

native_packages=(
  llvm:clang++='clang-19|clang-20|clang-21' llvm:ld.lld='lld-19|lld-20|lld-21' llvm:llvm-ar='llvm-19|llvm-20|llvm-21'
  'libclang-rt-19-dev|libclang-rt-20-dev|libclang-rt-21-dev'
  cmake=cmake ninja=ninja-build make=make ccache=ccache tclsh=tcl xz=xz-utils dpkg-source=dpkg-dev
  'libboost1.81-dev|libboost1.83-dev|libboost1.88-dev|libboost-dev' libpq-dev libssl-dev libspdlog-dev libcli11-dev
  zlib1g-dev node=nodejs npm=npm brotli=brotli curl=curl)
wasm_packages=(python3=python3 node-acorn)
lint_packages=(llvm:clang-format='clang-format-19|clang-format-20')
tidy_packages=(llvm:clang-tidy='clang-tidy-19|clang-tidy-20' 'libclang-19-dev|libclang-20-dev' 'llvm-19-dev|llvm-20-dev')
browser_packages=(chromium=chromium firefox-esr='firefox-esr|firefox' fonts-liberation)
postgres_packages=('postgresql-15|postgresql-16|postgresql-17')

llvm_major_min=19
at_terminal=no
[[ -t 0 ]] && at_terminal=yes

# llvm_program NAME: the path of an LLVM program of a version that will do; 19 first, since that is what CI has.
llvm_program() {
  local candidate major
  for candidate in "$1-$llvm_major_min" "$1" "$1-20" "$1-21"; do
    command -v "$candidate" > /dev/null || continue
    major=$("$candidate" --version 2>&1 | grep -oE '(version |LLD )[0-9]+' | grep -oE '[0-9]+' | head -n 1)
    [[ ${major:-0} -ge $llvm_major_min ]] && command -v "$candidate" && return
  done
  return 1
}

is_installed() { [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2> /dev/null) == installed ]]; }

is_offered() { apt-cache show --no-all-versions "$1" > /dev/null 2>&1; }

# True if the entry's command is on the PATH or one of its packages is there.
is_satisfied() {
  local entry=$1 package
  case $entry in
    llvm:*=*) entry=${entry#llvm:}; llvm_program "${entry%%=*}" > /dev/null && return ;;
    *=*) command -v "${entry%%=*}" > /dev/null && return ;;
  esac
  has_dpkg || [[ $entry == *=* ]] || return 0 # elsewhere, CMake says which library it cannot find
  for package in $(alternatives "$entry"); do is_installed "$package" && return; done
  return 1
}

alternatives() { tr '|' ' ' <<< "${1#*=}"; }

has_dpkg() { command -v dpkg-query > /dev/null && command -v apt-get > /dev/null; }

# missing_entries GROUP...
missing_entries() {
  local group entry
  for group in "$@"; do
    [[ $group == wasm ]] && emscripten_on_path && continue
    local -n entries=${group}_packages
    for entry in "${entries[@]}"; do is_satisfied "$entry" || echo "$entry"; done
  done
}

first_offered() {
  local package
  for package in $(alternatives "$1"); do is_offered "$package" && echo "$package" && return; done
  return 1
}

# choose_packages ENTRY...: the names to install.
choose_packages() {
  local entry
  for entry in "$@"; do
    first_offered "$entry" || fail "this system offers none of: $(alternatives "$entry"). Install one that serves, then run this again."
  done
}

refresh_package_lists() {
  say 'refreshing the package lists (apt-get update)'
  as_root apt-get update -qq >&2 || say 'apt-get update had complaints; going on with what it has'
}

can_become_root() {
  [[ $EUID -eq 0 ]] && return
  command -v sudo > /dev/null && { sudo -n true 2> /dev/null || [[ $at_terminal == yes ]]; }
}

as_root() {
  if [[ $EUID -eq 0 ]]; then "$@"; else sudo "$@"; fi
}

explain_what_to_install() {
  say 'system packages are missing, and there is neither root nor sudo here. Please have this run, then start again:'
  printf '  %s\n' "apt-get update && apt-get install -y --no-install-recommends $*" >&2
  exit 1
}

first_alternatives() {
  local entry
  for entry in "$@"; do alternatives "$entry" | cut -d' ' -f1; done | paste -sd' '
}

install_packages() {
  local missing chosen
  mapfile -t missing < <(missing_entries "$@")
  [[ ${#missing[@]} -gt 0 ]] || return 0
  has_dpkg || fail "please install, by the names this system has for them: $(first_alternatives "${missing[@]}")"
  can_become_root || explain_what_to_install "$(first_alternatives "${missing[@]}")"
  refresh_package_lists # lists that are old name versions that are gone
  chosen=$(choose_packages "${missing[@]}") || exit 1
  mapfile -t chosen <<< "$chosen"
  say "installing the system packages that are missing: ${chosen[*]}"
  logged packages as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${chosen[@]}"
}
