#!/usr/bin/env python3
"""head_tiny.gguf: a random head (vision/head.h) of 64 inputs, 32 hidden units, 5 words.
head_tiny.f32 [4][64 + 5]: inputs and PyTorch's outputs on the dequantised weights, in float64; the second row is clipped on
both sides, the third is the mean itself, the fourth is zero."""
import array, os, sys
import numpy as np
import torch

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "tools"))
from gguf_write import gguf_write, q8_0

N_IN, N_HIDDEN, WORDS = 64, 32, ["snow", "kitchen", "riding", "young", "man"]
rng = np.random.default_rng(70)


def floats(n, mean, deviation):
    return rng.normal(mean, deviation, n).astype(np.float32)


def f32(x):
    return array.array("f", x.tolist())


def dequantised(data, n_columns):
    blocks = np.frombuffer(data, np.dtype([("d", "<f2"), ("q", "i1", 32)]))
    return torch.from_numpy((blocks["d"].astype(np.float64)[:, None] * blocks["q"]).reshape(-1, n_columns))


mean, scale = floats(N_IN, 0, 2), np.abs(floats(N_IN, 1, 0.5))
hidden, out = (q8_0(f32(floats(rows * columns, 0, columns ** -0.5))) for rows, columns in ((N_HIDDEN, N_IN), (len(WORDS), N_HIDDEN)))
hidden_bias, out_bias = floats(N_HIDDEN, 0, 1), floats(len(WORDS), 0, 1)
gguf_write(os.path.join(HERE, "head_tiny.gguf"), [("general.architecture", "mynah-head"), ("head.words", WORDS), ("test.numbers", [0.25, -2.0])],
           [("mean", [N_IN], f32(mean)), ("scale", [N_IN], f32(scale)),
            ("hidden.weight", [N_IN, N_HIDDEN], hidden), ("hidden.bias", [N_HIDDEN], f32(hidden_bias)),
            ("out.weight", [N_HIDDEN, len(WORDS)], out), ("out.bias", [len(WORDS)], f32(out_bias))])

x = np.stack([mean + floats(N_IN, 0, 1) / scale, mean + 20 * floats(N_IN, 0, 1) / scale, mean, np.zeros(N_IN, np.float32)])
x = x.astype(np.float32)
mean, scale, hidden_bias, out_bias = (torch.from_numpy(v).double() for v in (mean, scale, hidden_bias, out_bias))
y = torch.nn.functional.linear(((torch.from_numpy(x).double() - mean) * scale).clip(-6, 6), dequantised(hidden, N_IN), hidden_bias)
y = torch.nn.functional.linear(torch.nn.functional.gelu(y), dequantised(out, N_HIDDEN), out_bias).sigmoid()
np.concatenate([x, y.numpy()], 1).astype("<f4").tofile(os.path.join(HERE, "head_tiny.f32"))
print(y)
