# From 20x5 to 300x100: each main view, and 200 sizes while an answer streams.
. "$(dirname "$0")/lib.sh"
cd "$work/files" || exit 1
printf 'sea' >sea.jpg
printf 'clip' >take.wav
mkdir deeper
tm set-environment -g MYNAH_ECHO_MS 0
cat >"$work/mynah-here" <<SCRIPT
#!/bin/sh
cd '$work/files' && exec '$program' "\$@"
SCRIPT
chmod +x "$work/mynah-here"
program="$work/mynah-here"
# Blanks at the end of a row are drawn or not, as it comes.
screen() { tm capture-pane -t =chat: -p 2>&1 | sed 's/ *$//'; }
size() { COLUMNS=${1%x*} LINES=${1#*x}; export COLUMNS LINES; }
at_size() { [ "$(of_pane '#{window_width}x#{window_height}')" = "$1" ]; }
# Every row is drawn within the width, whatever stands in it.
fits() { screen | python3 -c '
import sys, unicodedata
for line in sys.stdin.read().split("\n"):
    if sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line) > int(sys.argv[1]): sys.exit(line)' "$1" || fail "a row is too wide"; }

views() { # SIZE NAME - what every size has to show
    size "$1"
    chat --engine echo --new
    wait_for ready
    at_size "$1" || fail "the window is not $1"
    begin "welcome at $1"
    wait_for "Type a question"
    fits "$COLUMNS"

    begin "conversation at $1"
    type "say # Title"
    press M-Enter
    type "한국어 and **words** enough to be wrapped at the smallest of sizes"
    press Enter
    wait_for "sizes"
    wait_for ready
    wait_screen "sizes_${2}_chat"
    fits "$COLUMNS"

    begin "browsing at $1"
    press Tab
    wait_for "browsing"
    wait_for "▌"
    press Escape
    wait_gone "▌"

    begin "help at $1"
    type "/help"
    press Enter
    wait_for "Esc closes"
    wait_screen "sizes_${2}_help"
    press Escape
    wait_gone "Esc closes"

    begin "question at $1"
    type "/delete"
    press Enter
    wait_for "[y] delete it"
    wait_screen "sizes_${2}_question"
    press n
    wait_gone "[y] delete it"
    expect "sizes"

    begin "sessions at $1"
    press C-t
    wait_for " Sessions"
    expect "say # Title"
    fits "$COLUMNS"
    press Escape
    wait_gone " Sessions"

    begin "files at $1"
    press C-o
    wait_for "deeper"
    type "sea"
    wait_for "sea.jpg"
    wait_gone "take.wav"
    fits "$COLUMNS"
    press Enter
    [ "$2" = small ] || wait_for "[image sea.jpg"
    wait_gone "type to filter"
    press C-a BSpace
    wait_gone "[image sea.jpg"

    begin "completion at $1"
    type "/re"
    press Tab
    wait_for "/rename"
    fits "$COLUMNS"
    press Escape
    wait_gone "/rename"
    press C-u

    begin "quitting at $1"
    press C-d
    wait_exit 0
}
views 20x5 small
views 300x100 large
views 80x24 usual

begin "200 sizes while an answer streams, then as a fresh start at that size"
sizes="20x5 300x100 80x24 7x3"
# All but the status line, whose speed differs, and the cursor.
without_status() { screen | sed '$d'; of_pane '#{cursor_x} #{cursor_y}'; }
for one in $sizes; do
    size "$one"
    chat --engine echo --new
    wait_for "Type a"
    type "count 1500"
    press Enter
    wait_gone "Type a"
    wait_for ready
    type "한글"
    wait_for "한글"
    without_status >"$work/fresh.$one"
done
tm set-environment -g MYNAH_ECHO_MS 3
size 80x24
chat --engine echo --new
wait_for ready
type "count 1500"
press Enter
wait_for "answering, Esc stops"
for one in $(awk -v seed="${SEED:-5}" 'BEGIN { srand(seed); for (i = 0; i < 200; i++) printf "%dx%d\n", 1 + rand() * 300, 1 + rand() * 100 }'); do
    resize "${one%x*}" "${one#*x}"
done
resize 80 24
wait_for "answering, Esc stops"
type "한글"
wait_for "› 한글"
wait_gone "answering, Esc stops"
as_fresh() { without_status | cmp -s - "$work/fresh.$1"; }
for one in $sizes; do
    resize "${one%x*}" "${one#*x}"
    until_deadline as_fresh "$one" || { fail "at $one it is not as from the start"; without_status | diff - "$work/fresh.$one" | head -n 20; }
done
resize 80 24
press C-u C-d
wait_exit 0
done_testing
