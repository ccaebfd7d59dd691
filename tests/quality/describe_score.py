#!/usr/bin/env python3
"""Score one-sentence descriptions of everyday photographs against human captions and object labels.

    describe_score.py TRUTH.tsv ANSWERS.jsonl [--list] [--others]

TRUTH.tsv: file <tab> object classes, comma-separated <tab> human captions joined by ' | '.
ANSWERS.jsonl: one {"file": ..., "text": ...} per line; a file of TRUTH that has no answer is an error.
Prints one JSON object:
  subject   share of answers naming something that at least three captions name, or an object that some caption names
  chair_s   share of answers naming an everyday object (80 classes, with synonyms) that neither labels nor captions have
  chair_i   share of such objects among all objects named      (Rohrbach et al. 2018, arXiv:1809.02156)
  objects   objects named per answer
  said      share of the words that at least three captions use (things, places, actions) which the answer uses: how rich it is
--others judges each answer by the next photograph: when the prompt has nothing but rows of a projector, that is the answer with another one's rows.
--list prints the answers that miss the subject or invent. The lists of synonyms are short: read what it flags before blaming a model.
"""
import collections, json, os, re, sys

SYNONYMS = {
    "person": "person people man men woman women boy girl child children kid lady guy baby toddler player skier surfer skateboarder rider "
              "crowd adult snowboarder pedestrian chef couple family team cyclist bicyclist biker skater batter pitcher catcher umpire hand",
    "bicycle": "bicycle bike", "car": "car taxi suv automobile van cab minivan", "motorcycle": "motorcycle motorbike scooter moped",
    "airplane": "airplane plane jet airliner aircraft biplane", "bus": "bus", "train": "train locomotive tram", "truck": "truck pickup lorry",
    "boat": "boat ship canoe kayak sailboat ferry", "traffic light": "traffic_light stoplight", "fire hydrant": "hydrant fire_hydrant",
    "stop sign": "stop_sign", "parking meter": "parking_meter", "bench": "bench",
    "bird": "bird duck goose seagull gull pigeon parrot swan eagle owl chicken hen", "cat": "cat kitten",
    "dog": "dog pit_bull puppy terrier retriever hound spaniel shepherd collie pug poodle", "horse": "horse pony foal", "sheep": "sheep lamb ram",
    "cow": "cow cattle bull calf ox", "elephant": "elephant", "bear": "bear", "zebra": "zebra", "giraffe": "giraffe",
    "backpack": "backpack", "umbrella": "umbrella parasol", "handbag": "handbag purse", "tie": "tie necktie", "suitcase": "suitcase luggage",
    "frisbee": "frisbee", "skis": "ski", "snowboard": "snowboard", "sports ball": "ball baseball basketball football", "kite": "kite",
    "baseball bat": "bat", "baseball glove": "glove mitt", "skateboard": "skateboard", "surfboard": "surfboard",
    "tennis racket": "racket racquet", "bottle": "bottle", "wine glass": "wine_glass wineglass", "cup": "cup mug", "fork": "fork",
    "knife": "knife", "spoon": "spoon", "bowl": "bowl", "banana": "banana", "apple": "apple", "sandwich": "sandwich burger hamburger",
    "orange": "orange", "broccoli": "broccoli", "carrot": "carrot", "hot dog": "hot_dog hotdog", "pizza": "pizza", "donut": "donut doughnut",
    "cake": "cake cupcake", "chair": "chair", "couch": "couch sofa", "potted plant": "potted_plant houseplant", "bed": "bed",
    "dining table": "table", "toilet": "toilet", "tv": "tv television", "laptop": "laptop", "mouse": "mouse", "remote": "remote",
    "keyboard": "keyboard", "cell phone": "cell_phone cellphone phone smartphone", "microwave": "microwave", "oven": "oven stove",
    "toaster": "toaster", "sink": "sink", "refrigerator": "refrigerator fridge", "book": "book", "clock": "clock", "vase": "vase",
    "scissors": "scissors", "teddy bear": "teddy_bear teddy", "hair drier": "hair_dryer hair_drier", "toothbrush": "toothbrush",
}
OF_WORD = {w: k for k, ws in SYNONYMS.items() for w in ws.split()}
STOP = set("""a an the of in on at with and to is are was were by for from his her their its it as up down out off over into onto through while that this
some one two three four another other near front behind against away around be being has have having there here he she they who which along across under
about very several many few couple lot each him them image picture photo photograph showing show shows seen view side top""".split())
IRREGULAR = {"this": "this", "his": "his", "its": "its", "has": "has", "was": "was", "men": "man", "women": "woman", "children": "child", "knives": "knife", "calves": "calf", "geese": "goose", "mice": "mouse",
             "skis": "ski", "skies": "sky", "buses": "bus", "people": "people", "scissors": "scissors", "sheep": "sheep", "dishes": "dish"}


def lemma(word):
    if word in IRREGULAR:
        return IRREGULAR[word]
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us")) and len(word) > 3 else word


def words(text):
    return [lemma(w) for w in re.findall(r"[a-z]+", text.lower())]


def objects(text):
    ws, found, i = words(text), set(), 0
    while i < len(ws):
        pair = "_".join(ws[i:i + 2])
        if pair in OF_WORD:
            found.add(OF_WORD[pair])
            i += 2
            continue
        if ws[i] in OF_WORD and not (ws[i] == "orange" and i + 1 < len(ws)):   # "orange" before a noun is a colour
            found.add(OF_WORD[ws[i]])
        i += 1
    return found


def main():
    truth_path, answers_path = sys.argv[1:3]
    answers = {os.path.basename(r["file"]): r["text"] for r in map(json.loads, open(answers_path, encoding="utf-8"))}
    n = subject = inventing = named = invented = 0
    rich = []
    truth = [line.rstrip("\n").split("\t") for line in open(truth_path, encoding="utf-8")]
    judges = truth[1:] + truth[:1] if "--others" in sys.argv else truth
    for (file, _, _), (_, labels, captions) in zip(truth, judges):
        captions = captions.split(" | ")
        if file not in answers:
            sys.exit(f"{answers_path}: no answer for {file}")
        count = collections.Counter(w for c in captions for w in {w for w in words(c) if w not in STOP and len(w) > 2})
        said = set(words(answers[file])) - STOP
        human = set().union(*map(objects, captions))
        mine = objects(answers[file])
        wrong = mine - human - set(filter(None, labels.split(",")))
        agreed = {w for w, k in count.items() if k >= 3}
        rich += [len(said & agreed) / len(agreed)] if agreed else []
        hit = bool(said & agreed) or bool(mine & human)
        n += 1
        subject += hit
        inventing += bool(wrong)
        named += len(mine)
        invented += len(wrong)
        if "--list" in sys.argv and (wrong or not hit):
            print(f"{file}: {'' if hit else 'SUBJECT MISSED '}{'INVENTED ' + ','.join(sorted(wrong)) if wrong else ''}\n  {answers[file]}\n  {captions[0]}")
    print(json.dumps({"n": n, "subject": round(subject / n, 3), "chair_s": round(inventing / n, 3),
                      "chair_i": round(invented / max(named, 1), 3), "objects": round(named / n, 2), "said": round(sum(rich) / max(len(rich), 1), 3)}))


if __name__ == "__main__":
    main()
