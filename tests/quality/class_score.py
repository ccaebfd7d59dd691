#!/usr/bin/env python3
"""Score descriptions of photographs that show one thing each, and look for words of the worked examples.

    class_score.py NAMES.tsv TRUTH.tsv ANSWERS.jsonl [--list]

NAMES.tsv: index, synset, readable name, kind (the classifier's names).
TRUTH.tsv: file <tab> synset_class ("n02110958_pug").
ANSWERS.jsonl: what `mynah describe --json` prints.
Prints one JSON object:
  named     share of answers with the class (its readable name, the name of the file, or a synonym)
  subject   the same, or its plain kind: "dog" for a breed, the last word of a name ("keyboard"), PLAIN below
  unsure    share that say that the subject could not be identified
  leaks     answers with a word of the worked examples that was not in what was perceived
--list prints the answers without the subject, and the leaks.
"""
import json, os, re, sys

# Plain words for things whose name does not end in one.
PLAIN = {
    "airliner": "airplane plane", "bicycle-built-for-two": "bicycle", "brassiere": "bra underwear", "cliff dwelling": "building house",
    "goose": "bird", "hare": "rabbit", "half track": "truck vehicle tank", "minibus": "bus", "go-kart": "car", "harvester": "tractor",
    "polecat": "ferret weasel animal", "koala": "animal", "scorpion": "animal", "ski": "ski skis", "washbasin": "sink", "alp": "mountain",
    "gas pump": "pump", "gasmask": "gas mask", "hair slide": "hair clip", "letter opener": "paper knife", "altar": "church", "beacon": "lighthouse", "barrow": "wheelbarrow cart", "carousel": "merry-go-round", "mantis": "insect",
    "isopod": "crustacean", "mortar and pestle": "mortar pestle", "hand-held computer": "phone", "entertainment center": "tv television",
    "marimba": "xylophone instrument", "consomme": "soup bowl", "sarong": "skirt cloth", "plate rack": "dishwasher dishes", "dogsled": "sled",
    "four-poster": "bed", "hamper": "basket", "loupe": "magnifying glass", "ibex": "goat", "ram": "sheep", "hartebeest": "antelope",
    "swab": "mop", "crate": "box", "bath towel": "towel", "screen": "monitor",
}
EXAMPLES = {"cow", "cows", "ox", "oxen", "truck", "ladder", "piano"}


def words(text):
    return re.findall(r"[a-z]+", text.lower())


def says(answer, phrase):
    want, have = words(phrase), words(answer)
    plural = want[:-1] + [want[-1] + "s"] if want else []
    return bool(want) and any(have[i:i + len(want)] in (want, plural) for i in range(len(have)))


def main():
    names_path, truth_path, answers_path = sys.argv[1:4]
    names = {}
    for line in open(names_path, encoding="utf-8"):
        field = line.rstrip("\n").split("\t")
        if len(field) >= 3:
            names[field[1]] = (field[2], field[3] if len(field) > 3 else "")
    answers = {os.path.basename(r["file"]): r for r in map(json.loads, open(answers_path, encoding="utf-8"))}
    n = named = subject = unsure = leaks = 0
    for line in open(truth_path, encoding="utf-8"):
        file, label = line.rstrip("\n").split("\t")
        synset, label = label.split("_", 1)
        answer = answers[file]["text"]
        name, kind = names[synset]
        label = label.replace("_", " ")
        exact = says(answer, name) or says(answer, label)
        plain = [words(name)[-1], words(label)[-1], kind] + kind.split(" or ") + PLAIN.get(name, "").split() + PLAIN.get(label, "").split()
        hit = exact or any(says(answer, p) for p in plain if p)
        perceived = json.dumps(answers[file].get("perceived", [])).lower()
        leaked = [w for w in words(answer) if w in EXAMPLES and w.rstrip("s") not in perceived]
        n += 1
        named += exact
        subject += hit
        unsure += "could not be identified" in answer
        leaks += bool(leaked)
        if "--list" in sys.argv and (not hit or leaked):
            print(f"{file} ({label}): {'' if hit else 'SUBJECT MISSED '}{'LEAKED ' + ','.join(leaked) if leaked else ''}\n  {answer}")
    print(json.dumps({"n": n, "named": round(named / n, 3), "subject": round(subject / n, 3), "unsure": round(unsure / n, 3), "leaks": leaks}))


if __name__ == "__main__":
    main()
