# Recording, with a file in place of the microphone.
. "$(dirname "$0")/lib.sh"
speech="$tests/../../assets/speech.flac"

begin "a take becomes a chip"
chat --engine echo --new --microphone "$speech"
wait_for ready
expect "mic ready"
type "/record"
press Enter
wait_for "recording 0:01"
expect "█"
expect "Enter stops, Esc cancels"
expect "mic on"
press Enter
wait_for "[clip take-"
take=$(echo "$XDG_DATA_HOME"/mynah/recordings/take-*.flac)
[ "$(stat -c %a "$take")" = 600 ] || fail "the take is not private"
[ "$(head -c 4 "$take")" = fLaC ] || fail "the take is no FLAC file"
type "what is said?"
press Enter
wait_for "flac) what is said?"

begin "Esc throws it away"
type "/record"
press Enter
wait_for "recording 0:00"
press Escape
wait_for "thrown away"
refuse "[clip"
[ "$(ls "$XDG_DATA_HOME"/mynah/recordings | wc -l)" = 1 ] || fail "it was kept"

begin "what a crash left is told at the next start, once"
type "/record"
press Enter
wait_for "recording 0:01"
kill -9 "$(pid)"
chat --engine echo --new --microphone "$speech"
wait_for "was cut off"
expect "/attach"
[ "$(ls "$XDG_DATA_HOME"/mynah/recordings/take-*.flac | wc -l)" = 2 ] || fail "it is not among the takes"
chat --engine echo --new --microphone "$speech"
wait_for ready
refuse "was cut off"

# second FILE - a WAV file of one second of what comes from standard input
second() { { printf 'RIFF\044\175\000\000WAVEfmt \020\000\000\000\001\000\001\000\200\076\000\000\000\175\000\000\002\000\020\000data\000\175\000\000'; head -c 32000; } >"$1"; }

begin "unplugged: what was recorded until then is kept"
second "$work/files/noise.wav" </dev/urandom
chat --engine echo --new --microphone "$work/files/noise.wav"
wait_for ready
type "/record"
press Enter
wait_for "was it unplugged? The take of 0:01 is kept."
wait_for "[clip take-"

begin "a silent take is refused"
silence="$work/files/silence.wav"
second "$silence" </dev/zero
chat --engine echo --new --microphone "$silence"
wait_for ready
type "/record"
press Enter
wait_for "the recording is silent: its peak level is 0.0000"
refuse "[clip"
refuse "is kept"
press C-d
wait_exit 0

begin "no such microphone"
chat --engine echo --new --microphone "$work/nowhere.wav"
wait_for ready
type "/record"
press Enter
wait_for "nowhere.wav"
press C-d
wait_exit 0
done_testing
