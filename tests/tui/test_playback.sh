# Playing an attached clip, with a file in place of the loudspeaker.
. "$(dirname "$0")/lib.sh"
speech="$work/files/speech.flac"        # a short path: what is said of it stays on one line
cp "$tests/../../assets/speech.flac" "$speech"
heard="$work/heard.wav"

# Whole ones in a WAV file of floats, mono, at 16 kHz.
seconds() { echo $(($(stat -c %s "$heard") / 64000)); }


begin "nothing to play"
chat --engine echo --new --speaker "$heard"
wait_for ready
type "/play"
press Enter
wait_for "no clip was attached yet"

begin "a span, from the command"
type "/attach $speech"
press Enter
wait_for "10 tokens"
type "/play @0:01-0:03"
press Enter
wait_for "playing 0:01 of 0:03 · Space pauses"
wait_for "playing 0:02 of 0:03"
wait_gone "playing"
expect "Space plays"
[ "$(seconds)" = 2 ] || fail "$(seconds) s were heard, not 2"

begin "Space pauses and goes on"
press Space
wait_for "playing 0:00 of 0:"
press Space
wait_for "paused at 0:0"
expect "Space goes on"
press Space
wait_for "playing 0:0"

begin "the arrows go back and on by five seconds"
press Space
wait_for "paused at 0:0"
press Right
wait_for "paused at 0:05"
press Left
wait_for "paused at 0:00"
press Left
wait_for "paused at 0:00"

begin "a resize while it plays"
press Space
wait_for "playing 0:0"
resize 30 6
wait_for "playing 0:0"
resize 9 2
resize 200 50
wait_for "Space pauses"
resize 80 24
wait_gone "[clip speech.flac"

begin "Esc closes, and nothing plays on"
press Escape
wait_for "[clip speech.flac"
refuse "playing"

begin "a place that an answer names is played"
type "say It is there [0:03]."
press Enter
wait_for "tokens/s"
press Tab
type p
wait_for "playing 0:03 of 0:05"
expect "what is said then"
wait_gone "playing"
[ "$(seconds)" = 2 ] || fail "$(stat -c %s "$heard") bytes were heard, not 2.8 s"
press Escape
wait_gone "what was perceived"
press Tab
wait_gone "e edit"

begin "it plays on when a line is corrected meanwhile"
type "/play @0:01-0:13"
press Enter
wait_for "playing 0:0"
type e
wait_for "which line"
press Enter
wait_for "> what is said"
type "!"
press Enter
wait_for "(edited)"
press Space
wait_for "paused at 0:0"
press Escape
wait_gone "what was perceived"

begin "no such span, no such clip"
type "/play @9:00"
press Enter
wait_for "is 15.4 s long, there is"
type "/play @x"
press Enter
wait_for "@x is no span of a clip"
type "/play dog"
press Enter
wait_for 'no attached clip has "dog" in its name'
press C-c
press C-c
wait_exit 0

begin "in the scrollback"
chat --engine echo --new --inline --speaker "$heard"
wait_for ready
type "/attach $speech"
press Enter
wait_for "10 tokens"
type "/play @0:01-0:02"
press Enter
wait_for "playing 0:01 of 0:02"
wait_gone "playing"
press Escape
wait_gone "Space plays"

begin "nothing that plays sound"
printf 'pcm.absent { type hw card 7 }\n' >"$work/alsa.conf"
tm set-environment -g ALSA_CONFIG_PATH "$work/alsa.conf"
chat --engine echo --new
wait_for ready
type "/attach $speech"
press Enter
wait_for "10 tokens"
type "/play"
press Enter
wait_for "nothing here plays sound"

begin "ALSA's null device"
printf 'pcm.default { type null }\n' >"$work/alsa.conf"
type "/play @0:01-0:02"
press Enter
wait_for "Space plays"
grep -q "info: playing to default at" "$XDG_DATA_HOME/mynah/log/chat.log" || fail "the log does not say so"
done_testing
