#!/bin/sh
# test_plain.sh MYNAH - the chat as lines: on a dumb terminal, through a pipe; never an ESC.
. "$(dirname "$0")/lib.sh"
assets=$(cd "$tests/../../assets" && pwd)
export XDG_CONFIG_HOME="$work/config"
cp "$assets/photograph.jpg" "$work/files/a cup.jpg"
mynah=$program
cat >"$work/mynah-dumb" <<SCRIPT
#!/bin/sh
TERM=dumb exec "$mynah" "\$@"
SCRIPT
chmod +x "$work/mynah-dumb"
words() { yes word | head -n "$1" | tr '\n' ' '; }

# ---- through a pipe -------------------------------------------------------------------------
# told NAME PATTERN, silent NAME PATTERN - of the last output of `piped`.
told() { grep -qE -- "$1" "$work/out" || { [ -n "$why" ] || { why=x; failures=$((failures + 1)); echo "not ok $name: no /$1/"; sed 's/^/    |/' "$work/out"; }; }; }
untold() { grep -qE -- "$1" "$work/out" && { [ -n "$why" ] || { why=x; failures=$((failures + 1)); echo "not ok $name: /$1/ is there"; }; }; }
piped() { # OPTION... - standard input is the script
    timeout 60 "$mynah" --plain --engine echo "$@" >"$work/out" 2>"$work/err"
    status=$?
    [ "$status" = 0 ] || { why=x; failures=$((failures + 1)); echo "not ok $name: status $status, $(head -c 300 "$work/err")"; }
    # Of control characters only line ends reach the terminal.
    untold "$(printf '[\001-\011\013-\037\177]')"
    [ -s "$work/err" ] && untold .
}
begin "questions through a pipe"
printf '%s\n' 'hello there' 'one \' 'two' /facts | piped --new
told '^you: hello there$'
told '^mynah: hello there$'
told '^more: two$'
told '^two$'
told '^note: model echo, seed [0-9]+; [0-9]+ tokens read'
[ "$(tail -n 1 "$work/out")" = "you: " ] || untold .

begin "the last line may lack its end"
printf 'no end' | piped --new
told '^mynah: no end$'

begin "nothing asked"
piped --new </dev/null
untold '^mynah: '

begin "a question of many lines"
printf '%s\n' /paste 'first line' '/help' '' 'last line' . 'next' | piped --new
told '^mynah: first line$'
told '^/help$'
told '^mynah: next$'

begin "a file, its question, its details"
printf '%s\n' "/attach '$work/files/a cup.jpg'" /attach 'what is it?' 'and now?' /details | piped --new
told '^note: image a cup.jpg attached: 78792 bytes'
told '^mynah: \(a cup.jpg\) what is it\?$'
told '^mynah: and now\?$'
told '^78792 bytes at .*/files/a cup.jpg$'

begin "a path alone and a mention"
printf '%s\n' "$work/files/a cup.jpg" 'first' "what of @$assets/speech.flac here" | piped --new
told '^mynah: \(a cup.jpg\) first$'
told '^mynah: \(speech.flac\) what of speech.flac here$'

begin "files that are not there"
printf '%s\n' '/attach /no/such.jpg' '/attach' '/detach' 'plain question' | piped --new
told '^error: /no/such.jpg: No such file'
told '^error: /attach takes the path'
told '^mynah: plain question$'

begin "turns: again, delete, find, export"
printf '%s\n' 'apple pie' 'cherry pie' /regenerate /continue /delete '/find PIE' '/find nothing' "/export $work/talk.md" "/export $work/talk.md" | piped --new
[ "$(grep -c '^mynah: cherry pie$' "$work/out")" = 2 ] || told 'mynah: cherry pie twice'
told '^note: the last answer is complete'
told '^note: deleted: cherry pie'
told '^1, you: apple pie$'
told '^note: nowhere in this conversation'
told "^note: written: $work/talk.md"
told "^error: $work/talk.md: cannot be written: a file of that name is there"
grep -q '^> apple pie' "$work/talk.md" || told 'the exported question'

begin "resumed, listed, opened"
printf '%s\n' 'about rivers' | piped --new
printf '%s\n' 'and lakes' /sessions '/sessions apple' '/sessions 1' /find\ pie /new 'afresh' | piped
told '^note: conversation "about rivers", 1 turn'
told '^1. about rivers, [0-9-]+ [0-9:]+, 2 turns, this one$'
told '^note: conversation "apple pie", 2 turns'
told '^1, you: apple pie$'
told '^note: a new conversation$'
told '^mynah: afresh$'

begin "settings and models"
printf '%s\n' '/set' '/set theme blue' '/set theme light' '/set temperature 0.5' '/set temperature warm' '/set frob' '/system Be brief.' \
    'kept' /model '/model nosuch' | piped --new
told '^theme = auto '
told '^temperature +default'
told "^error: theme takes one of .*, not 'blue'"
told '^note: theme is set; it counts from the next start$'
told '^note: temperature is 0.5 in this conversation$'
told "^error: temperature takes a number .*, not 'warm'"
told "^error: 'frob' is no setting"
told '^note: the model is echo$'
told '^error: nosuch'
grep -qx 'theme = light' "$XDG_CONFIG_HOME/mynah/config" || told 'the setting in the file'

printf '%s\n' /system /set '/rename Of rain' /sessions /new /system | piped
told '^note: the system text is Be brief.;'
told '^temperature +0.5 '
told '^1. Of rain, '
told "^note: the system text is mynah's own;"

begin "the wrong line of the settings is told"
echo 'theme = blue' >"$XDG_CONFIG_HOME/mynah/config"
piped --new </dev/null
told "^error: .*/mynah/config:1: theme takes one of"
rm "$XDG_CONFIG_HOME/mynah/config"

begin "no command"
printf '%s\n' /frob ' /frob' | piped --new
told '^error: /frob is no command; /help lists them'
told '^mynah:  ?/frob$'

begin "what could steer a terminal"
printf 'a \033[31mred\033[0m \033]52;c;aGk=\007 b\rc \302\233 \342\200\256 d\n\000nul\n' | piped --new
told '^mynah: a .*31mred'
told '^error: the line holds NUL bytes'

begin "what could steer a terminal, from the model"
printf '%s\n' 'bytes 61 1b 5b 33 31 6d 62 1b 5d 35 32 3b 63 3b 61 07 c2 9b 32 4a 0d 08 e2 80 ae 63 ff 64' | piped --new
told '^mynah: a.*31mb.*52;c;a.*c.*d$'

begin "cut, failed, noted, configured"
printf '%s\n' 'cut one two three four' /continue 'fail out of order' /retry 'note take care' '/set temperature 0.5' 'settings' | piped --new
told '^mynah: one two ?$'
told '^note: the answer was cut; /continue'
told '^mynah: three four$'
[ "$(grep -c '^error: out of order$' "$work/out")" = 2 ] || told 'out of order twice'
told '^note: /regenerate asks again'
told '^note: take care$'
told '^mynah: temperature 0.5 '
printf 'settings' | piped --new --temp 0.25 --seed 7 --system 'Be kind.'
told '^mynah: temperature 0.25 .*seed 7 .*system Be kind.$'

begin "a context that is full, by a pipe"
export MYNAH_ECHO_CONTEXT=48
printf '%s\n' "$(words 10)" "$(words 10)" 'say done' | piped --new
told '^note: the context of 48 tokens is full: the model can no longer be told the 1 oldest turn$'
told '^mynah: done$'

unset MYNAH_ECHO_CONTEXT
begin "a recording"
printf '%s\n' /record '' 'what is said?' | piped --new --microphone "$assets/speech.flac"
told '^note: recording; Enter ends it'
told '^(note: clip take-.*attached|error: )'

begin "a clip is played, and lines of a pipe wait for its end"
printf '%s\n' "/attach $assets/speech.flac" '/play @0:01-0:02' '/play dog' 'what is said?' | piped --new --speaker "$work/heard.wav"
told '^note: playing 0:01 of 0:02; Enter ends it'
told '^note: the playing ended at 0:02'
told '^error: no attached clip has "dog" in its name'
[ "$(stat -c %s "$work/heard.wav")" -gt 64000 ] || told "a second of sound in heard.wav"

begin "stopped by signals: what came is kept, the status says which"
for how in TERM:143 HUP:129; do
    mkfifo "$work/fifo"
    "$mynah" --plain --engine echo --new <"$work/fifo" >"$work/out" 2>"$work/err" &
    child=$!
    exec 3>"$work/fifo"
    echo "$(words 500)" >&3
    until_deadline grep -q 'mynah: word word' "$work/out" || told 'an answer'
    kill -"${how%:*}" $child
    wait $child
    status=$?
    exec 3>&-
    rm "$work/fifo"
    [ "$status" = "${how#*:}" ] || told "status ${how#*:}, not $status"
    echo /continue | piped
    told 'conversation "word'
    told '^mynah: and so on'        # as the echo engine continues
done

begin "the reader of the output goes away"
printf '%s\n' "$(words 50)" "$(words 50)" >"$work/script"
( "$mynah" --plain --engine echo --new <"$work/script" 2>"$work/err"; echo $? >"$work/status" ) | head -n 2 >"$work/out"
until_deadline test -s "$work/status"
[ "$(cat "$work/status")" = 141 ] || told "status 141, not $(cat "$work/status")"
untold 'cannot be written'

# ---- on a dumb terminal -------------------------------------------------------------------------
program=$work/mynah-dumb
start() { # OPTION... - the bytes of the pane go to $work/bytes
    rm -f "$work/bytes"
    chat --engine echo "$@"
    tm pipe-pane -t =chat: "cat >'$work/bytes'"
    wait_for "you:"
}
no_escape() {
    [ -s "$work/bytes" ] || fail "no bytes were captured"
    ! grep -q "$(printf '\033')" "$work/bytes" || fail "there is an ESC in the output"
}
begin "TERM=dumb is enough"
start --new
type 'hello there'
press Enter
wait_for "mynah: hello there"
type 'two \'; press Enter
wait_for "more:"
type 'lines'; press Enter
wait_for "mynah: two"
type "$work/files/a cup.jpg"; press Enter
wait_for "note: image a cup.jpg attached"
type "$(printf 'with \033[31m red')"; press Enter
wait_for "mynah: (a cup.jpg) with"
type /quit; press Enter
wait_exit 0
no_escape

begin "Ctrl-C stops an answer"
start --new
type "$(words 70)"; press Enter
wait_for "mynah: word word"
press C-c
wait_for "note: stopped; /continue"
type /continue; press Enter
until_deadline sh -c "[ \$(grep -c '^mynah: word' '$work/bytes') = 2 ]" || fail "the answer did not go on"
until_deadline sh -c "tail -n 1 '$work/bytes' | grep -q '^you: \$'" || fail "no prompt came"
press C-c
wait_for "once more ends the chat"
press C-c
wait_exit 0
no_escape

begin "Ctrl-D ends it; what was said is there again"
start
expect 'note: conversation "word'
press C-d
wait_exit 0
no_escape

begin "a context that is full: yes, sum or no"
cat >"$work/mynah-dumb" <<SCRIPT
#!/bin/sh
TERM=dumb MYNAH_ECHO_CONTEXT=48 exec "$mynah" "\$@"
SCRIPT
start --new
for i in 1 2; do
    type "$(words 10)$i"; press Enter
    until_deadline sh -c "[ \$(grep -c '^you: ' '$work/bytes') -gt $i ]" || fail "no prompt after $i"
done
type "$(words 10)3"; press Enter
wait_for "the model can no longer be told the"
wait_for "yes, sum or no:"
type no; press Enter
wait_for "the question was not asked"
type "$(words 10)4"; press Enter
until_deadline sh -c "[ \$(grep -c '^yes, sum or no: ' '$work/bytes') = 2 ]" || fail "it did not ask again"
type yes; press Enter
until_deadline grep -q '^mynah: word.* 4' "$work/bytes" || fail "no answer after yes"
type "$(words 10)5"; press Enter
until_deadline sh -c "[ \$(grep -c '^yes, sum or no: ' '$work/bytes') = 3 ]" || fail "it did not ask a third time"
type sum; press Enter
wait_for "mynah: Summary of 1 turn."
# The summary takes room, too: it asks once more.
until_deadline sh -c "[ \$(grep -c '^yes, sum or no: ' '$work/bytes') = 4 ]" || fail "it did not ask a fourth time"
type yes; press Enter
until_deadline grep -q '^mynah: word.* 5' "$work/bytes" || fail "no answer after sum"
type /quit; press Enter
until_deadline test -f "$work/stty.after" || fail "did not end"
no_escape

begin "C-z stops it, fg brings it back"
session "bash --norc -i"
tm pipe-pane -t =chat: "cat >'$work/bytes'"
type "PS1='shell> '; '$program' --engine echo --new"; press Enter
wait_for "you:"
press C-z
wait_for "Stopped"
type "fg"; press Enter
until_deadline sh -c "tail -n 1 '$work/bytes' | grep -q '^you: \$'" || fail "no prompt came again"
type 'still here'; press Enter
wait_for "mynah: still here"
type /quit; press Enter
wait_for "shell>"
done_testing
