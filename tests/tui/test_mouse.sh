# The mouse: a click opens, copies and unfolds, and never destroys; the wheel moves what is under it.
. "$(dirname "$0")/lib.sh"

cd "$work/files" || exit 1
printf 'cat' >cat.png
printf 'talk' >talk.wav

# Reports in SGR form, as a terminal sends them: button, column and row from 1.
mouse() { type "$(printf '\033[<%d;%d;%dM\033[<%d;%d;%dm' "$1" "$2" "$3" "$1" "$2" "$3")"; }
row_of() { screen | grep -nF -- "$1" | head -1 | cut -d: -f1; }
click() { # TEXT [COLUMN] - on the row that holds it
    wait_for "$1"
    mouse 0 "${2:-6}" "$(row_of "$1")"
}
wheel_up() { mouse 64 "$1" "$2"; }
wheel_down() { mouse 65 "$1" "$2"; }

COLUMNS=140 LINES=30
chat --engine echo --new
wait_for ready
begin "/set mouse on"
type "/set mouse on"; press Enter
mouse_is_on() { [ "$(of_pane '#{mouse_any_flag}#{mouse_standard_flag}#{mouse_button_flag}')" != 000 ]; }
until_deadline mouse_is_on || fail "the terminal reports no clicks"

begin "a click on a chip of the draft opens its details and removes nothing"
paste "$work/files/cat.png"
wait_for "[image cat.png · 3 bytes"
paste "$work/files/talk.wav"
wait_for "[clip talk.wav · 4 bytes · 10"
type "my words"
click "[image cat.png"
wait_for "│ what was perceived"
wait_for "│ image cat.png · 3 bytes"
expect "[image cat.png"
press Escape
wait_gone "what was perceived"
expect "[image cat.png"
expect "  my words"

begin "the details begin with the one that was clicked"
click "[clip talk.wav" "$(screen | grep -F '[clip talk.wav' | sed 's/\[clip talk.wav.*//' | wc -m)"
wait_for "│ what was perceived"
until_deadline [ "$(row_of '│ clip talk.wav')" = 2 ] || fail "the clip is not on top"
press Left
wait_for "│ image cat.png · 3 bytes"

begin "Backspace at the start removes one, as before"
press Escape
wait_gone "what was perceived"
press C-a BSpace
wait_gone "[clip talk.wav"
expect "[image cat.png"
press C-e

begin "a click on a sent chip opens its details"
press Enter
wait_for "(cat.png) my words"
wait_for ready
click "› image cat.png"
wait_for "│ image cat.png · 3 bytes"

begin "beside a drawer the conversation can be clicked"
press Escape
wait_gone "what was perceived"
press F1
wait_for "│ Keys"
click "› image cat.png"
wait_for "│ image cat.png · 3 bytes"
press Escape
wait_gone "what was perceived"

begin "a click on a link copies where it goes"
type "say see [the page](https://example.org/x) here"; press Enter
wait_for "  see the page (https://example.org/x) here"
wait_for ready
click "  see the page (https" 10
wait_for "copied https://example.org/x"

begin "a click on a fold line unfolds"
i=0
long=$(while [ $i -lt 40 ]; do echo "line $i"; i=$((i + 1)); done)
paste "say
$long"
wait_for "41 lines"
click "41 lines"
wait_for "│ pasted"
wait_for "│ line 5"
press Escape
wait_gone "│ pasted"
press Enter
wait_for "line 39"
wait_for ready
press PPage
wait_for " more lines"
click " more lines"
wait_for "line 20"
wait_gone " more lines"

begin "the wheel scrolls the conversation"
press NPage NPage NPage NPage NPage NPage
wait_gone "more below"
wheel_up 5 5
wait_for "more below"
wheel_down 5 5
wait_gone "more below"

begin "the wheel scrolls the panel when it is over it, and the conversation beside it"
press F1
wait_for "│ Keys"
wheel_down 100 5
wait_gone "│ Keys"
refuse "more below"
wheel_up 100 5
wait_for "│ Keys"
wheel_up 5 5
wait_for "more below"
expect "│ Keys"
press Escape
wait_gone "│ Keys"

begin "a click on a file that failed says why, and it stays"
type "/attach $work/files/nowhere.png"; press Enter
click "not attached:"
wait_for "not attached: "
press C-a BSpace
wait_gone "not attached"

begin "a question lets nothing but itself be clicked; the wheel scrolls above it"
press C-u
paste "$work/files/cat.png"
wait_for "[image cat.png · 3 bytes · 10"
type "last"; press Enter
wait_for "(cat.png) last"
wait_for ready
type "/delete"; press Enter
wait_for "[y]"
click "› image cat.png"
wheel_up 5 3
wait_for "more below"
expect "[y]"
press Escape
wait_gone "[y]"
press C-d
wait_exit 0
done_testing
