#!/bin/sh
# test_eyes.sh MYNAH - pictures as rows of a projector: what is refused, and what is told of it.
. "$(dirname "$0")/lib.sh"
golden=$(cd "$(dirname "$0")/../golden" && pwd)
picture=$golden/photographs/photograph.webp random=$golden/text_qwen2_tiny.gguf
tiny_eyes=$golden/projector_tiny.gguf small_eyes=$golden/projector_small.gguf
export XDG_CONFIG_HOME="$dir/config" XDG_DATA_HOME="$dir/data"
models=${MYNAH_MODELS:-$HOME/.local/share/mynah/models}

# ---- without weights ----
export MYNAH_MODELS="$dir/none"
refuse "rows without a projector" 2 "--eyes rows needs a projector: add --mmproj own-eyes.*-m tiny" ask --eyes rows Hello
refuse "another way to see" 4 "ears is neither a model that sees .*nor a file; --eyes takes words, rows, or who looks" ask -m "$random" --eyes ears Hello
refuse "no such projector" 4 "nosuch is neither a projector that this program knows nor a file" ask --mmproj nosuch Hello
for name in tiny:text whisper-base:speech efficientnet-lite2:classifier concepts:head; do
    refuse "${name%:*} as a projector" 2 "--mmproj takes a projector: own-eyes, own-ears, one of .mynah models projector., or a GGUF file; ${name%:*} is a model of the role ${name#*:}" \
        ask --mmproj "${name%:*}" Hello
done
refuse "a text model's file as a projector" 4 "takes a projector.*architecture is qwen2, a projector .clip. was expected; -m takes text models" \
    ask -m "$random" --mmproj "$random" Hello
refuse "a Whisper file as a projector" 4 "takes a projector.*whisper_tiny.bin: is not a GGUF file" ask -m "$random" --mmproj "$golden/whisper_tiny.bin" Hello
refuse "rows of another width" 4 "$small_eyes gives rows of 576 numbers, the text model $random takes 32: it was made for Smollm2.*-m" \
    describe -m "$random" --mmproj "$small_eyes" "$picture"
echo Hi >"$dir/lines"
timeout 60 "$mynah" --plain --new -m "$random" --mmproj "$small_eyes" <"$dir/lines" >"$dir/out" 2>&1
has "... also in the chat" "gives rows of 576 numbers"
try "a projector without a picture" 0 ask -m "$random" --mmproj "$tiny_eyes" -n 1 --json Hello &&
    has "a projector without a picture" '"tokens":\{"prompt":[0-9]+,"rows":0,'
if [ -s "$dir/err" ]; then not_ok "... says nothing" "$(cat "$dir/err")"; else ok "... says nothing"; fi
try "made for another model" 0 ask -m "$golden/text_llama_tiny.gguf" --mmproj "$tiny_eyes" -n 1 Hello &&
    has "made for another model, which is noted" "was made for the text model tiny random qwen2, and .*text_llama_tiny.gguf is another" "$dir/err"

# ---- with them ----
export MYNAH_MODELS="$models"
# told NAME EXPRESSION ARGUMENT... - a Python expression over o, the object, and p, what was perceived.
told() {
    name=$1 expression=$2
    shift 2
    try "$name" 0 describe -m tiny --json "$@" "$picture" || return
    python3 -c "import json, sys; o = json.load(open(sys.argv[1])); p = o['perceived'][0]; print('yes' if ($expression) else o)" "$dir/out" >"$dir/json" 2>&1
    has "$name" '^yes$' "$dir/json"
}
in_words="p['eyes'] == 'words' and 'rows' not in p and o['tokens']['rows'] == 0"
told "in words" "$in_words"
told "as rows" "p['eyes'] == 'rows' and p['rows'] == 4 and p['projector'].endswith('projector_small.gguf') and o['tokens']['rows'] == 4 and o['text'].startswith('The image shows')" --mmproj "$small_eyes"
told "in words all the same" "$in_words" --mmproj "$small_eyes" --eyes words
told "as rows by name" "p['rows'] == 4" --mmproj "$small_eyes" --eyes rows

# A switch to a model of another width is refused, and the one in use stays.
printf '/model %s\nHi\n' "$random" >"$dir/lines"
timeout 60 "$mynah" --plain --new -m tiny --mmproj "$small_eyes" -n 3 <"$dir/lines" >"$dir/out" 2>&1
has "/model of another width is refused" "gives rows of 576 numbers, the text model $random takes 32"
exit "$n_failed"
