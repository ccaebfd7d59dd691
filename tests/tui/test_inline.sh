# --inline: finished turns go to the terminal's own scrollback, once each; the input stays below them.
. "$(dirname "$0")/lib.sh"
tm set-environment -g MYNAH_ECHO_MS 2
scrollback() { tm capture-pane -t =chat: -p -S - "$@"; }
once() { [ "$(scrollback | grep -cF -- "$1")" = 1 ]; }
all_once() { for text; do once "$text" || { fail "\"$text\" stands $(scrollback | grep -cF -- "$text") times"; return; }; done; }
ask() { type "$1"; press Enter; wait_for "  $2"; wait_for ready; }
bottom() { [ "$(screen | sed '/^$/d' | tail -n 1 | grep -c 'echo ·')" = 1 ] || fail "the status line is not the last"; }

begin "it begins below what the shell wrote, without the alternate screen"
chat --engine echo --new --inline
wait_for ready
expect "before the chat"
[ "$(of_pane '#{alternate_on}')" = 0 ] || fail "it is on the alternate screen"

begin "finished turns stand in the scrollback once, in order"
for i in 1 2 3 4 5 6 7 8 9; do
    ask "say reply-$i and **words-$i**" "reply-$i and words-$i"
done
all_once "before the chat" "› say reply-1 and" "  reply-1 and words-1" "  reply-5 and words-5" "› say reply-9 and" "  reply-9 and words-9"
[ "$(scrollback | grep -o '^  reply-[0-9]' | tr -d ' \n')" = reply-1reply-2reply-3reply-4reply-5reply-6reply-7reply-8reply-9 ] || fail "they are not in order"
bottom

begin "with their styles"
scrollback -e | grep 'reply-1 and.*words-1' | tail -n 1 | grep -q "and $(printf '\033')\[1mwords-1" || fail "what is strong is not bold"

begin "an answer longer than the screen is all there"
type "count 700"
press Enter
wait_for "698 699 700"
wait_for ready
[ "$(scrollback | grep -oE '[0-9]+' | awk '$1 == want + 1 { want++ } END { print want }')" -ge 700 ] || fail "numbers are missing"
[ "$(scrollback | grep -c ' 350 ')" = 1 ] || fail "a line is there more than once"
[ "$(scrollback | grep -c 'answering, Esc')" = 0 ] || fail "the live region is in the scrollback"

begin "what is said while it streams is seen"
type "count 100000"
press Enter
wait_for "answering, Esc stops"
type "meanwhile"
wait_for "› meanwhile"
press Escape
wait_for "· stopped; /continue goes on"
expect "› meanwhile"
press C-u
bottom

begin "regenerated and edited, both stay"
ask "say once more" "once more"
type "/regenerate"
press Enter
wait_for "2/2"
wait_for ready
[ "$(scrollback | grep -c '^  once more')" = 2 ] || fail "there are not two answers"
type "/edit"
press Enter
wait_for "Enter asks this beside"
press C-e C-w
type "again"
press Enter
wait_for "3/3"
wait_for "  once again"
wait_for ready
[ "$(scrollback | grep -c '^  once more')" = 2 ] || fail "the earlier answers went"

begin "help, facts and sessions open in the region and leave nothing behind"
type "/help"
press Enter
wait_for "Esc closes"
expect "Enter        send"
press Escape
wait_gone "Esc closes"
type "/facts"
press Enter
wait_for "This answer"
press Escape
wait_gone "This answer"
press C-t
wait_for " Sessions"
press Escape
wait_gone " Sessions"
for text in "Enter        send" "This answer" " Sessions"; do
    scrollback | grep -qF "$text" && fail "\"$text\" stayed"
done
wait_for ready

begin "browsing"
press Tab
wait_for "e edit · r again"
expect "▌ once again"
press Escape
wait_gone "e edit · r again"
wait_for ready
scrollback | grep -q "▌" && fail "the selection stayed"

begin "resizing keeps what is finished, once"
for size in 60x15 100x30 30x8 20x5 80x24; do
    resize "${size%x*}" "${size#*x}"
    [ "$(of_pane '#{window_width}x#{window_height}')" = "$size" ] || fail "tmux did not resize to $size"
done
ask "say after-resizing" "after-resizing"
all_once "  reply-1 and words-1" "  reply-5 and words-5" "  reply-9 and words-9" "  after-resizing"
bottom

begin "resized while it streams: nothing of it is lost"
type "count 1000"
press Enter
for size in 70x20 50x10 90x24 120x40 40x12 80x24; do
    wait_for "answering, Esc stops"
    resize "${size%x*}" "${size#*x}"
done
wait_gone "answering, Esc stops"
wait_for ready
missing=$(scrollback | tr -s ' ' '\n' | awk '/^[0-9]+$/ { seen[$1] = 1 } END { for (i = 1; i <= 1000; i++) if (!seen[i]) print i }' | head -n 3 | tr '\n' ' ')
[ -z "$missing" ] || fail "missing: $missing"

begin "/new goes on below"
type "/new"
press Enter
wait_for "a new conversation"
ask "say fresh" "fresh"
all_once "  reply-9 and words-9" "  fresh"

begin "quitting leaves the cursor below everything"
press C-d
until_deadline test -f "$work/stty.after" || fail "did not end"
wait_for "exit status 0"
cmp -s "$work/stty.before" "$work/stty.after" || fail "the terminal's modes were not restored"
[ "$(of_pane '#{alternate_on} #{cursor_flag}')" = "0 1" ] || fail "the cursor is hidden"
[ "$(screen | sed '/^$/d' | tail -n 1)" = "exit status 0" ] || fail "the shell goes on inside the conversation"

begin "a conversation that comes back is printed once"
chat --engine echo --inline
wait_for "resumed"
wait_for ready
all_once "before the chat" "› say fresh" "  fresh"
press C-c
wait_for "C-c once more quits"
press C-c
wait_exit 0

begin "killed, it leaves a terminal that works"
chat --engine echo --new --inline
wait_for ready
kill -TERM "$(pid)"
wait_exit 143

begin "mode = inline in the settings"
mkdir -p "$HOME/.config/mynah"
echo "mode = inline" >"$HOME/.config/mynah/config"
chat --engine echo --new
wait_for ready
expect "before the chat"
[ "$(of_pane '#{alternate_on}')" = 0 ] || fail "it is on the alternate screen"
press C-d
wait_exit 0
done_testing
