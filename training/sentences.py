#!/usr/bin/env python3
"""sentences.py few N [--seed S]    N sentences over 200 words (WORDS), all different
sentences.py open FILE...          what is worth speaking of texts: bible's output, WordNet's data.* files
sentences.py mix FOLDER FEW EXAMPLES OLD [--seed S]    drawn from such files: FOLDER/learned (4500 few, 4500 examples, 3000 old ones, then 1200 lines of
                                   two or three of them), FOLDER/few_aside and open_aside (120 few and 120 examples that are not in it)

A sentence a line, in words and apostrophes alone, a capital first and a full stop last.
"""
import argparse, os, random, re, sys

WORDS = {
    "thing": """dog cat horse cow bird fish mouse lion bear sheep house door window table chair bed kitchen garden street road river
        mountain forest beach island city village school church market car train boat bicycle bridge book letter picture song story
        bread apple cheese water coffee sugar box bag coat key clock cup number""",
    "person": "man woman boy girl child king queen doctor teacher farmer",
    "kind": """old new big small red blue green white black yellow happy angry tired hungry quiet loud warm cold clean dirty heavy
        light strong weak young rich poor funny empty broken""",
    "did": """saw found lost bought sold took brought carried painted opened closed cleaned loved liked hated watched followed helped
        called asked met heard wanted needed washed hid drew made kept forgot""",
    "acted": "slept ran walked sat stood waited sang laughed cried worked played swam",
    "where": "in on under near behind beside from with before after",
    "when": "today yesterday tomorrow quickly slowly never always often again together",
    "number": "two three four five six seven eight nine ten eleven",
    "who": "he she they we you",
    "whose": "his her their my your",
    "other": """the a and but is was were are not very because when this that it there some all one our both every
        then so much""",
}
FORMS = [
    "the kind thing|person did the thing|person where the thing",
    "the person and the person acted where the kind thing",
    "the thing where the thing was number number",
    "there was a kind thing where the thing",
    "whose thing is not very kind but whose thing is kind",
    "this thing|person was kind and that thing|person was kind",
    "the person did whose kind thing when",
    "who acted where the thing because the thing was kind",
    "when the thing was kind who acted where the thing",
    "every person did some thing and one kind thing",
    "both the person and the thing were kind",
    "who did the thing then who did the thing|person so it was kind",
    "there is so much thing where our thing",
    "they are kind when",
    "all the thing and the kind thing are where whose thing number number",
]


def few(n, seed):
    rng, said = random.Random(seed), set()
    lists = {k: v.split() for k, v in WORDS.items()}
    vocabulary = [w for words in lists.values() for w in words]
    assert len(vocabulary) == len(set(vocabulary)) == 200, len(vocabulary)
    while len(said) < n:
        words = []
        for slot in rng.choice(FORMS).split():
            slot = rng.choice(slot.split("|"))
            literal = slot not in lists or (slot, len(words)) == ("when", 0) or (slot == "number" and words[-1] != "number")
            words.append(slot if literal else rng.choice(lists[slot]))
        said.add(" ".join(words))
    return sorted(said, key=lambda s: rng.random())


def sentence(words):
    words = " ".join(words)
    return words[0].upper() + words[1:] + "."


def spoken(text):
    text = re.sub(r"[-/]", " ", text.replace("`", "'"))
    words = [w.strip("'") for w in re.findall(r"[A-Za-z']+", text)]
    return [w for w in words if w]


def pieces(path):
    text = open(path, encoding="utf-8", errors="replace").read()
    if re.search(r"^\d{8} \d\d [nvasr] ", text, re.M):      # WordNet: examples are in quotes
        return re.findall(r'"([^"\n]*)"', text)
    text = re.sub(r"^\w[\w ]* \d+$|^\s*\d+ ", "\n", text, flags=re.M)        # headings of chapters, numbers of verses
    return re.split(r"[.;:?!]|\n\s*\n", text)


def open_sentences(paths):
    for path in paths:
        for piece in pieces(path):
            words = spoken(piece)
            if 4 <= len(words) <= 14 and not re.search(r"\d|[^\x00-\x7f]", piece):
                yield sentence(words)


def mix(folder, few, examples, old, seed):
    rng = random.Random(seed)
    draw = lambda path: rng.sample(lines := open(path, encoding="utf-8").read().splitlines(), len(lines))
    few, examples, old = draw(few), draw(examples), draw(old)
    learned = few[:4500] + examples[:4500] + old[:3000]
    rest = rng.sample(learned, len(learned))
    several = [" ".join(rest.pop() for _ in range(rng.choice([2, 2, 3]))) for _ in range(1200)]
    for name, lines in (("learned", learned + several), ("few_aside", few[4500:4620]), ("open_aside", examples[4500:4620])):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.writelines(line + "\n" for line in lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["few", "open", "mix"])
    parser.add_argument("arguments", nargs="+")
    parser.add_argument("--seed", type=int, default=1)
    a = parser.parse_args()
    if a.what == "mix":
        mix(*a.arguments, a.seed)
        return
    said = [sentence(s.split()) for s in few(int(a.arguments[0]), a.seed)] if a.what == "few" else sorted(set(open_sentences(a.arguments)))
    sys.stdout.write("".join(s + "\n" for s in said))


if __name__ == "__main__":
    main()
