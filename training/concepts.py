#!/usr/bin/env python3
"""concepts.py CAPTIONS.tsv FEATURES... - trains the head of assets/concepts.gguf: what people say of a photograph.

CAPTIONS.tsv: photograph (its file's name) <tab> weight <tab> captions joined by " | " (README.md says from where).
FEATURES: folders that `features` wrote.  Photographs without captions are passed over; --kept FILE names those that are
kept aside, one a line, and measured.  A word's target is the share of a photograph's captions that have it.  --out FILE.

One training differs from the next more than from chance: a head is N_NETS of them side by side, whose logits are averaged.
In the file they are one network: hidden layers stacked, output weights beside each other and divided by N_NETS.
"""
import argparse, array, collections, os, sys, time
import numpy as np
import torch

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "tools"), os.path.join(HERE, "..", "tests", "quality")]
from describe_score import STOP, words
from gguf_write import gguf_write, q8_0

N_IN, N_SEEN = 2528, 2280                       # inputs; the first N_SEEN are features and logits
N_NETS, WIDTH = 3, 512                          # hidden units of each
LEAST = 24                                      # weighted photographs whose captions agree on a word, for it to be learned
BATCH, LR = 128, 1.5e-3
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


def train(x, y, weight, epochs, seed):
    """Half of the inputs and of the hidden units are dropped each time: README.md has what less gives."""
    torch.manual_seed(seed)
    net = torch.nn.Sequential(torch.nn.Dropout(0.5), torch.nn.Linear(N_IN, WIDTH), torch.nn.GELU(), torch.nn.Dropout(0.5),
                              torch.nn.Linear(WIDTH, y.shape[1]))
    net[4].bias.data = torch.logit((y * weight[:, None]).sum(0) / weight.sum() + 1e-4)
    optimiser = torch.optim.AdamW(net.parameters(), lr=LR, weight_decay=1e-2, fused=True)
    n_steps = len(x) // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LR, total_steps=epochs * n_steps)
    for _ in range(epochs):
        drawn = torch.multinomial(weight, n_steps * BATCH, replacement=True).view(n_steps, BATCH)
        for batch in drawn:
            loss = torch.nn.functional.binary_cross_entropy_with_logits(net(x[batch]), y[batch]) * y.shape[1]
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return net.eval()


def side_by_side(nets):
    """One network [hidden, bias, out, bias] whose logits are the mean of theirs."""
    n = len(nets)
    return [torch.cat([net[1].weight for net in nets]), torch.cat([net[1].bias for net in nets]),
            torch.cat([net[4].weight for net in nets], dim=1) / n, sum(net[4].bias for net in nets) / n]


def run(layers, x):
    return torch.sigmoid(torch.nn.functional.gelu(x @ layers[0].T + layers[1]) @ layers[2].T + layers[3])


def report(what, p, y):
    print(f"{what}, {len(p)} photographs: log loss {-(y * np.log(p) + (1 - y) * np.log(1 - p)).sum(1).mean():.3f}")
    for least in (0.25, 0.35, 0.45, 0.6):
        said = p > least
        if said.any():
            print(f"  words over {least}: {said.sum() / len(p):.2f} each, {(y[said] > 0).mean():.2f} of them in some caption, {(y[said] >= 0.6).mean():.2f} in most")


def by_set(names, captions, aside):
    """Photographs of COCO, which are named by numbers, apart from Flickr's: those are what descriptions are measured on."""
    coco = [i for i, k in enumerate(aside) if os.path.splitext(names[k])[0].isdigit()]
    rest = sorted(set(range(len(aside))) - set(coco))
    return [(what, members) for what, members in (("everyday, kept aside", coco), ("Flickr8k, kept aside", rest)) if members]


def write(path, vocabulary, mean, scale, layers):
    floats = lambda t: array.array("f", torch.as_tensor(t).flatten().tolist())
    n_hidden = len(layers[1])
    gguf_write(path,
               [("general.architecture", "mynah-head"), ("general.name", "words of captions"),
                ("general.license", "CC-BY-4.0 (captions); see docs/models.md"), ("head.words", vocabulary)],
               [("mean", [N_IN], floats(mean)), ("scale", [N_IN], floats(scale)),
                ("hidden.weight", [N_IN, n_hidden], q8_0(floats(layers[0]))), ("hidden.bias", [n_hidden], floats(layers[1])),
                ("out.weight", [n_hidden, len(vocabulary)], q8_0(floats(layers[2]))), ("out.bias", [len(vocabulary)], floats(layers[3]))])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("captions")
    parser.add_argument("features", nargs="+")
    parser.add_argument("--kept")
    parser.add_argument("--out")
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
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
    y_learned, weight = torch.tensor(y[:len(learned)]), torch.tensor(weight)
    nets = [train(z[learned], y_learned, weight, a.epochs, a.seed * N_NETS + i) for i in range(N_NETS)]
    with torch.no_grad():
        layers = side_by_side(nets)
        print(f"seed {a.seed}: {len(learned)} photographs, {len(vocabulary)} words, {time.time() - start:.0f} s")
        for group, members in by_set(names, captions, aside):
            report(group, run(layers, z[[aside[i] for i in members]]).clip(1e-6, 1 - 1e-6).numpy(), y[len(learned):][members])
    if a.out:
        write(a.out, vocabulary, mean, scale, layers)


main()
