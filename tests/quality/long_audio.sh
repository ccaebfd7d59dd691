#!/bin/sh
# long_audio.sh MYNAH CLIPS FOLDER - what long recordings cost: an hour of speech, ten hours of silence with a word here and there.
#
#   MYNAH    the program; CLIPS: a folder of NAME.wav; FOLDER: room for 300 MB
#   HOURS=1  of speech: clips over and over, with pauses of 0.5 to 8 s;  QUIET_HOURS=10
# Prints for each: seconds of sound, seconds it took, peak memory, and memory at ten points on the way.
mynah=$1 clips=$2 folder=$3
[ $# = 3 ] && mkdir -p "$folder" || { sed -n 2,6p "$0"; exit 2; }
make_clip() { # FILE HOURS SECONDS-OF-PAUSE
    python3 - "$clips" "$1" "$2" "$3" <<'PY'
import array, glob, random, sys, wave
folder, path, hours, pause = sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
random.seed(1)
clips = [w.readframes(w.getnframes()) for w in map(wave.open, sorted(glob.glob(folder + '/*.wav'))) if w.getframerate() == 16000 and w.getnchannels() == 1]
noise = array.array('h', (random.randint(-6, 6) for _ in range(16000))).tobytes()
out, n = wave.open(path, 'wb'), 0
out.setnchannels(1), out.setsampwidth(2), out.setframerate(16000)
while n < hours * 3600 * 16000:
    bytes = random.choice(clips) + noise * int(random.uniform(1, 2 * pause))
    out.writeframesraw(bytes)
    n += len(bytes) // 2
out.close()
PY
}
measure() { # NAME FILE
    export XDG_CACHE_HOME="$folder/cache"
    rm -rf "$XDG_CACHE_HOME"
    started=$(date +%s)
    "$mynah" transcribe -q --format srt "$2" >"$folder/$1.srt" 2>"$folder/$1.err" &
    pid=$! rss=''
    while kill -0 $pid 2>/dev/null; do
        rss="$rss $(awk '/^VmHWM/ { most = $2 } /^VmRSS/ { print int($2 / 1024) "/" int(most / 1024) }' /proc/$pid/status 2>/dev/null)"
        sleep "${EVERY:-10}"
    done
    wait $pid
    echo "$1: status $?, $(($(stat -c %s "$2") / 32000)) s of sound in $(($(date +%s) - started)) s, $(grep -c -- '-->' "$folder/$1.srt") segments"
    echo "  MB held/most, on the way: $(echo "$rss" | tr ' ' '\n' | grep / | awk '{ l[NR] = $0 } END { for (i = 1; i <= 10; i++) printf "%s ", l[int((NR - 1) * i / 10) + 1] }')"
}
[ "${QUIET_HOURS:-10}" = 0 ] || { make_clip "$folder/quiet.wav" "${QUIET_HOURS:-10}" 600 && measure quiet "$folder/quiet.wav"; }
[ "${HOURS:-1}" = 0 ] || { make_clip "$folder/speech.wav" "${HOURS:-1}" 4 && measure speech "$folder/speech.wav"; }
