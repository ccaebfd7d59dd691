# Terminals that are none, or that can do little.
. "$(dirname "$0")/lib.sh"

begin "no terminal"
out=$(TERM=xterm "$program" </dev/null 2>&1)
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
# The same conversation on each terminal; the bytes that reach it are kept.
esc=$(printf '\033')
bytes="$work/bytes"
begin_on() { # TERM
    session "read start; env TERM=$1 LANG=C.UTF-8 MYNAH_ECHO_MS=2 '$program' --engine echo --new; echo exit status \$?; exec cat"
    tm pipe-pane -t =chat: "cat >'$bytes'"
    press Enter
}
sends() { LC_ALL=C grep -qaE -- "$1" "$bytes"; }
sends_none() { sends "$1" && fail "it sends $(LC_ALL=C grep -aoE -- "$1" "$bytes" | head -n 1 | cat -v)"; }
hostile="bytes 61 1b5d35323b633b614746 6a61773d3d07 1b5b32 4a 9b 33 316d c29b 34 316d 1b5d303b 74 07 e280ae 0d 08 7a"
for term in xterm-256color tmux-256color linux vt100; do
    begin "a conversation on $term"
    begin_on "$term"
    wait_for ready
    type "say # Title"
    press M-Enter
    type "한국어 **strong** 👍🏽 and a ~ \`code\`"
    press Enter
    wait_for "  한국어 strong 👍"
    type "$hostile"
    press Enter
    wait_for "  a␛]52;c;"
    wait_for ready
    type "count 500"
    press Enter
    for one in 20x5 300x100 1x1 40x10 80x24; do resize "${one%x*}" "${one#*x}"; done
    wait_for "499 500"
    type "/help"
    press Enter
    wait_for "Esc closes"
    press Escape
    wait_gone "Esc closes"
    press Tab
    wait_for "▌"
    press Escape
    wait_gone "▌"
    press C-d
    wait_for "exit status 0"
    [ "$(of_pane '#{alternate_on} #{cursor_flag}')" = "0 1" ] || fail "the alternate screen or the hidden cursor was left behind"
    [ "$(screen | sed '/^ *$/d' | tail -n 1)" = "exit status 0" ] || fail "the shell goes on over what the chat left"
    # What the model said is there for eyes only: no sequence of it, no C1, no override.
    sends "␛\\]52;c;aGFjaw==" || fail "what was said is not shown"
    sends_none "$esc\\]52;"
    sends_none "$esc\\]0;"
    sends_none "$(printf '\302')[$(printf '\200-\237')]"
    sends_none "$(printf '\342\200\256')"
    case $term in
    xterm-256color | tmux-256color) sends "$esc\\[\\?1049h" || fail "no alternate screen"; sends "$esc\\[\\?2004h" || fail "no bracketed paste" ;;
    linux) sends "$esc\\[[0-9;]*3[0-7]m" || fail "no colour"; sends_none "38;5;"; sends_none "$esc\\[\\?1049h" ;;
    vt100) sends_none "$esc\\[[0-9;]*(3[0-7]|4[0-7]|38;5;[0-9]*)m"; sends_none "$esc\\]"; sends_none "$esc\\[\\?(1049|1000|1006)h" ;;
    esac
done

begin "a conversation on dumb"
begin_on dumb
wait_for "you:"
type "한국어 works"
press Enter
wait_for "mynah: 한국어 works"
type "$hostile"
press Enter
wait_for "mynah: a"
type "count 300"
press Enter
for one in 20x5 300x100 80x24; do resize "${one%x*}" "${one#*x}"; done
wait_for "299 300"
type "/help"
press Enter
wait_for "/quit"
press C-d
wait_for "exit status 0"
sends_none "$esc"

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
