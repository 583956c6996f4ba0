#!/bin/sh
# Makes what job.json needs below a directory: a package with the program, and the inputs.
set -eu
directory=${1:-/tmp/batchplane-files}
mkdir -p "$directory/in" "$directory/program"
printf '#!/bin/sh\nmkdir -p out\nsort input/words.txt | uniq -c >out/counts.txt\necho "counted $(wc -l <input/words.txt) words"\n' >"$directory/program/count.sh"
chmod +x "$directory/program/count.sh"
tar -C "$directory/program" -czf "$directory/package.tgz" .
printf 'tea\nmilk\ntea\n' >"$directory/in/words.txt"
