#!/usr/bin/env python3
"""concepts.py CAPTIONS.tsv FEATURES... - trains the head of assets/concepts.gguf: what people say of a photograph.

CAPTIONS.tsv: photograph (its file's name) <tab> weight <tab> captions joined by " | " (README.md says from where).
FEATURES: folders that `features` wrote.  Photographs without captions are passed over; --kept FILE names those that are
kept aside, one a line, and measured.  A word's target is the share of a photograph's captions that have it.  --out FILE.
"""
import argparse, array, collections, os, sys, time
import numpy as np
import torch

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "tools"), os.path.join(HERE, "..", "tests", "quality")]
from describe_score import STOP, words
from gguf_write import gguf_write, q8_0

N_IN, N_HIDDEN, N_SEEN = 2528, 768, 2280        # inputs; the first N_SEEN are features and logits
LEAST = 40                                      # weighted photographs whose captions agree on a word, for it to be learned
CLIP = 6.0                                      # vision/head.c
SAME = {"lady": "woman", "female": "woman", "guy": "man", "male": "man", "kid": "child", "toddler": "child", "infant": "baby",
        "laying": "lying", "lay": "lying", "ride": "riding", "sit": "sitting", "stand": "standing", "play": "playing",
        "run": "running", "walk": "walking", "jump": "jumping", "hold": "holding", "grassy": "grass", "snowy": "snow", "tenni": "tennis"}
LEFT_OUT = {"asian"}                            # of people, it would say what nobody asked


def shares(captions):
    count = collections.Counter(w for c in captions for w in {SAME.get(w, w) for w in words(c) if w not in STOP | LEFT_OUT and len(w) > 2})
    return {w: n / len(captions) for w, n in count.items()}


def read_inputs(folders):
    names, inputs = [], []
    for folder in folders:
        mine = [line.split("\t")[0] for line in open(os.path.join(folder, "names.txt"), encoding="utf-8")]
        x = np.fromfile(os.path.join(folder, "inputs.f32"), np.float32).reshape(-1, N_IN)
        assert len(x) == len(mine), folder
        names += [os.path.basename(name) for name in mine]
        inputs.append(x)
    return names, np.concatenate(inputs)


def read_captions(path):
    table = {}
    for line in open(path, encoding="utf-8"):
        name, weight, captions = line.rstrip("\n").split("\t")
        table[name] = float(weight), shares(captions.split(" | "))
    return table


def train(x, y, weight, epochs):
    torch.manual_seed(1)
    net = torch.nn.Sequential(torch.nn.Dropout(0.15), torch.nn.Linear(N_IN, N_HIDDEN), torch.nn.GELU(), torch.nn.Dropout(0.4),
                              torch.nn.Linear(N_HIDDEN, y.shape[1]))
    net[4].bias.data = torch.logit((y * weight[:, None]).sum(0) / weight.sum() + 1e-4)
    optimiser = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=1e-2)
    n_steps = len(x) // 64
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 1e-3, total_steps=epochs * n_steps)
    for _ in range(epochs):
        drawn = torch.multinomial(weight, n_steps * 64, replacement=True).view(n_steps, 64)
        for batch in drawn:
            loss = torch.nn.functional.binary_cross_entropy_with_logits(net(x[batch]), y[batch]) * y.shape[1]
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return net.eval()


def report(what, p, y):
    print(f"{what}, {len(p)} photographs: log loss {-(y * np.log(p) + (1 - y) * np.log(1 - p)).sum(1).mean():.3f}")
    for least in (0.25, 0.35, 0.45, 0.6):
        said = p > least
        if said.any():
            print(f"  words over {least}: {said.sum() / len(p):.2f} each, {(y[said] > 0).mean():.2f} of them in some caption, {(y[said] >= 0.6).mean():.2f} in most")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("captions")
    parser.add_argument("features", nargs="+")
    parser.add_argument("--kept")
    parser.add_argument("--out")
    parser.add_argument("--epochs", type=int, default=14)
    a = parser.parse_args()
    torch.set_num_threads(2)
    start = time.time()

    names, x = read_inputs(a.features)
    captions = read_captions(a.captions)
    kept = set(open(a.kept, encoding="utf-8").read().split()) if a.kept else set()
    learned = [i for i, n in enumerate(names) if n in captions and n not in kept]
    aside = [i for i, n in enumerate(names) if n in captions and n in kept]
    weight = np.array([captions[names[i]][0] for i in learned], np.float32)

    count = collections.Counter()
    for i, w in zip(learned, weight):
        for word, share in captions[names[i]][1].items():
            count[word] += float(w) * (share >= 0.4)
    vocabulary = sorted(w for w, n in count.items() if n >= LEAST)
    y = np.array([[captions[names[i]][1].get(w, 0.0) for w in vocabulary] for i in learned + aside], np.float32)

    mean = x[learned].mean(0)
    scale = 1 / (x[learned].std(0) + 1e-3)
    mean[N_SEEN:], scale[N_SEEN:] = 0, 3        # of detections as they are: most are 0
    z = torch.tensor(((x - mean) * scale).clip(-CLIP, CLIP))
    net = train(z[learned], torch.tensor(y[:len(learned)]), torch.tensor(weight), a.epochs)
    print(f"{len(learned)} photographs, {len(vocabulary)} words, {time.time() - start:.0f} s")
    if aside:
        with torch.no_grad():
            report("kept aside", torch.sigmoid(net(z[aside])).clip(1e-6, 1 - 1e-6).numpy(), y[len(learned):])
    if a.out:
        floats = lambda t: array.array("f", t.detach().flatten().tolist())
        gguf_write(a.out,
                   [("general.architecture", "mynah-head"), ("general.name", "words of captions"), ("general.license", "CC-BY-4.0 (captions); see docs/models.md"),
                    ("head.words", vocabulary)],
                   [("mean", [N_IN], array.array("f", mean.tolist())), ("scale", [N_IN], array.array("f", scale.tolist())),
                    ("hidden.weight", [N_IN, N_HIDDEN], q8_0(floats(net[1].weight))), ("hidden.bias", [N_HIDDEN], floats(net[1].bias)),
                    ("out.weight", [N_HIDDEN, len(vocabulary)], q8_0(floats(net[4].weight))), ("out.bias", [len(vocabulary)], floats(net[4].bias))])


main()
