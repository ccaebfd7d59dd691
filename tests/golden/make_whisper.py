#!/usr/bin/env python3
"""A tiny random Whisper for test_whisper.c and the fuzzer, and what NumPy makes of it in double precision
(the decoder's keys and values rounded to F16, as they are kept).

whisper_tiny.bin: a ggml file (F32): 12 wide, 2 heads, 2 + 2 blocks, 8 mels, 32 audio positions, 24 text positions,
    40 ordinary tokens; so 180 in all: + end, start, 99 languages, 6, 33 time stamps.
whisper_tiny.f32: mel [64][8], encoder output [32][12], then the logits [180] after each call of FEEDS.
whisper_tiny_short.f32: the same mel, silent (-1) from frame 2 on, with SHORT's positions only: rows [29][12], logits after
    the first two of FEEDS. Keys that stand for several positions are there several times.
whisper_tiny_alone.f32: rows [ALONE][12] of the first ALONE positions as a sound of its own.
whisper_tiny_words.f32: for TEXT, said in the first FRAMES positions of whisper_tiny.f32's window: each token's probability
    among the ordinary ones [11], then where each begins, and the end [12], and which of its frames is looked at most [11].
whisper_q5_1.bin: a matrix [5][96] as gguf-py quantises it, and its values in F32.
"""
import math
import os
import struct
import numpy as np
import gguf

STATE, HEADS, AUDIO_LAYERS, TEXT_LAYERS, MELS, AUDIO_CTX, TEXT_CTX, TOKENS = 12, 2, 2, 2, 8, 32, 24, 40
VOCAB = TOKENS + 2 + 99 + 6 + AUDIO_CTX + 1
FEEDS = [[41, 42, 143, 5, 17, 39, 0, 21, 33, 8], [7], [150, 151], [12]]      # many at once, then few
# Sound of 2 frames is one position; 25 more, then the middle of every three (two: the second), then the last.
SHORT = list(range(26)) + [27, 30, 31]
TIMES = [1] * 26 + [3, 2, 1]
ALONE = 13
TASK, NO_TIMESTAMPS, END = [41, 42, 143], 146, 40
TEXT, FRAMES, MEDIAN = [5, 17, 39, 0, 21, 33, 8, 12, 30, 2, 5], 29, 7
HERE = os.path.dirname(os.path.abspath(__file__))


def weights(rng):
    def matrix(*shape):
        return rng.normal(0, 1 / math.sqrt(np.prod(shape[1:])), shape).astype("<f4")

    def vector(n, mean=0.0):
        return (mean + rng.normal(0, 0.2, n)).astype("<f4")

    w = {}

    def norm(name):
        w[name + ".weight"], w[name + ".bias"] = vector(STATE, 1.0), vector(STATE)

    def attention(name):
        for part in "query", "key", "value", "out":
            w[f"{name}.{part}.weight"] = matrix(STATE, STATE) * np.float32(2)
            if part != "key":
                w[f"{name}.{part}.bias"] = vector(STATE)
        norm(name + "_ln")

    def block(name, cross):
        attention(name + ".attn")
        if cross:
            attention(name + ".cross_attn")
        w[name + ".mlp.0.weight"], w[name + ".mlp.0.bias"] = matrix(4 * STATE, STATE), vector(4 * STATE)
        w[name + ".mlp.2.weight"], w[name + ".mlp.2.bias"] = matrix(STATE, 4 * STATE), vector(STATE)
        norm(name + ".mlp_ln")

    w["encoder.positional_embedding"] = matrix(AUDIO_CTX, STATE)
    w["encoder.conv1.weight"], w["encoder.conv1.bias"] = matrix(STATE, MELS, 3), vector(STATE)[:, None]
    w["encoder.conv2.weight"], w["encoder.conv2.bias"] = matrix(STATE, STATE, 3), vector(STATE)[:, None]
    for i in range(AUDIO_LAYERS):
        block(f"encoder.blocks.{i}", False)
    norm("encoder.ln_post")
    w["decoder.positional_embedding"] = matrix(TEXT_CTX, STATE)
    w["decoder.token_embedding.weight"] = matrix(VOCAB, STATE) * np.float32(3)
    for i in range(TEXT_LAYERS):
        block(f"decoder.blocks.{i}", True)
    norm("decoder.ln")
    return w


def write(w, rng):
    with open(os.path.join(HERE, "whisper_tiny.bin"), "wb") as f:
        f.write(struct.pack("<I11i", 0x67676d6c, VOCAB, AUDIO_CTX, STATE, HEADS, AUDIO_LAYERS, TEXT_CTX, STATE, HEADS,
                            TEXT_LAYERS, MELS, 0))
        f.write(struct.pack("<2i", MELS, 201) + np.abs(rng.normal(0, 0.01, (MELS, 201))).astype("<f4").tobytes())
        f.write(struct.pack("<i", TOKENS))
        for i in range(TOKENS):
            text = b" " if i == 0 else b"(" if i == 1 else b" w%d" % i
            f.write(struct.pack("<i", len(text)) + text)
        for name, t in w.items():
            f.write(struct.pack("<3i", t.ndim, len(name), 0) + struct.pack(f"<{t.ndim}i", *t.shape[::-1]))
            f.write(name.encode() + t.tobytes())


class Twin:
    def __init__(self, w):
        self.w = {name: t.astype(np.float64) for name, t in w.items()}
        self.erf = np.vectorize(math.erf)

    def linear(self, x, name):
        y = x @ self.w[name + ".weight"].T
        return y + self.w[name + ".bias"] if name + ".bias" in self.w else y

    def norm(self, x, name):
        x = x - x.mean(-1, keepdims=True)
        return x / np.sqrt((x ** 2).mean(-1, keepdims=True) + 1e-5) * self.w[name + ".weight"] + self.w[name + ".bias"]

    def gelu(self, x):
        return 0.5 * x * (1 + self.erf(x / math.sqrt(2)))

    def attention(self, x, other, name, causal, kept=np.float64):
        q, k, v = (self.linear(y, f"{name}.{p}").reshape(len(y), HEADS, -1).transpose(1, 0, 2)
                   for y, p in ((x, "query"), (other, "key"), (other, "value")))
        k, v = k.astype(kept).astype(np.float64), v.astype(kept).astype(np.float64)
        s = q @ k.transpose(0, 2, 1) / math.sqrt(q.shape[-1])
        if causal:
            s = np.where(np.tril(np.ones(s.shape[1:], bool)), s, -np.inf)
        p = np.exp(s - s.max(-1, keepdims=True))
        return self.linear(((p / p.sum(-1, keepdims=True)) @ v).transpose(1, 0, 2).reshape(len(x), -1), name + ".out")

    def mlp(self, x, name):
        return x + self.linear(self.gelu(self.linear(self.norm(x, name + ".mlp_ln"), name + ".mlp.0")), name + ".mlp.2")

    def conv(self, x, name, stride):
        x = np.pad(x, ((1, 1), (0, 0)))
        rows = np.stack([x[t:t + 3] for t in range(0, len(x) - 2, stride)])         # [rows][3][n_in]
        return self.gelu(np.einsum("tki,oik->to", rows, self.w[name + ".weight"]) + self.w[name + ".bias"][:, 0])

    def encode(self, mel, kept=None, times=1):
        x = self.conv(self.conv(mel, "encoder.conv1", 1), "encoder.conv2", 2)
        x += self.w["encoder.positional_embedding"][:len(x)]
        for i in range(AUDIO_LAYERS):
            name = f"encoder.blocks.{i}"
            y = self.norm(x, name + ".attn_ln")
            keys = y if i == 0 else np.repeat(y, times, 0)
            if i == 0 and kept is not None:
                x, y = x[kept], y[kept]
            x = self.mlp(x + self.attention(y, keys, name + ".attn", False), name)
        return self.norm(x, "encoder.ln_post")

    def watched(self, ids, rows, n_frames):
        """Rows after the last layer, and what the heads of the upper half of the layers look at."""
        x = self.w["decoder.token_embedding.weight"][ids] + self.w["decoder.positional_embedding"][:len(ids)]
        seen = []
        for i in range(TEXT_LAYERS):
            name = f"decoder.blocks.{i}"
            y = self.norm(x, name + ".attn_ln")
            x = x + self.attention(y, y, name + ".attn", True, np.float16)
            y = self.norm(x, name + ".cross_attn_ln")
            if i >= TEXT_LAYERS // 2:
                q = self.linear(y, name + ".cross_attn.query").reshape(len(ids), HEADS, -1)
                k = self.linear(rows, name + ".cross_attn.key").astype(np.float16).astype(np.float64)[:n_frames]
                s = np.einsum("thd,fhd->htf", q, k.reshape(n_frames, HEADS, -1)) / math.sqrt(q.shape[-1])
                p = np.exp(s - s.max(-1, keepdims=True))
                seen += list(p / p.sum(-1, keepdims=True))
            x = x + self.attention(y, rows, name + ".cross_attn", False, np.float16)
            x = self.mlp(x, name)
        return self.norm(x, "decoder.ln"), seen

    def logits(self, ids, rows):
        x = self.w["decoder.token_embedding.weight"][ids] + self.w["decoder.positional_embedding"][:len(ids)]
        for i in range(TEXT_LAYERS):
            name = f"decoder.blocks.{i}"
            y = self.norm(x, name + ".attn_ln")
            x = x + self.attention(y, y, name + ".attn", True, np.float16)
            x = x + self.attention(self.norm(x, name + ".cross_attn_ln"), rows, name + ".cross_attn", False, np.float16)
            x = self.mlp(x, name)
        return self.norm(x[-1], "decoder.ln") @ self.w["decoder.token_embedding.weight"].T


def all_logits(twin, feeds, rows):
    return [twin.logits(sum(feeds[:i + 1], []), rows) for i in range(len(feeds))]


def align(twin, rows):
    """openai/whisper's timing.py: probabilities of TEXT's tokens, and their first frames."""
    x, seen = twin.watched(TASK + [NO_TIMESTAMPS] + TEXT + [END], rows, FRAMES)
    logits = (x[len(TASK):-2] @ twin.w["decoder.token_embedding.weight"].T)[:, :TOKENS]
    p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    smooth = []
    for weights in seen:
        weights = (weights - weights.mean(0)) / weights.std(0)
        padded = np.pad(weights, ((0, 0), (MEDIAN // 2, MEDIAN // 2)), mode="reflect")
        smooth.append(np.median(np.stack([padded[:, k:k + FRAMES] for k in range(MEDIAN)]), 0))
    gain = np.mean(smooth, 0)[len(TASK):-1]
    best, path = {}, {}
    for i in range(len(gain)):                      # all ways that lead to a cell, the last one first
        for f in range(FRAMES):
            ways = [c for c in ((i - 1, f - 1), (i - 1, f), (i, f - 1)) if c in best]
            path[i, f] = max(ways, key=best.get) if ways else None
            best[i, f] = gain[i, f] + (best[path[i, f]] if ways else 0)
    cell, first = (len(gain) - 1, FRAMES - 1), [0] * len(gain)
    while cell is not None:
        first[cell[0]] = cell[1]
        cell = path[cell]
    peaks = [a + int(np.argmax(row[a:max(b, a + 1)])) for row, a, b in zip(gain, first, first[1:])]
    return p[np.arange(len(TEXT)), TEXT], np.array(first), np.array(peaks)


def save(name, tensors):
    with open(os.path.join(HERE, name), "wb") as f:
        for t in tensors:
            f.write(t.astype("<f4").tobytes())


def main():
    rng = np.random.default_rng(4)
    w = weights(rng)
    write(w, rng)
    twin = Twin(w)
    mel = rng.normal(0, 0.7, (2 * AUDIO_CTX, MELS)).astype("<f4")
    rows = twin.encode(mel.astype(np.float64))
    save("whisper_tiny.f32", [mel, rows] + all_logits(twin, FEEDS, rows))
    save("whisper_tiny_words.f32", align(twin, rows))
    save("whisper_tiny_alone.f32", [twin.encode(mel[:2 * ALONE].astype(np.float64))])
    mel[2:] = -1
    rows = twin.encode(mel.astype(np.float64), SHORT, TIMES)
    save("whisper_tiny_short.f32", [rows] + all_logits(twin, FEEDS[:2], np.repeat(rows, TIMES, 0)))
    matrix = rng.normal(0, 1, (5, 96)).astype("<f4")
    packed = gguf.quants.quantize(matrix, gguf.GGMLQuantizationType.Q5_1)
    with open(os.path.join(HERE, "whisper_q5_1.bin"), "wb") as f:
        f.write(packed.tobytes() + gguf.quants.dequantize(packed, gguf.GGMLQuantizationType.Q5_1).astype("<f4").tobytes())


if __name__ == "__main__":
    main()
