#!/usr/bin/env python3
"""projector.py FEATURES... --text TINY.gguf --work FOLDER --out own-eyes.gguf - trains rows of our own.

FEATURES: folders that `features` wrote; the sentence that the program's rules give for a photograph (evidence.txt) is what
the frozen text model is to say from the rows alone, so no captions of people are learned.  Two stages: rows become like the
embeddings of the sentence's tokens (cheap: the text model is not run); then the loss is the text model's own, through it.
Seeded; --work keeps a checkpoint, from which the same command goes on.  --kept FILE: names never learned, but measured.
Processes of one thread share a batch: python3 -m torch.distributed.run --nproc-per-node 2 projector.py ...
The layout of the file is vision/projector.h's.  Needs gguf and tokenizers beside PyTorch and NumPy.
"""
import argparse, array, os, re, sys
import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy, gelu, mse_loss, scaled_dot_product_attention

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))
from gguf_write import gguf_write, q8_0
from stages import Teacher, end, quantise, quantised, rank, stage, start
from text_model import TextModel

N_GRID, N_FEATURE, N_BOX, N_CLASS, N_SUMMARY, N_SEEN = 81, 1280, 16, 80, 2528, 2280     # vision/seen.h
WIDTH, N_HEAD, N_FF, N_LAYER, N_ROW = 512, 8, 1024, 2, 12
CLIP = 6.0                                      # vision/projector.c
EPS = 1e-5
BOX_LEAST = 0.15
SYSTEM = "You are mynah, an assistant that sees pictures."                              # fusion/wording.c
BEGUN = "The image shows"
QUESTIONS = ["Describe the image in one sentence."] * 4 + [
    "What is in this picture?", "What do you see?", "What is this?", "Describe the image.", "What does the picture show?",
    "Tell me what is in the photo.", "What can be seen in the image?", "What is shown here?"]
PLACES = re.compile(r" (on the (left|right)|at the (top|bottom))(?=[,. ])")             # of things: too much for so few rows


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.q, self.k, self.v, self.out = (nn.Linear(WIDTH, WIDTH) for _ in range(4))

    def forward(self, x, y, mask=None):
        heads = lambda z: z.unflatten(-1, (N_HEAD, -1)).transpose(1, 2)
        z = scaled_dot_product_attention(heads(self.q(x)), heads(self.k(y)), heads(self.v(y)), attn_mask=mask)
        return self.out(z.transpose(1, 2).flatten(2))


class Block(nn.Module):
    def __init__(self, dropout):
        super().__init__()
        self.cross_norm, self.self_norm, self.ffn_norm = (nn.LayerNorm(WIDTH, EPS) for _ in range(3))
        self.cross, self.self = Attention(), Attention()
        self.ffn_up, self.ffn_down = nn.Linear(WIDTH, N_FF), nn.Linear(N_FF, WIDTH)
        self.drop = nn.Dropout(dropout)

    def forward(self, h, tokens, mask):
        h = h + self.drop(self.cross(self.cross_norm(h), tokens, mask))
        a = self.self_norm(h)
        h = h + self.drop(self.self(a, a))
        return h + self.drop(self.ffn_down(gelu(self.ffn_up(self.ffn_norm(h)))))


class Projector(nn.Module):
    def __init__(self, n_embd, mean, scale, dropout=0.0):
        super().__init__()
        self.grid, self.box, self.summary = nn.Linear(N_FEATURE, WIDTH), nn.Linear(8, WIDTH), nn.Linear(N_SUMMARY, WIDTH)
        self.position, self.query = (nn.Parameter(torch.randn(n, WIDTH) * 0.5) for n in (N_GRID, N_ROW))
        self.classes = nn.Parameter(torch.randn(N_CLASS, WIDTH))
        self.register_buffer("mean", mean)
        self.register_buffer("scale", scale)
        self.token_norm, self.out_norm = nn.LayerNorm(WIDTH, EPS), nn.LayerNorm(WIDTH, EPS)
        self.blocks = nn.ModuleList(Block(dropout) for _ in range(N_LAYER))
        self.out = nn.Linear(WIDTH, n_embd)

    def forward(self, grid, boxes, summary):
        """grid [b][81][1280], boxes [b][16][9] with the class first, summary [b][2528] -> rows [b][12][n_embd]"""
        z = ((summary - self.mean) * self.scale).clip(-CLIP, CLIP)
        tokens = torch.cat([self.grid(grid) + self.position, self.classes[boxes[..., 0].long()] + self.box(boxes[..., 1:]),
                            self.summary(z)[:, None]], 1)
        mask = torch.ones(tokens.shape[:2], dtype=torch.bool)
        mask[:, N_GRID:-1] = boxes[..., 1] > BOX_LEAST / 2
        tokens = self.token_norm(tokens)
        h = self.query.expand(len(grid), -1, -1)
        for block in self.blocks:
            h = block(h, tokens, mask[:, None, None])
        return self.out(self.out_norm(h))


def identity(name):
    """COCO's editions name the same photograph differently: the number is what counts."""
    return re.sub(r"^COCO_[a-z]+2014_", "", name)


class Photographs:
    def __init__(self, folders):
        self.names, self.sentences, grids, boxes, summaries = [], [], [], [], []
        for folder in folders:
            at = lambda name: os.path.join(folder, name)
            mine = [identity(os.path.basename(line.split("\t")[0])) for line in open(at("names.txt"), encoding="utf-8")]
            self.names += mine
            self.sentences += [PLACES.sub("", line.strip()) for line in open(at("evidence.txt"), encoding="utf-8")]
            grids.append(np.memmap(at("grid.f16"), np.float16, "r", shape=(len(mine), N_GRID, N_FEATURE)))
            boxes.append(np.fromfile(at("boxes.f32"), np.float32).reshape(-1, N_BOX, 9))
            summaries.append(np.fromfile(at("inputs.f32"), np.float32).reshape(-1, N_SUMMARY))
        self.grids, self.first = grids, np.cumsum([0] + [len(g) for g in grids])
        self.boxes, self.summaries = np.concatenate(boxes), np.concatenate(summaries)
        assert len(self.names) == len(self.sentences) == len(self.boxes) == len(self.summaries)

    def batch(self, chosen):
        folder = np.searchsorted(self.first, chosen, "right") - 1
        grid = np.stack([self.grids[f][i - self.first[f]] for f, i in zip(folder, chosen)]).astype(np.float32)
        return torch.from_numpy(grid), torch.from_numpy(self.boxes[chosen]), torch.from_numpy(self.summaries[chosen])


class Words:
    """The first stage: row k is like the embedding of the sentence's token k, after its opening; then of a full stop."""

    def __init__(self, m, sentences):
        stop = m.ids(".")[0]
        rows = [(m.ids(s[len(BEGUN):])[:N_ROW] + [stop] * N_ROW)[:N_ROW] for s in sentences]
        self.vocabulary, flat = np.unique(np.array(rows), return_inverse=True)
        self.targets = torch.from_numpy(flat.reshape(len(rows), N_ROW))
        self.embd = m.embed(self.vocabulary)
        self.size = self.embd.square().mean().sqrt()
        self.unit = self.embd / self.embd.norm(dim=-1, keepdim=True)

    def loss(self, rows, chosen):
        target = self.targets[chosen]
        logits = rows / self.size / rows.shape[-1] ** 0.5 @ self.unit.T * 12
        return cross_entropy(logits.flatten(0, 1), target.flatten()) + mse_loss(rows / self.size, self.embd[target] / self.size)


def export(path, net, m):
    floats = lambda t: array.array("f", t.detach().float().flatten().tolist())
    blocks = {"cross.q": "cross_q", "cross.k": "cross_k", "cross.v": "cross_v", "cross.out": "cross_out",
              "self.q": "self_q", "self.k": "self_k", "self.v": "self_v", "self.out": "self_out"}
    names = {"grid": "v.grid", "box": "v.box", "summary": "v.summary", "token_norm": "mm.token_norm", "out_norm": "mm.out_norm", "out": "mm.out"}
    tensors = [("v.summary.mean", [N_SUMMARY], floats(net.mean)), ("v.summary.scale", [N_SUMMARY], floats(net.scale)),
               ("v.position_embd", [WIDTH, N_GRID], floats(net.position)), ("v.class_embd", [WIDTH, N_CLASS], floats(net.classes)),
               ("mm.query", [WIDTH, N_ROW], floats(net.query))]
    wide = quantised(net)
    for name, p in net.named_parameters():
        module, _, kind = name.rpartition(".")
        if module == "":
            continue
        if module.startswith("blocks."):
            _, i, part = module.split(".", 2)
            module = f"mm.blk.{i}.{blocks.get(part, part)}"
        else:
            module = names[module]
        data = floats(p)
        tensors.append((f"{module}.{kind}", list(reversed(p.shape)), q8_0(data) if name in wide else data))
    gguf_write(path, [("general.architecture", "clip"), ("general.type", "mmproj"), ("general.name", "own-eyes"),
                      ("clip.has_vision_encoder", True), ("clip.projector_type", "mynah-eyes"),
                      ("clip.vision.projection_dim", m.n_embd), ("clip.vision.attention.head_count", N_HEAD),
                      ("clip.vision.attention.layer_norm_epsilon", EPS), ("clip.vision.block_count", N_LAYER),
                      ("mynah-eyes.text_model", m.name)], tensors)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("features", nargs="+")
    parser.add_argument("--text", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--kept")
    parser.add_argument("--out")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save", type=int, default=50)
    parser.add_argument("--words", type=int, default=700, help="steps of the first stage, of 32")
    parser.add_argument("--steps", type=int, default=550, help="steps of the second, of 16")
    parser.add_argument("--show", type=int, default=80, help="photographs kept aside whose answers are printed")
    a = parser.parse_args()
    start(a)

    photographs, m = Photographs(a.features), TextModel(a.text)
    kept = set(open(a.kept, encoding="utf-8").read().split()) if a.kept else set()
    learned = np.array([i for i, n in enumerate(photographs.names) if n not in kept])
    aside = np.array([i for i, n in enumerate(photographs.names) if n in kept])
    mean = photographs.summaries[learned].mean(0)
    scale = 1 / (photographs.summaries[learned].std(0) + 1e-3)
    mean[N_SEEN:], scale[N_SEEN:] = 0, 3        # of detections as they are: most are 0
    net = Projector(m.n_embd, torch.from_numpy(mean), torch.from_numpy(scale), dropout=0.1)
    if rank() == 0:
        print(f"{len(learned)} photographs, {sum(p.numel() for p in net.parameters()) / 1e6:.1f} M parameters", flush=True)

    # Rare sentences are as instructive as the thousandth dog: drawn by the root of how often they are there.
    _, same, n_same = np.unique([photographs.sentences[i] for i in learned], return_inverse=True, return_counts=True)
    weight = n_same[same] ** -0.5

    def batches(size):
        def draw(step):
            rng = np.random.default_rng([a.seed, size, step])
            return rng.choice(learned, size, replace=False, p=weight / weight.sum())
        return draw

    words, teacher = Words(m, photographs.sentences), Teacher(m, SYSTEM, BEGUN)
    stage("words", a.words, 1e-3, net, batches(32), lambda chosen, step: words.loss(net(*photographs.batch(chosen)), chosen), a)
    stage("sentences", a.steps, 5e-4, net, batches(16), lambda chosen, step: teacher.loss(
        net(*photographs.batch(chosen)), QUESTIONS[step % len(QUESTIONS)], [photographs.sentences[i] for i in chosen]), a)
    if rank() != 0:
        return
    quantise(net)
    if a.out:
        export(a.out, net, m)
    for at in range(0, min(len(aside), a.show), 16):
        chosen = aside[at:at + 16]
        with torch.no_grad():
            rows = net(*photographs.batch(chosen))
        for i, answer in zip(chosen, teacher.answer(rows, QUESTIONS[0])):
            print(photographs.names[i], photographs.sentences[i], answer, sep="\t")


if __name__ == "__main__":
    main()
    end()
