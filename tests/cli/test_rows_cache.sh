#!/bin/sh
# test_rows_cache.sh MYNAH - rows of a picture that a pair's encoder made are there the next time, for the same picture, encoder and
# kernels alone; whatever befalls what is kept, the answer is the same.
. "$(dirname "$0")/lib.sh"
tests=$(cd "$(dirname "$0")/.." && pwd)
golden=$tests/golden
text=$golden/text_gemma3.gguf picture=$golden/photographs/photograph.webp turned=$golden/images/exif6.jpg
export XDG_CONFIG_HOME="$dir/config" XDG_DATA_HOME="$dir/data" XDG_CACHE_HOME="$dir/cache"
export MYNAH_MODELS="${MYNAH_MODELS:-$HOME/.local/share/mynah/models}"
rows=$XDG_CACHE_HOME/mynah/rows
cp "$golden/vision_gemma3.gguf" "$dir/eyes.gguf"
eyes=$dir/eyes.gguf

n_kept() { if [ "$1" = "$(find "$rows" -type f | wc -l)" ]; then ok "... $1 kept"; else not_ok "... $1 kept" "$(ls -l "$rows")"; fi; }
# asked NAME KEPT ARGUMENT... - an answer with rows that were (true) or were not kept (false); in $dir/answer: it and what there was of rows.
asked() {
    name=$1 kept=$2
    shift 2
    try "$name" 0 ask -m "$text" --temp 1 --seed 1 -n 8 --json "$@" "What is this?" || return
    python3 -c "import json, sys; o = json.load(open(sys.argv[1], errors='surrogateescape')); print(ascii(o['text']), o['tokens'], o['perceived'][0]['rows'])" "$dir/out" >"$dir/answer" || not_ok "$name" "$(head -c 300 "$dir/out")"
    has "$name" "\"rows_kept\":$kept[,}]"
}
same() { if cmp -s "$dir/answer" "$dir/first"; then ok "... the same answer"; else not_ok "... the same answer" "$(cat "$dir/answer")"; fi; }

asked "the first time" false --mmproj "$eyes" -i "$picture"
cp "$dir/answer" "$dir/first"
if grep -q "'.*[a-zA-Z].*' .*'rows': 4," "$dir/first"; then ok "... an answer"; else not_ok "... an answer" "$(cat "$dir/first")"; fi
n_kept 1
file=$(find "$rows" -type f)
if [ "$(stat -c %a "$file" "$rows" | tr '\n' ' ')" = "600 700 " ]; then ok "for the user alone"; else not_ok "for the user alone" "$(ls -la "$rows")"; fi
asked "the second time" true --mmproj "$eyes" -i "$picture"
same
cp "$picture" "$dir/elsewhere.webp"
asked "the same bytes under another name" true --mmproj "$eyes" -i "$dir/elsewhere.webp"
same
n_kept 1
asked "another picture" false --mmproj "$eyes" -i "$turned"
if cmp -s "$dir/answer" "$dir/first"; then not_ok "... another answer" "$(cat "$dir/answer")"; else ok "... another answer"; fi
n_kept 2
asked "other kernels" false --kernels ref --mmproj "$eyes" -i "$picture"
n_kept 3
asked "a projector of other weights" false --mmproj "$golden/vision_gemma3_q8_0.gguf" -i "$picture"
asked "... which is kept, too" true --mmproj "$golden/vision_gemma3_q8_0.gguf" -i "$picture"
n_kept 4
cat "$golden/vision_gemma3_q8_0.gguf" >"$eyes"
asked "the projector was written to" false --mmproj "$eyes" -i "$picture"
cat "$golden/vision_gemma3.gguf" >"$eyes"
rm -rf "$rows"
asked "the folder was removed" false --mmproj "$eyes" -i "$picture"
same

# damaged NAME COMMAND... - what the command makes of $file is not taken, but made again.
damaged() {
    name=$1 file=$(find "$rows" -type f)
    shift
    "$@"
    asked "$name" false --mmproj "$eyes" -i "$picture"
    same
    asked "... which is made again" true --mmproj "$eyes" -i "$picture"
    same
    n_kept 1
}
shorten() { truncate -s "$1" "$file"; }
overwrite() { printf x | dd of="$file" bs=1 seek=$(($(stat -c %s "$file") - 90)) conv=notrunc 2>/dev/null; }
exchange() { # for the file of the other picture
    mv "$file" "$dir/kept"
    try "the other picture" 0 ask -m "$text" --mmproj "$eyes" -n 1 -i "$turned" x
    mv "$(find "$rows" -type f)" "$file"
}
damaged "a file that was cut" shorten -20
damaged "an empty file" shorten 0
damaged "a changed byte" overwrite
damaged "another picture's file" exchange
rm -rf "$rows"
: >"$rows"
asked "a file in the folder's place" false --mmproj "$eyes" -i "$picture"
same
export XDG_CACHE_HOME=/proc/nothing
asked "nowhere to keep them" false --mmproj "$eyes" -i "$picture"
same
export XDG_CACHE_HOME="$dir/cache"
rm -f "$rows"

# ---- eyes as a role: the file is read, not written again ----
python3 "$tests/make_pair.py" "$dir/barn.gguf" "A" " red" " barn" "."
looked() { # NAME QUESTION
    try "$1" 0 ask -m tiny --temp 0 -n 2 --json --eyes "$dir/barn.gguf" --mmproj "$golden/vision_idefics3.gguf" -i "$picture" "$2" && has "$1" '"words":"A red barn\."'
}
looked "a pair looks" "What?"
n_kept 1
written=$(stat -c '%i' "$rows"/*)
touch -d 2020-01-01 "$rows"/*
looked "... and again" "Where?"
if [ "$(stat -c '%i' "$rows"/*)" = "$written" ] && [ "$(stat -c '%Y' "$rows"/*)" -gt 1600000000 ]; then ok "... by what was kept"; else not_ok "... by what was kept" "$(stat "$rows"/*)"; fi
# A picture of 1247 rows for a context of 1024: as many as fit, and it is said with what was seen.
try "more rows than eyes hold" 0 ask -m tiny --temp 0 -n 2 --json --eyes "$dir/barn.gguf" --mmproj "$golden/vision_qwen25vl.gguf" -i "$picture" "What?" &&
    has "more rows than eyes hold" '"words":"A red barn\.","note":"it was looked at smaller, in [0-9]* of 1247 rows: more do not fit in its context"'
n_looked=$(find "$XDG_CACHE_HOME/mynah/looked" -type f | wc -l)
try "eyes with fewer rows" 0 ask -m tiny --temp 0 -n 2 --json --image-rows 5 --eyes "$dir/barn.gguf" --mmproj "$golden/vision_idefics3.gguf" -i "$picture" "What?"
if [ "$(find "$XDG_CACHE_HOME/mynah/looked" -type f | wc -l)" = $((n_looked + 1)) ]; then ok "... see anew"; else not_ok "... see anew" "$(ls "$XDG_CACHE_HOME/mynah/looked")"; fi
asked "before the chat" false --mmproj "$eyes" -i "$picture"
printf '%s\n' "/attach $picture" 'What is this?' '/details' >"$dir/lines"
timeout 60 "$mynah" --plain --new -m "$text" --mmproj "$eyes" --temp 0 -n 3 <"$dir/lines" >"$dir/out" 2>&1
has "in the chat" "told to the text model as 4 rows, by the projector .*eyes.gguf, kept from an earlier time"
# ---- a clip ----
rm -rf "$rows"
text=$golden/text_llama3.gguf clip=$tests/../assets/speech.flac
asked "a clip" false --mmproj "$golden/audio_ultravox.gguf" -a "$clip"
cp "$dir/answer" "$dir/first"
asked "... the second time" true --mmproj "$golden/audio_ultravox.gguf" -a "$clip"
same
n_kept 1
asked "... by other ears" false --mmproj "$golden/audio_voxtral.gguf" -a "$clip"
n_kept 2
exit "$n_failed"
