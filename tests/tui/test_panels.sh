# Panels in the real chat: sessions, files, history, help; at 80x24, 20x5 and 200x60.
. "$(dirname "$0")/lib.sh"

cd "$work/files" || exit 1
mkdir pics .secret
printf 'sea' >pics/sea.jpg
printf 'sun' >pics/sun.jpg
printf 'cat' >cat.png
printf 'song' >song.wav
printf 'words' >notes.txt
printf 'dark' >.secret/dark.png
i=0
while [ $i -lt 40 ]; do printf x >"pics/z$i.png"; i=$((i + 1)); done

ask() { type "$1"; press Enter; wait_for "  $1"; wait_for ready; }
row_is() { [ "$(screen | sed -n "$1p" | sed 's/ *$//')" = "$2" ]; }
wait_row() { until_deadline row_is "$1" "$2" || fail "row $1 is not \"$2\""; }
count() { python3 -c 'import sqlite3, sys; print(*sqlite3.connect(sys.argv[1]).execute("SELECT count(*) FROM session").fetchone())' "$XDG_DATA_HOME/mynah/sessions.db"; }

chat --engine echo --new
wait_for ready
ask "What is a mynah?"
ask "it belongs to the starlings"
type "/new"; press Enter
wait_gone starlings
ask "Boats float"

begin "C-t lists the conversations, newest first"
press C-t
wait_for "›• Boats float"
wait_for "   What is a mynah?"
expect " today "
expect "type to search what was said"
wait_row 24 " Enter open · C-r name · C-d delete · C-e save · Esc"

begin "typing searches what was said, too"
type "STARL"
wait_gone Boats
wait_for "›  What is a mynah?"
wait_for "   it belongs to the starlings"
type "x"
wait_for "no session"
press BSpace

begin "Enter opens one"
wait_for "›  What is a mynah?"
press Enter
wait_for "  it belongs to the starlings"
wait_gone "/ STARL"
refuse Boats

begin "C-r renames in place"
press C-t
wait_for "›• What is a mynah?"
press C-r C-u
type "새와 이름"
press Enter
wait_for "›• 새와 이름"
refuse "What is a mynah?"

begin "C-e writes Markdown, and never over a file"
press C-e
wait_for "written to 새와-이름.md in this folder"
press C-e
wait_for "written to 새와-이름-2.md in this folder"
grep -q "it belongs to the starlings" 새와-이름.md || fail "the question is not in the file"
cmp -s 새와-이름.md 새와-이름-2.md || fail "the second is another text"

begin "C-d deletes after a y"
press Home
wait_for "›  Boats float"
press C-d
wait_for "delete? y/n Boats float"
type "n"
wait_for "›  Boats float"
press C-d
wait_for "delete? y/n Boats float"
type "y"
wait_gone Boats
wait_for "›• 새와 이름"
[ "$(count)" = 1 ] || fail "it is in the store"

begin "Esc and C-g close"
press Escape
wait_gone Sessions
press C-t
wait_for Sessions
press C-g
wait_gone Sessions
wait_for "  it belongs to the starlings"

begin "one that is open elsewhere is refused"
tm new-window -t =chat: -n second "'$program' --engine echo --new; exec cat"
wait_for ready
press C-t
wait_for "›! 새와 이름"
press Enter
wait_for "this one is open in another mynah; close it there first"
press C-d
wait_for "this one is open in another mynah; close it there first"
press Escape
wait_gone Sessions
press C-d
tm kill-window -t =chat:second

begin "C-o shows folders, then what can be attached, with a preview"
press C-o
wait_for "›  pics/"
expect "   cat.png"
expect "   notes.txt"
refuse .secret
press Down
wait_for "›  cat.png"
wait_for "3 bytes"
press Down
wait_for "›  song.wav"
wait_for "4 bytes"

begin "what cannot be attached says why"
press Down Enter
wait_for "notes.txt: is neither a picture"

begin "letters filter, a dot shows what is hidden"
type "CAT"
wait_gone song.wav
wait_for "›  cat.png"
press C-u
wait_for song.wav
type "."
wait_for ".secret/"
type "."
wait_gone .secret

begin "several are marked, in several folders"
type "cat"
wait_gone song.wav
type " "
wait_for "›+ cat.png"
wait_for "1 marked"
press C-u
wait_for "›  pics/"
press Enter
wait_for "›  sea.jpg"
type "  "
wait_for " + sun.jpg"
wait_for "3 marked"
press BSpace
wait_for "›  pics/"
press Down
wait_for "›+ cat.png"
press Enter
wait_for "[image cat.png ·"
wait_for "[image sea.jpg ·"
wait_for "[image sun.jpg ·"
type "look"
press Enter
wait_for "(sun.jpg) look"
wait_for ready

begin "C-r searches what was asked"
press C-r
wait_for "›  look"
type "STARL"
wait_for "›  it belongs to the starlings"
refuse "   look"
press Enter
wait_gone History
wait_row 23 "› it belongs to the starlings"
press C-u
wait_row 23 "›"

begin "help is searched and closed by q"
press F1
wait_for help
type "/REGENERATE"
wait_for "/REGENERATE"
press Enter
wait_for "/regenerate"
press q
wait_gone "/regenerate"

for size in "20 5" "200 60"; do
    set -- $size
    begin "sessions at $1x$2"
    resize "$1" "$2"
    press C-t
    wait_for "›• 새와 이름"
    type "starl"
    wait_for "it belongs to"
    press C-r
    type "!"
    press Enter
    wait_for "이름!"
    press C-r BSpace Enter
    wait_gone "이름!"
    press C-d
    wait_for "delete? y/n"
    type "n"
    wait_gone "delete?"
    press Escape
    wait_gone "/ starl"

    begin "files at $1x$2"
    press C-o
    wait_for "›  pics/"
    press Enter
    wait_for "›  sea.jpg"
    press End
    wait_for "›  z9.png"
    type "z12"
    wait_for "›  z12.png"
    [ "$1" = 20 ] || wait_for "1 bytes"
    press Left
    wait_for "›  pics/"
    press Escape
    wait_gone pics/

    begin "history at $1x$2"
    press C-r
    wait_for "›  look"
    type "boat"
    wait_for "›  Boats float"
    press C-g
    wait_gone "Boats float"

    begin "help at $1x$2"
    press F1
    wait_for help
    press PageDown
    type "/copy the last co"
    wait_for "/copy the last co"
    press Enter Escape
    wait_gone "/copy the"
done

begin "a drawer stands beside the conversation where there is room"
press C-t
wait_for "│ Sessions"
wait_for "(sun.jpg) look"
resize 20 5
wait_for "›• 새와"
resize 80 24
wait_for "›• 새와 이름"
press Escape
wait_gone Sessions

press C-d
wait_exit 0
done_testing
