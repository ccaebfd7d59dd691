#!/bin/sh
# test_signals.sh MYNAH - every exit status by its cause, signals while an answer is written, what
# stdout holds then; with the tiny model.
[ -n "$SIGNALS_AS_USUAL" ] || SIGNALS_AS_USUAL=1 exec env --default-signal=HUP,INT,TERM sh "$0" "$@"     # nohup ignores one
. "$(dirname "$0")/lib.sh"
assets=$(cd "$(dirname "$0")/../../assets" && pwd)
export XDG_CONFIG_HOME="$dir/config" XDG_DATA_HOME="$dir/data"
export MYNAH_MODELS="${MYNAH_MODELS:-$HOME/.local/share/mynah/models}"
long='Write a very long story about a fox.'

# Statuses that are documented, each provoked here; the lists are the same everywhere.
statuses='0 2 3 4 5 6 130 141 143'
try help 0 help && [ "$(sed -n '/^Exit status/,$ s/^ *\([0-9][0-9]*\)  .*/\1/p' "$dir/out" | tr '\n' ' ')" = "$statuses " ] &&
    ok "help has the statuses" || not_ok "help has the statuses" "$(tail -n 12 "$dir/out")"
try man 0 help man && [ "$(sed -n '/^\.SH "EXIT STATUS"/,/^\.SH FILES/ s/^\([0-9][0-9]*\)$/\1/p' "$dir/out" | tr '\n' ' ')" = "$statuses " ] &&
    ok "man has the statuses" || not_ok "man has the statuses" "they differ"
readme=$(dirname "$0")/../../README.md
[ "$(sed -n 's/^| \([0-9]*\) | .*/\1/p' "$readme" | tr '\n' ' ')" = "$statuses " ] && ok "README has the statuses" ||
    not_ok "README has the statuses" "$(grep -n '^| [0-9]' "$readme")"
try "0" 0 ask -m tiny -n 1 Hello && ok 0
refuse 2 2 "takes a prompt" ask
refuse 3 3 "none.jpg" describe -m tiny none.jpg
refuse 4 4 "none.gguf" ask -m "$dir/none.gguf" Hello
refuse 5 5 "does not fit" ask -m tiny -c 16 "$long $long"
touch "$dir/file"
MYNAH_MODELS=$dir/file refuse 6 6 "cannot be made" pull tiny
"$mynah" ask -m tiny -n 1 Hello >/dev/full 2>"$dir/err"
[ $? = 5 ] && has "5 for a full disk" 'standard output cannot be written' "$dir/err" || not_ok "5 for a full disk" "$(cat "$dir/err")"

# asking OPTION... - in the background; waits until words are there.
asking() {
    "$mynah" ask -m tiny --temp 0 "$@" "$long" >"$dir/out" 2>"$dir/err" &
    pid=$!
    for i in $(seq 600); do [ -s "$dir/out" ] && break; sleep 0.05; done
}
ends() { # NAME STATUS
    wait $pid
    status=$?
    [ $status = "$2" ] && ok "$1" || not_ok "$1" "status $status, expected $2; $(head -c 300 "$dir/err")"
}
state() { sed 's/.*) \(.\).*/\1/' "/proc/$pid/stat" 2>/dev/null; }

for how in INT:130 TERM:143; do
    asking
    kill -"${how%:*}" $pid
    ends "${how%:*} in an answer" "${how#*:}"
    [ "$(wc -l <"$dir/out")" -ge 1 ] && [ "$(tail -c 1 "$dir/out" | wc -l)" = 1 ] && ok "what came is kept, its line ended" ||
        not_ok "what came is kept, its line ended" "$(head -c 200 "$dir/out")"
    [ "$(wc -l <"$dir/err")" = 1 ] && ok "one line tells" || not_ok "one line tells" "$(cat "$dir/err")"
done
asking
kill -HUP $pid
ends "HUP in an answer" 129

# A file that is written again: nothing half stays.
for how in INT:130 TERM:143 HUP:129; do
    "$mynah" quantize "$MYNAH_MODELS/SmolLM2-135M-Instruct.Q4_1.gguf" "$dir/small.gguf" Q3_K_M >"$dir/out" 2>"$dir/err" &
    pid=$!
    for i in $(seq 600); do [ -s "$(echo "$dir"/small.gguf.*)" ] && break; sleep 0.05; done
    kill -"${how%:*}" $pid
    ends "${how%:*} while a file is written" "${how#*:}"
    [ -z "$(ls "$dir" | grep small)" ] && ok "nothing of it stays" || not_ok "nothing of it stays" "$(ls "$dir")"
done

# With --json nothing is printed before the end: stopped, what came is there.
"$mynah" ask -m tiny --temp 0 --json "$long" >"$dir/out" 2>"$dir/err" &
pid=$!
for i in $(seq 200); do [ "$(state)" != "" ] && [ "$(awk '{ print $14 }' "/proc/$pid/stat" 2>/dev/null || echo 0)" -gt 150 ] && break; sleep 0.02; done
kill -INT $pid
ends "INT with --json" 130
{ python3 -c "import json; d = json.load(open('$dir/out')); print('yes' if d['stopped'] and d['text'] else d)" >"$dir/json" 2>&1; has "json of what came" '^yes$' "$dir/json"; }

# Stopped as by Ctrl-Z, it computes and writes nothing; continued, the answer is the same as ever.
try "the whole answer" 0 ask -q -m tiny --temp 0 -n 200 "$long" && cp "$dir/out" "$dir/whole"
: >"$dir/out"                            # of the answer before: what comes now is waited for
# In a process group of its own whose parent is outside it: the signal does nothing to an orphaned one.
python3 -c 'import os, subprocess, sys
p = subprocess.Popen(sys.argv[2:], preexec_fn=lambda: os.setpgid(0, 0))
print(p.pid, file=open(sys.argv[1], "w"))
sys.exit(p.wait())' "$dir/pid" "$mynah" ask -m tiny --temp 0 -q -n 200 "$long" >"$dir/out" 2>"$dir/err" &
parent=$!
for i in $(seq 600); do [ -s "$dir/out" ] && break; sleep 0.05; done
pid=$(cat "$dir/pid")
kill -TSTP $pid
for i in $(seq 100); do [ "$(state)" = T ] && break; sleep 0.02; done
[ "$(state)" = T ] && ok "TSTP stops it" || not_ok "TSTP stops it" "state $(state)"
before=$(wc -c <"$dir/out") ticks=$(awk '{ print $14 }' /proc/$pid/stat)
sleep 0.3
[ "$(wc -c <"$dir/out")" = "$before" ] && [ "$(awk '{ print $14 }' /proc/$pid/stat)" = "$ticks" ] && ok "stopped, it rests" || not_ok "stopped, it rests" "it went on"
kill -CONT $pid
pid=$parent
ends "CONT goes on" 0
cmp -s "$dir/out" "$dir/whole" && ok "the answer is whole" || not_ok "the answer is whole" "$(diff "$dir/out" "$dir/whole" | head -n 3)"

# The reader goes away: quietly, also when the caller has SIGPIPE ignored.
for ignore in '' "trap '' PIPE;"; do
    sh -c "$ignore"' { "$0" ask -m tiny --temp 0 "$1" 2>"$2/err"; echo $? >"$2/status"; } | head -c 10 >"$2/out"' "$mynah" "$long" "$dir"
    for i in $(seq 100); do [ -s "$dir/status" ] && break; sleep 0.05; done
    [ "$(cat "$dir/status")" = 141 ] && [ ! -s "$dir/err" ] && ok "the reader goes away ($ignore)" ||
        not_ok "the reader goes away ($ignore)" "status $(cat "$dir/status"), $(cat "$dir/err")"
    rm "$dir/status"
done
"$mynah" models | head -n 1 >"$dir/out" 2>"$dir/err" && has "head of a list" '^NAME'
exit "$n_failed"
