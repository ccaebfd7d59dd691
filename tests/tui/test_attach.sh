# Attaching: every form in which a terminal hands over a path, chips, bad files, details.
. "$(dirname "$0")/lib.sh"

cd "$work/files" || exit 1
printf 'picture' >'a b.png'
printf 'sound' >two.wav
printf 'shot' >"$(printf 'Shot at 1.23\342\200\257PM.png')"
printf 'home' >"$HOME/home.png"
head -c 400000 /dev/zero >slow.png
mkdir a_folder
: >empty.png

chip() { # what a paste leads to, and its removal as one unit
    wait_for "[image $1 ·"
    press BSpace
    wait_gone "[image $1 ·"
}
chat --engine echo --new
wait_for ready
begin "a bare path with a space"
paste "$work/files/a b.png"
chip "a b.png"
begin "single quotes"
paste "'$work/files/a b.png' "
chip "a b.png"
begin "double quotes"
paste "\"$work/files/a b.png\""
chip "a b.png"
begin "backslashes"
paste "$work/files/a\\ b.png"
chip "a b.png"
begin "a file URI"
paste "file://$work/files/a%20b.png"
chip "a b.png"
begin "a file URI with a host"
paste "file://localhost$work/files/a%20b.png"
chip "a b.png"
begin "the home folder"
paste '~/home.png'
chip "home.png"
begin "no-break space"
paste "'$work/files/Shot at 1.23 PM.png'"
wait_for "[image Shot at 1.23"
press BSpace
wait_gone "[image Shot"
begin "dropped without bracketed paste"
type "'$work/files/a b.png'"
chip "a b.png"
begin "/attach"
type "/attach $work/files/a\\ b.png"
press Enter
chip "a b.png"
begin "Tab completes a path"
type "/attach $work/files/a\\ "
press Tab
wait_for "a\\ b.png"
press Enter
chip "a b.png"
begin "several at once"
paste "'$work/files/a b.png' $work/files/two.wav"
wait_for "[image a b.png · 7 bytes · 10 tokens"
wait_for "[clip two.wav · 5 bytes · 10 tokens"

begin "chips share a line where they fit"
resize 120 24
wait_for "10 tokens, < 1 %] [clip two.wav"
resize 80 24
wait_for "  [clip two.wav"

begin "a chip is whole at 20 columns"
resize 20 24
wait_for "  7 bytes · 10"
wait_for "  tokens, < 1 %]"
resize 80 24
wait_for "› [image a b.png · 7 bytes · 10 tokens, < 1 %]"

begin "they are sent with the question"
type "what are they?"
press Enter
wait_for "(a b.png) (two.wav) what are they?"
expect "› image a b.png"
expect "  clip two.wav"

begin "details"
resize 80 70                            # room for the pictures, which are drawn a little later
type "/details"
press Enter
wait_for "Esc closes"
wait_for "7 bytes at $work/files/a b.png"
expect "Nothing was looked at or listened to"
press Escape
resize 80 24
wait_for "ready"

begin "a question waits for the file that is still read"
paste "$work/files/slow.png"
type "and this?"
press Enter
wait_for "sends when ready: reading"
wait_for "[image slow.png · 400000 bytes · reading"
expect "%, about "
wait_for "(slow.png) and this?"

bad() { # path, reason
    begin "bad file: $2"
    type "keep me"
    wait_for "keep me"
    press C-a
    type "/attach $1 "
    press C-k Enter
    wait_for "$2"
    expect "not attached: $1"
    press BSpace
    wait_gone "not attached"
    press C-y
    wait_for "keep me"
    press C-u
    wait_gone "keep me"
}
bad "$work/files/nowhere.png" "No such file"
bad "$work/files/a_folder" "is a directory"
bad "$work/files/empty.png" "is empty"
bad "/dev/null" "not a regular file"

begin "a bad file keeps the draft"
type "/attach $work/files/empty.png"
press Enter
type "my question"
wait_for "not attached"
expect "my question"
done_testing
