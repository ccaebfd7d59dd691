#!/usr/bin/env python3
"""How long after a word was spoken it is told by `mynah listen`.

    listen_delay.py MYNAH [CLIP.wav REFERENCE.json]                     in real time, with what the machine has left
    listen_delay.py BENCH_LIVE MODEL.bin [CLIP.wav REFERENCE.json]      as on two free cores (tests/bench_live.c)

Without a clip, sentences are spoken by espeak-ng with known gaps between them.  A word's end is where
the sentence's beginning up to it, spoken alone, ends.  REFERENCE.json: a list of [word, its end in
seconds].  The delay of a word is the time when its piece was told less the time it ended.  Prints the
median, 90 % and the most, how many words were told right and the machine's load; with VERBOSE=1 each word.
"""
import json, os, re, subprocess, sys, tempfile, wave

SENTENCES = [
    "The weather in the mountains was cold this morning.",
    "We walked along the river until we found the old bridge.",
    "My brother works in a small office near the station.",
    "Please remember to bring the documents on Monday.",
    "She opened the window and looked at the garden.",
    "There are seven people waiting in the other room.",
]
GAPS = [0.4, 1.2, 0.3, 1.5, 0.5, 1.0]


def plain(word):
    return re.sub(r"[^a-z0-9]", "", word.lower())


def speak(text, path):
    subprocess.run(["espeak-ng", "-v", "en-us", "-s", "150", "-w", path, text], check=True)
    with wave.open(path) as w:
        data = w.readframes(w.getnframes())
        return data, w.getframerate()


def sound_end(data, hz):
    """Seconds to the last sample over 1 % of full scale."""
    import array
    x = array.array("h", data)
    n = len(x)
    while n > 0 and abs(x[n - 1]) < 328:
        n -= 1
    return n / hz


def make_clip(folder):
    words, out, hz = [], b"", 0
    for sentence, gap in zip(SENTENCES, GAPS):
        whole, hz = speak(sentence, os.path.join(folder, "s.wav"))
        length = sound_end(whole, hz)
        at = len(out) / 2 / hz
        parts = sentence.split()
        ends = [sound_end(speak(" ".join(parts[:k + 1]), os.path.join(folder, "p.wav"))[0], hz) for k in range(len(parts))]
        # a beginning spoken alone has its last word drawn out: scaled so that the sentence's end is right
        words += [(w, at + min(e, length)) for w, e in zip(parts, ends)]
        out += whole[:int(length * hz) * 2] + bytes(2 * int(gap * hz))
    path = os.path.join(folder, "clip.wav")
    with wave.open(path, "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(hz)
        w.writeframes(out + bytes(2 * hz))
    return path, words


def align(spoken, told):
    """Pairs of equal words in order: the longest common subsequence."""
    n, m = len(spoken), len(told)
    best = [[0] * (m + 1) for _ in range(n + 1)]
    for i in range(n - 1, -1, -1):
        for k in range(m - 1, -1, -1):
            best[i][k] = best[i + 1][k + 1] + 1 if plain(spoken[i][0]) == plain(told[k][0]) else max(best[i + 1][k], best[i][k + 1])
    pairs, i, k = [], 0, 0
    while i < n and k < m:
        if plain(spoken[i][0]) == plain(told[k][0]):
            pairs.append((spoken[i], told[k]))
            i, k = i + 1, k + 1
        elif best[i + 1][k] >= best[i][k + 1]:
            i += 1
        else:
            k += 1
    return pairs


def main():
    program, rest = sys.argv[1], sys.argv[2:]
    simulates = os.path.basename(program) == "bench_live"
    model = rest.pop(0) if simulates else None
    with tempfile.TemporaryDirectory() as folder:
        if len(rest) == 2:
            clip, spoken = rest[0], json.load(open(rest[1]))
        else:
            clip, spoken = make_clip(folder)
        command = [program, model, clip] if simulates else \
                  [program, "listen", "-q", "--json", "--language", "en", "--microphone", clip]
        r = subprocess.run(command, capture_output=True, text=True)
    if r.returncode != 0:
        sys.exit(f"{program} ended with {r.returncode}: {r.stderr}")
    told = [(w, piece["committed"]) for piece in map(json.loads, r.stdout.splitlines()) for w in piece["text"].split()]
    pairs = align(spoken, told)
    delays = sorted(t - end for (_, end), (_, t) in pairs)
    if not delays:
        sys.exit("no word of the clip was told")
    at = lambda share: delays[min(len(delays) - 1, int(share * len(delays)))]
    print(f"{len(spoken)} words spoken, {len(told)} told, {len(pairs)} of them the same")
    print(f"delay in seconds: median {at(0.5):.2f}, 90 % {at(0.9):.2f}, most {delays[-1]:.2f}; over 3 s: {sum(d > 3 for d in delays)}")
    if simulates:
        print(r.stderr.strip())
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    if os.environ.get("VERBOSE"):
        for (w, end), (_, t) in pairs:
            print(f"{end:7.2f} {t - end:6.2f}  {w}")


main()
