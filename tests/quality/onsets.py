#!/usr/bin/env python3
"""How far word times are from known onsets, over a folder of NAME.wav + NAME.onsets (make_onsets.py).

    onsets.py FOLDER COMMAND ARG...   @ in an argument stands for the clip, for example:
                                      onsets.py build/quality/onsets build/mynah transcribe -q --words --format json @

The command prints JSON; a word is an object with "start" and "text" in a list "words".  Words that were heard
as they were said are compared, in order.  Prints a line per clip and, last, one for all; each word off by more
than 120 ms goes to standard error.  Exits with 1 when one is.
"""
import difflib
import json
import os
import re
import statistics
import subprocess
import sys

MOST = 0.120


def words(value):
    """All words of a JSON value, in order."""
    if isinstance(value, list):
        return [w for item in value for w in words(item)]
    if not isinstance(value, dict):
        return []
    found = [(w["start"], w["text"]) for w in value.get("words") or [] if isinstance(w, dict)]
    return found + [w for key, item in value.items() if key != "words" for w in words(item)]


def plain(text):
    return re.sub(r"[^a-z0-9]", "", text.lower()).replace("traveled", "travelled")


def compare(name, said, heard):
    errors = []
    matcher = difflib.SequenceMatcher(None, [w for _, w in said], [plain(w) for _, w in heard], False)
    for i, j, n in matcher.get_matching_blocks():
        for k in range(n):
            errors.append(float(heard[j + k][0]) - said[i + k][0])
            if abs(errors[-1]) > MOST:
                print(f"{name}: {said[i + k][1]} at {said[i + k][0]:.3f}, told {heard[j + k][0]:.3f}", file=sys.stderr)
    return errors


def show(name, n_said, errors):
    away = sorted(map(abs, errors)) or [0]
    print(f"{name}: {len(errors)} of {n_said} words, median {1000 * statistics.median(away):.0f} ms, "
          f"most {1000 * away[-1]:.0f} ms, within 120 ms {100 * sum(e <= MOST for e in away) / len(away):.1f} %")


def main():
    folder, command = sys.argv[1], sys.argv[2:]
    total, n_total = [], 0
    for file in sorted(os.listdir(folder)):
        if not file.endswith(".onsets"):
            continue
        with open(os.path.join(folder, file)) as f:
            said = [(float(t), plain(w)) for t, w in map(str.split, f)]
        clip = os.path.join(folder, file[:-len("onsets")] + "wav")
        run = subprocess.run([c.replace("@", clip) for c in command], capture_output=True, text=True, check=True)
        errors = compare(file[:-len(".onsets")], said, words(json.loads(run.stdout)))
        show(file[:-len(".onsets")], len(said), errors)
        total += errors
        n_total += len(said)
    show("all", n_total, total)
    sys.exit(not total or max(map(abs, total)) > MOST)


if __name__ == "__main__":
    main()
