#!/bin/sh
# test_usage.sh MYNAH - options, help, exit status 2; needs no weights.
. "$(dirname "$0")/lib.sh"
try version 0 --version && has version '^mynah [0-9]'
try help 0 --help && has help 'transcribe'
for command in ask describe transcribe listen pull models doctor bench quantize; do
    try "help of $command" 0 "$command" --help && has "help of $command" "^Usage: mynah $command"
    has "help of $command on -q" "no progress or notes on standard error"
done
refuse "unknown command" 2 "'frob' is not a command" frob
refuse "unknown option" 2 "frob.*not an option" ask --frob x
refuse "option of another command" 2 "not an option" describe --image x
refuse "... that begins one of its own" 2 "'--json' is not an option" --json x
refuse "option without value" 2 "temp takes a value" ask --temp
refuse "not a number" 2 "--temp takes a number.*'warm'" ask --temp warm x
refuse "negative number" 2 "--temp takes a number" ask --temp -1 x
refuse "zero threads" 2 "--threads takes a whole number of 1 or more" ask -t 0 x
refuse "a type of cache" 2 "--kv takes.*f16.*q8_0.*'q4_0'" ask --kv q4_0 x
refuse "ask without prompt" 2 "takes a prompt" ask
refuse "tokenize without file" 2 "takes one file" tokenize
refuse "tokenize of two files" 2 "takes one file" tokenize a.txt b.txt
refuse "describe without file" 2 "takes the images" describe
refuse "transcribe without file" 2 "takes the clips" transcribe
for format in doc srt,doc srt, '' TXT; do
    refuse "transcript format '$format'" 2 "some of txt srt vtt lrc csv json, with commas between them, not '$format'" transcribe --format "$format" x.wav
done
for format in srt vtt lrc csv; do
    refuse "two clips in one $format" 2 "$format takes one clip at a time on standard output: --out DIR.*--format json" transcribe --format $format a.wav b.wav
done
refuse "two formats in one output" 2 "srt,json is more than standard output can hold: --out DIR" transcribe --format srt,json a.wav
refuse "spoken language" 2 "--language takes a language.*'klingon'" transcribe --language klingon x.wav
refuse "a beam too wide" 2 "--beam takes a number from 1 to 16, not 17" transcribe --beam 17 x.wav
refuse "force without out" 2 "--force goes with --out" transcribe --force x.wav
refuse "a pattern without a match" 3 "nothing-\*.wav: no file has a name like that" transcribe 'nothing-*.wav'
mkdir "$dir/clips"
refuse "a folder of clips" 3 "$dir/clips: is a folder.*mynah transcribe $dir/clips/\*.wav" transcribe "$dir/clips"
: >"$dir/file"
printf 'RIFF\044\000\000\000WAVE' >"$dir/a.wav"
refuse "out is a file" 3 "--out: the folder $dir/file cannot be made: a file has that name" transcribe --out "$dir/file" "$dir/a.wav"
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
