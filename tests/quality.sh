#!/bin/sh
# quality.sh - what users get, in figures: descriptions and transcripts over a folder
# of data that is not part of the program.
#
#   MYNAH_QUALITY_DATA=FOLDER make quality        MODEL=NAME: another text model
#
# Pictures as rows of own-eyes are described by tiny, whatever MODEL is.
#
# FOLDER may hold (what is not there is left out, and said):
#   everyday/truth.tsv and its photographs     file, object classes, captions (describe_score.py)
#   images/nXXXXXXXX_name.JPEG                 one ImageNet class each, named by the file (class_score.py)
#   imagenet_names.tsv                         names of the classes
#   audio/NAME.wav and NAME.txt                clips and their words (wer.sh, which compares with whisper.cpp too)
# Onsets of words are measured on clips that espeak-ng speaks (make_onsets.py).
# Answers are kept in build/quality/ for reading.
cd "$(dirname "$0")/.." || exit 1
data=${MYNAH_QUALITY_DATA:-}
model=${MODEL:-default}
mynah=build/mynah
out=build/quality
if [ ! -d "$data" ]; then
    echo "quality: set MYNAH_QUALITY_DATA to a folder with everyday/, images/ or audio/ (tests/quality.sh says what they hold)"
    exit 2
fi
mkdir -p "$out"
status=0

describe() { # answers file, images or options...
    answers=$1; shift
    "$mynah" describe -q -m "$model" --lang en --json "$@" >"$answers" || { echo "quality: describe failed"; exit 1; }
}
everyday() { # what, answers file, option...
    printf '%s: ' "$1"; shift
    python3 tests/quality/describe_score.py "$data/everyday/truth.tsv" "$@" || status=1
}

if [ -f "$data/everyday/truth.tsv" ]; then
    describe "$out/everyday.jsonl" "$data"/everyday/*.jpg
    everyday "everyday photographs, $model" "$out/everyday.jsonl"
    describe "$out/rows.jsonl" -m tiny --mmproj own-eyes --eyes rows "$data"/everyday/*.jpg
    everyday "by rows alone, tiny" "$out/rows.jsonl"
    everyday "with the rows of another" "$out/rows.jsonl" --others
else
    echo "everyday photographs: no $data/everyday/truth.tsv, left out"
fi

if [ -d "$data/images" ] && [ -f "$data/imagenet_names.tsv" ]; then
    rm -rf "$out/neutral" && mkdir "$out/neutral"           # a name must not give the class away
    n=0
    : >"$out/neutral.tsv"
    for file in "$data"/images/*.JPEG; do
        n=$((n + 1))
        name=$(printf '%03d.jpg' "$n")
        cp "$file" "$out/neutral/$name"
        label=${file##*/}
        printf '%s\t%s\n' "$name" "${label%.JPEG}" >>"$out/neutral.tsv"
    done
    describe "$out/images.jsonl" "$out"/neutral/*.jpg
    printf 'one-subject photographs, %s: ' "$model"
    python3 tests/quality/class_score.py "$data/imagenet_names.tsv" "$out/neutral.tsv" "$out/images.jsonl" || status=1
else
    echo "one-subject photographs: no $data/images and imagenet_names.tsv, left out"
fi

if [ -d "$data/audio" ]; then
    echo "word error rate:"
    sh tests/quality/wer.sh "$data/audio" || status=1
else
    echo "word error rate: no $data/audio, left out"
fi
if command -v espeak-ng >/dev/null && command -v sox >/dev/null; then
    echo "onsets of words:"
    python3 tests/quality/make_onsets.py "$out/onsets" &&
        python3 tests/quality/onsets.py "$out/onsets" "$mynah" transcribe -q --words --format json @ || status=1
else
    echo "onsets of words: needs espeak-ng and sox, left out"
fi
exit "$status"
