#!/bin/sh
# bench.sh BUILD - speed of the text models that are here, of image and sound, and of the screen.
#
# PEER_LLAMA_BENCH names another engine's llama-bench: its figures on the same file follow ours.
cd "$(dirname "$0")/.." || exit 1
mynah=$1/mynah
"$mynah" doctor -q | grep -E 'processor|memory'
"$1"/tests/bench_view || exit 1
"$1"/tests/bench_chat || exit 1
for name in tiny small default; do
    path=$("$mynah" models --json | sed -n "s/.*\"name\":\"$name\".*\"path\":\"\([^\"]*\)\".*\"present\":true.*/\1/p")
    [ -n "$path" ] || { echo "$name: not here (mynah pull $name)"; continue; }
    "$mynah" bench -m "$name" || exit 1
    "$mynah" ask -m "$name" -n 1 --temp 0 --json Hello | sed -n 's/.*"load":\([0-9.]*\).*"prefill":\([0-9.]*\).*/ask: load                             \1 ms, prefill \2 ms/p'
    [ -z "$PEER_LLAMA_BENCH" ] || "$PEER_LLAMA_BENCH" -m "$path" -t 2 -p 128,512 -n 32 -fa 0,1 2>/dev/null | grep -E 'pp|tg'
    echo
done
"$1"/tests/bench_sessions
