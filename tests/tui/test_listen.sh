# Captions of what is being said, with a file in place of the microphone.
. "$(dirname "$0")/lib.sh"
speech="$tests/../../assets/speech.flac"
takes() { ls "$XDG_DATA_HOME"/mynah/recordings | wc -l; }

begin "captions grow while it records"
chat --engine echo --new --microphone "$speech"
wait_for ready
type "/listen"
press Enter
wait_for "listening 0:0"
expect "Enter stops, Esc cancels"
expect "mic on"
wait_for "» word1 "
wait_for "perhaps"
wait_for "word10."
wait_for "word13 "
expect "» word1 word2 word3 word4 word5 word6 word7 word8 word9 word10."
expect "  word11 word12 word13"
[ "$(screen | grep -o 'perhaps' | wc -l)" = 1 ] || fail "what was unsure stays"

begin "no question meanwhile"
type "hello"
wait_for "listening: a question can be asked when Enter has ended it"
type "/listen"
refuse "hello"

begin "Enter: the take becomes a chip, the captions stay"
press Enter
wait_for "[clip take-"
wait_gone "perhaps"
expect "» word1 word2"
refuse "listening"
[ "$(head -c 4 "$XDG_DATA_HOME"/mynah/recordings/take-*.flac)" = fLaC ] || fail "the take is no FLAC file"
type "what is said?"
press Enter
wait_for "flac) what is said?"
expect "» word1 word2"

begin "Esc throws it away, with its captions"
press C-l
type "/new"
press Enter
wait_gone "word1"
type "/listen"
press Enter
wait_for "» word1"
press Escape
wait_for "thrown away"
wait_gone "word1"
refuse "[clip"
[ "$(takes)" = 1 ] || fail "it was kept"

begin "another one after it"
type "/listen"
press Enter
wait_for "» word1 word2"
resize 30 8
wait_for "listening 0:0"
resize 80 24
press Enter
wait_for "[clip take-"
[ "$(takes)" = 2 ] || fail "it was not kept"

begin "not while an answer is made"
press C-u
type "wait"
press Enter
wait_for "thinking"
type "/listen"
press Enter
wait_for "not now: Esc stops what goes on"
refuse "mic on"
press Escape
wait_for "stopped"

begin "in the scrollback"
chat --engine echo --new --inline --microphone "$speech"
wait_for ready
type "/listen"
press Enter
wait_for "» word1 word2"
wait_for "perhaps"
press Enter
wait_for "[clip take-"
wait_gone "perhaps"
[ "$(screen | grep -c '» word1 ')" = 1 ] || fail "the captions are not there once"

begin "without the speech model"
tm set-environment -g MYNAH_ECHO_DEAF 1
chat --engine echo --new --microphone "$speech"
wait_for ready
n=$(takes)
type "/listen"
press Enter
wait_for "run \`mynah pull whisper-base\`"
refuse "mic on"
[ "$(takes)" = "$n" ] || fail "the take was kept"
press C-d
wait_exit 0
done_testing
