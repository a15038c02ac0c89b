#!/usr/bin/env bash
# Writes each value of tests/corpus as a file of seeds for the targets that take
# values. `\xNN` and `\\` mean the same to printf as they do there.
set -euo pipefail
cd "$(dirname "$0")/.."

seeds=fuzz/corpus/values
mkdir -p "$seeds"
number=0
sed -n "s/^octets *= '\(.*\)'$/\1/p" tests/corpus/*.toml | while IFS= read -r octets; do
    number=$((number + 1))
    printf '%b' "$octets" > "$seeds/case-$number"
done
for target in char_ref decide normalize scan; do
    mkdir -p "fuzz/corpus/$target"
    cp "$seeds"/case-* "fuzz/corpus/$target/"
done
mkdir -p fuzz/corpus/config
for file in examples/*.toml tests/config/*.toml; do
    if [ -e "$file" ]; then
        cp "$file" fuzz/corpus/config/
    fi
done
rm -r "$seeds"
