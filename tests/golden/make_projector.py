#!/usr/bin/env python3
"""Random projectors (vision/projector.h) and PyTorch's rows on their dequantised weights, in float64.

  projector_tiny.gguf    all sizes small; rows as wide as text_qwen2_tiny.gguf's, which it names
  projector_tiny.f32     CASES times: n_boxes, grid, classes [16], boxes [16], summary, rows.  The first has no
                         boxes, the second 16; in the third the summary is clipped on both sides
  projector_small.gguf   for what the image networks give and the text model tiny; 4 rows
  ../fuzz/corpus/projector/seed.gguf             smaller still, most of it F32: a seed for fuzzing

make_projector.py FILE writes a random one of the real sizes, for trying."""
import array, os, sys
import numpy as np
import torch
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "tools"))
from gguf_write import gguf_write, q8_0

MOST_BOXES, N_BOX, EPSILON = 16, 8, 1e-3        # large, so that it shows
CASES = (0, 16, 3)                              # boxes of each
SMOLLM2 = "Smollm2 135M 8k Lc100K Mix1 Ep2"
SEEN = dict(n_position=81, n_grid=1280, n_class=80, n_summary=2528, n_embd=576, text_model=SMOLLM2)
TINY = dict(n_position=12, n_grid=64, n_class=7, n_summary=96, n_embd=32, text_model="tiny random qwen2",
            d=32, n_head=4, n_ff=64, n_layer=2, n_rows=5)
SMALL = dict(**SEEN, d=32, n_head=2, n_ff=32, n_layer=1, n_rows=4)
SEED = dict(n_position=3, n_grid=4, n_class=2, n_summary=32, n_embd=4, text_model="seed", d=8, n_head=2, n_ff=4, n_layer=1, n_rows=2)
REAL = dict(**SEEN, d=512, n_head=8, n_ff=1024, n_layer=2, n_rows=16)


def dequantised(data, n_columns):
    blocks = np.frombuffer(data, np.dtype([("d", "<f2"), ("q", "i1", 32)]))
    return (blocks["d"].astype(np.float64)[:, None] * blocks["q"]).reshape(-1, n_columns)


class Projector:
    """Weights for the file, and what PyTorch is given: as they are read from it."""

    def __init__(self, size, seed):
        self.rng, self.tensors, self.w, self.size = np.random.default_rng(seed), [], {}, size
        d, n_ff = size["d"], size["n_ff"]
        self.linear("v.grid", size["n_grid"], d)
        self.plain("v.position_embd", (size["n_position"], d))
        self.plain("v.class_embd", (size["n_class"], d))
        self.linear("v.box", N_BOX, d)
        self.plain("v.summary.mean", (size["n_summary"],))
        self.plain("v.summary.scale", (size["n_summary"],), 1, 0.2)
        self.linear("v.summary", size["n_summary"], d)
        self.norm("mm.token_norm", d)
        self.plain("mm.query", (size["n_rows"], d))
        for i in range(size["n_layer"]):
            for kind in ("cross", "self"):
                self.norm(f"mm.blk.{i}.{kind}_norm", d)
                for part in ("q", "k", "v", "out"):
                    self.linear(f"mm.blk.{i}.{kind}_{part}", d, d)
            self.norm(f"mm.blk.{i}.ffn_norm", d)
            self.linear(f"mm.blk.{i}.ffn_up", d, n_ff)
            self.linear(f"mm.blk.{i}.ffn_down", n_ff, d)
        self.norm("mm.out_norm", d)
        self.linear("mm.out", d, size["n_embd"])

    def plain(self, name, shape, mean=0, deviation=1):
        x = self.rng.normal(mean, deviation, shape).astype(np.float32)
        self.tensors.append((name, list(reversed(shape)), array.array("f", x.ravel().tolist())))
        self.w[name] = torch.from_numpy(x).double()

    def linear(self, name, n_in, n_out):
        if n_in % 32 == 0:
            data = q8_0(array.array("f", self.rng.normal(0, n_in ** -0.5, n_in * n_out).tolist()))
            self.tensors.append((name + ".weight", [n_in, n_out], data))
            self.w[name + ".weight"] = torch.from_numpy(dequantised(data, n_in))
        else:
            self.plain(name + ".weight", (n_out, n_in), 0, n_in ** -0.5)
        self.plain(name + ".bias", (n_out,), 0, 0.3)

    def norm(self, name, n):
        self.plain(name + ".weight", (n,), 1, 0.3)
        self.plain(name + ".bias", (n,), 0, 0.3)

    def write(self, path):
        s = self.size
        gguf_write(path, [("general.architecture", "clip"), ("general.type", "mmproj"), ("clip.has_vision_encoder", True),
                          ("clip.projector_type", "mynah-eyes"), ("clip.vision.projection_dim", s["n_embd"]),
                          ("clip.vision.attention.head_count", s["n_head"]), ("clip.vision.block_count", s["n_layer"]),
                          ("clip.vision.attention.layer_norm_epsilon", EPSILON), ("mynah-eyes.text_model", s["text_model"])], self.tensors)

    # ---- forward, straight from vision/projector.h ----

    def apply(self, name, x):
        return F.linear(x, self.w[name + ".weight"], self.w[name + ".bias"])

    def normed(self, name, x):
        return F.layer_norm(x, x.shape[-1:], self.w[name + ".weight"], self.w[name + ".bias"], EPSILON)

    def attention(self, name, h, keys):
        heads = lambda part, x: self.apply(f"{name}_{part}", x).unflatten(-1, (self.size["n_head"], -1)).transpose(0, 1)
        a = self.normed(f"{name}_norm", h)
        keys = a if keys is None else keys
        y = F.scaled_dot_product_attention(heads("q", a), heads("k", keys), heads("v", keys))
        return h + self.apply(f"{name}_out", y.transpose(0, 1).flatten(1))

    def rows(self, grid, classes, boxes, summary):
        clipped = ((summary - self.w["v.summary.mean"]) * self.w["v.summary.scale"]).clip(-6, 6)
        t = torch.cat([self.apply("v.grid", grid) + self.w["v.position_embd"],
                       self.w["v.class_embd"][classes] + self.apply("v.box", boxes), self.apply("v.summary", clipped)[None]])
        t, h = self.normed("mm.token_norm", t), self.w["mm.query"]
        for i in range(self.size["n_layer"]):
            h = self.attention(f"mm.blk.{i}.cross", h, t)
            h = self.attention(f"mm.blk.{i}.self", h, None)
            a = self.normed(f"mm.blk.{i}.ffn_norm", h)
            h = h + self.apply(f"mm.blk.{i}.ffn_down", F.gelu(self.apply(f"mm.blk.{i}.ffn_up", a)))
        return self.apply("mm.out", self.normed("mm.out_norm", h))


def golden(p, rng):
    s = p.size
    for n_boxes in CASES:
        grid = rng.uniform(0, 6, (s["n_position"], s["n_grid"])).astype(np.float32)
        classes = rng.integers(0, s["n_class"], MOST_BOXES)
        boxes = rng.uniform(0, 1, (MOST_BOXES, N_BOX)).astype(np.float32)
        summary = rng.normal(0, 40 if n_boxes == 3 else 1.5, s["n_summary"]).astype(np.float32)
        rows = p.rows(torch.from_numpy(grid).double(), torch.from_numpy(classes[:n_boxes]),
                      torch.from_numpy(boxes[:n_boxes]).double(), torch.from_numpy(summary).double()).numpy()
        print(n_boxes, "boxes; rows' deviation", rows.std())
        yield from ([n_boxes], grid, classes, boxes, summary, rows)


if len(sys.argv) > 1:
    Projector(REAL, 3).write(sys.argv[1])
else:
    tiny = Projector(TINY, 1)
    tiny.write(os.path.join(HERE, "projector_tiny.gguf"))
    np.concatenate([np.ravel(x).astype("<f4") for x in golden(tiny, np.random.default_rng(71))]).tofile(os.path.join(HERE, "projector_tiny.f32"))
    Projector(SMALL, 2).write(os.path.join(HERE, "projector_small.gguf"))
    Projector(SEED, 4).write(os.path.join(HERE, "../fuzz/corpus/projector/seed.gguf"))
