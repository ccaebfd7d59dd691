#!/bin/sh
# The converters that `pull` runs refuse what is not their file: an error that names it, nothing
# written, and a pickle that would run a program runs nothing.
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

refuses() { # name of the case, converter, input
    rm -f "$work/out"
    if python3 "tools/$2" "$3" "$work/out" 2>"$work/err"; then
        echo "not ok $1: accepted"
    elif [ -e "$work/out" ] || [ -e "$work/ran" ]; then
        echo "not ok $1: left a file"
    elif grep -q Traceback "$work/err" || ! grep -q "$3" "$work/err"; then
        echo "not ok $1: $(tail -n 1 "$work/err")"
    else
        echo "ok $1"
    fi
}
: >"$work/empty"
head -c 3000 tools/pth_to_gguf.py >"$work/text"
python3 - "$work" <<'END'
import os, pickle, random, sys
work = sys.argv[1]
with open(work + "/random", "wb") as f:
    f.write(random.Random(1).randbytes(5000))
class Run:
    def __reduce__(self):
        return os.system, ("touch " + work + "/ran",)
for name, head in (("first", []), ("state", [0x1950A86A20F9469CFC6C, 1001, {}])):
    with open(work + "/run_" + name, "wb") as f:
        for value in head + [Run()]:
            pickle.dump(value, f, protocol=2)
with open(work + "/cut", "wb") as f:                # a state dict without its storages
    for value in (0x1950A86A20F9469CFC6C, 1001, {}, {"x": 1}, ["x"]):
        pickle.dump(value, f, protocol=2)
END
for input in empty text random cut run_first run_state missing; do
    refuses "pth $input" pth_to_gguf.py "$work/$input"
done
for input in empty text random missing; do
    refuses "graph $input" tfgraph_to_gguf.py "$work/$input"
done
