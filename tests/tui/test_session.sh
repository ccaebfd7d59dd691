# The conversation is saved as it happens and comes back, whatever ends the program.
. "$(dirname "$0")/lib.sh"
folder="$XDG_DATA_HOME/mynah"
sql() { python3 -c 'import sqlite3, sys; print(*sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchone())' "$folder/sessions.db" "$1"; }
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
[ "$(stat -c %a "$folder")" = 700 ] || fail "the folder is not private"
[ "$(stat -c %a "$folder"/sessions.db* | sort -u)" = 600 ] || fail "the files are not private"
[ "$(sql 'PRAGMA integrity_check')" = ok ] || fail "the database is damaged"
rm "$work/files/gone.wav"
chat --engine echo
wait_for "resumed"
wait_for ready
wait_screen resume

begin "it goes on in the same conversation"
type "go on"
press Enter
wait_for "  go on"
wait_for ready
[ "$(sql 'SELECT count(*) FROM session')" = 1 ] || fail "there is more than one session"

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
[ "$(sql 'SELECT count(*) FROM session')" = 2 ] || fail "it did not begin its own"

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

begin "a database of garbage is told of and kept"
mkdir "$work/other" "$work/other/mynah"
head -c 20000 /dev/urandom >"$work/other/mynah/sessions.db"
cp "$work/other/mynah/sessions.db" "$work/garbage"
session "XDG_DATA_HOME='$work/other' '$program' --engine echo; exec cat"
wait_for "this conversation is not saved"
wait_for ready
cmp -s "$work/garbage" "$work/other/mynah/sessions.db" || fail "the file was changed"
press C-d

begin "conversations of the first release are taken over"
mkdir "$work/first" "$work/first/mynah" "$work/first/mynah/sessions"
cat >"$work/first/mynah/sessions/20261124-211500-1-1.jsonl" <<'LINES'
{"mynah":1,"started":"2026-11-24T21:15:00Z"}
{"role":"user","text":"from before"}
{"role":"assistant","model":"default","text":"so it was"}
LINES
session "XDG_DATA_HOME='$work/first' '$program' --engine echo; exec cat"
wait_for "  so it was"
expect "› from before"
press C-d

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
