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
take=$(echo "$XDG_DATA_HOME"/mynah/recordings/take-*.wav)
[ "$(stat -c %a "$take")" = 600 ] || fail "the take is not private"
[ "$(head -c 4 "$take")" = RIFF ] || fail "the take is no WAV file"
type "what is said?"
press Enter
wait_for "wav) what is said?"

begin "Esc throws it away"
type "/record"
press Enter
wait_for "recording 0:00"
press Escape
wait_for "thrown away"
refuse "[clip"
[ "$(ls "$XDG_DATA_HOME"/mynah/recordings | wc -l)" = 1 ] || fail "it was kept"

begin "a silent take is refused"
silence="$work/files/silence.wav"
{ printf 'RIFF\244\176\000\000WAVEfmt \020\000\000\000\001\000\001\000\200\076\000\000\000\175\000\000\002\000\020\000data\200\176\000\000'; head -c 32384 /dev/zero; } >"$silence"
chat --engine echo --new --microphone "$silence"
wait_for ready
type "/record"
press Enter
wait_for "! "
refuse "[clip"
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
