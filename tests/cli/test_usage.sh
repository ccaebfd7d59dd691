#!/bin/sh
# test_usage.sh MYNAH - options, help, exit status 2; needs no weights.
. "$(dirname "$0")/lib.sh"
try version 0 --version && has version '^mynah [0-9]'
try help 0 --help && has help 'transcribe'
for command in ask describe transcribe pull models doctor bench; do
    try "help of $command" 0 "$command" --help && has "help of $command" "^Usage: mynah $command"
    has "help of $command on -q" "no progress or notes on standard error"
done
refuse "unknown command" 2 "'frob' is not a command" frob
refuse "unknown option" 2 "frob.*not an option" ask --frob x
refuse "option of another command" 2 "not an option" describe --image x
refuse "option without value" 2 "temp takes a value" ask --temp
refuse "not a number" 2 "--temp takes a number.*'warm'" ask --temp warm x
refuse "negative number" 2 "--temp takes a number" ask --temp -1 x
refuse "zero threads" 2 "--threads takes a whole number of 1 or more" ask -t 0 x
refuse "ask without prompt" 2 "takes a prompt" ask
refuse "describe without file" 2 "takes the images" describe
refuse "transcribe without file" 2 "takes the clips" transcribe
refuse "transcript format" 2 "one of txt json srt vtt, not 'doc'" transcribe --format doc x.wav
for format in srt vtt; do
    refuse "two clips in one $format" 2 "one clip at a time.*> \"\\\$f.$format\".*--format json" transcribe --format $format a.wav b.wav
done
MYNAH_MODELS=$dir/none refuse "lines without a model" 4 "run .mynah pull default" --plain
refuse "unknown model" 4 "nosuch" ask -m nosuch Hello
refuse "unknown letter" 2 "'-X' is not an option of .mynah ask" ask -X x
refuse "a file like an option" 2 "'-i' is not an option" transcribe -i.wav
refuse "an option before the command" 2 "mynah ask \.\.\." -q ask Hello
refuse "unknown language" 2 "--lang takes a language.*'klingon'" describe --lang klingon x.jpg

# What cannot be written is a failure, not a success without an answer.
for to in '>/dev/full' '>&-'; do
    eval '"$mynah" models '"$to" 2>"$dir/err"
    status=$?
    [ "$status" = 5 ] && ok "models $to" || not_ok "models $to" "status $status"
    has "models $to says why" "standard output cannot be written" "$dir/err"
done
exit "$n_failed"
