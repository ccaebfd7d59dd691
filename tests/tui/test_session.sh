# The conversation is saved as it happens and comes back, whatever ends the program.
. "$(dirname "$0")/lib.sh"
sessions="$XDG_DATA_HOME/mynah/sessions"
printf 'picture' >"$work/files/cat.png"
printf 'sound' >"$work/files/gone.wav"

begin "kill -9, and everything is back"
chat --engine echo
wait_for ready
paste "$work/files/cat.png $work/files/gone.wav"
wait_for "[clip gone.wav ·"
type "remember this"
press Enter
wait_for "(gone.wav) remember this"
wait_for ready
kill -9 "$(pid)"
until_deadline test -f "$work/stty.after" || fail "did not end"
[ "$(stat -c %a "$sessions")" = 700 ] || fail "the folder is not private"
[ "$(stat -c %a "$sessions"/*.jsonl)" = 600 ] || fail "the file is not private"
rm "$work/files/gone.wav"
printf '{"role":"user","te' >>"$(echo "$sessions"/*.jsonl)"
chat --engine echo
wait_for "resumed"
wait_for ready
wait_screen resume

begin "it goes on in the same file"
type "go on"
press Enter
wait_for "  go on"
wait_for ready
[ "$(ls "$sessions" | wc -l)" = 1 ] || fail "there is more than one file"

begin "a second program starts its own"
tm new-window -t =chat: -n second "'$program' --engine echo; exec cat"
wait_for "another mynah has the last conversation open; this is a new one"
wait_for ready
refuse "remember this"
type "another"
press Enter
wait_for "  another"
wait_for ready
press C-d
wait_gone ready
tm kill-window -t =chat:second 2>/dev/null
[ "$(ls "$sessions" | wc -l)" = 2 ] || fail "it did not write its own file"

begin "SIGTERM ends it in order"
kill -TERM "$(pid)"
wait_exit 143

begin "--new starts afresh"
chat --engine echo --new
wait_for ready
refuse "another"
press C-d
wait_exit 0

begin "a crash restores the terminal"
for signal in SEGV ABRT; do
    chat --engine echo --new
    wait_for ready
    kill -"$signal" "$(pid)"
    case $signal in SEGV) wait_exit 139 ;; ABRT) wait_exit 134 ;; esac
done

begin "a saved conversation of garbage is told of"
mkdir -p "$XDG_DATA_HOME/mynah/sessions"
for i in 1 2 3; do echo "no JSON"; done >"$XDG_DATA_HOME/mynah/sessions/29991231-000000-1-1.jsonl"
chat --engine echo
wait_for "nothing in the saved conversation can be read"
press C-d
wait_exit 0
rm "$XDG_DATA_HOME/mynah/sessions/29991231-000000-1-1.jsonl"

begin "a hangup ends it"
chat --engine echo --new
wait_for ready
kill -HUP "$(pid)"
wait_exit 129

begin "C-z stops it, fg brings it back"
session "PS1='shell> ' sh -i"
wait_for "shell>"
type "'$program' --engine echo --new"
press Enter
wait_for ready
type "half a dra"
press C-z
wait_for "Stopped"
[ "$(of_pane '#{alternate_on}')" = 0 ] || fail "the alternate screen was left on"
type "fg"
press Enter
wait_for "› half a dra"
type "ft"
wait_for "› half a draft"
kill -STOP "$(pid)"
wait_for "Stopped"
type "fg"
press Enter
wait_for "› half a draft"
press C-u C-d
wait_for "shell>"
done_testing
