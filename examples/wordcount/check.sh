#!/bin/sh
# Compares the result of the wordcount job with what sort and uniq say over the same text.
#
#   ./check.sh [FILE]      FILE is the standard output of task merge; without it, standard input is read.
#
# TEXT_DIR is the directory of the text, /usr/share/common-licenses unless set. Exit code 0: the same, 1: different.
set -eu
export LC_ALL=C

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat "${1:--}" > "$work/result"

# Each file once, though several names may lead to it.
for file in "${TEXT_DIR:-/usr/share/common-licenses}"/*; do readlink -f "$file"; done | sort -u > "$work/files"
while read -r file; do cat "$file"; done < "$work/files" |
  tr -cs '[:alnum:]' '\n' | tr '[:upper:]' '[:lower:]' | sed '/^$/d' | sort | uniq -c | sort -rn > "$work/expected"

if ! cmp -s "$work/expected" "$work/result"; then
  echo "the result differs from what sort and uniq say:" >&2
  diff "$work/expected" "$work/result" | head -n 20 >&2
  exit 1
fi

echo "$(wc -l < "$work/result") different words, the same as sort and uniq say"
