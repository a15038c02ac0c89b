#!/usr/bin/env bash
# Writes each value of tests/corpus as a file of seeds for the targets that take
# values, each request of tests/corpus/wire as one for those that take requests,
# and each line of seeds.txt as one for the target that it names. `\xNN` and `\\`
# mean the same to printf as they do there.
set -euo pipefail
cd "$(dirname "$0")/.."

seeds=fuzz/corpus/values
mkdir -p "$seeds"
number=0
sed -n "s/^octets *= '\(.*\)'$/\1/p" tests/corpus/*.toml | while IFS= read -r octets; do
    number=$((number + 1))
    printf '%b' "$octets" > "$seeds/case-$number"
done
for target in char_ref decide display_string encoded_word ext_value forward_as legacy_charset mojibake normalize percent_encoded scan unicode_escape; do
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
number=0
sed -n 's/^\([a-z_]*\): /\1 /p' fuzz/seeds.txt | while read -r target octets; do
    number=$((number + 1))
    mkdir -p "fuzz/corpus/$target"
    printf '%b' "$octets" > "fuzz/corpus/$target/seed-$number"
done
number=0
sed -n "s/^send *= '\(.*\)'$/\1/p" tests/corpus/wire/*.toml | while IFS= read -r octets; do
    number=$((number + 1))
    printf '%b\x05' "$octets" > "fuzz/corpus/wire_requests/case-$number"
    printf '%b\xFE\xFF%b' "$octets" 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n\x00\x00' \
        > "fuzz/corpus/exchange/case-$number"
done
