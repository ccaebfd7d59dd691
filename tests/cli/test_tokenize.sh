#!/bin/sh
# test_tokenize.sh MYNAH - ids of a text by the tokenizers in tests/golden; needs no weights.
. "$(dirname "$0")/lib.sh"
golden=$(realpath "$(dirname "$0")/../golden")
gemma=$golden/text_gemma_cut.gguf

# is NAME EXPECTED - the last stdout.
is() { [ "$(cat "$dir/out")" = "$2" ] && ok "$1" || not_ok "$1" "$(head -c 200 "$dir/out"), expected $2"; }

# Golden ids: the text in hexadecimal, then the ids.
n=0
while read -r hex ids && [ "$n" -lt 20 ]; do
    [ "$hex" = - ] && continue
    for byte in $(printf '%s' "$hex" | sed 's/../& /g'); do printf "\\$(printf %03o "0x$byte")"; done >"$dir/text"
    golden_ids="[$(printf '%s' "$ids" | tr ' ' ,)]"
    try "golden text $n" 0 tokenize -m "$gemma" "$dir/text" || break
    [ "$(cat "$dir/out")" = "$golden_ids" ] || { is "golden text $n" "$golden_ids"; break; }
    n=$((n + 1))
done <"$golden/tokens_gemma_cut.txt"
[ "$n" = 20 ] && ok "20 golden texts" || not_ok "20 golden texts" "$n"

printf '<end_of_turn>' >"$dir/text"
try special 0 tokenize -m "$gemma" --special "$dir/text" && has "control token, with the first one" '^\[2,[0-9]+\]$'
try plain 0 tokenize -m "$gemma" "$dir/text" && has "no control token unasked" '^\[[0-9]+(,[0-9]+){3,}\]$'
printf 'a\0b\377\n' >"$dir/text"
try "any bytes" 0 tokenize -m "$gemma" "$dir/text" && cp "$dir/out" "$dir/want" && has "any bytes" '^\[[0-9]+(,[0-9]+){4}\]$'
"$mynah" tokenize -m "$gemma" - <"$dir/text" >"$dir/out" && cmp -s "$dir/out" "$dir/want" && ok "standard input" || not_ok "standard input" "$(cat "$dir/out")"
printf '' | "$mynah" tokenize -m "$gemma" - >"$dir/out" && is "nothing" '[]'
refuse "no such file" 3 "none.txt" tokenize -m "$gemma" none.txt
refuse "no such model" 4 "nosuch" tokenize -m nosuch "$dir/text"
exit "$n_failed"
