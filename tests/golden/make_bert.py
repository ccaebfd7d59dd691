#!/usr/bin/env python3
"""A tiny random BERT and what PyTorch makes of it.

  text_bert_tiny.gguf     two blocks, F32; the tokens are the first of text_wordpiece_cut.gguf
  text_bert_tiny.f32      rows [N_IDS][N_EMBD] of the ids (7 i + 3) mod N_VOCAB, then the pooled row [N_EMBD] of [CLS] these [SEP]
`make_bert.py FILE` writes the pooled rows of MiniLM ($MYNAH_MODELS/minilm/model.safetensors) for TEXTS to FILE, for a check by hand
and for tests/weights_embed.c (minilm_rows.f32)."""
import json, os, struct, sys
import numpy, torch
from gguf import GGUFReader, GGUFWriter
from make_tokens import HERE, MODELS, array

N_EMBD, N_HEAD, N_FF, N_LAYER, N_CTX, N_IDS, EPSILON = 32, 4, 80, 2, 24, 19, 1e-5
TEXTS = ["The quick brown fox jumps over the lazy dog.", "A fast auburn animal leaps above a sleepy hound.", "Quarterly earnings fell by 3.2 percent.",
         "오늘 날씨가 참 좋네요.", "", "word " * 300]
PARTS = [("attention.self.query", "attn_q"), ("attention.self.key", "attn_k"), ("attention.self.value", "attn_v"), ("attention.output.dense", "attn_output"),
         ("attention.output.LayerNorm", "attn_output_norm"), ("intermediate.dense", "ffn_up"), ("output.dense", "ffn_down"), ("output.LayerNorm", "layer_output_norm")]


def rows(w, ids, n_head, n_layer, eps):
    """w: tensors by GGUF names, f64; rows [n][n_embd]."""
    functional = torch.nn.functional
    linear = lambda name, x: functional.linear(x, w[name + ".weight"], w[name + ".bias"])
    norm = lambda name, x: functional.layer_norm(x, x.shape[-1:], w[name + ".weight"], w[name + ".bias"], eps)
    x = w["token_embd.weight"][ids] + w["position_embd.weight"][:len(ids)] + w["token_types.weight"][0]
    x = norm("token_embd_norm", x)
    for i in range(n_layer):
        b = f"blk.{i}."
        q, k, v = (linear(b + part, x).reshape(len(ids), n_head, -1).transpose(0, 1) for part in ("attn_q", "attn_k", "attn_v"))
        a = functional.softmax(q @ k.transpose(1, 2) / q.shape[-1] ** 0.5, -1) @ v
        x = norm(b + "attn_output_norm", x + linear(b + "attn_output", a.transpose(0, 1).reshape(len(ids), -1)))
        x = norm(b + "layer_output_norm", x + linear(b + "ffn_down", functional.gelu(linear(b + "ffn_up", x))))
    return x


def pooled(x):
    mean = x.mean(0)
    return mean / mean.norm()




def random_weights(n_vocab):
    g = torch.Generator().manual_seed(5)
    w = {}

    def put(name, *shape, scale=1.0, offset=0.0):
        w[name] = (torch.randn(shape, generator=g, dtype=torch.float64) * scale + offset).float().double()

    put("token_embd.weight", n_vocab, N_EMBD), put("position_embd.weight", N_CTX, N_EMBD), put("token_types.weight", 2, N_EMBD)
    put("token_embd_norm.weight", N_EMBD, scale=0.3, offset=1.0), put("token_embd_norm.bias", N_EMBD, scale=0.3)
    for i in range(N_LAYER):
        for part, n_out, n_in in (("attn_q", N_EMBD, N_EMBD), ("attn_k", N_EMBD, N_EMBD), ("attn_v", N_EMBD, N_EMBD), ("attn_output", N_EMBD, N_EMBD),
                                  ("ffn_up", N_FF, N_EMBD), ("ffn_down", N_EMBD, N_FF)):
            put(f"blk.{i}.{part}.weight", n_out, n_in, scale=n_in ** -0.5)
            put(f"blk.{i}.{part}.bias", n_out, scale=0.3)
        for part in ("attn_output_norm", "layer_output_norm"):
            put(f"blk.{i}.{part}.weight", N_EMBD, scale=0.3, offset=1.0), put(f"blk.{i}.{part}.bias", N_EMBD, scale=0.3)
    return w


def write(name, w, tokens, types):
    out = GGUFWriter(os.path.join(HERE, name), "bert")
    out.add_block_count(N_LAYER), out.add_context_length(N_CTX), out.add_embedding_length(N_EMBD), out.add_feed_forward_length(N_FF)
    out.add_head_count(N_HEAD), out.add_layer_norm_eps(EPSILON), out.add_causal_attention(False)
    out.add_uint32("bert.pooling_type", 1)
    out.add_tokenizer_model("bert"), out.add_token_list(tokens), out.add_token_types(types)
    out.add_unk_token_id(tokens.index("[UNK]")), out.add_bos_token_id(tokens.index("[CLS]")), out.add_sep_token_id(tokens.index("[SEP]"))
    for key, value in w.items():
        out.add_tensor(key, value.float().numpy())
    out.write_header_to_file(), out.write_kv_data_to_file(), out.write_tensors_to_file(), out.close()


def tiny():
    reader = GGUFReader(os.path.join(HERE, "text_wordpiece_cut.gguf"))
    tokens, types = (array(reader, "tokenizer.ggml." + k)[:400] for k in ("tokens", "token_type"))
    w = random_weights(len(tokens))
    write("text_bert_tiny.gguf", w, tokens, types)
    ids = [(7 * i + 3) % len(tokens) for i in range(N_IDS)]
    x = rows(w, ids, N_HEAD, N_LAYER, EPSILON)
    around = rows(w, [tokens.index("[CLS]")] + ids + [tokens.index("[SEP]")], N_HEAD, N_LAYER, EPSILON)
    numpy.concatenate([x.float().numpy().ravel(), pooled(around).float().numpy()]).tofile(os.path.join(HERE, "text_bert_tiny.f32"))


def minilm(path):
    from make_tokens_wordpiece import reference
    with open(os.path.join(MODELS, "minilm/model.safetensors"), "rb") as f:
        data = f.read()
    start = 8 + struct.unpack_from("<Q", data)[0]
    header = json.loads(data[8:start])
    take = lambda name: torch.from_numpy(numpy.frombuffer(data, "<f4", offset=start + header[name]["data_offsets"][0],
                                                          count=int(numpy.prod(header[name]["shape"]))).reshape(header[name]["shape"]).astype("f8"))
    w = {"token_embd.weight": take("embeddings.word_embeddings.weight"), "position_embd.weight": take("embeddings.position_embeddings.weight"),
         "token_types.weight": take("embeddings.token_type_embeddings.weight")}
    for kind in ("weight", "bias"):
        w[f"token_embd_norm.{kind}"] = take(f"embeddings.LayerNorm.{kind}")
        for i in range(6):
            for theirs, ours in PARTS:
                w[f"blk.{i}.{ours}.{kind}"] = take(f"encoder.layer.{i}.{theirs}.{kind}")
    words = open(os.path.join(MODELS, "minilm/vocab.txt"), encoding="utf-8").read().split("\n")[:-1]
    t = reference(words)
    result = [pooled(rows(w, [101] + t.encode(s, add_special_tokens=False).ids[:510] + [102], 12, 6, 1e-12)).float().numpy() for s in TEXTS]
    numpy.stack(result).tofile(path)


if __name__ == "__main__":
    minilm(sys.argv[1]) if len(sys.argv) > 1 else tiny()
