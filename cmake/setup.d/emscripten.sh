# Emscripten: one of 3.1.69 or later on the PATH is used as it is; otherwise Debian's package, unpacked into
# the cache. Its compilers are the system's LLVM. Binaryen's programs want a newer C library than an older
# system has, so that library lies beside them and each is started through its loader.

emscripten_version_min=3.1.69
emscripten_debs=(emscripten binaryen)
runtime_debs=(libc6 libgcc-s1 libstdc++6)
emscripten_root=
emscripten_fetcher=

emscripten_on_path() {
  local version
  version=$(emcc --version 2> /dev/null | sed -n '1s/.* \([0-9][0-9.]*[0-9]\).*/\1/p')
  [[ -n $version ]] && printf '%s\n' "$emscripten_version_min" "$version" | sort -V -C
}

emscripten_prefix() {
  local name pins=
  for name in "${emscripten_debs[@]}"; do pins+="$(pinned deb "$name") "; done
  for name in "${runtime_debs[@]}"; do pins+="$(pinned runtime "$name") "; done
  echo "$cache/emscripten/$(hash_of "$pins" "$(cat "$root/cmake/setup.d/emscripten.sh")" "$(command -v node)" "$native_tools")"
}

# A quarter of a gigabyte: it arrives while the native libraries are being built.
start_fetching_emscripten() {
  [[ -d $emscripten_root ]] && return
  fetch_emscripten &
  emscripten_fetcher=$!
}

fetch_emscripten() {
  local name
  for name in "${emscripten_debs[@]}"; do fetch deb "$name" > /dev/null; done
  for name in "${runtime_debs[@]}"; do fetch runtime "$name" > /dev/null; done
}

find_emscripten() {
  if emscripten_on_path; then
    emscripten_root=$(em-config EMSCRIPTEN_ROOT)
    wasm_tools=$(emcc --version | head -n 1)
  else
    wasm_tools=$(emscripten_prefix)
    emscripten_root=$wasm_tools/share/emscripten
  fi
}

set_up_emscripten() {
  [[ -d $emscripten_root ]] && return
  [[ -z $emscripten_fetcher ]] || wait "$emscripten_fetcher" || exit 1
  unpack_emscripten "${emscripten_root%/share/emscripten}"
}

unpack_emscripten() {
  local prefix=$1 work=$cache/making/emscripten name
  say 'unpacking Emscripten'
  rm -rf "$work"
  mkdir -p "$work/prefix" "$work/runtime"
  unpack_deb "$(fetch deb emscripten)" "$work/prefix"
  unpack_deb "$(fetch deb binaryen)" "$work/prefix"
  for name in "${runtime_debs[@]}"; do unpack_deb "$(fetch runtime "$name")" "$work/runtime"; done
  mv "$work/prefix/bin" "$work/binaryen-bin"
  mkdir -p "$work/prefix/binaryen/bin" "$work/prefix/binaryen/runtime"
  find "$work/runtime" "$work/prefix/lib" -path '*-linux-gnu/*' \( -name 'lib*.so*' -o -name 'ld-linux*' \) \
    -exec cp -P --remove-destination -t "$work/prefix/binaryen/runtime" {} +
  wrap_binaryen "$work" "$prefix"
  write_emscripten_config "$work/prefix" "$prefix"
  mkdir -p "${prefix%/*}"
  mv -T "$work/prefix" "$prefix"
  rm -rf "$work"
}

# Without the position-independent variants, tests and documentation: half of the 1.6 GB.
unpack_deb() {
  dpkg-deb --fsys-tarfile "$1" | tar -x --no-same-owner -C "$2" --transform='flags=r;s,^\./usr/,./,' \
    --exclude='*/wasm32-emscripten/pic' --exclude='*/wasm32-emscripten/lto-pic' \
    --exclude='./usr/share/emscripten/test' --exclude='./usr/share/emscripten/docs' \
    --exclude='./usr/share/doc' --exclude='./usr/share/man' --exclude='*/gconv'
}

wrap_binaryen() {
  local work=$1 prefix=$2 program name runtime=$2/binaryen/runtime loader
  loader=$(cd "$work/prefix/binaryen/runtime" && ls ld-linux*)
  for program in "$work"/binaryen-bin/wasm* ; do
    name=${program##*/}
    [[ $(head -c 4 "$program" | tail -c 3) == ELF ]] || continue
    mv "$program" "$work/prefix/binaryen/runtime/$name"
    printf '#!/bin/sh\nexec "%s" --library-path "%s" "%s" "$@"\n' "$runtime/$loader" "$runtime" "$runtime/$name" \
      > "$work/prefix/binaryen/bin/$name"
    chmod +x "$work/prefix/binaryen/bin/$name"
  done
}

# Emscripten reads `.emscripten` beside its programs, so that nothing needs an environment variable.
write_emscripten_config() {
  local work=$1 prefix=$2 suffix
  suffix=$(basename "$cc")
  suffix=${suffix#clang}
  suffix=${suffix#-}
  cat > "$work/share/emscripten/.emscripten" << END
LLVM_ROOT = '$(dirname "$cc")'
LLVM_ADD_VERSION = '$suffix'
CLANG_ADD_VERSION = '$suffix'
BINARYEN_ROOT = '$prefix/binaryen'
NODE_JS = '$(command -v node)'
FROZEN_CACHE = True
END
  mkdir -p "$work/share/emscripten/node_modules"
  ln -s "$(acorn_folder)" "$work/share/emscripten/node_modules/acorn"
}

acorn_folder() {
  local folder
  for folder in /usr/share/nodejs/acorn /usr/lib/nodejs/acorn; do
    [[ -d $folder ]] && echo "$folder" && return
  done
  fail 'node-acorn is installed but its folder is not where Debian puts it'
}
