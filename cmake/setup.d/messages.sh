# What the person at the terminal sees: one quiet line per step, the whole story only when a step fails.

say() { printf 'setup: %s\n' "$*" >&2; }

fail() {
  say "$@"
  exit 1
}

# logged NAME COMMAND...: runs the command with its output in a log file, and shows that file's end on failure.
logged() {
  local log=$logs/$1.log
  shift
  if ! "$@" > "$log" 2>&1 < /dev/null; then
    say "this failed: $*"
    tail -n 40 "$log" >&2
    fail "the whole log: $log"
  fi
}

# hash_of TEXT...: a short key for file names.
hash_of() { printf '%s\n' "$@" | sha256sum | cut -c1-12; }
