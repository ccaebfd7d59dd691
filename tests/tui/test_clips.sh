# What is said in clips: a line corrected, kept, brought back; places that answers name; a transcript in a file.
. "$(dirname "$0")/lib.sh"

cd "$work/files" || exit 1
head -c 96000 /dev/zero >talk.wav
head -c 96000 /dev/zero >again.wav
said="  1.0 - 2.0  what is said then"

chat --engine echo --new
wait_for ready
begin "a line is corrected in the details"
type "/attach talk.wav"; press Enter
wait_for "clip talk.wav · 96000 bytes · 10 tokens"
type "/details"; press Enter
wait_for "$said"
expect "e corrects what was heard"
type e
wait_for "which line"
press Down; press Enter
wait_for "> what is said then"
expect "Enter keeps it"
type ", they say"; press Enter
wait_for "$said, they say  (edited)"
wait_for "an empty line brings back what was heard"

begin "Esc drops what was typed"
type e; press Enter
wait_for "> what is said then, they say"
type "!!!"; press Escape
wait_gone "!!!"
expect "$said, they say  (edited)"
press Escape
wait_gone "what was perceived"

begin "an answer's place is gone to"
type "say It is there [0:02], and [0:01]."; press Enter
wait_for "tokens/s"
press Tab; type p
wait_for "place 1 of 2"
expect "what is said at last"
press Escape
wait_gone "what was perceived"
type p
wait_for "place 2 of 2"
press Escape
wait_gone "what was perceived"
press Tab
wait_gone "e edit"

begin "a transcript in a file has the correction"
type "/export transcript srt talk.srt"; press Enter
wait_for "is written to talk.srt"
[ "$(sed -n 3p talk.srt)" = "what is said then, they say" ] || fail "talk.srt has $(cat talk.srt)"
type "/export transcript srt talk.srt"; press Enter
wait_for "a file of that name is there"
type "/export transcript"; press Enter
wait_for "csv or json, and a path: /export"
[ ! -e transcript ] || fail "the conversation was written to a file called transcript"
type "/export transcript doc talk.doc"; press Enter
wait_for "takes txt, srt, vtt, lrc, csv or json"

begin "it is there in the next program"
type "/quit"; press Enter
wait_exit 0
chat --engine echo --mouse
wait_for "resumed"
wait_for "clip talk.wav · 96000 bytes · 10 tokens"
type "/details"; press Enter
wait_for "$said, they say  (edited)"

begin "a click on a place goes there, one beside it does not"
press Escape
wait_gone "what was perceived"
row=$(screen | grep -nF "  It is there [0:02]" | tail -1 | cut -d: -f1)
click() { type "$(printf '\033[<0;%d;%dM\033[<0;%d;%dm' "$1" "$row" "$1" "$row")"; }
click 8
click 17
wait_for "what was perceived"
expect "$said, they say  (edited)"

begin "and for the same clip of another name"
press Escape
wait_gone "what was perceived"
type "/attach again.wav"; press Enter
wait_for "clip again.wav · 96000 bytes · 10 tokens"
type "/details"; press Enter
wait_for "what was perceived"
press Right
edited() { [ "$(screen | grep -c "they say  (edited)")" -ge 1 ]; }
until_deadline edited || fail "again.wav is not corrected"

begin "the chat of lines knows corrections and writes transcripts"
printf '/export transcript srt none.srt\n/attach talk.wav\nsay a word\n/export transcript srt plain.srt\n/export transcript doc x\n' |
    "$program" --engine echo --plain --new >plain.out 2>&1
[ "$(sed -n 3p plain.srt)" = "what is said then, they say" ] || fail "plain.srt has $(cat plain.srt); $(cat plain.out)"
grep -q 'no clip was attached yet' plain.out || fail "$(cat plain.out)"
grep -q 'takes txt, srt' plain.out || fail "$(cat plain.out)"

begin "an empty line brings back what was heard"
type e
wait_for "which line"
press Down; press Up; press Up; press Up; press Up; press Down; press Enter
wait_for "> what is said then, they say"
press C-u; press Enter
wait_for "what was heard is back"
wait_gone "they say"
type "q"; type "/quit"
press Enter
wait_exit 0
done_testing
