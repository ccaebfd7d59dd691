"""The frozen text model that rows are trained for, in PyTorch: a llama GGUF, dequantised, and its tokenizer.

Needs the packages gguf and tokenizers.  Rotary pairs are (2i, 2i + 1), as such files have them."""
import numpy as np
import torch
from gguf import GGUFReader, dequantize
from tokenizers import Tokenizer, models, pre_tokenizers
from torch.nn.functional import linear, scaled_dot_product_attention, silu


def strings(reader, key):
    f = reader.fields[key]
    return [bytes(f.parts[i]).decode() for i in f.data]


class TextModel:
    """Float32, no gradients for weights.  A state is (keys, values) of each block, [batch][n_head_kv][n][head_dim]."""

    def __init__(self, path):
        reader = GGUFReader(path)
        value = lambda key: reader.fields[key].contents()
        self.name = value("general.name")
        self.eps = value("llama.attention.layer_norm_rms_epsilon")
        self.n_head, self.n_head_kv = value("llama.attention.head_count"), value("llama.attention.head_count_kv")
        self.n_embd, self.n_layer, self.base = value("llama.embedding_length"), value("llama.block_count"), value("llama.rope.freq_base")
        self.w = {t.name: torch.from_numpy(np.array(dequantize(t.data, t.tensor_type), np.float32)) for t in reader.tensors}
        tokens, merges = strings(reader, "tokenizer.ggml.tokens"), strings(reader, "tokenizer.ggml.merges")
        self.bpe = Tokenizer(models.BPE(vocab={t: i for i, t in enumerate(tokens)}, merges=[tuple(m.split(" ")) for m in merges]))
        self.bpe.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True),
                                                          pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
        self.start, self.end = tokens.index("<|im_start|>"), tokens.index("<|im_end|>")
        self.tokens = tokens

    def ids(self, text):
        return self.bpe.encode(text).ids

    def text(self, ids):
        return "".join(self.tokens[i] for i in ids if i != self.end).replace("Ġ", " ").replace("Ċ", "\n")

    def embed(self, ids):
        return self.w["token_embd.weight"][torch.as_tensor(ids)]

    def norm(self, x, name):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.eps) * self.w[name]

    def rotate(self, x, first):
        d = x.shape[-1]
        angle = torch.arange(first, first + x.shape[-2])[:, None] * self.base ** (-torch.arange(0, d, 2) / d)[None]
        a, b = x[..., 0::2], x[..., 1::2]
        return torch.stack([a * angle.cos() - b * angle.sin(), a * angle.sin() + b * angle.cos()], -1).flatten(-2)

    def run(self, x, state=None):
        """x [batch][n][n_embd] after `state` -> hidden states before the last norm, and the state with x."""
        batch, n, _ = x.shape
        before = state[0][0].shape[2] if state else 0
        mask = torch.ones(n, before + n, dtype=torch.bool).tril(before)
        after = []
        for i in range(self.n_layer):
            w = lambda name: self.w[f"blk.{i}.{name}.weight"]
            h = self.norm(x, f"blk.{i}.attn_norm.weight")
            heads = lambda y, n_head: y.view(batch, n, n_head, -1).transpose(1, 2)
            q = self.rotate(heads(linear(h, w("attn_q")), self.n_head), before)
            k = self.rotate(heads(linear(h, w("attn_k")), self.n_head_kv), before)
            v = heads(linear(h, w("attn_v")), self.n_head_kv)
            if state:
                k, v = (torch.cat([old.expand(batch, -1, -1, -1), new], 2) for old, new in zip(state[i], (k, v)))
            after.append((k, v))
            y = scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=True)
            x = x + linear(y.transpose(1, 2).reshape(batch, n, -1), w("attn_output"))
            h = self.norm(x, f"blk.{i}.ffn_norm.weight")
            x = x + linear(silu(linear(h, w("ffn_gate"))) * linear(h, w("ffn_up")), w("ffn_down"))
        return x, after

    def logits(self, x):
        return linear(self.norm(x, "output_norm.weight"), self.w["token_embd.weight"])
