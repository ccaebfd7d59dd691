#!/bin/sh
# test_rows.sh MYNAH - a picture is told from the rows alone: the prompt has nothing else of it, so that an
# answer judged by another picture is the answer to that picture with these rows.
. "$(dirname "$0")/lib.sh"
stamps=$(cd "$(dirname "$0")/../golden/stamps" && pwd)

try "twelve pictures by rows" 0 describe -q -m tiny --mmproj own-eyes --eyes rows --json "$stamps"/*.jpg || exit "$n_failed"
python3 - "$dir/out" >"$dir/figures" <<'END'
import json, os, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
names = [os.path.basename(o["file"]).removesuffix(".jpg") for o in rows]
named = lambda name, o: name in o["text"].lower()
print("rows alone:", all(o["perceived"][0]["eyes"] == "rows" and o["tokens"]["rows"] == o["perceived"][0]["rows"] for o in rows))
print("own:", sum(map(named, names, rows)))
print("other:", sum(map(named, names, rows[1:] + rows[:1])))
for name, o in zip(names, rows):
    print(name + ":", o["text"])
END
has "... and nothing else" '^rows alone: True$' "$dir/figures"
has "... at least nine of twelve named" '^own: (9|1[0-2])$' "$dir/figures"
has "... at most one by the rows of another" '^other: [01]$' "$dir/figures"
exit "$n_failed"
