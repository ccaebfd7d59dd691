# Chat: typing, wide characters, several lines, history, stopping, quitting.
. "$(dirname "$0")/lib.sh"

begin "first screen"
chat --engine echo
wait_screen welcome

begin "a question and its answer"
type "Hello there, how are you?"
press Enter
wait_for "  Hello there, how are you?"
wait_screen answer

begin "Korean is typed, moved over and deleted by syllable"
type "안녕하세요 세계"
wait_for "› 안녕하세요 세계"
press BSpace BSpace
press C-a C-d
type "반"
wait_for "› 반녕하세요"
refuse "세계"
press C-e C-u
wait_gone "반녕"

begin "several lines"
type "one"
press M-Enter
type "two"
press C-j
type "three"
wait_for "  three"
expect "› one"
press Enter
wait_screen lines

begin "a paste of several lines is one draft"
paste "$(printf 'first\nsecond\nthird')"
wait_for "  third"
press C-c
press C-u BSpace C-u BSpace C-u
wait_gone "second"

begin "history"
press Up
wait_for "› one"
press Up Up Up
wait_for "› Hello there, how are you?"
type " again"
wait_for "› Hello there, how are you? again"
press C-u
wait_gone "again"

begin "an answer is stopped and kept, what was typed meanwhile too"
long=$(seq -s ' ' 1 300)
type "$long"
press Enter
wait_for "answering, Esc stops"
type "the next draft"
wait_for "› the next draft"
press Escape
wait_for "· stopped"
expect "› the next draft"
press C-u

begin "control characters are drawn, not obeyed"
paste "$(printf 'a\033[2J\033]0;t\007b\r\tc')"
wait_for "a␛[2J␛]0;t␇b"
press C-a
for i in 1 2 3; do press C-e C-u BSpace; done
wait_gone "a␛"

begin "an unknown command names the nearest"
press C-u
type "/detials"
press Enter
wait_for "did you mean /details?"
press C-u

begin "help"
type "/help"
press Enter
wait_for "send; Alt-Enter or C-j starts a new line"
press Escape
wait_gone "send; Alt-Enter"

begin "C-c twice quits and the terminal is as before"
press C-c
wait_for "C-c once more quits"
press C-c
wait_exit 0

begin "C-d on an empty draft quits"
chat --engine echo --new
wait_for "ready"
press C-d
wait_exit 0

begin "/quit"
chat --engine echo --new
wait_for "ready"
type "/quit"
press Enter
wait_exit 0
done_testing
