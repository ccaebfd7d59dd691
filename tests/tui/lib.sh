# lib.sh - drives the chat in a tmux of its own; sourced by test_*.sh with $1 the program.
#
# Nothing waits by time: wait_for polls the screen until a text is there or a deadline
# has passed.  Screens kept in tests/tui/*.screen are made again by UPDATE=1 (look at them).
program=$(realpath "$1")
[ -x "$program" ] || { echo "not ok ${0##*/}: there is no program $1"; exit 1; }
tests=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d) || exit 1
export MYNAH_MODELS="${MYNAH_MODELS:-${XDG_DATA_HOME:-$HOME/.local/share}/mynah/models}"
export HOME="$work/home" XDG_DATA_HOME="$work/data"
unset LANG LC_ALL LC_CTYPE NO_COLOR
mkdir -p "$HOME" "$work/files"
DEADLINE=${DEADLINE:-30}
name=start failures=0

tm() { tmux -u -L "test$$" -f /dev/null "$@"; }
# One server for all of a script; a session "chat" for each start of the program.
tm new-session -d -s base cat || exit 1
session() { # shell command
    tm kill-session -t =chat 2>/dev/null
    tm new-session -d -s chat -x "${COLUMNS:-80}" -y "${LINES:-24}" "$1"
}
finish() { tm kill-server 2>/dev/null; rm -rf "$work"; }
trap finish EXIT
trap 'exit 1' HUP INT TERM PIPE

# begin NAME - starts a test; the one before is done.
result() { [ "$name" = start ] || [ -n "$why" ] || echo "ok $name"; }
begin() { result; name=$1 why=; }
# The first failure of a test is told; the rest of the script does not wait as long any more.
fail() { [ -n "$why" ] || { why=$1; failures=$((failures + 1)); DEADLINE=3; echo "not ok $name: $1"; screen | sed 's/^/    |/'; }; }
done_testing() { result; [ "$failures" = 0 ]; }

# chat [OPTION]... - starts the program at 80x24 in a shell that notes the terminal's modes and
# the exit status; kills the one before.
chat() {
    rm -f "$work/stty.after"
    cat >"$work/run.sh" <<SCRIPT
trap : INT
stty -g >"$work/stty.before"
echo "before the chat"
"$program" "\$@"
echo "exit status \$?"
stty -g >"$work/stty.new" && mv "$work/stty.new" "$work/stty.after"
exec cat
SCRIPT
    session "sh '$work/run.sh' $*"
}
type() { tm send-keys -t =chat: -l -- "$1"; }             # literal text
press() { tm send-keys -t =chat: "$@"; }                  # keys by name
paste() { printf %s "$1" | tm load-buffer - && tm paste-buffer -p -t =chat:; }   # bracketed
resize() { tm resize-window -t =chat: -x "$1" -y "$2"; }
screen() { tm capture-pane -t =chat: -p 2>&1; }
has() { screen | grep -qF -- "$1"; }
of_pane() { tm display-message -t =chat: -p "$1"; }
pid() { pgrep -P "$(of_pane '#{pane_pid}')" -x mynah; }

until_deadline() { # command... - polls
    end=$(($(date +%s) + DEADLINE))
    until "$@"; do
        [ "$(date +%s)" -lt "$end" ] || return 1
        sleep 0.02
    done
}
wait_for() { until_deadline has "$1" || fail "waited ${DEADLINE} s for \"$1\""; }
hasnt() { ! has "$1"; }
wait_gone() { until_deadline hasnt "$1" || fail "\"$1\" did not go away in ${DEADLINE} s"; }
expect() { has "$1" || fail "\"$1\" is not there"; }
refuse() { has "$1" && fail "\"$1\" is there"; }
same_screen() { screen | cmp -s - "$tests/$1.screen"; }
wait_screen() { # NAME - the screen becomes the one kept
    [ -z "$UPDATE" ] || { until_deadline has ready; sleep 1; screen >"$tests/$1.screen"; }
    until_deadline same_screen "$1" || { fail "the screen is not $1.screen"; screen | diff - "$tests/$1.screen" | sed 's/^/    /'; }
}
# The chat has ended: its exit status, the terminal's modes as before, the shell's screen back.
wait_exit() {
    until_deadline test -f "$work/stty.after" || { fail "did not end"; return; }
    has "exit status $1" || fail "the exit status is not $1"
    expect "before the chat"
    cmp -s "$work/stty.before" "$work/stty.after" || fail "the terminal's modes were not restored"
    [ "$(of_pane '#{alternate_on} #{cursor_flag}')" = "0 1" ] || fail "the alternate screen or the hidden cursor was left behind"
}
