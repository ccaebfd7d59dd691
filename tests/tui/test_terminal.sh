# Terminals that are none, or that can do little.
. "$(dirname "$0")/lib.sh"

begin "no terminal"
out=$("$program" </dev/null 2>&1)
[ $? = 2 ] || fail "the exit status is not 2"
case $out in *'mynah ask'*) ;; *) fail "it does not point at mynah ask: $out" ;; esac

begin "a terminal of which nothing is known"
session "TERM=no-such-terminal '$program' --engine echo; echo exit status \$?; exec cat"
wait_for "exit status 2"
expect "mynah --plain"

for term in dumb ""; do
    begin "TERM=$term is plain"
    session "TERM='$term' '$program' --engine echo --new; echo exit status \$?; exec cat"
    wait_for "you:"
    type "hello"
    press Enter
    wait_for "mynah: hello"
    press C-d
    wait_for "exit status 0"
done

for setting in "TERM=vt100 LANG=C.UTF-8" "TERM=linux LC_ALL=en_US.utf8" TERM=xterm "TERM=screen LANG=C" "NO_COLOR=1 LC_ALL=POSIX"; do
    begin "$setting"
    session "env $setting '$program' --engine echo --new; echo exit status \$?; exec cat"
    wait_for ready
    type "한글 works"
    press Enter
    wait_for "  한글 works"
    wait_for ready
    case $setting in *NO_COLOR*) tm capture-pane -t =chat: -pe | grep -qE '\[(3[0-7]|[0-9;]*;3[0-7])m' && fail "there is colour" ;; esac
    press C-d
    wait_for "exit status 0"
done
begin "a terminal without UTF-8"
session "env TERM=vt100 LANG=C '$program' --engine echo --new; echo exit status \$?; exec cat"
wait_for ready
type "café 한 works"
press Enter
wait_for "  cafe ?? works"
wait_for "----------"
screen | LC_ALL=C grep -q '[^ -~]' && fail "there is more than ASCII"
press C-d
wait_for "exit status 0"
begin "without its model it offers the pull"
mkdir "$work/empty"
for answer in n No what C-d; do
    session "MYNAH_MODELS='$work/empty' '$program' -m tiny; echo exit status \$?; exec cat"
    wait_for "[Y/n]"
    expect "SmolLM2-135M-Instruct"
    expect "Apache-2.0"
    case $answer in C-d) press C-d ;; *) type "$answer"; press Enter ;; esac
    wait_for "exit status 4"
    expect "mynah pull tiny"
done
done_testing
