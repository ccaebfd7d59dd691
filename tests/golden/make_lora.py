#!/usr/bin/env python3
"""A random llama model with heads of 32, two LoRA adapters for it, and logits by NumPy in float64.

  text_wide.gguf      2 layers, F16; embedding 64, 2 heads, 1 of keys and values
  lora_a.gguf         rank 4, alpha 8: q, k, v, output, gate, up and down of both layers
  lora_b.gguf         rank 2, alpha 3: q and down of layer 1
  lora.f32            logits [4][N_VOCAB] after the prompt id(i) = (37 i + 11) mod N_VOCAB, 41 tokens:
                      of the base; with a, merged; with a and half of b, merged; with a at -0.5

Merged weights are W + scale alpha / rank B A (Hu et al. 2021, arXiv:2106.09685); what an adapter
file holds: gguf-py, gguf/constants.py (Keys.Adapter) and the names "<weight>.lora_a", "<weight>.lora_b",
A [rank][n_in], B [n_out][rank].
"""
import os
import numpy as np
from gguf import GGUFWriter, TokenType
from tokenizers.pre_tokenizers import ByteLevel

HERE = os.path.dirname(os.path.abspath(__file__))
CONTROL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
MERGES = ["Ġ t", "h e", "Ġt he", "i n", "a n", "o u", "r e", "e r", "Ġ Ġ", "s e", "u se", "use r", "Ċ Ċ"]
TOKENS = sorted(ByteLevel.alphabet()) + [m.replace(" ", "") for m in MERGES] + CONTROL
N_VOCAB, N_EMBD, N_HEAD, HEAD_DIM, N_FF, N_LAYER, N_CTX = len(TOKENS), 64, 2, 32, 96, 2, 1024
EPS, THETA, N_PROMPT = 1e-2, 1e4, 41
CHATML = ("{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}"
          "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}")
SHAPES = {"attn_q": (N_EMBD, N_EMBD), "attn_k": (HEAD_DIM, N_EMBD), "attn_v": (HEAD_DIM, N_EMBD), "attn_output": (N_EMBD, N_EMBD),
          "ffn_gate": (N_FF, N_EMBD), "ffn_up": (N_FF, N_EMBD), "ffn_down": (N_EMBD, N_FF)}


def base_weights(rng):
    w = {"token_embd.weight": rng.standard_normal((N_VOCAB, N_EMBD)), "output_norm.weight": 1 + 0.3 * rng.standard_normal(N_EMBD)}
    for i in range(N_LAYER):
        for name in ("attn_norm", "ffn_norm"):
            w[f"blk.{i}.{name}.weight"] = 1 + 0.3 * rng.standard_normal(N_EMBD)
        for name, shape in SHAPES.items():
            w[f"blk.{i}.{name}.weight"] = rng.standard_normal(shape) / shape[1] ** 0.5
    return {k: v.astype(np.float16 if v.ndim == 2 else np.float32) for k, v in w.items()}


def adapter(rng, rank, alpha, names):
    pairs = {}
    for name in names:
        n_out, n_in = SHAPES[name.split(".")[2]]
        a = (rng.standard_normal((rank, n_in)) / n_in ** 0.5).astype(np.float32)
        b = (0.3 * rng.standard_normal((n_out, rank))).astype(np.float32)
        pairs[name] = (a, b)
    return {"alpha": alpha, "rank": rank, "pairs": pairs}


def write_base(w):
    g = GGUFWriter(os.path.join(HERE, "text_wide.gguf"), "llama")
    g.add_name("wide random llama")
    g.add_block_count(N_LAYER)
    g.add_context_length(N_CTX)
    g.add_embedding_length(N_EMBD)
    g.add_feed_forward_length(N_FF)
    g.add_head_count(N_HEAD)
    g.add_head_count_kv(1)
    g.add_layer_norm_rms_eps(EPS)
    g.add_rope_freq_base(THETA)
    g.add_tokenizer_model("gpt2")
    g.add_tokenizer_pre("smollm")
    g.add_token_list(TOKENS)
    g.add_token_types([TokenType.CONTROL if t in CONTROL else TokenType.NORMAL for t in TOKENS])
    g.add_token_merges(MERGES)
    g.add_eos_token_id(TOKENS.index("<|im_end|>"))
    g.add_chat_template(CHATML)
    finish(g, w)


def finish(g, tensors):
    for name, data in tensors.items():
        g.add_tensor(name, np.ascontiguousarray(data))
    g.write_header_to_file()
    g.write_kv_data_to_file()
    g.write_tensors_to_file()
    g.close()


def write_adapter(l, name):
    g = GGUFWriter(os.path.join(HERE, name), "llama")
    g.add_type("adapter")
    g.add_string("adapter.type", "lora")
    g.add_name("random adapter")
    g.add_float32("adapter.lora.alpha", l["alpha"])
    finish(g, {f"{k}.lora_{'ab'[i]}": ab[i] for k, ab in l["pairs"].items() for i in (0, 1)})


def merged(w, adapters):
    w = {k: v.astype(np.float64) for k, v in w.items()}
    for l, scale in adapters:
        for name, (a, b) in l["pairs"].items():
            w[name] = w[name] + scale * l["alpha"] / l["rank"] * (b.astype(np.float64) @ a.astype(np.float64))
    return w


def norm(x, weight):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + EPS) * weight


def rotate(x):                                         # [n][heads][HEAD_DIM], pairs (2i, 2i + 1)
    angle = np.arange(len(x))[:, None] * THETA ** (-2.0 * np.arange(HEAD_DIM // 2) / HEAD_DIM)
    c, s = np.cos(angle)[:, None], np.sin(angle)[:, None]
    even, odd = x[..., 0::2], x[..., 1::2]
    return np.stack((even * c - odd * s, even * s + odd * c), -1).reshape(x.shape)


def forward(w, ids):
    n = len(ids)
    x = w["token_embd.weight"][ids]
    for i in range(N_LAYER):
        p = lambda name: w[f"blk.{i}.{name}.weight"]
        h = norm(x, p("attn_norm"))
        q = rotate((h @ p("attn_q").T).reshape(n, N_HEAD, HEAD_DIM))
        k = rotate((h @ p("attn_k").T).reshape(n, 1, HEAD_DIM))
        v = (h @ p("attn_v").T).reshape(n, HEAD_DIM)
        s = np.einsum("ihd,jd->hij", q, k[:, 0]) / HEAD_DIM ** 0.5
        s = np.where(np.tril(np.ones((n, n), bool)), s, -np.inf)
        s = np.exp(s - s.max(-1, keepdims=True))
        s /= s.sum(-1, keepdims=True)
        x = x + np.einsum("hij,jd->ihd", s, v).reshape(n, N_EMBD) @ p("attn_output").T
        h = norm(x, p("ffn_norm"))
        gate = h @ p("ffn_gate").T
        x = x + (gate / (1 + np.exp(-gate)) * (h @ p("ffn_up").T)) @ p("ffn_down").T
    return norm(x[-1], w["output_norm.weight"]) @ w["token_embd.weight"].T


def main():
    rng = np.random.default_rng(7)
    w = base_weights(rng)
    a = adapter(rng, 4, 8.0, [f"blk.{i}.{name}.weight" for i in range(N_LAYER) for name in SHAPES])
    b = adapter(rng, 2, 3.0, ["blk.1.attn_q.weight", "blk.1.ffn_down.weight"])
    write_base(w)
    write_adapter(a, "lora_a.gguf")
    write_adapter(b, "lora_b.gguf")
    ids = [(37 * i + 11) % N_VOCAB for i in range(N_PROMPT)]
    rows = np.stack([forward(merged(w, l), ids) for l in ([], [(a, 1.0)], [(a, 1.0), (b, 0.5)], [(a, -0.5)])])
    rows.astype(np.float32).tofile(os.path.join(HERE, "lora.f32"))
    print(N_VOCAB, "logits' deviation", rows.std(axis=1), "from the base's", (rows[1:] - rows[0]).std(axis=1))


main()
