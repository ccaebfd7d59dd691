#!/usr/bin/env python3
"""ears.py MYNAH FOLDER... [--ask QUESTION] [--show N] - what `tiny` repeats of clips from the rows of own-ears alone, as words wrong.

FOLDER/text.tsv has a line a clip: file, voice, sentence, with tabs between (training/speech.py); or FOLDER holds NAME.wav and NAME.txt.
Printed for each folder: clips, words, the share of words wrong (to insert, delete or exchange, of those said), and the same with the answers to
the clip after it, whose rows are another clip's.
"""
import argparse, json, os, re, subprocess

from wer import dist, norm


def clips(folder):
    table = os.path.join(folder, "text.tsv")
    if os.path.exists(table):
        for line in open(table, encoding="utf-8"):
            path, _, text = line.rstrip("\n").split("\t")
            yield os.path.join(folder, os.path.basename(path)), text
        return
    for name in sorted(os.listdir(folder)):
        if name.endswith(".txt"):
            yield os.path.join(folder, name[:-4] + ".wav"), open(os.path.join(folder, name), encoding="utf-8").read()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mynah")
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--ask", default="What is said in the clip?")
    parser.add_argument("--show", type=int, default=0)
    a = parser.parse_args()
    for folder in a.folders:
        said, heard = [], []
        for path, text in clips(folder):
            run = subprocess.run([a.mynah, "ask", "-q", "-m", "tiny", "--mmproj", "own-ears", "--temp", "0", "-n", "100", "--json", "-a", path, a.ask],
                                 check=True, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
            o = json.loads(run.stdout)
            assert o["perceived"][0]["ears"] == "rows" and o["tokens"]["rows"] == o["perceived"][0]["rows"], path
            said.append(norm(text))
            heard.append(norm(re.sub(r" \[\d+:\d\d\]", "", o["text"])))      # places that the program names
            if len(said) <= a.show:
                print(f"  {text.strip()} | {o['text']}")
        n = sum(map(len, said))
        wrong = lambda heard: 100 * sum(map(dist, said, heard)) / n
        print(f"{folder}: {len(said)} clips, {n} words, {wrong(heard):.1f} % wrong, with another clip's rows {wrong(heard[1:] + heard[:1]):.1f} %", flush=True)


if __name__ == "__main__":
    main()
