#!/usr/bin/env python3
"""Weights and vocabulary of sentence-transformers/all-MiniLM-L6-v2 to GGUF.

    minilm_to_gguf.py model.safetensors vocab.txt OUT.gguf

A BERT encoder (Devlin et al. 2018, arXiv:1810.04805) of six blocks, under the names and settings of the "bert" architecture, F32.
safetensors: u64 bytes of a JSON header, the header, the data; https://github.com/huggingface/safetensors#format.
Token texts are written as GGUF files of this tokenizer have them: a word's start behind U+2581, what goes on a word as it is."""
import array, json, os, re, struct, sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from gguf_write import gguf_write

N_HEAD, N_CTX, EPSILON = 12, 512, 1e-12         # its config.json; the weights do not tell
N_EMBD, N_FF, N_LAYER, N_VOCAB = 384, 1536, 6, 30522
NORMAL, UNKNOWN, CONTROL = 1, 2, 3              # enum token_type of text/vocabulary.h
MEAN = 1                                        # bert.pooling_type
BLOCK = [("attention.self.query", "attn_q", N_EMBD, N_EMBD), ("attention.self.key", "attn_k", N_EMBD, N_EMBD),
         ("attention.self.value", "attn_v", N_EMBD, N_EMBD), ("attention.output.dense", "attn_output", N_EMBD, N_EMBD),
         ("attention.output.LayerNorm", "attn_output_norm", N_EMBD, None), ("intermediate.dense", "ffn_up", N_FF, N_EMBD),
         ("output.dense", "ffn_down", N_EMBD, N_FF), ("output.LayerNorm", "layer_output_norm", N_EMBD, None)]


def fail(text):
    sys.exit(text)


class Weights:
    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = file.read()
        n = struct.unpack_from("<Q", self.data)[0]
        if n > len(self.data) - 8:
            fail(f"{path}: the header has {n} bytes, the file {len(self.data)}")
        self.path, self.start = path, 8 + n
        self.header = json.loads(self.data[8:8 + n])

    def take(self, name, *shape):
        entry = self.header.get(name)
        if entry is None or entry["dtype"] != "F32" or entry["shape"] != list(shape):
            fail(f"{self.path}: {name}: F32 of the shape {list(shape)} was expected, not {entry}")
        first, end = (self.start + offset for offset in entry["data_offsets"])
        values = array.array("f")
        values.frombytes(self.data[first:end])
        if sys.byteorder == "big":
            values.byteswap()
        return values


def vocabulary(path):
    with open(path, encoding="utf-8") as file:
        words = file.read().split("\n")
    words = words[:-1] if words[-1] == "" else words
    if len(words) != N_VOCAB:
        fail(f"{path}: {N_VOCAB} lines were expected, not {len(words)}")
    tokens, types = [], []
    for word in words:
        control = re.fullmatch(r"\[(PAD|UNK|CLS|SEP|MASK|unused\d+)\]", word) is not None
        tokens.append(word if control else word[2:] if word.startswith("##") else "\u2581" + word)
        types.append(UNKNOWN if word == "[UNK]" else CONTROL if control else NORMAL)
    ids = {word: i for i, word in enumerate(words)}
    return tokens, types, ids


def convert(source, vocab, target):
    w, tensors = Weights(source), []

    def put(name, to, n_out, n_in):
        tensors.append((f"{to}.weight", [n_out] if n_in is None else [n_in, n_out],
                        w.take(f"{name}.weight", *([n_out] if n_in is None else [n_out, n_in]))))
        tensors.append((f"{to}.bias", [n_out], w.take(f"{name}.bias", n_out)))

    for name, to, n in (("word", "token_embd", N_VOCAB), ("position", "position_embd", N_CTX), ("token_type", "token_types", 2)):
        tensors.append((f"{to}.weight", [N_EMBD, n], w.take(f"embeddings.{name}_embeddings.weight", n, N_EMBD)))
    put("embeddings.LayerNorm", "token_embd_norm", N_EMBD, None)
    for i in range(N_LAYER):
        for name, to, n_out, n_in in BLOCK:
            put(f"encoder.layer.{i}.{name}", f"blk.{i}.{to}", n_out, n_in)
    tokens, types, ids = vocabulary(vocab)
    gguf_write(target, [
        ("general.architecture", "bert"), ("general.name", "all-MiniLM-L6-v2"), ("general.license", "apache-2.0"),
        ("bert.block_count", N_LAYER), ("bert.context_length", N_CTX), ("bert.embedding_length", N_EMBD),
        ("bert.feed_forward_length", N_FF), ("bert.attention.head_count", N_HEAD),
        ("bert.attention.layer_norm_epsilon", EPSILON), ("bert.attention.causal", False), ("bert.pooling_type", MEAN),
        ("tokenizer.ggml.model", "bert"), ("tokenizer.ggml.pre", "default"), ("tokenizer.ggml.token_type_count", 2),
        ("tokenizer.ggml.tokens", tokens), ("tokenizer.ggml.token_type", types),
        ("tokenizer.ggml.unknown_token_id", ids["[UNK]"]), ("tokenizer.ggml.bos_token_id", ids["[CLS]"]),
        ("tokenizer.ggml.seperator_token_id", ids["[SEP]"]), ("tokenizer.ggml.padding_token_id", ids["[PAD]"]),
        ("tokenizer.ggml.cls_token_id", ids["[CLS]"]), ("tokenizer.ggml.mask_token_id", ids["[MASK]"])], tensors)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    try:
        convert(*sys.argv[1:])
    except (OSError, KeyError, ValueError, TypeError, struct.error) as e:
        fail(f"{sys.argv[1]}: {type(e).__name__}: {e}")
