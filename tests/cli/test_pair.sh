#!/bin/sh
# test_pair.sh MYNAH - a text model with the encoder that was published with it, as random files in the publishers' layout.
. "$(dirname "$0")/lib.sh"
golden=$(cd "$(dirname "$0")/../golden" && pwd)
assets=$(cd "$(dirname "$0")/../../assets" && pwd)
text=$golden/text_llama3.gguf eyes=$golden/vision_idefics3.gguf picture=$golden/photographs/photograph.webp
export XDG_CONFIG_HOME="$dir/config" XDG_DATA_HOME="$dir/data" XDG_CACHE_HOME="$dir/cache"
models=${MYNAH_MODELS:-$HOME/.local/share/mynah/models}

# ---- without weights ----
export MYNAH_MODELS="$dir/none"
refuse "rows of another width" 4 "vision_gemma3.gguf gives rows of 16 numbers, the text model $text takes 32: take the text model that it was published with .-m., or words" \
    ask -m "$text" --mmproj "$golden/vision_gemma3.gguf" Hello
refuse "an encoder of sound that is none" 4 "takes a projector for pictures or sound.*encoder_audio.gguf: the projector type for sound is test" ask -m "$text" --mmproj "$golden/encoder_audio.gguf" Hello
head -c 50000 "$eyes" >"$dir/short.gguf"
refuse "a file that was cut off" 4 "takes a projector for pictures or sound: $dir/short.gguf" ask -m "$text" --mmproj "$dir/short.gguf" Hello
refuse "a model that is not here" 4 "smolvlm-256m is not there.*mynah pull smolvlm-256m" ask -m smolvlm-256m Hello
refuse "its eyes as a text model" 4 "smolvlm-256m-eyes is not there" ask -m smolvlm-256m-eyes Hello
refuse "rows of eyes that are not here" 4 "smolvlm-256m-eyes is not there.*mynah pull smolvlm-256m-eyes" ask -m smolvlm-256m --eyes rows Hello
try "the list" 0 models --json projector && has "the list has eyes" '"name":"smolvlm-500m-eyes","role":"projector"'

# ---- with them ----
export MYNAH_MODELS="$models"
# told NAME EXPRESSION ARGUMENT... - a Python expression over o, the object, and p, what was perceived.
told() {
    name=$1 expression=$2
    shift 2
    try "$name" 0 ask -m "$text" --temp 0 -n 3 --json "$@" || return
    python3 -c "import json, sys; o = json.load(open(sys.argv[1])); p = o['perceived']; print('yes' if ($expression) else o)" "$dir/out" >"$dir/json" 2>&1
    has "$name" '^yes$' "$dir/json"
}
told "a picture" "p[0]['eyes'] == 'rows' and p[0]['rows'] == o['tokens']['rows'] == 28 and p[0]['projector'].endswith('idefics3.gguf')" \
    --mmproj "$eyes" -i "$picture" "What is this?"
told "two pictures in a turn" "[x['rows'] for x in p] == [28, 28] and o['tokens']['rows'] == 56" --mmproj "$eyes" -i "$picture" -i "$golden/images/exif6.jpg" "Which?"
told "a picture and a clip in a turn" "o['tokens']['rows'] == 28 and p[1]['kind'] == 'audio' and 'rows' not in p[1]" \
    --mmproj "$eyes" -i "$picture" -a "$assets/speech.flac" "Who?"
told "in words all the same" "p[0]['eyes'] == 'words' and o['tokens']['rows'] == 0" --mmproj "$eyes" --eyes words -i "$picture" "What is this?"
told "weights of 8 bits" "o['tokens']['rows'] == 28" --mmproj "$golden/vision_idefics3_q8_0.gguf" -i "$picture" "What is this?"
try "rows of a grid" 0 ask -m "$golden/text_qwen2vl.gguf" --mmproj "$golden/vision_qwen25vl.gguf" --temp 0 -n 3 --json \
    -i "$golden/images/exif6.jpg" "What?" && has "rows of a grid" '"rows":24,'
try "a picture in a square" 0 ask -m "$text" --mmproj "$golden/vision_llava.gguf" --temp 0 -n 3 --json -i "$picture" "What?" &&
    has "a picture in a square" '"rows":16,'
try "tiles of the picture's shape" 0 ask -m "$text" --mmproj "$golden/vision_internvl.gguf" --temp 0 -n 3 --json -i "$picture" "What?" &&
    has "tiles of the picture's shape" '"rows":28,'
try "rows that see each other" 0 ask -m "$golden/text_gemma3.gguf" --mmproj "$golden/vision_gemma3.gguf" --temp 0 -n 3 --json -i "$picture" "What?" &&
    has "rows that see each other" '"rows":4,'

# ---- as many rows as fit, or are wanted ----
grid=$golden/text_qwen2vl.gguf grid_eyes=$golden/vision_qwen25vl.gguf
# told_grid NAME EXPRESSION ARGUMENT... - likewise, of a picture that whole has 1247 rows; the context has 1024.
told_grid() {
    name=$1 expression=$2
    shift 2
    try "$name" 0 ask -m "$grid" --mmproj "$grid_eyes" --temp 0 -n 3 --json -i "$picture" "$@" "What?" || return
    python3 -c "import json, sys; o = json.load(open(sys.argv[1])); p = o['perceived'][0]; print('yes' if ($expression) else o)" "$dir/out" >"$dir/json" 2>&1
    has "$name" '^yes$' "$dir/json"
}
told_grid "a picture that does not fit" "500 < p['rows'] < 800 and p['rows_whole'] == 1247 and o['tokens']['rows'] == p['rows']"
has "... is said" 'photograph.webp: encoded smaller, in [0-9]* of 1247 rows: more do not fit in the context of 1024 tokens beside a question: a larger context .-c.' "$dir/err"
told_grid "... in a smaller context" "100 < p['rows'] < 230 and p['rows_whole'] == 1247" -c 300
told_grid "... nor as one row" "p['eyes'] == 'rows' and p['rows'] <= 50" --image-rows 50
if [ -s "$dir/err" ]; then not_ok "... a wish is no news" "$(cat "$dir/err")"; else ok "... a wish is no news"; fi
told_grid "a wish that is too large" "500 < p['rows'] < 800" --image-rows 5000
try "fewer tiles" 0 ask -m "$text" --mmproj "$eyes" --temp 0 -n 3 --json --image-rows 27 -i "$picture" "What?" && has "fewer tiles" '"rows":20,.*"rows_whole":28[,}]'
try "the whole alone" 0 ask -m "$text" --mmproj "$golden/vision_internvl.gguf" --temp 0 -n 3 --json --image-rows 11 -i "$picture" "What?" &&
    has "the whole alone" '"rows":4,.*"rows_whole":28[,}]'
try "tiles that do not fit" 5 ask -m "$text" --mmproj "$golden/vision_internvl.gguf" -n 3 -c 36 -i "$picture" "A question that does not fit beside them" &&
    has "tiles that do not fit" 'in 20 of 28 rows .5 of 7 tiles.: more do not fit in the context of 36 tokens' "$dir/err"
try "what is never smaller" 5 ask -m "$text" --mmproj "$golden/vision_llava.gguf" -n 3 -c 20 -i "$picture" "What?" &&
    has "what is never smaller" 'its 16 rows do not fit in the context of 20 tokens: it is told in words' "$dir/err"
refuse "two that do not fit together" 5 "take fewer rows of a picture .--image-rows., or give a larger context" \
    ask -m "$grid" --mmproj "$grid_eyes" -n 3 -i "$picture" -i "$picture" "Which?"
refuse "no number of rows" 2 "image-rows takes a whole number" ask -m "$text" --mmproj "$eyes" --image-rows few Hello
mkdir -p "$dir/config/mynah"
echo 'image-rows = 5' >"$dir/config/mynah/config"
told "a wish in the settings" "p[0]['rows'] == 4 and p[0]['rows_whole'] == 28" --mmproj "$eyes" -i "$picture" "What is this?"
told "... which the command line changes" "p[0]['rows'] == 20" --mmproj "$eyes" --image-rows 20 -i "$picture" "What is this?"
rm "$dir/config/mynah/config"
printf '%s\n' "/attach $picture" 'What?' '/set image-rows 21' "/attach $picture" 'And now?' /details >"$dir/lines"
timeout 60 "$mynah" --plain --new -m "$text" --mmproj "$eyes" --temp 0 -n 3 <"$dir/lines" >"$dir/out" 2>&1
has "in the chat, whole" 'looking at the picture: 28 rows, kept from before$'
has "in the chat, then smaller" 'looking at the picture: 20 of 28 rows, kept from before$'
has "... and its details" "told to the text model as 20 rows .the whole has 28., by the projector"
rm -rf "$dir/cache/mynah/rows"
sed -i 's/^mynah speed 1 .*/mynah speed 1 250.0/' "$dir"/cache/mynah/speed/*         # milliseconds a row, as if measured
timeout 60 "$mynah" --plain --new -m "$text" --mmproj "$eyes" --temp 0 -n 3 <"$dir/lines" >"$dir/out" 2>&1
has "in the chat, what it takes" 'looking at the picture: 28 rows, [0-9.]* [KM]B of memory, about 7 s$'
has "... and smaller" 'looking at the picture: 20 of 28 rows, [0-9.]* [KM]B of memory, about [3-9] s$'
rm -rf "$dir/cache"
timeout 60 "$mynah" --plain --new -m "$text" --mmproj "$eyes" --temp 0 -n 3 <"$dir/lines" >"$dir/out" 2>&1
has "... never measured" 'looking at the picture: 28 rows, [0-9.]* [KM]B of memory$'
try "a description" 0 describe -m "$text" --mmproj "$eyes" -n 3 --json "$picture" && has "a description" '"rows":28,'

told "a clip as rows" "p[0]['ears'] == 'rows' and p[0]['rows'] == o['tokens']['rows'] == 100 and p[0]['projector'].endswith('ultravox.gguf') and 'He ' in p[0]['text']" \
    --mmproj "$golden/audio_ultravox.gguf" -a "$assets/speech.flac" "Who?"
told "two clips in a turn" "[x['rows'] for x in p] == [200, 200] and o['tokens']['rows'] == 400 and o['text'] == '\ufffd' * 3" --mmproj "$golden/audio_voxtral.gguf" -a "$assets/speech.flac" -a "$assets/speech.flac" "Who?"
told "a part of a clip is told in words" "p[0]['ears'] == 'words' and o['tokens']['rows'] == 0" --mmproj "$golden/audio_ultravox.gguf" -a "$assets/speech.flac" "Who? @0:08-0:12"
told "a picture beside a clip as rows" "p[0]['eyes'] == 'words' and p[1]['ears'] == 'rows' and p[1]['rows'] == o['tokens']['rows'] > 0" \
    --mmproj "$golden/audio_qwen2a.gguf" -i "$picture" -a "$assets/speech.flac" "Who?"
told "a clip of more rows than there is room for" "p[0]['ears'] == 'words' and o['tokens']['rows'] == 0" -c 384 --mmproj "$golden/audio_qwen2a.gguf" -a "$assets/speech.flac" "Who?"
has "a clip of more rows than there is room for" "speech.flac: its 38[0-9] rows do not fit in the context of 384 tokens: it is told in words" "$dir/err"
told "a clip that fits, but not with the question" "p[0]['ears'] == 'words' and 'rows' not in p[0] and o['tokens']['rows'] == 0" -c 390 --mmproj "$golden/audio_qwen2a.gguf" -a "$assets/speech.flac" "Who?"
has "a clip that fits, but not with the question" "rows do not fit in the context of 390 tokens: it is told in words; a larger context" "$dir/err"
for seconds in 10 30; do
    python3 -c "import sys, wave; w = wave.open(sys.argv[1], 'wb'); w.setparams((1, 2, 16000, 0, 'NONE', '')); w.writeframes(bytes(32000 * $seconds))" "$dir/$seconds.wav"
done
told "of two clips as many as fit" "[x['ears'] for x in p] == ['rows', 'words'] and p[0]['rows'] == o['tokens']['rows'] == 250" \
    --mmproj "$golden/audio_qwen2a.gguf" -a "$dir/10.wav" -a "$dir/30.wav" "Who?"
has "of two clips as many as fit" "30.wav: its 750 rows do not fit in the context of 1024 tokens: it is told in words" "$dir/err"
try "a picture and a clip, both as rows" 0 ask -m "$golden/text_qwen2vl.gguf" --mmproj "$golden/pair_omni.gguf" --temp 0 -n 3 --json \
    -i "$golden/images/exif6.jpg" -a "$assets/speech.flac" "What?" && has "a picture and a clip, both as rows" '"eyes":"rows","rows":24,.*"ears":"rows","rows":38'
refuse "ears of another width" 4 "audio_ultravox.gguf gives rows of 32 numbers, the text model $golden/text_gemma3.gguf takes 16" \
    ask -m "$golden/text_gemma3.gguf" --mmproj "$golden/audio_ultravox.gguf" Hello

# In the chat: a picture, then a question about it, from the rows that are kept.
printf '%s\n' "/attach $picture" 'What is this?' 'And that?' '/details' >"$dir/lines"
timeout 60 "$mynah" --plain --new -m "$text" --mmproj "$eyes" --temp 0 -n 3 <"$dir/lines" >"$dir/out" 2>&1
has "in the chat" "told to the text model as 28 rows, by the projector .*vision_idefics3.gguf"
# A clip: what it takes is told, and that its rows are there another time.
printf '%s\n' "/attach $assets/speech.flac" 'Who?' '/quit' >"$dir/lines"
for what in '[0-9.]* [KM]B of memory' 'kept from before'; do
    XDG_CACHE_HOME="$dir/clips" timeout 60 "$mynah" --plain --new -m "$text" --mmproj "$golden/audio_ultravox.gguf" --temp 0 -n 3 <"$dir/lines" >"$dir/out" 2>&1
    has "in the chat, a clip: $what" "listening to the clip: 100 rows, $what"
done
# What will be told in words is announced as no rows.
XDG_CACHE_HOME="$dir/clips" timeout 60 "$mynah" --plain --new -m "$text" --mmproj "$golden/audio_qwen2a.gguf" -c 384 -n 3 <"$dir/lines" >"$dir/out" 2>&1
has "in the chat, a clip that is too long" 'its 38[0-9] rows do not fit' && lacks "... no rows before" 'listening to the clip'
printf '%s\n' "/attach $picture" '/quit' >"$dir/lines"
timeout 60 "$mynah" --plain --new -m "$text" --mmproj "$golden/vision_llava.gguf" -c 20 -n 3 <"$dir/lines" >"$dir/out" 2>&1
has "in the chat, a picture that does not fit" 'its 16 rows do not fit' && lacks "... no rows before" 'looking at the picture'
exit "$n_failed"
