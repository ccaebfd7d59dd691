#!/usr/bin/env python3
"""Each architecture in each type: random models 256 wide, so that K types fit, and their logits in float64.

  text_types_<name>.gguf      settings and vectors of 2 layers; no matrices, but tests.matrices, their names, and
                              tests.sides, [n][2] rows and columns: their blocks follow from a rule (tests/random_blocks.h)
      llama                   rope_freqs, all biases, tied head
      mistral                 architecture llama; a sliding window
      qwen2, qwen3            biases of q, k, v; norms of q and k
      gemma3                  a layer with a window, one that sees all
      phi3                    fused q, k, v and gate, up; LongRoPE's long factors
  text_types_<name>.f32       logits after LENGTHS[i] tokens of make_tiny_models.py's prompt: [len(TYPES)][len(LENGTHS)][N_VOCAB] f32

Blocks are random bytes, so every pattern of bits that a type has occurs; only the scales are held within a factor of two.
The gguf package dequantises them, the transformers library computes.  No quantizer takes part, and activations stay as they are.
"""
import math
import os
import numpy as np
import torch
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType as T, RopeScalingType
from gguf.quants import dequantize
from transformers import (Gemma3ForCausalLM, Gemma3TextConfig, LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM,
                          Phi3Config, Phi3ForCausalLM, Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM)
from make_architectures import llama3_factors, name_of, randomise, write
from make_tiny_models import HERE, N_VOCAB

LENGTHS = [7, 41]
N_CTX, N_CTX_ORIGINAL, WINDOW, N_EMBD, HEAD_DIM = 1024, 64, 37, 256, 64
COMMON = dict(vocab_size=N_VOCAB, hidden_size=N_EMBD, intermediate_size=256, num_hidden_layers=2, num_attention_heads=4,
              num_key_value_heads=2, max_position_embeddings=N_CTX, rms_norm_eps=1e-3, attn_implementation="eager")

# Of a block's u16 at a byte, the bits that stay random and those that are set: a weight's deviation becomes about 1/16.
# 0x3ff: an f16's fraction; 0x8000: its sign; set to 0: numbers below 2^-14.
TYPES = {
    T.F16: [(0, 0x83FF, 0x2800)], T.BF16: [(0, 0x807F, 0x3D00)], T.Q8_0: [(0, 0x83FF, 0x1000)],
    T.Q4_0: [(0, 0x83FF, 0x2000)], T.Q4_1: [(0, 0x3FF, 0x2000), (2, 0x3FF, 0xAC00)],
    T.Q5_0: [(0, 0x83FF, 0x1C00)], T.Q5_1: [(0, 0x3FF, 0x1C00), (2, 0x3FF, 0xAC00)],
    T.Q2_K: [(80, 0x3FF, 0x1C00), (82, 0xFF, 0x2000)], T.Q3_K: [(108, 0x83FF, 0x1400)],
    T.Q4_K: [(0, 0x3FF, 0x0800), (2, 0x3FF, 0x1400)], T.Q5_K: [(0, 0x3FF, 0x0400), (2, 0x3FF, 0x1400)],
    T.Q6_K: [(208, 0x83FF, 0)], T.IQ4_NL: [(0, 0x83FF, 0x1000)], T.IQ4_XS: [(0, 0x83FF, 0)],
}


class SplitMix:
    """Steele et al. 2014, doi:10.1145/2714064.2660195; numbers as bytes, the lowest first."""
    def __init__(self, seed):
        self.state = seed

    def bytes(self, n):
        n_words = (n + 7) // 8
        with np.errstate(over="ignore"):
            z = np.uint64(self.state) + np.arange(1, n_words + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
            self.state = int(z[-1])
            z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return (z ^ (z >> np.uint64(31))).astype("<u8").view(np.uint8)[:n]


def random_blocks(random, qtype, rows, columns):
    in_block, n_bytes = GGML_QUANT_SIZES[qtype]
    blocks = random.bytes(rows * columns // in_block * n_bytes).reshape(-1, n_bytes)
    for at, keep, bits in TYPES[qtype]:
        scale = blocks[:, at:at + 2].copy().view("<u2") & keep | bits
        blocks[:, at:at + 2] = scale.astype("<u2").view(np.uint8)
    return blocks.reshape(rows, -1)


def unpermute(w, n_head):
    """Rows of each head from (2i, 2i + 1) pairs to (i, i + d/2)."""
    return w.reshape(n_head, w.shape[0] // n_head // 2, 2, -1).swapaxes(1, 2).reshape(w.shape)


def fill(model, arch, qtype):
    random = SplitMix(int(qtype))
    for key, p in model.named_parameters():
        if p.dim() == 1:
            continue
        w = dequantize(random_blocks(random, qtype, *p.shape), qtype).astype(np.float64)
        if arch == "llama" and ("q_proj" in key or "k_proj" in key):
            w = unpermute(w, p.shape[0] // HEAD_DIM)
        p.data = torch.from_numpy(np.ascontiguousarray(w))


def make(cls, config, arch, name, more):
    model = cls(config).eval()
    randomise(model, 1)
    matrices = {name_of(k, arch == "gemma3"): p.shape for k, p in model.named_parameters() if p.dim() > 1}

    def and_matrices(w):
        more(w)
        w.add_array("tests.matrices", list(matrices))
        w.add_array("tests.sides", [int(side) for shape in matrices.values() for side in shape])
    write(model, arch, f"types_{name}", and_matrices, matrices=False)
    logits = np.empty((len(TYPES), len(LENGTHS), N_VOCAB), dtype=np.float32)
    for t, qtype in enumerate(TYPES):
        fill(model, arch, qtype)
        for i, n in enumerate(LENGTHS):
            with torch.no_grad():
                logits[t, i] = model(torch.tensor([[(37 * k + 11) % N_VOCAB for k in range(n)]])).logits[0, -1].numpy()
        print(name, qtype.name, "weights' and logits' deviation", model.model.embed_tokens.weight.std().item(), logits[t].std(axis=1))
    logits.tofile(os.path.join(HERE, f"text_types_{name}.f32"))


def plain(theta):
    return dict(rope_type="default", rope_theta=theta)


def llama():
    rope = dict(rope_type="llama3", rope_theta=5e5, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                original_max_position_embeddings=N_CTX_ORIGINAL)

    def more(w):
        w.add_rope_freq_base(rope["rope_theta"])
        w.add_rope_dimension_count(HEAD_DIM)
        w.add_tensor("rope_freqs.weight", llama3_factors(rope, HEAD_DIM))
    make(LlamaForCausalLM, LlamaConfig(**COMMON, attention_bias=True, mlp_bias=True, tie_word_embeddings=True, rope_parameters=rope),
         "llama", "llama", more)


def mistral():
    def more(w):
        w.add_rope_freq_base(1e4)
        w.add_sliding_window(WINDOW)
    make(MistralForCausalLM, MistralConfig(**COMMON, sliding_window=WINDOW, tie_word_embeddings=False, rope_parameters=plain(1e4)),
         "llama", "mistral", more)


def qwen2():
    make(Qwen2ForCausalLM, Qwen2Config(**COMMON, tie_word_embeddings=False, rope_parameters=plain(1e6)),
         "qwen2", "qwen2", lambda w: w.add_rope_freq_base(1e6))


def qwen3():
    make(Qwen3ForCausalLM, Qwen3Config(**COMMON, head_dim=HEAD_DIM, tie_word_embeddings=False, rope_parameters=plain(1e6)),
         "qwen3", "qwen3", lambda w: w.add_rope_freq_base(1e6))


def gemma3():
    def more(w):
        w.add_rope_freq_base(1e6)
        w.add_key_length(HEAD_DIM)
        w.add_value_length(HEAD_DIM)
        w.add_sliding_window(WINDOW)
        w.add_sliding_window_pattern([True, False])
    rope = dict(full_attention=plain(1e6), sliding_attention=plain(1e4))
    make(Gemma3ForCausalLM, Gemma3TextConfig(**COMMON, head_dim=HEAD_DIM, query_pre_attn_scalar=HEAD_DIM, sliding_window=WINDOW,
                                             layer_types=["sliding_attention", "full_attention"], rope_parameters=rope),
         "gemma3", "gemma3", more)


def phi3():
    factors = (1.0 + 19.0 * np.arange(HEAD_DIM // 2) / (HEAD_DIM // 2)).astype(np.float32)
    rope = dict(rope_type="longrope", rope_theta=1e4, short_factor=[1.0] * len(factors), long_factor=factors.tolist(),
                original_max_position_embeddings=4)     # so that all of LENGTHS are long

    def more(w):
        w.add_rope_freq_base(1e4)
        w.add_rope_scaling_type(RopeScalingType.LONGROPE)
        w.add_rope_scaling_orig_ctx_len(4)
        w.add_rope_scaling_attn_factors(math.sqrt(1 + math.log(N_CTX / 4) / math.log(4)))
        w.add_tensor("rope_factors_short.weight", np.ones_like(factors))
        w.add_tensor("rope_factors_long.weight", factors)
    make(Phi3ForCausalLM, Phi3Config(**COMMON, original_max_position_embeddings=4, tie_word_embeddings=False, rope_parameters=rope,
                                     pad_token_id=0, bos_token_id=None, eos_token_id=None), "phi3", "phi3", more)


if __name__ == "__main__":
    torch.set_default_dtype(torch.float64)
    for architecture in (llama, mistral, qwen2, qwen3, gemma3, phi3):
        architecture()
