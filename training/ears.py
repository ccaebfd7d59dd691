#!/usr/bin/env python3
"""ears.py HEARD... --text TINY.gguf --work FOLDER --out own-ears.gguf - trains rows of our own for clips.

HEARD: folders that `hear` wrote, and the text.tsv of speech.py beside each as HEARD/text.tsv.  The frozen text model is to repeat a
clip from its rows alone.  Two stages: rows spell the sentence in the text model's own embeddings (connectionist temporal
classification, Graves et al. 2006; the text model is not run); then the loss is the text model's own, through it.
Seeded; --work keeps a checkpoint, from which the same command goes on.  --aside HEARD: never learned, but measured, with their own rows and
with those of another clip.  Processes of one thread share a batch: python3 -m torch.distributed.run --nproc-per-node 2 ears.py ...
The projector is Ultravox's (audio/encoder.h).  Needs gguf and tokenizers beside PyTorch and NumPy.
"""
import argparse, array, os, sys
import numpy as np
import torch
from torch import nn
from torch.nn.functional import ctc_loss, silu

for folder in ("tools", "tests/quality"):
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", folder))
from gguf_write import gguf_write, q8_0
from stages import Teacher, end, quantise, quantised, rank, stage, start
from text_model import TextModel
from wer import dist, norm

STACK, N_STATE, N_FF = 4, 512, 1920             # positions of 20 ms in a row; Whisper base; what the projector's layers have between them
EPS = 1e-6
BLANK = "\u0120"                                 # a blank, as GPT-2's table writes it: what rows say between tokens
SHARP = 12.0
SYSTEM = "You are mynah, an assistant that hears."                                      # fusion/wording.c
QUESTIONS = ["What is said in the clip?"] * 3 + [
    "Repeat what is said.", "Write down what you hear.", "What do you hear?", "Transcribe the clip.", "What did they say?", "Repeat the words.",
    "What was said?", "Say in one or two sentences what is said in the recording."]


class Projector(nn.Module):
    def __init__(self, n_embd):
        super().__init__()
        self.norm_pre, self.norm_mid = nn.Parameter(torch.ones(STACK * N_STATE)), nn.Parameter(torch.ones(N_FF))
        self.up, self.down = nn.Linear(STACK * N_STATE, 2 * N_FF, bias=False), nn.Linear(N_FF, n_embd, bias=False)
        self.drop = nn.Dropout(0.1)

    @staticmethod
    def norm(x, weight):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + EPS) * weight

    def forward(self, x):
        """x [b][n][STACK * N_STATE] -> rows [b][n][n_embd]"""
        x, gate = self.up(self.drop(self.norm(x, self.norm_pre))).chunk(2, -1)
        return self.down(self.drop(self.norm(x * silu(gate), self.norm_mid)))


class Clips:
    """Rows of the encoder, STACK of them side by side; zeros fill the last."""

    def __init__(self, folders):
        self.sentences, self.parts, n_rows = [], [], []
        for folder in folders:
            said = {os.path.basename(path): text for path, _, text in
                    (line.rstrip("\n").split("\t") for line in open(os.path.join(folder, "text.tsv"), encoding="utf-8"))}
            rows, at = np.memmap(os.path.join(folder, "rows.f16"), np.float16, "r").reshape(-1, N_STATE), 0
            for line in open(os.path.join(folder, "clips.txt"), encoding="utf-8"):
                path, n = line.rstrip("\n").split("\t")
                self.sentences.append(said[os.path.basename(path)])
                self.parts.append((rows, at, int(n)))
                n_rows.append(-(-int(n) // STACK))
                at += int(n)
        self.n_rows = np.array(n_rows)

    def __len__(self):
        return len(self.sentences)

    def batch(self, chosen):
        """[b][rows of the longest][STACK * N_STATE]"""
        x = np.zeros((len(chosen), self.n_rows[chosen].max() * STACK, N_STATE), np.float32)
        for to, i in zip(x, chosen):
            rows, at, n = self.parts[i]
            to[:n] = rows[at:at + n]
        return torch.from_numpy(x).view(len(chosen), -1, STACK * N_STATE)


class Spelling:
    """The first stage.  Scores of a token: cosine of row and embedding; only tokens of what is learned, and the blank, can be said."""

    def __init__(self, m, sentences):
        said = [m.ids(s.rstrip(".")) for s in sentences]
        blank = m.tokens.index(BLANK)
        self.vocabulary = [blank] + sorted({i for ids in said for i in ids} - {blank})
        place = {id_: k for k, id_ in enumerate(self.vocabulary)}
        self.targets = [torch.tensor([place[i] for i in ids]) for ids in said]
        self.embd = m.embed(self.vocabulary)
        self.size = self.embd.square().mean().sqrt()
        self.unit = self.embd / self.embd.norm(dim=-1, keepdim=True)

    def scores(self, rows):
        return rows / self.size / rows.shape[-1] ** 0.5 @ self.unit.T * SHARP

    def loss(self, rows, n_rows, chosen):
        targets = [self.targets[i] for i in chosen]
        log_p = self.scores(rows).log_softmax(-1)
        spelt = ctc_loss(log_p.transpose(0, 1), torch.cat(targets), torch.as_tensor(n_rows), torch.tensor([len(t) for t in targets]),
                         blank=0, reduction="sum", zero_infinity=True) / sum(len(t) for t in targets)
        size = (rows.square().mean(-1) / self.size ** 2 - 1).square().mean()
        return spelt + 0.1 * size

    def read(self, rows, m):
        """What the best path says, for a look at the first stage."""
        best = self.scores(rows).argmax(-1)
        keep = [int(k) for k, before in zip(best, [-1] + best[:-1].tolist()) if k != before and k != 0]
        return m.text([self.vocabulary[k] for k in keep])


@torch.no_grad()
def measure(name, clips, net, teacher, spelling, show, answers=True):
    """Answers from their own rows, and with those of the clip after them; and what the rows spell."""
    m, chosen = teacher.m, range(len(clips))
    said, of_all = [norm(s) for s in clips.sentences], sum(len(norm(s)) for s in clips.sentences)
    rows = [net(clips.batch(np.array([i])))[0] for i in chosen]
    read = [norm(spelling.read(r, m)) for r in rows]
    heard = [teacher.answer(r[None], QUESTIONS[0], 60)[0] if answers else "" for r in rows]
    rate = lambda heard: f"{100 * sum(dist(a, norm(b)) for a, b in zip(said, heard)) / of_all:.1f} %"
    print(f"{name}: {len(clips)} clips, {of_all} words: spelt by the rows with word errors of {rate(map(' '.join, read))}"
          + (f", answered {rate(heard)}, with another clip's rows {rate(heard[1:] + heard[:1])}" if answers else ""), flush=True)
    for i in chosen[:show]:
        print("", clips.sentences[i], heard[i], " ".join(read[i]), sep="\t", flush=True)


def export(path, net, m):
    floats = lambda t: array.array("f", t.detach().float().flatten().tolist())
    wide = {id(p) for p in quantised(net).values()}
    tensor = lambda name, p: (name, list(reversed(p.shape)), q8_0(floats(p)) if id(p) in wide else floats(p))
    gguf_write(path, [("general.architecture", "clip"), ("general.type", "mmproj"), ("general.name", "own-ears"),
                      ("clip.has_audio_encoder", True), ("clip.projector_type", "mynah-ears"), ("clip.audio.projection_dim", m.n_embd),
                      ("clip.audio.embedding_length", N_STATE), ("clip.audio.projector.stack_factor", STACK),
                      ("mynah-ears.text_model", m.name)],
               [tensor("mm.a.norm_pre.weight", net.norm_pre), tensor("mm.a.mlp.1.weight", net.up.weight),
                tensor("mm.a.norm_mid.weight", net.norm_mid), tensor("mm.a.mlp.2.weight", net.down.weight)])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("heard", nargs="+")
    parser.add_argument("--text", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--aside", nargs="*", default=[])
    parser.add_argument("--out")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save", type=int, default=50)
    parser.add_argument("--spell", type=int, default=1500, help="steps of the first stage, of 32")
    parser.add_argument("--steps", type=int, default=400, help="steps of the second, of 16")
    parser.add_argument("--show", type=int, default=10, help="answers printed of each folder aside")
    a = parser.parse_args()
    start(a)

    clips, m = Clips(a.heard), TextModel(a.text)
    net, spelling, teacher = Projector(m.n_embd), Spelling(m, clips.sentences), Teacher(m, SYSTEM)
    with torch.no_grad():
        net.down.weight *= spelling.size * 2
    if rank() == 0:
        print(f"{len(clips)} clips, {len(spelling.vocabulary)} tokens, {sum(p.numel() for p in net.parameters()) / 1e6:.2f} M parameters", flush=True)
    by_length = np.argsort(clips.n_rows, kind="stable")

    def batches(size, same):
        """same: all as long as the first, since the text model is to see no padding."""
        def draw(step):
            rng = np.random.default_rng([a.seed, size, step])
            i = rng.integers(len(clips))
            if same:
                others = np.flatnonzero(clips.n_rows == clips.n_rows[by_length[i]])
                return rng.choice(others, size)
            near = np.clip(np.arange(i - size, i + size), 0, len(clips) - 1)
            return by_length[rng.choice(near, size, replace=False)]
        return draw

    stage("spelling", a.spell, 1e-3, net, batches(32, False),
          lambda chosen, step: spelling.loss(net(clips.batch(chosen)), clips.n_rows[chosen], chosen), a)
    if rank() == 0:
        for folder in a.aside:
            measure(f"spelling, {folder}", Clips([folder]), net, teacher, spelling, 3, answers=False)
    stage("sentences", a.steps, 3e-4, net, batches(16, True),
          lambda chosen, step: teacher.loss(net(clips.batch(chosen)), QUESTIONS[step % len(QUESTIONS)], [clips.sentences[i] for i in chosen]), a)
    if rank() != 0:
        return
    quantise(net)
    if a.out:
        export(a.out, net, m)
    for folder in a.aside:
        measure(folder, Clips([folder]), net, teacher, spelling, a.show)


if __name__ == "__main__":
    main()
    end()
