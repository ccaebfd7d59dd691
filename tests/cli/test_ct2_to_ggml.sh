#!/bin/sh
# test_ct2_to_ggml.sh - the converter refuses what is no CTranslate2 Whisper, says why, and leaves nothing.
# Its output on the real weights is what tests/weights_whisper.c runs on.
cd "$(dirname "$0")/../.." || exit 1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
printf '["a","b","<|endoftext|>"]' >"$dir/vocabulary.json"
spec='\006\000\000\000\014\000WhisperSpec\000\003\000\000\000'

refuses() { # name, bytes for printf, reason
    printf "$2" >"$dir/model.bin"
    message=$(python3 tools/ct2_to_ggml.py "$dir/model.bin" "$dir/vocabulary.json" "$dir/out.bin" 2>&1)
    if [ $? = 0 ]; then echo "not ok ct2_to_ggml $1: accepted"
    elif ! printf '%s' "$message" | grep -q "$3"; then echo "not ok ct2_to_ggml $1: $message"
    elif ls "$dir" | grep -q '^out'; then echo "not ok ct2_to_ggml $1: left a file"
    else echo "ok ct2_to_ggml $1"; fi
}
refuses empty '' 'ends early'
refuses text 'not a model at all, only text' 'model.bin'
refuses version '\007\000\000\000\014\000WhisperSpec\000\003\000\000\000' 'expected version 6'
refuses cut "$spec"'\001\000\000\000\004\000abc\000\001' 'ends early'
refuses nothing "$spec"'\000\000\000\000' 'encoder/conv1/weight is missing'
refuses shape "$spec"'\001\000\000\000\025\000encoder/conv1/weight\000\001\002\000\000\000\004\004\000\000\000abcd' 'expected f16'
refuses size "$spec"'\001\000\000\000\002\000a\000\001\005\000\000\000\004\004\000\000\000abcd' '4 bytes for shape'
