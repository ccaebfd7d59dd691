#!/bin/sh
# run.sh [MODEL] - what `make run` does once mynah is built: fetches the weights that are
# missing, those of a model that sees pictures where the hub answers, and opens the chat.  Without a terminal it shows the three jobs on assets/
# instead and ends with 0 when all of them went well.
cd "$(dirname "$0")/.." || exit 1
mynah=build/mynah
model=${1:-default}
jobs_models="whisper-base efficientnet-lite2 ssd-coco"
eyes="--try eyes" eyes_mb=1100      # smolvlm-500m and its projector, a context, a picture's encoding

if [ -f "$model" ]; then        # a GGUF file of the user's own
    pulled=
    bytes=$(wc -c <"$model")
else
    pulled=$model
    bytes=$("$mynah" models --json | sed -n "s/.*\"name\":\"$model\".*\"bytes\":\([0-9]*\).*/\1/p")
fi

# The weights, and about 0.7 GB for the context, the encoders and the program itself.
needed_mb=$((bytes / 1000000 + 700))
free_mb=$(awk '/^MemAvailable:/ { print int($2 / 1000) }' /proc/meminfo)
if [ "${free_mb:-$needed_mb}" -lt "$needed_mb" ]; then
    echo "run: $model needs about $needed_mb MB of memory, $free_mb MB are free; close programs, or take a smaller" \
         "model: make run MODEL=small (1200 MB) or MODEL=tiny (800 MB)" >&2
    exit 5
fi
if [ "${free_mb:-$needed_mb}" -lt $((needed_mb + eyes_mb)) ] && [ -n "$free_mb" ]; then
    echo "run: pictures are told in the detector's words: a model that sees needs $eyes_mb MB beside $model, $((free_mb - needed_mb)) MB are free" >&2
    eyes=
fi
"$mynah" pull $pulled $jobs_models $eyes || exit

if [ -t 0 ] && [ -t 1 ]; then
    exec "$mynah" -m "$model"
fi

failed=0
show() { # headline, command...
    printf '\n== %s\n' "$1"
    shift
    "$@" </dev/null || { echo "run: this ended with $?: $*" >&2; failed=1; }
}
show "Describe an image (assets/photograph.jpg)" "$mynah" describe -m "$model" assets/photograph.jpg
show "Transcribe a clip (assets/speech.flac)" "$mynah" transcribe assets/speech.flac
show "Ask about the image: What is on the table?" \
     "$mynah" ask -m "$model" --temp 0 -n 120 -i assets/photograph.jpg "What is on the table?"
show "Ask about the clip: Who is it about, and what kind of man was he?" \
     "$mynah" ask -m "$model" --temp 0 -n 120 -a assets/speech.flac "Who is it about, and what kind of man was he?"
exit "$failed"
