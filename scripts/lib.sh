# Words that the scripts beside this one share.

say() {
  printf '%s\n' "== $*" >&2
}

fail() {
  printf '%s\n' "error: $*" >&2
  exit 1
}
