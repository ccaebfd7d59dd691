#!/bin/sh
# test_listen.sh MYNAH - captions from a pipe and from a file in the microphone's place: words, times, json,
# raw samples, signals, what is refused.
. "$(dirname "$0")/lib.sh"
assets=$(cd "$(dirname "$0")/../../assets" && pwd)
export XDG_CONFIG_HOME="$dir/config"
# Four seconds of speech as WAV with the length that a pipe's writer gives, and as raw samples, stereo at 8 kHz.
python3 - "$assets/speech.flac" "$dir" <<'EOF' || not_ok "clips" "python3 failed"
import ctypes, struct, sys
flac, d = sys.argv[1:]
sf = ctypes.CDLL("libsndfile.so.1")
class Info(ctypes.Structure):
    _fields_ = [("frames", ctypes.c_int64)] + [(n, ctypes.c_int) for n in ("hz", "channels", "format", "sections", "seekable")]
info = Info()
sf.sf_open.restype = ctypes.c_void_p
file = ctypes.c_void_p(sf.sf_open(flac.encode(), 0x10, ctypes.byref(info)))
assert file and info.hz == 16000 and info.channels == 1, (info.hz, info.channels)
buffer = (ctypes.c_short * 64000)()
sf.sf_readf_short.restype = ctypes.c_int64
assert sf.sf_readf_short(file, buffer, ctypes.c_int64(64000)) == 64000
x = list(buffer)
def wav(name, data, size):
    head = b"RIFF\xff\xff\xff\xffWAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 16000, 32000, 2, 16)
    open(d + "/" + name, "wb").write(head + b"data" + struct.pack("<I", size) + data)
pcm = struct.pack("<64000h", *x)
wav("long.wav", pcm, len(pcm))
wav("pipe.wav", pcm, 0xFFFFFFFF)
wav("cut.wav", pcm, 10 ** 6)
wav("none.wav", bytes(16000), 0xFFFFFFFF)
half = [(x[i] + x[i + 1]) // 2 for i in range(0, 64000, 2)]
open(d + "/raw", "wb").write(b"".join(struct.pack("<hh", v, v) for v in half))
EOF
# hear NAME STATUS FILE ARGUMENT... - FILE comes through a pipe.
hear() {
    name=$1 want=$2 file=$3
    shift 3
    cat "$file" | timeout 120 "$mynah" listen "$@" >"$dir/out" 2>"$dir/err"
    status=$?
    [ "$status" = "$want" ] && return 0
    not_ok "$name" "status $status, expected $want; $(head -c 300 "$dir/err")"
    return 1
}
said='[Dd]ashwood had then leisure to consider how'

hear "a pipe" 0 "$dir/pipe.wav" - && has "a pipe" "$said" && [ ! -s "$dir/err" ] && [ "$(tail -c 1 "$dir/out" | wc -l)" = 1 ] &&
    ok "its last line ends" || not_ok "its last line ends" "$(cat "$dir/out" "$dir/err")"
hear "times" 0 "$dir/pipe.wav" --times - && has times '^\[0:00\] .*And'
hear "a cut file" 0 "$dir/cut.wav" - && has "a cut file" "$said" && has "it is told" 'standard input: ends [0-9]+ bytes before' "$dir/err"
hear "raw" 0 "$dir/raw" --raw --rate 8000 --raw-channels 2 --language English - && has raw "$said"
hear "json" 0 "$dir/pipe.wav" --json - && { python3 - "$dir/out" <<'EOF' >"$dir/json" 2>&1
import json, sys
pieces = [json.loads(line) for line in open(sys.argv[1])]
assert pieces and set(pieces[0]) == {"start", "end", "text", "ends", "committed"}, pieces
last = 0
for p in pieces:
    assert last <= p["start"] <= p["end"] <= 4.1 and p["committed"] > 0 and p["text"] == p["text"].strip(), p
    last = p["end"]
print(" ".join(p["text"] for p in pieces))
EOF
has json "$said" "$dir/json"; }
hear "nothing said" 0 "$dir/none.wav" - && has "nothing said" 'no speech was heard' "$dir/err" && { [ ! -s "$dir/out" ] && ok "no words" || not_ok "no words" "$(cat "$dir/out")"; }
try "a file in the microphone's place" 0 listen --microphone "$dir/long.wav" --language en && has "a file in the microphone's place" "$said"

: >"$dir/empty"
echo 'neither sound nor words' >"$dir/text"
hear "empty" 3 "$dir/empty" - && has empty 'standard input is empty.*--raw' "$dir/err"
hear "text" 3 "$dir/text" - && has text 'not a WAV file.*--raw.*ffmpeg' "$dir/err"
hear "a FLAC file" 3 "$assets/speech.flac" - && has "a FLAC file" 'not a WAV file.*ffmpeg -i FILE' "$dir/err"
refuse "a file" 2 "mynah transcribe. takes files" listen "$assets/speech.flac"
refuse "raw without -" 2 "are of standard input" listen --raw
refuse "a rate without raw" 2 "with --raw" listen --rate 8000 -
refuse "a rate that is none" 2 "1000 to 384000" listen --raw --rate 5 -
refuse "two sources" 2 "either" listen --microphone x -
refuse "a language" 2 "not 'klingon'" listen --language klingon -
LIMIT_MS=20000 refuse "no such microphone" 3 'no such device|sound system' listen --microphone "no such device"
MYNAH_MODELS=$dir/models refuse "no model" 4 "mynah pull" listen --microphone "$dir/long.wav"

# The first signal ends the sound: what was said is decoded.  The pipe stays open all the while.
mkfifo "$dir/fifo"
for how in INT:130 TERM:143; do
    "$mynah" listen -q - <"$dir/fifo" >"$dir/out" 2>"$dir/err" &
    pid=$!
    exec 3>"$dir/fifo"
    cat "$dir/pipe.wav" >&3
    for i in $(seq 600); do [ -s "$dir/out" ] && break; sleep 0.1; done
    kill -"${how%:*}" $pid
    wait $pid
    status=$?
    exec 3>&-
    [ $status = "${how#*:}" ] && ok "${how%:*}" || not_ok "${how%:*}" "status $status; $(cat "$dir/err")"
    has "what was said before ${how%:*}" "$said"
done
"$mynah" listen -q - <"$dir/fifo" >"$dir/out" 2>"$dir/err" &
pid=$!
exec 3>"$dir/fifo"
sleep 0.3
kill -INT $pid
wait $pid
status=$?
exec 3>&-
[ $status = 130 ] && [ ! -s "$dir/out" ] && ok "INT before the header" || not_ok "INT before the header" "status $status; $(cat "$dir/err")"
exit "$n_failed"
