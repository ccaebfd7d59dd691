#!/bin/sh
# test_stdin.sh MYNAH - standard input as prompt, image and clip, with the tiny model.
. "$(dirname "$0")/lib.sh"
assets=$(cd "$(dirname "$0")/../../assets" && pwd)
export XDG_CONFIG_HOME="$dir/config" TMPDIR="$dir/tmp"
mkdir "$TMPDIR"
# feed NAME STATUS FILE ARGUMENT... - standard input is a pipe that gives FILE.
feed() {
    name=$1 want=$2 file=$3
    shift 3
    cat "$file" | timeout 60 "$mynah" "$@" >"$dir/out" 2>"$dir/err"
    status=$?
    [ "$status" = "$want" ] && return 0
    not_ok "$name" "status $status, expected $want; $(head -c 300 "$dir/err")"
    return 1
}
same() { cmp -s "$dir/out" "$dir/$2" && ok "$1" || not_ok "$1" "$(head -c 200 "$dir/out"), expected $(head -c 200 "$dir/$2")"; }
greedy='-q -m tiny --temp 0 -n 12'
echo 'What is the capital of France?' >"$dir/prompt"
printf 'Name a colour.\n\nWhat is the capital of France?' >"$dir/both"
: >"$dir/empty"

try "prompt" 0 ask $greedy 'What is the capital of France?' && cp "$dir/out" "$dir/answer"
feed "a prompt for -" 0 "$dir/prompt" ask $greedy - && same "a prompt for -" answer
feed "a prompt without -" 0 "$dir/prompt" ask $greedy && same "a prompt without -" answer
try "words and then -" 0 ask $greedy "$(cat "$dir/both")" && cp "$dir/out" "$dir/answer"
feed "words and then -" 0 "$dir/prompt" ask $greedy Name a colour. - && same "words and then -" answer
try "nothing else" 0 ask $greedy Hi && cp "$dir/out" "$dir/answer"
feed "nothing is read beside a prompt" 0 "$dir/prompt" ask $greedy Hi && same "nothing is read beside a prompt" answer

try image 0 describe -m tiny "$assets/photograph.jpg" && cp "$dir/out" "$dir/answer"
feed "describe -" 0 "$assets/photograph.jpg" describe -m tiny - && same "describe -" answer
feed "describe - in json" 0 "$assets/photograph.jpg" describe --json -m tiny - && has "describe - in json" '"file":"/dev/stdin".*"kind":"image"'
feed "ask -i -" 0 "$assets/photograph.jpg" ask $greedy --json -i - 'What is it?' && has "ask -i -" '"objects":.*"name":"cup","count":1'
feed "two images, one of them -" 0 "$assets/photograph.jpg" describe -m tiny - "$assets/photograph.jpg" && has "two images, one of them -" '^/dev/stdin: .'
try clip 0 transcribe "$assets/speech.flac" && cp "$dir/out" "$dir/answer"
feed "transcribe -" 0 "$assets/speech.flac" transcribe - && same "transcribe -" answer
feed "ask -a -" 0 "$assets/speech.flac" ask $greedy --json -a - 'What is said?' && has "ask -a -" '"kind":"audio"'

feed "an image without a question" 2 "$assets/photograph.jpg" ask -i - && has "an image without a question" 'takes a prompt' "$dir/err"
feed "an image and a clip" 2 "$assets/photograph.jpg" ask -i - -a - x && has "an image and a clip" 'asked for 2 times; it can be read once' "$dir/err"
feed "an image and a prompt" 2 "$assets/photograph.jpg" ask -i - - && has "an image and a prompt" 'asked for 2 times' "$dir/err"
feed "the same image twice" 2 "$assets/photograph.jpg" describe - - && has "the same image twice" 'asked for 2 times' "$dir/err"
feed "an empty clip" 3 "$dir/empty" transcribe - && has "an empty clip" 'standard input: is empty' "$dir/err"
feed "an empty prompt" 3 "$dir/empty" ask - && has "an empty prompt" 'standard input: is empty' "$dir/err"
feed "no prompt" 2 "$dir/empty" ask && has "no prompt" 'takes a prompt' "$dir/err"
feed "an image as a prompt" 3 "$assets/photograph.jpg" ask -m tiny && has "an image as a prompt" 'NUL bytes.*attached with -i' "$dir/err"
feed "text as an image" 3 "$dir/prompt" describe -m tiny - && has "text as an image" '^mynah: /dev/stdin: is neither a picture' "$dir/err"
feed "an image to transcribe" 3 "$assets/photograph.jpg" transcribe - && has "an image to transcribe" 'is an image' "$dir/err"
TMPDIR=$dir/none feed "no folder for the copy" 3 "$assets/photograph.jpg" describe -m tiny - && has "no folder for the copy" 'TMPDIR names another' "$dir/err"

# A copy is nobody else's, and nothing is left of it: at the end, and killed while it is made or used.
mkfifo "$dir/fifo"
for how in INT TERM HUP KILL; do
    "$mynah" ask -m tiny -n 1 -i - "$(yes 'a long question' | head -n 300)" <"$dir/fifo" >"$dir/out" 2>"$dir/err" &
    pid=$!
    exec 3>"$dir/fifo"
    head -c 100000 "$assets/photograph.jpg" >&3
    for i in $(seq 200); do ls -l /proc/$pid/fd 2>/dev/null | grep -q "$TMPDIR" && break; sleep 0.02; done
    link=$(ls -l /proc/$pid/fd 2>/dev/null | grep "$TMPDIR" | sed 's/.* -> //')
    case "$link" in *' (deleted)') ok "the copy has no name ($how)" ;; *) not_ok "the copy has no name ($how)" "$link" ;; esac
    [ "$how" = KILL ] || [ "$how" = HUP ] || exec 3>&-
    kill -$how $pid; exec 3>&-; wait $pid 2>/dev/null
    [ -z "$(ls -A "$TMPDIR")" ] && ok "nothing is left after $how" || not_ok "nothing is left after $how" "$(ls -A "$TMPDIR")"
done
exit "$n_failed"
