# Turns: browsed, regenerated, edited, continued, deleted, asked again, copied, folded, searched.
. "$(dirname "$0")/lib.sh"
folder="$XDG_DATA_HOME/mynah"
sql() { python3 -c 'import sqlite3, sys; print(*sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchone())' "$folder/sessions.db" "$1"; }
tm set-option -s set-clipboard on       # what OSC 52 says becomes tmux's buffer
for name in WAYLAND_DISPLAY DISPLAY; do tm set-environment -g -r $name; done
tm set-environment -g MYNAH_ECHO_MS 2
name=start

ask() { type "$1"; press Enter; wait_for "  $2"; wait_for ready; }    # QUESTION, the last line of the answer
styled() { tm capture-pane -t =chat: -pe; }
# The line with the mark of the selected item holds this text.
marks() { screen | grep -qF -- "▌ $1"; }
wait_marked() { until_deadline marks "$1" || fail "\"$1\" is not selected"; }
browse() { press Tab; wait_for "e edit · r again"; }
leave() { press Escape; wait_for ready; }
copied() { [ "$(tm show-buffer 2>/dev/null)" = "$1" ]; }
wait_copied() { until_deadline copied "$1" || fail "the clipboard holds \"$(tm show-buffer 2>&1)\", not \"$1\""; }
n_lines() { screen | grep -cxF -- "$1"; }

begin "nothing to browse yet"
chat --engine echo --new
wait_for ready
press Tab
wait_for "there is no turn to browse yet"
ask "say first answer" "first answer"
ask "say second answer" "second answer"

begin "browsing goes over questions and answers"
browse
wait_marked "second answer"
press Up
wait_marked "say second answer"
press k
wait_marked "first answer"
press g
wait_marked "say first answer"
press j
wait_marked "first answer"
press G
wait_marked "second answer"
press Down
wait_for ready
refuse "▌"

begin "a key that means nothing there says so"
browse
press z
wait_for "? shows the keys of browsing, Esc leaves it"
press '?'
wait_for "Browsing the turns"
expect "the branch before or after"
refuse "Commands"
press Escape
wait_gone "Browsing the turns"
leave

begin "regenerate keeps both answers"
browse
press r
wait_for "say second answer                                                         2/2"
wait_for "  second answer"
wait_for ready
[ "$(sql 'SELECT count(*) FROM turn')" = 3 ] || fail "there are $(sql 'SELECT count(*) FROM turn') turns, not 3"

begin "edit begins a branch and keeps the other"
browse
press Up
wait_marked "say second answer"
press Enter
wait_for "› say second answer"
wait_for "Enter asks this beside the earlier question"
press C-e C-w C-w
type "third one"
press Enter
wait_for "  third one"
wait_for "say third one                                                             3/3"
wait_for ready
refuse "second answer"
expect "  first answer"

begin "branches are switched"
browse
press Left
wait_for "branch 2 of 3"
wait_for "say second answer                                                         2/3"
refuse "third one"
press h
wait_for "branch 1 of 3"
press Left
wait_for "there is no further branch that way"
press l
wait_for "branch 2 of 3"
press Right
wait_for "branch 3 of 3"
wait_for "▌ third one"
press g
wait_marked "say first answer"
press Right
wait_for "this question has one branch; e or r begins another"
leave

begin "an edit is given up"
type "/edit"
press Enter
wait_for "Enter asks this beside the earlier question"
press Escape
wait_for "the earlier question stays as it was"
[ "$(n_lines '›')" = 1 ] || fail "the draft is not empty"

begin "the first question is edited: what followed stays on its branch"
browse
press g e
wait_for "Enter asks this beside the earlier question"
press C-u
ask "say another start" "another start"
refuse "third one"
expect "say another start                                                         2/2"
browse
press Up Left
wait_for "branch 1 of 2"
wait_for "  third one"
leave

begin "an answer that was stopped goes on"
type "count 400"
press Enter
wait_for "answering, Esc stops"
press Escape
wait_for "· stopped; /continue goes on"
refuse "stopping"
type "/continue"
press Enter
wait_gone "· stopped"
wait_for "397 398 399 400"
wait_for ready

begin "an answer that was cut goes on"
ask "cut one two three four" "one two"
expect "· cut off: the limit of tokens"
browse
press c
wait_for "  one two three four"
wait_gone "cut off"
wait_for ready
type "/continue"
press Enter
wait_for "the last answer is complete"

begin "facts"
browse
press i
wait_for "This answer"
expect "state       finished"
expect "model       echo"
expect "seed        "
expect "tokens, 500.0 per second"
press Escape
wait_gone "This answer"
leave

begin "a turn is deleted only when it is confirmed"
type "/delete"
press Enter
wait_for "Delete this question and its answer? What follows stays."
press n
wait_gone "Delete this question"
expect "  one two three four"
browse
press d
wait_for "[y] delete it"
expect "cut one two three four"
press y
wait_gone "one two three four"
leave
[ "$(sql "SELECT count(*) FROM turn WHERE text LIKE 'cut one%'")" = 0 ] || fail "it is still in the store"

begin "a failure is told, and asked again"
type "fail out of order"
press Enter
wait_for "! out of order"
expect "· no answer; /retry asks again"
type "/retry"
press Enter
once() { [ "$(sql "SELECT count(*) FROM turn WHERE text = 'fail out of order'")" = 1 ]; }
until_deadline once || fail "the question is there twice"
wait_for "! out of order"
wait_for ready

begin "not while an answer comes"
type "wait"
press Enter
wait_for "thinking"
press Tab
wait_for "e edit · r again"
press r
wait_for "not now: Esc stops what goes on"
press Escape
wait_gone "e edit"
press Escape
wait_for "· stopped; /continue goes on"

begin "an answer is copied as it was written"
ask "say **bold** and 한국어 👍🏽" "bold and 한국어"
type "/copy"
press Enter
wait_for "the answer is copied"
wait_copied "**bold** and 한국어 👍🏽"

begin "a code block is copied without its fences"
paste "$(printf 'say see:\n```c\nint a;\n\n  int b;\n```\nand so on')"
press Enter
twice() { [ "$(n_lines "$1")" = 2 ]; }
until_deadline twice "  and so on" || fail "no answer"
wait_for ready
browse
press Y
wait_for "the last code block is copied"
wait_copied "$(printf 'int a;\n\n  int b;')"
press y
wait_for "the answer is copied"
wait_copied "$(printf 'see:\n```c\nint a;\n\n  int b;\n```\nand so on')"
press k k
wait_marked "bold and 한국어"
press Y
wait_for "there is no code in this answer"
leave

begin "what is copied cannot steer the terminal"
ask "bytes 61 1b 5b 33 31 6d 62" "a␛[31mb"
type "/copy"
press Enter
wait_copied "$(printf 'a\033[31mb')"

begin "a long answer is folded and unfolded"
type "count 350"
press Enter
wait_for " 350"
wait_for ready
browse
press f
wait_for "more lines"
refuse " 300"
press f
wait_gone "more lines"
wait_for " 350"
leave

begin "the conversation is searched"
type "/find FIRST answer"
press Enter
wait_marked "first answer"
wait_for "n: the next before it, N: after it"
styled | grep -q "$(printf '\033')\[.*first answer" || fail "what was found is not marked"
press n
wait_marked "say first answer"
press n
wait_marked "first answer"
leave
press C-s
type "no such words"
press Enter
wait_for "\"no such words\" is not in this conversation"
press Escape
wait_for "ready"

begin "it is all there again after a restart"
press C-d
wait_exit 0
chat --engine echo
wait_for "resumed"
type "/find say third"
press Enter
wait_for "3/3"
press Escape
wait_gone "▌"
press C-r
type "another"
wait_for "say another start"
press Enter
wait_for "› say another start"
press C-u

begin "the model is switched in the chat, and a broken one leaves the old"
type "/model echo-large"
press Enter
wait_for "echo-large · "
wait_for "/32768"
type "/model echo-broken"
press Enter
wait_for "! echo-broken: is not a model"
wait_for "echo-large · "
type "/model"
press Enter
wait_for "the model is echo-large; /model NAME or PATH changes it:"
expect "echo-missing (not here: \`mynah pull\` fetches it)"
ask "say on the large one" "on the large one"

begin "who looks at pictures is told and changed"
type "/eyes"
press Enter
wait_for "pictures are told in the detector's words; /eyes words, rows, NAME or FILE"
type "/eyes e"
press Tab
wait_for "› /eyes echo-eyes"
press Enter
wait_for "echo-eyes looks at pictures, and what it says is told beside the"
type "/eyes nosuch"
press Enter
wait_for "! nosuch: is not here: the echo engine has echo-eyes"

begin "facts of an answer by another model"
type "/facts"
press Enter
wait_for "model       echo-large"
press Escape
wait_gone "This answer"
press C-d
wait_exit 0
done_testing
