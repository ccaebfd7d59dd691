#!/bin/sh
# test_sounds.sh MYNAH - what each kind of recording gives, and that a long one goes on where it was broken off.
. "$(dirname "$0")/lib.sh"
assets=$(cd "$(dirname "$0")/../../assets" && pwd)
benches=$(dirname "$mynah")/tests
XDG_CACHE_HOME=$dir/cache
export XDG_CACHE_HOME
LIMIT_S=300
cd "$dir" || exit 1

"$benches/bench_files" "$assets" "$dir" || exit 1           # window.wav: 30 s of speech, 16 kHz
python3 - <<'PY' || exit 1
import array, random, struct, wave
random.seed(1)
def wav(name, hz, channels, bits, frames):
    w = wave.open(name, 'wb')
    w.setnchannels(channels), w.setsampwidth(bits // 8), w.setframerate(hz)
    w.writeframes(frames)
    w.close()
speech = wave.open('window.wav').readframes(30 * 16000)
words = array.array('h', speech)[:11 * 16000]
wav('silence.wav', 16000, 1, 16, bytes(2 * 16000 * 20))
wav('noise.wav', 16000, 1, 16, array.array('h', (random.randint(-3000, 3000) for _ in range(16000 * 20))).tobytes())
wav('blink.wav', 16000, 1, 16, words[32000:33600].tobytes())
wav('long.wav', 16000, 1, 16, speech * 2 + speech[:8 * 32000])
# Six samples for one, eight channels that say the same, in 24 bits.
wav('studio.wav', 96000, 8, 24, b''.join(struct.pack('<i', s << 8)[:3] * 8 * 6 for s in words))
def ulaw(s):                                        # ITU-T G.711
    sign, s = (0x80, -s) if s < 0 else (0, s)
    s = min(s, 32635) + 132
    exponent = s.bit_length() - 8
    return ~(sign | exponent << 4 | s >> exponent + 3 & 15) & 255
sound = bytes(ulaw(s) for s in words[::2])
open('phone.wav', 'wb').write(b'RIFF' + struct.pack('<I', 50 + len(sound)) + b'WAVEfmt ' + struct.pack('<IHHIIHHH', 18, 7, 1, 8000, 8000, 1, 8, 0)
                              + b'fact' + struct.pack('<II', 4, len(sound)) + b'data' + struct.pack('<I', len(sound)) + sound)
PY
head -c 100000 "$assets/speech.flac" > cut.flac
: > empty.wav
mkdir folder.wav

for clip in silence noise; do
    try "$clip" 0 transcribe "$clip.wav" || continue
    if [ "$(cat out)" = '' ]; then ok "$clip gives no words"; else not_ok "$clip gives no words" "$(cat out)"; fi
    has "$clip is told of" "$clip.wav: no speech was found in it" err
done
try "a clip of 0.1 s" 0 transcribe blink.wav && has "a clip of 0.1 s" "no speech was found" err && { [ "$(wc -w < out)" = 0 ] && ok "0.1 s gives no words" || not_ok "0.1 s" "$(cat out)"; }
for clip in studio phone; do
    try "$clip" 0 transcribe "$clip.wav" && has "$clip: the words" 'leisure to consider how much there might be'
done
refuse "a truncated FLAC" 3 'cut.flac: (is cut short: [0-9.]+ s of [0-9.]+ s are there|this FLAC file is broken)' transcribe cut.flac
refuse "an empty file" 3 'empty.wav: is empty' transcribe empty.wav
refuse "a folder" 3 'folder.wav: is a folder, a clip was expected' transcribe folder.wav

# Killed as soon as something was kept; what it had heard is not heard again, and the words are those of one run.
XDG_CACHE_HOME=$dir/whole
try "68 s in one run" 0 transcribe --format srt long.wav && has "its words" "leisure to consider"
mv out whole.srt
XDG_CACHE_HOME=$dir/cache
"$mynah" transcribe --format srt long.wav >/dev/null 2>&1 </dev/null &
pid=$! waited=0
while [ "$(cat cache/mynah/heard/* 2>/dev/null | wc -c)" -lt 800 ] && [ $waited -lt 3000 ]; do
    sleep 0.1
    waited=$((waited + 1))
done
kill -9 $pid
wait $pid 2>/dev/null
kept=$(cat cache/mynah/heard/* | wc -c)
cp -r cache before
if [ "$kept" -lt "$(cat whole/mynah/heard/* | wc -c)" ]; then ok "killed before the end"; else not_ok "killed before the end" "$kept bytes are kept"; fi
try "the rest of it" 0 transcribe --format srt long.wav
if cmp -s out whole.srt; then ok "the same transcript as one run"; else not_ok "the same transcript as one run" "$(diff out whole.srt | head -c 300)"; fi
if cmp -s -n "$kept" before/mynah/heard/* cache/mynah/heard/*; then ok "what was heard stays"; else not_ok "what was heard stays" "the journal was begun anew"; fi
if [ "$(stat -c %a cache/mynah/heard/*)" = 600 ]; then ok "for the user alone"; else not_ok "for the user alone" "$(ls -l cache/mynah/heard)"; fi
try "again" 0 transcribe --format srt long.wav
if cmp -s out whole.srt; then ok "finished, it is not heard again"; else not_ok "again" "other words"; fi
exit "$n_failed"
