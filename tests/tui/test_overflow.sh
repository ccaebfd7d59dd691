# A full context: the gauge, the warning before a question is sent, and the choice of what to do.
. "$(dirname "$0")/lib.sh"
tm set-environment -g MYNAH_ECHO_CONTEXT 48     # 12 of them for the answer
tm set-environment -g MYNAH_ECHO_MS 2
words() { yes word | head -n "$1" | tr '\n' ' '; }
ask() { type "$(words 8)$1"; press Enter; wait_for "› word word word word word word word word $1"; wait_for "$2/48"; }
# 33: yellow, 31: red
is_coloured() { tm capture-pane -t =chat: -pe | grep "/48" | grep -q "$(printf '\033')\[[0-9;]*$1m *echo"; }
begins_full() { # a conversation whose next question does not fit
    chat --engine echo --new
    wait_for ready
    ask one 18
    ask two 36
    type "$(words 8)$1"
    press Enter
    wait_for "the context is full"
}

begin "the gauge turns as the window fills"
chat --engine echo --new
wait_for "echo · 0/48 0 %"
type "a b c d"
wait_for "0+1/48 2 %"
press C-u
ask one 18
expect "18/48 38 %"
is_coloured 33 && fail "it warns too early"
ask two 36
expect "36/48 75 %"
type "$(words 4)"
wait_for "36+5/48 85 %"
until_deadline is_coloured 33 || fail "it does not warn at 85 %"
type "$(words 4)"
wait_for "36+10/48 96 %"
until_deadline is_coloured 31 || fail "it does not warn at 96 %"
press C-u

begin "the dialog says what would be dropped, and that nothing was sent"
begins_full three
expect "questions may take 36 of the context's 48"
expect "This one takes 27 when the model is no longer told 1 earlier turn:"
expect "  word word word word word word word word one"
refuse "  word word word word word word word word two "
expect "[d] drop them from what the model is told"
expect "[s] sum them up first"
expect "[n] ask in a new conversation"
expect "[Esc] back to the draft"
refuse "› word word word word word word word word three"

begin "back to the draft"
press Escape
wait_gone "the context is full"
expect "not sent"
expect "› word word word word word word word word three"

begin "drop: it is told less, and what was dropped is marked"
press Enter
wait_for "the context is full"
press d
wait_for "› word word word word word word word word three"
wait_gone "the context is full"
wait_for "36/48"
expect "· left out of the context"
[ "$(screen | grep -c 'left out of the context')" = 1 ] || fail "more than one turn is marked"

begin "a new conversation"
begins_full three
press n
wait_gone "the context is full"
wait_for "  word word word word word word word word three"
wait_for "18/48"
refuse "word two"

begin "the conversation before is kept"
type "/sessions"
press Enter
wait_for " Sessions"
[ "$(screen | grep -c 'word one  .*today')" -ge 1 ] || fail "it is not in the list"
press Escape
wait_gone " Sessions"

begin "a summary goes before the question"
begins_full three
press s
wait_for "Summary of 1 turn."
expect "› Sum up what we said so far."
# The summary takes room itself, so it asks again.
wait_for "the context is full"
press d
wait_gone "the context is full"
wait_for "  word word word word word word word word three"
wait_for ready

begin "the choice by arrows and Enter"
begins_full three
press Right Right Enter
wait_gone "the context is full"
wait_for "18/48"
refuse "word two"

begin "a question that fits no window is not sent at all"
chat --engine echo --new
wait_for ready
type "$(words 40)"
press Enter
wait_for "! this takes 40 tokens, of the context's 48 at most 36 can be asked with"
expect "› word word"
done_testing
