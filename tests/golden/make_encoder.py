#!/usr/bin/env python3
"""Random encoders (tensor/encoder.h) in projector files, and PyTorch's rows on their dequantised weights, in float64.

  encoder_layer.gguf   layer norm, biases, separate q, k, v, tanh GELU, pre_ln, post_ln, layer scale, the feed-forward
                       names of old files (up and down exchanged); F32, and a bias on the keys
  encoder_rms.gguf     RMS norm, no biases but of q, k, v, which are one matrix; gated SiLU, norms of q and k per head,
                       turns, groups in every layer but each second; Q8_0
  encoder_audio.gguf   a prefix of its own, heads wider than n_embd / n_head, norms of q and k over all heads, a norm
                       without a bias, quick GELU; F16
  encoder_mixed.gguf   BF16 and K types, a gate whose GELU is the erf form, narrow heads
  encoder_NAME.f32     x [n][d], turns [n][2][head_dim / 2] (zeros without), bias [n] (likewise),
                       rows after all layers and post_ln, rows after the first layer"""
import os
import numpy as np
import torch
import torch.nn.functional as F
from gguf import GGMLQuantizationType, GGUFWriter, quants

from make_types import SplitMix, random_blocks

HERE = os.path.dirname(os.path.abspath(__file__))
EPSILON = 1e-3                                  # large, so that it shows
CASES = {
    "layer": dict(kind="vision", n=11, d=24, n_head=3, head_dim=8, n_ff=40, n_layer=2, type="F32", norm="layer", act="gelu"),
    "rms": dict(kind="vision", n=12, d=32, n_head=2, head_dim=16, n_ff=64, n_layer=3, type="Q8_0", norm="rms", act="silu"),
    "audio": dict(kind="audio", n=9, d=20, n_head=2, head_dim=16, n_ff=28, n_layer=2, type="F16", norm="layer", act="quick"),
    "mixed": dict(kind="vision", n=9, d=256, n_head=2, head_dim=32, n_ff=256, n_layer=1, norm="layer", act="erf", gated=True, type={
        "attn_q": "BF16", "attn_k": "Q4_K", "attn_v": "Q5_K", "attn_out": "BF16", "ffn_gate": "Q3_K", "ffn_up": "Q4_K", "ffn_down": "Q6_K"}),
}
GROUPS = [5, 6, 12]                             # where the groups of "rms" end; each second layer sees all


class Encoder:
    def __init__(self, name, seed):
        self.name, self.s, self.rng, self.w = name, CASES[name], np.random.default_rng(seed), {}
        s = self.s
        self.prefix = s["kind"][0]
        self.file = GGUFWriter(os.path.join(HERE, f"encoder_{name}.gguf"), "clip")
        f, kind = self.file, f"clip.{s['kind']}."
        f.add_bool(f"clip.has_{s['kind']}_encoder", True)
        f.add_string("clip.projector_type", "test")
        f.add_uint32(kind + "embedding_length", s["d"])
        f.add_uint32(kind + "attention.head_count", s["n_head"])
        if s["n_head"] * s["head_dim"] != s["d"]:
            f.add_uint32(kind + "attention.head_dim", s["head_dim"])
        f.add_uint32(kind + "block_count", s["n_layer"])
        f.add_uint32(kind + "projection_dim", 48)
        f.add_float32(kind + "attention.layer_norm_epsilon", EPSILON)
        if s["act"] not in ("quick", "erf"):
            f.add_bool(f"clip.use_{s['act']}", True)
        if name == "layer":                     # for the getters of tensor/mmproj.h
            f.add_bool("clip.use_silu", False)
            f.add_array(kind + "image_mean", [0.5, 0.25, 0.125])
            f.add_array(kind + "image_std", [0.5, 0.5, 0.75])
            f.add_array(kind + "feature_layer", [1, 2])
            f.add_array(kind + "two_floats", [0.5, 0.5])

    def add(self, name, x, kind="F32"):
        blocks = kind.endswith("_K")            # which no one here quantises: random ones
        kind = GGMLQuantizationType[kind]
        data = random_blocks(SplitMix(len(self.w)), kind, *x.shape) if blocks else quants.quantize(x.astype(np.float32), kind)
        self.file.add_tensor(f"{self.prefix}.{name}", data, raw_dtype=kind)
        self.w[name] = torch.from_numpy(quants.dequantize(data, kind).astype(np.float64)).reshape(x.shape)

    def linear(self, name, n_in, n_out, bias=True, stored=None):
        kind = self.s["type"]
        self.add(f"{stored or name}.weight", self.rng.normal(0, n_in ** -0.5, (n_out, n_in)), kind[name.split(".")[-1]] if isinstance(kind, dict) else kind)
        if bias:
            self.add(f"{stored or name}.bias", self.rng.normal(0, 0.3, n_out))
        for part in ("weight", "bias"):
            if stored and f"{stored}.{part}" in self.w:
                self.w[f"= {name}.{part}"] = self.w[f"{stored}.{part}"]

    def norm(self, name, n, bias=True):
        self.add(name + ".weight", self.rng.normal(1, 0.3, n))
        if bias:
            self.add(name + ".bias", self.rng.normal(0, 0.3, n))

    def make(self):
        s, width, plain = self.s, self.s["n_head"] * self.s["head_dim"], self.s["norm"] == "layer"
        if self.name == "layer":
            self.norm("pre_ln", s["d"])
        if self.name != "audio":
            self.norm("post_ln", s["d"], plain)
        for i in range(s["n_layer"]):
            b = f"blk.{i}."
            self.norm(b + "ln1", s["d"], plain)
            self.norm(b + "ln2", s["d"], self.name == "layer")
            if self.name == "rms":
                self.linear(b + "attn_qkv", s["d"], 3 * width)
            else:
                for part in "qkv":
                    self.linear(b + "attn_" + part, s["d"], width, part != "k" or self.name == "layer")
            if self.name not in ("layer", "mixed"):
                for part in "qk":
                    self.norm(f"{b}attn_{part}_norm", s["head_dim"] if self.name == "rms" else width, False)
            self.linear(b + "attn_out", width, s["d"], plain)
            if self.name == "layer":
                self.norm(b + "ls1", s["d"], False)
                self.norm(b + "ls2", s["d"], False)
            up, down = (b + "ffn_down", b + "ffn_up") if self.name == "layer" else (None, None)
            self.linear(b + "ffn_up", s["d"], s["n_ff"], plain, up)
            self.linear(b + "ffn_down", s["n_ff"], s["d"], plain, down)
            if s.get("gated") or self.name == "rms":
                self.linear(b + "ffn_gate", s["d"], s["n_ff"], False)
        self.file.write_header_to_file()
        self.file.write_kv_data_to_file()
        self.file.write_tensors_to_file()
        self.file.close()

    # ---- forward, straight from tensor/encoder.h ----

    def get(self, name):
        return self.w.get("= " + name, self.w.get(name))

    def apply(self, name, x):
        return F.linear(x, self.get(name + ".weight"), self.get(name + ".bias"))

    def normed(self, name, x):
        if name + ".weight" not in self.w:
            return x
        weight, bias = self.w[name + ".weight"], self.w.get(name + ".bias")
        if self.s["norm"] == "rms":
            return x / (x.pow(2).mean(-1, keepdim=True) + EPSILON).sqrt() * weight
        return F.layer_norm(x, x.shape[-1:], weight, bias, EPSILON)

    def heads(self, name, x, turns):
        per_head = self.name == "rms"
        x = x if per_head else self.normed(name, x)
        x = x.unflatten(-1, (self.s["n_head"], -1)).transpose(0, 1)
        x = self.normed(name, x) if per_head else x
        if turns is not None:
            a, b = x.chunk(2, -1)
            x = torch.cat([a * turns[:, 0] - b * turns[:, 1], a * turns[:, 1] + b * turns[:, 0]], -1)
        return x

    def block(self, i, x, turns, bias):
        b = f"blk.{i}."
        a = self.normed(b + "ln1", x)
        if self.name == "rms":
            q, k, v = self.apply(b + "attn_qkv", a).chunk(3, -1)
        else:
            q, k, v = (self.apply(b + "attn_" + part, a) for part in "qkv")
        q, k = self.heads(b + "attn_q_norm", q, turns), self.heads(b + "attn_k_norm", k, turns)
        v = v.unflatten(-1, (self.s["n_head"], -1)).transpose(0, 1)
        score = q @ k.transpose(1, 2) / self.s["head_dim"] ** 0.5 + bias
        if self.name == "rms" and (i + 1) % 2 != 0:
            group = torch.bucketize(torch.arange(len(x)), torch.tensor(GROUPS), right=True)
            score = score.masked_fill(group[:, None] != group[None], -torch.inf)
        a = self.apply(b + "attn_out", (score.softmax(-1) @ v).transpose(0, 1).flatten(1))
        x = x + a * self.w.get(b + "ls1.weight", 1)
        a = self.normed(b + "ln2", x)
        up = self.apply(b + "ffn_up", a)
        if self.s["act"] == "gelu":
            up = F.gelu(up, approximate="tanh")
        elif self.s["act"] == "silu":
            up = F.silu(self.apply(b + "ffn_gate", a)) * up
        elif self.s["act"] == "erf":
            up = F.gelu(self.apply(b + "ffn_gate", a)) * up
        else:
            up = up * torch.sigmoid(1.702 * up)
        return x + self.apply(b + "ffn_down", up) * self.w.get(b + "ls2.weight", 1)

    def golden(self):
        s, n = self.s, self.s["n"]
        x = torch.from_numpy(self.rng.normal(0, 2, (n, s["d"])).astype(np.float32)).double()
        angle = self.rng.uniform(0, 6.28, (n, s["head_dim"] // 2))
        turns = torch.from_numpy(np.stack([np.cos(angle), np.sin(angle)], 1).astype(np.float32)).double() * (self.name == "rms")
        bias = torch.from_numpy(self.rng.normal(0, 1, n).astype(np.float32)).double() * (self.name == "layer")
        h, first = self.normed("pre_ln", x), None
        for i in range(s["n_layer"]):
            h = self.block(i, h, turns if self.name == "rms" else None, bias)
            first = h if first is None else first
        rows = self.normed("post_ln", h)
        print(self.name, "rows' deviation", rows.std().item())
        np.concatenate([t.numpy().ravel().astype("<f4") for t in (x, turns, bias, rows, first)]).tofile(
            os.path.join(HERE, f"encoder_{self.name}.f32"))


for seed, name in enumerate(CASES):
    encoder = Encoder(name, 100 + seed)
    encoder.make()
    encoder.golden()
