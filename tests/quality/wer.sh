#!/bin/sh
# wer.sh - word error rates, greedy and with a beam of five, over a folder of clips and their words;
# and those of whisper.cpp with the same weights.
#
#   wer.sh FOLDER                     FOLDER holds NAME.wav and NAME.txt (wer.py)
#
#   MYNAH           the program (default: build/mynah)
#   PEER_WHISPER_CLI  whisper.cpp's whisper-cli, when it is to be compared with; then
#   PEER_MODEL        the same ggml file that mynah uses
#
# whisper.cpp decodes with time stamps, as mynah does: its -nt leaves them out of the decoding, too, and so
# gives other words.  Each clip's errors go to standard error.  Exits with 1 when mynah's rate is more than 0.2 points over
# the peer's, unless it is two words or less in all.
cd "$(dirname "$0")/../.." || exit 1
folder=$1
mynah=${MYNAH:-build/mynah}
peer=${PEER_WHISPER_CLI:-}
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
if [ ! -d "$folder" ]; then
    echo "usage: tests/quality/wer.sh FOLDER    (a folder of NAME.wav and NAME.txt)" >&2
    exit 2
fi
if [ -n "$peer" ] && [ ! -f "${PEER_MODEL:-}" ]; then
    echo "wer.sh: set PEER_MODEL to the ggml-*.bin file that mynah uses" >&2
    exit 2
fi

rate() { # command... -> rate, errors
    rate=$(python3 tests/quality/wer.py "$folder" "$@" 2>"$log") || { cat "$log" >&2; exit 1; }
    cat "$log" >&2
    if grep -q 'exit [1-9]' "$log"; then
        echo "wer.sh: $1 failed on a clip" >&2
        exit 1
    fi
    errors=$(awk '{ split($2, of, "/"); n += of[1] } END { print n + 0 }' "$log")
}

status=0
for beam in 1 5; do
    rate "$mynah" transcribe -q --format txt --beam $beam @
    ours=$rate our_errors=$errors
    printf 'beam %s: mynah %s %% (%s words)' "$beam" "$ours" "$our_errors"
    if [ -n "$peer" ]; then
        rate sh -c '"$1" -m "$2" -np -l auto -bs "$3" -f "$4" | sed "s/^\[[^]]*\]//"' sh "$peer" "$PEER_MODEL" $beam @
        printf ', whisper.cpp %s %% (%s words)' "$rate" "$errors"
        if awk "BEGIN { exit !($ours > $rate + 0.2 && $our_errors > $errors + 2) }"; then
            printf ': worse'
            status=1
        fi
    fi
    echo
done
exit $status
