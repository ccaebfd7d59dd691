#!/usr/bin/env python3
"""Golden draws of text/sampler.h, by a twin in NumPy that sorts the whole vocabulary.

  sampler.txt   a case a line: its settings as key=value, then '|' and STEPS ids

The logits of step i of a case are those of SplitMix64 from seed 1000 * case + i, see logits().  Where a
setting was found in its authors' words: arXiv:1909.05858 (repetition), OpenAI's API reference
(frequency, presence), text-generation-webui #5677 (DRY), transformers' logits processors (top-k, top-p,
min-p, typical-p and their order), github.com/basusourya/mirostat (mirostat 2)."""
import os
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
STEPS = 60
M64 = (1 << 64) - 1
OFF = dict(temperature=1.0, top_k=0, top_p=1.0, min_p=0.0, typical_p=1.0, repetition_penalty=1.0, frequency_penalty=0.0,
           presence_penalty=0.0, penalty_window=64, dry_multiplier=0.0, dry_base=1.75, dry_allowed_length=2, dry_range=2048,
           mirostat_tau=0.0, mirostat_eta=0.1, seed=1, n_vocab=200, breakers="", biases="", same_logits=0)
CASES = [
    {}, dict(seed=2), dict(temperature=0.0), dict(temperature=0.5), dict(temperature=2.0, seed=3),
    dict(top_k=1), dict(top_k=7), dict(top_k=500), dict(top_p=0.3), dict(top_p=0.9, seed=7), dict(min_p=0.1), dict(min_p=0.5),
    dict(typical_p=0.2), dict(typical_p=0.6, seed=5), dict(typical_p=0.95, temperature=0.7),
    dict(temperature=0.7, top_k=40, top_p=0.9, min_p=0.05, typical_p=0.8),
    dict(repetition_penalty=1.3, n_vocab=20, temperature=0.0), dict(repetition_penalty=1.3, n_vocab=20, penalty_window=5),
    dict(frequency_penalty=0.7, n_vocab=10, same_logits=1), dict(frequency_penalty=-0.3, n_vocab=10, penalty_window=9),
    dict(presence_penalty=1.5, n_vocab=20, penalty_window=12, temperature=0.0), dict(presence_penalty=-1.5, n_vocab=20, penalty_window=12),
    dict(repetition_penalty=1.1, frequency_penalty=0.25, presence_penalty=0.5, n_vocab=30, temperature=0.8, top_p=0.9),
    dict(dry_multiplier=0.8, n_vocab=4, temperature=0.3, same_logits=1), dict(dry_multiplier=0.8, n_vocab=4, temperature=0.0),
    dict(dry_multiplier=2.0, dry_base=1.2, dry_allowed_length=1, n_vocab=5, temperature=0.2, same_logits=1),
    dict(dry_multiplier=1.0, dry_allowed_length=0, n_vocab=5), dict(dry_multiplier=1.5, dry_range=7, n_vocab=3, temperature=0.1, same_logits=1),
    dict(dry_multiplier=1.5, n_vocab=4, breakers="2", temperature=0.3, same_logits=1), dict(dry_multiplier=1.5, n_vocab=6, breakers="0,5", temperature=0.3),
    dict(dry_multiplier=1e20, dry_base=100.0, n_vocab=3, temperature=0.0),
    dict(mirostat_tau=3.0, temperature=0.8), dict(mirostat_tau=5.0, mirostat_eta=0.3, seed=9), dict(mirostat_tau=0.5, mirostat_eta=1.0),
    dict(mirostat_tau=2.0, top_k=3, top_p=0.1, min_p=0.9, typical_p=0.1),
    dict(biases="3:5,7:-inf,9:-2.5", n_vocab=12), dict(biases="0:-inf,1:-inf", n_vocab=4, temperature=0.0), dict(biases="5:20", n_vocab=12, repetition_penalty=3.0),
]


class SplitMix64:
    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & M64
        z = self.state
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & M64
        z = (z ^ z >> 27) * 0x94D049BB133111EB & M64
        return z ^ z >> 31


def logits(seed, n):
    """(z >> 40) * 1.5 / 2^21 - 6: [-6, 6), each step exact or rounded once in float32."""
    r = SplitMix64(seed)
    return np.array([np.float32(r.next() >> 40) * np.float32(0.75 / 2 ** 20) for _ in range(n)], np.float32) - np.float32(6)


def ids(text):
    return [int(t) for t in text.split(",")] if text else []


def penalise(z, c, said):
    z = z.copy()
    for b in c["biases"].split(",") if c["biases"] else []:
        z[int(b.split(":")[0])] += np.float32(b.split(":")[1])
    window = said[-c["penalty_window"]:]
    for t in set(window):
        z[t] = z[t] / np.float32(c["repetition_penalty"]) if z[t] > 0 else z[t] * np.float32(c["repetition_penalty"])
        z[t] = z[t] - np.float32(window.count(t)) * np.float32(c["frequency_penalty"]) - np.float32(c["presence_penalty"])
    return z


def dry(z, c, said):
    breakers, said = set(ids(c["breakers"])), said[-c["dry_range"]:]
    if c["dry_multiplier"] == 0 or not said or said[-1] in breakers:
        return z
    longest = {}
    for i in range(len(said) - 1):
        if said[i] != said[-1] or said[i + 1] in breakers:
            continue
        n = 1
        while i - n >= 0 and said[i - n] == said[-1 - n] and said[i - n] not in breakers:
            n += 1
        longest[said[i + 1]] = max(n, longest.get(said[i + 1], 0))
    for t, n in longest.items():
        if n >= c["dry_allowed_length"]:
            z[t] -= np.float32(min(float(np.float32(c["dry_multiplier"])) * float(np.float32(c["dry_base"])) ** (n - c["dry_allowed_length"]), 1e30))
    return z


def pick(p, unit):
    """Of probabilities in order, the first whose running sum is above unit."""
    running = np.cumsum(p)
    return min(int(np.searchsorted(running, unit * running[-1], side="right")), len(p) - 1)


def f32(c, key):
    return float(np.float32(c[key]))


def run(number, c):
    c = {**OFF, **c}
    draws, said, mu = SplitMix64(c["seed"]), [], 2 * f32(c, "mirostat_tau")
    for step in range(STEPS):
        z = dry(penalise(logits(1000 * number + (0 if c["same_logits"] else step), c["n_vocab"]), c, said), c, said)
        if c["temperature"] == 0:
            said.append(int(np.argmax(z)))
            continue
        unit = (draws.next() >> 11) * 2.0 ** -53
        order = np.lexsort((np.arange(len(z)), -z))
        order = order[z[order] > -np.inf]
        if c["top_k"] and not c["mirostat_tau"]:
            order = order[:c["top_k"]]
        p = np.exp((z[order].astype(np.float64) - float(z[order[0]])) / f32(c, "temperature"))
        p /= p.sum()
        if c["mirostat_tau"]:
            kept = max(1, int((-np.log2(p) <= mu).sum()))
            i = pick(p[:kept], unit)
            mu -= f32(c, "mirostat_eta") * (-np.log2(p[i]) - f32(c, "mirostat_tau"))
            said.append(int(order[i]))
            continue
        kept = int((np.cumsum(p) - p < f32(c, "top_p")).sum())
        kept = min(kept, int((p >= f32(c, "min_p") * p[0]).sum()))
        order, p = order[:kept], p[:kept] / p[:kept].sum()
        if c["typical_p"] < 1:
            far = np.abs(-np.log(p) + (p * np.log(p)).sum()).astype(np.float32)
            nearest = np.lexsort((np.arange(kept), far))
            mass = np.cumsum(p[nearest])
            chosen = np.sort(nearest[:int((mass - p[nearest] < f32(c, "typical_p")).sum())])
            order, p = order[chosen], p[chosen]
        said.append(int(order[pick(p, unit)]))
    return c, said


with open(os.path.join(HERE, "sampler.txt"), "w") as to:
    for number, case in enumerate(CASES):
        c, said = run(number, case)
        settings = " ".join(f"{k}={v}" for k, v in c.items() if v != "")
        print(settings, "|", *said, file=to)
