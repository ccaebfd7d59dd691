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

# hold KEY N - what a terminal sends of a key that is held: N presses, 0.05 s apart
hold() { i=0; while [ "$i" -lt "$2" ]; do press "$1"; sleep 0.05; i=$((i + 1)); done; }

begin "a key that is held records until it is released"
hold F2 30
has "release to stop" || fail "it does not know that the key is held"
meter=$(screen | grep recording)
hold F2 5
[ "$meter" != "$(screen | grep recording)" ] || fail "the meter does not move"
wait_for "[clip take-"
refuse "recording 0:"
type "and this?"
press Enter
wait_for "and this?"
wait_gone "[clip take-"

begin "a key that is pressed once records until it is pressed again"
press C-q
wait_for "recording 0:01"
expect "Enter stops"
press C-q
wait_for "[clip take-"

begin "a resize while it records"
type "/record"
press Enter
wait_for "recording 0:00"
resize 30 8
wait_for "recording 0:01"
resize 12 3
wait_for "record"
resize 80 24
wait_for "Enter stops, Esc cancels"
press Escape
wait_for "thrown away"

begin "in the scrollback"
chat --engine echo --new --inline --microphone "$speech"
wait_for ready
press F2
wait_for "recording 0:01"               # the speech begins softly
expect "Enter stops, Esc cancels"
press Enter
wait_for "[clip take-"

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

begin "a microphone is chosen, and remembered"
tm set-environment -g ALSA_CONFIG_PATH "$work/alsa.conf"
tm set-environment -g XDG_CONFIG_HOME "$work/config"
printf 'pcm.default.type null\npcm.desk.type null\npcm.lap.type null\n' >"$work/alsa.conf"
chat --engine echo --new
wait_for ready
type "/microphone"
press Enter
wait_for "the system's default"
expect "default "
type "desk"
wait_gone "lap"
press Enter
wait_for "the microphone is desk, also next time"
grep -qx "microphone = desk" "$work/config/mynah/config" || fail "it is not in the settings"
expect "mic ready"
type "/microphone"
press Enter
wait_for "›• desk"
press Escape
wait_gone "•"

begin "no microphone at all"
printf 'pcm.absent.type hw\npcm.absent.card 7\n' >"$work/alsa.conf"
chat --engine echo --new
wait_for ready
type "/microphone"
press Enter
wait_for "no microphone was found: connect one, or attach a recorded file"
press F2
wait_for "no microphone has \"desk\" in its name"
type "/attach $speech"
press Enter
wait_for "[clip speech.flac"

begin "no such microphone"
chat --engine echo --new --microphone "$work/nowhere.wav"
wait_for ready
type "/record"
press Enter
wait_for "nowhere.wav"
press C-d
wait_exit 0
done_testing
