# The libraries of dependencies.lock, each built once per platform into a folder of its own. The folder's name
# carries a key over everything that shapes its content, and it appears by one rename when it is complete:
# a folder that is there is good, an interrupted build leaves nothing behind that would be taken for one.

native_libraries=(capnproto catch2 libsodium sqlite)
wasm_libraries=(capnproto catch2 libsodium sqlite zlib)

find_compiler() {
  cxx=$(llvm_program clang++) || fail 'no clang++ of version 19 or later found'
  cc=$(llvm_program clang) || fail 'no clang of version 19 or later found'
  native_tools=$("$cxx" --version | head -n 1)
}

# prefix_of PLATFORM NAME
prefix_of() {
  local platform=$1 name=$2 version tools=${1}_tools recipe
  read -r version _ <<< "$(pinned source "$name")"
  recipe=$(cat "$root/cmake/dependencies/$name"/*)
  echo "$cache/$platform/$name-$version-$(hash_of "$(pinned source "$name")" "$recipe" "${!tools}" "$(flags_of "$platform")")"
}

# No path of this machine may end up in what is built: assertion messages carry file names.
flags_of() {
  local platform=$1
  case $platform in
    native) echo "-O2 -g1 -DNDEBUG" ;;
    wasm) echo "-O2 -DNDEBUG -fwasm-exceptions" ;;
  esac
}

is_built() { [[ -d $(prefix_of "$1" "$2") ]]; }

# Everything small comes first, so that the network is needed once and early.
unpack_sources() {
  local platform name
  for platform in "$@"; do
    local -n libraries=${platform}_libraries
    for name in "${libraries[@]}"; do
      is_built "$platform" "$name" || unpacked_source "$name" > /dev/null
    done
  done
}

build_dependencies() {
  local platform=$1 name
  local -n libraries=${platform}_libraries
  for name in "${libraries[@]}"; do
    is_built "$platform" "$name" || build_dependency "$platform" "$name" "$(prefix_of "$platform" "$name")"
  done
}

build_dependency() {
  local platform=$1 name=$2 prefix=$3 version source work
  read -r version _ <<< "$(pinned source "$name")"
  source=$(unpacked_source "$name")
  work=$cache/making/$platform-$name
  say "building $name $version ($platform)"
  rm -rf "$work"
  configure_dependency "$platform" "$name" "$version" "$source" "$work" "$prefix"
  logged "$platform-$name-build" cmake --build "$work/build"
  logged "$platform-$name-install" cmake --install "$work/build" --prefix "$work/prefix"
  mkdir -p "${prefix%/*}"
  mv -T "$work/prefix" "$prefix"
  rm -rf "$work"
}

# A recipe is a CMake project around the upstream source, or a file of options for upstream's own project.
configure_dependency() {
  local platform=$1 name=$2 version=$3 source=$4 work=$5 prefix=$6
  local recipe=$root/cmake/dependencies/$name flags
  flags="$(flags_of "$platform") -ffile-prefix-map=$source=$name -ffile-prefix-map=$recipe=$name"
  local arguments=(-G Ninja -B "$work/build" -DCMAKE_BUILD_TYPE=Release "-DCMAKE_INSTALL_PREFIX=$prefix"
    "-DCMAKE_C_FLAGS=$flags" "-DCMAKE_CXX_FLAGS=$flags" -DCMAKE_C_FLAGS_RELEASE= -DCMAKE_CXX_FLAGS_RELEASE=
    "-DONERING_SOURCE=$source" "-DONERING_VERSION=$version" -DBUILD_TESTING=OFF -DCMAKE_INSTALL_LIBDIR=lib)
  if [[ -e $recipe/CMakeLists.txt ]]; then
    arguments+=(-S "$recipe")
  else
    arguments+=(-S "$source" -C "$recipe/options.cmake")
  fi
  case $platform in
    native) arguments+=("-DCMAKE_C_COMPILER=$cc" "-DCMAKE_CXX_COMPILER=$cxx") ;;
    wasm) arguments+=("-DCMAKE_TOOLCHAIN_FILE=$emscripten_root/cmake/Modules/Platform/Emscripten.cmake") ;;
  esac
  logged "$platform-$name-configure" cmake "${arguments[@]}"
}

# unpacked_source NAME: the folder of the unpacked source, made ready by the recipe's `prepare` if it has one.
unpacked_source() {
  local name=$1 version archive recipe=$root/cmake/dependencies/$1 work=$cache/making/source-$1 target
  read -r version _ <<< "$(pinned source "$name")"
  local preparation=
  [[ -e $recipe/prepare ]] && preparation=$(cat "$recipe/prepare")
  target=$cache/src/$name-$version-$(hash_of "$(pinned source "$name")" "$preparation")
  if [[ ! -d $target ]]; then
    archive=$(fetch source "$name")
    rm -rf "$work"
    mkdir -p "$work" "$cache/src"
    tar -x --strip-components=1 --no-same-owner -C "$work" -f "$archive"
    [[ -z $preparation ]] || CC=$cc logged "source-$name" "$recipe/prepare" "$work"
    mv -T "$work" "$target"
  fi
  echo "$target"
}

# What the presets' toolchain files read. Written only when it changes: a new time stamp would reconfigure.
write_toolchain() {
  local file=$root/build/toolchain.cmake
  mkdir -p "$root/build"
  toolchain_text > "$file.new"
  if cmp -s "$file.new" "$file"; then rm "$file.new"; else mv "$file.new" "$file"; fi
}

toolchain_text() {
  local name
  echo '# Written by cmake/setup; read by cmake/toolchain/*.cmake.'
  echo "set(ONERING_C_COMPILER \"$cc\")"
  echo "set(ONERING_CXX_COMPILER \"$cxx\")"
  echo "set(ONERING_NATIVE_PREFIXES"
  for name in "${native_libraries[@]}"; do echo "  \"$(prefix_of native "$name")\""; done
  echo ')'
  if [[ -n ${emscripten_root:-} ]]; then
    echo "set(ONERING_EMSCRIPTEN_ROOT \"$emscripten_root\")"
    echo "set(ONERING_WASM_PREFIXES"
    for name in "${wasm_libraries[@]}"; do echo "  \"$(prefix_of wasm "$name")\""; done
    echo ')'
  else
    grep -A99 'ONERING_EMSCRIPTEN_ROOT' "$root/build/toolchain.cmake" 2> /dev/null || true
  fi
}
