#!/bin/sh
# test_ears.sh MYNAH - twelve clips by voices that nothing was learned from are repeated from the rows of own-ears alone; the answer to
# another clip, which is what that clip's rows say, has next to none of the words.
. "$(dirname "$0")/lib.sh"
here=$(cd "$(dirname "$0")/.." && pwd)
said=$here/golden/said

python3 "$here/quality/ears.py" "$mynah" "$said" --show 12 >"$dir/out" 2>"$dir/err" || { cat "$dir/err"; echo "not ok twelve clips by rows"; exit 1; }
wrong() { # NAME EXPRESSION over own and other, words wrong in per cent
    python3 -c "import re, sys; own, other = map(float, re.search(r' ([0-9.]+) % wrong, .* rows ([0-9.]+) %', open(sys.argv[1]).read()).groups()); print('yes' if $2 else (own, other))" \
        "$dir/out" >"$dir/figures" 2>&1
    has "$1" '^yes$' "$dir/figures"
}
wrong "at most 30 % of the words wrong" "own <= 30"
wrong "with another clip's rows at least 90 %" "other >= 90"
refuse "ears of tiny with another text model" 4 "own-ears gives rows of 576 numbers, the text model .* takes 32: own-ears speaks to tiny: add -m tiny" \
    ask -m "$here/golden/text_llama3.gguf" --mmproj own-ears Hello
exit "$n_failed"
