#!/bin/sh
# test_answers.sh MYNAH - the three jobs with the tiny model: stdout, JSON, exit status.
. "$(dirname "$0")/lib.sh"
assets=$(cd "$(dirname "$0")/../../assets" && pwd)
speech=$(ls "$assets"/speech.* | head -n 1)
json() { python3 -c "import json,sys; d=[json.loads(l) for l in open('$dir/out')]; d=d[0] if len(d)==1 else d; print('yes' if ($1) else d)" >"$dir/json" 2>&1; has "$2" '^yes$' "$dir/json"; }

try ask 0 ask -m tiny --temp 0 -n 24 --system 'You are a helpful assistant.' 'What is the capital of France?' && has ask Paris
cp "$dir/out" "$dir/first"
try "greedy again" 0 ask -m tiny --temp 0 -n 24 --system 'You are a helpful assistant.' 'What is the capital of France?' &&
    { cmp -s "$dir/out" "$dir/first" && ok "greedy is repeatable" || not_ok "greedy is repeatable" "$(cat "$dir/out")"; }
echo 'What is the capital of France?' | "$mynah" ask -m tiny --temp 0 -n 24 --system 'You are a helpful assistant.' - >"$dir/out" 2>"$dir/err" && has "prompt from standard input" Paris
try "one token" 0 ask -m tiny --json -n 1 Hello && json "d['tokens']['generated'] == 1 and d['perceived'] == [] and d['file'] is None" "json of ask"
try "same seed" 0 ask -m tiny --seed 7 --temp 1 -n 12 'Tell me a story.' && cp "$dir/out" "$dir/first" &&
    try "same seed" 0 ask -m tiny --seed 7 --temp 1 -n 12 'Tell me a story.' &&
    { cmp -s "$dir/out" "$dir/first" && ok "a seed repeats an answer" || not_ok "a seed repeats an answer" "$(cat "$dir/out")"; }

try describe 0 describe -m tiny --json "$assets/photograph.jpg" &&
    json "d['file'].endswith('photograph.jpg') and d['text'] and d['perceived'][0]['kind'] == 'image' and d['perceived'][0]['objects'][0]['name'] and 0 < d['perceived'][0]['objects'][0]['p'] <= 1" "json of describe"
try "two files" 0 describe -m tiny "$assets/photograph.jpg" "$assets/photograph.jpg" &&
    { [ "$(grep -c '^.*photograph.jpg: .' "$dir/out")" = 2 ] && ok "a line for each file" || not_ok "a line for each file" "$(cat "$dir/out")"; }

try transcribe 0 transcribe "$speech" && cp "$dir/out" "$dir/words" && has "words only" '^[^0-9:>]+$'
try srt 0 transcribe --format srt "$speech" && has srt '^00:00:00,[0-9]{3} --> 00:00:'
try vtt 0 transcribe --format vtt "$speech" && has vtt '^WEBVTT'
try "json of transcribe" 0 transcribe --json "$speech" &&
    json "d['perceived'][0]['language'] == 'en' and d['perceived'][0]['segments'][-1]['end'] <= d['perceived'][0]['seconds'] + 0.1 and d['model'] == 'whisper-base'" "json of transcribe"
try "a clip in a question" 0 ask -m tiny --json -n 8 -a "$speech" 'What is said?' && json "d['perceived'][0]['kind'] == 'audio' and d['tokens']['prompt'] > 20" "a clip in a question"
refuse "an image to transcribe" 3 "is an image" transcribe "$assets/photograph.jpg"
refuse "a clip to describe" 3 "is a clip" describe -m tiny "$speech"

"$mynah" ask -m tiny --temp 0 'Count from one to one thousand in words.' >"$dir/out" 2>"$dir/err" &
pid=$!
for i in $(seq 600); do [ -s "$dir/out" ] && break; sleep 0.05; done
kill -INT $pid; wait $pid
[ $? = 130 ] && ok "Ctrl-C ends with 130" || not_ok "Ctrl-C ends with 130" "$(tail -c 200 "$dir/err")"

# Notes (here of a transcript that is cut to fit) are told of, but not with -q; errors always are.
try "a note" 0 ask -m tiny --temp 0 -n 4 -c 160 -a "$speech" 'What is said?' && has "a note" 'does not fit in the context' "$dir/err"
try "no note with -q" 0 ask -q -m tiny --temp 0 -n 4 -c 160 -a "$speech" 'What is said?' &&
    { [ -s "$dir/err" ] && not_ok "no note with -q" "$(cat "$dir/err")" || ok "no note with -q"; }
refuse "an error with -q" 2 "nothing was asked" ask -q -m tiny ' '
refuse "a blank prompt" 2 "nothing was asked" ask -m tiny ' '
refuse "a prompt beyond the context" 5 "does not fit.*context has 16.*shorten" ask -m tiny -c 16 'What is the capital of France?'

# At any moment, loading too: by a handler or, before there is one, by the signal itself.
# The prompt is long enough to be read for seconds on any machine.
long=$(yes 'the quick brown fox jumps over the lazy dog' | head -n 400)
for after in 0.02 0.04 0.06 0.08 0.12 0.2; do
    "$mynah" ask -m tiny --temp 0 "$long" >"$dir/out" 2>"$dir/err" &
    pid=$!
    sleep $after
    kill -TERM $pid; wait $pid
    status=$?
    [ $status = 143 ] && ok "stopped after $after s" || not_ok "stopped after $after s" "status $status"
done

# Names of any kind; a line of its own for each file.
odd=$dir/'a
b.flac'
cp "$speech" "$odd" && cp "$speech" "$dir/-t.flac" && cd "$dir" || exit 1
try "a name of two lines" 0 transcribe -- "$odd" -t.flac &&
    { [ "$(wc -l <"$dir/out")" = 2 ] && grep -q '^-t.flac: .' "$dir/out" && ok "a line for each file" || not_ok "a line for each file" "$(cat "$dir/out")"; }

# Silence, and a clip too short for a word, give no words; a line on stderr says so.
for n in 1600 160000; do
    python3 -c "import wave; w = wave.open('$dir/none.wav', 'wb'); w.setparams((1, 2, 16000, 0, 'NONE', '')); w.writeframes(b'\0\x20\0\xe0' * ($n // 2) if $n < 2000 else bytes(2 * $n))"
    try "no speech in $n samples, quietly" 0 transcribe -q "$dir/none.wav" &&
        { [ -s "$dir/err" ] && not_ok "-q on silence" "$(cat "$dir/err")" || ok "-q on silence"; }
    try "no speech in $n samples" 0 transcribe "$dir/none.wav" && has "no speech in $n samples" 'no speech was found' "$dir/err" &&
        { [ -z "$(tr -d '[:space:]' <"$dir/out")" ] || not_ok "no speech in $n samples" "$(cat "$dir/out")"; }
done

mkdir "$dir/models" && head -c 1000 "$speech" >"$dir/models/ggml-base.bin"
MYNAH_MODELS=$dir/models refuse "a damaged speech model" 4 "$dir/models/ggml-base.bin has 1000 bytes.*remove it and run .mynah pull whisper-base" transcribe "$speech"
exit "$n_failed"
