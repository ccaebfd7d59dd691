#!/usr/bin/env python3
"""Greedy answers of SmolLM2-135M-Instruct by the transformers library on weights dequantised by
the gguf package, in float32 -> smollm2_greedy.txt: a line is the user's text in hexadecimal,
then the ids of the answer.  Needs SmolLM2-135M-Instruct.Q4_1.gguf in $MYNAH_MODELS.

A token whose lead over the second is below MARGIN stands as -1 - id: a cache in F16 and
activations in 8 bits may tip a near-tie, so it is to be fed, not compared."""
import os
import numpy as np
import torch
from gguf import GGUFReader, dequantize
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM

HERE = os.path.dirname(os.path.abspath(__file__))
SYSTEM = "You are a helpful assistant."
TEXTS = ["What is the capital of France?", "Write a Python function that adds two numbers.",
         "Write the alphabet in capital letters.", "What are the days of the week? Begin with Monday."]
N_IDS, MARGIN = 24, 0.5


def array(reader, key):
    f = reader.fields[key]
    return [bytes(f.parts[i]).decode() if f.types[-1].name == "STRING" else int(f.parts[i][0]) for i in f.data]


def unpermute(w, n_head):
    """Rows of each head from (2i, 2i + 1) rotary pairs back to (i, i + d/2)."""
    return w.reshape(n_head, w.shape[0] // n_head // 2, 2, -1).swapaxes(1, 2).reshape(w.shape)


def load(reader):
    value = lambda key: reader.fields["llama." + key].contents()
    c = LlamaConfig(vocab_size=49152, hidden_size=value("embedding_length"), intermediate_size=value("feed_forward_length"),
                    num_hidden_layers=value("block_count"), num_attention_heads=value("attention.head_count"),
                    num_key_value_heads=value("attention.head_count_kv"), rms_norm_eps=value("attention.layer_norm_rms_epsilon"),
                    rope_parameters={"rope_type": "default", "rope_theta": value("rope.freq_base")},
                    max_position_embeddings=value("context_length"), tie_word_embeddings=True, attn_implementation="eager")
    model = LlamaForCausalLM(c).eval()
    tensors = {t.name: t for t in reader.tensors}
    names = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "model.layers.": "blk.", "input_layernorm": "attn_norm",
             "post_attention_layernorm": "ffn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
             "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate",
             "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down"}
    for name, p in model.named_parameters():
        for a, b in names.items():
            name = name.replace(a, b)
        w = dequantize(tensors[name].data, tensors[name].tensor_type).reshape(p.shape)
        if "attn_q" in name or "attn_k" in name:
            w = unpermute(w, c.num_attention_heads if "attn_q" in name else c.num_key_value_heads)
        p.data = torch.from_numpy(np.array(w, dtype=np.float32))
    return model


def main():
    reader = GGUFReader(os.path.join(os.environ["MYNAH_MODELS"], "SmolLM2-135M-Instruct.Q4_1.gguf"))
    tokens, merges = array(reader, "tokenizer.ggml.tokens"), array(reader, "tokenizer.ggml.merges")
    bpe = Tokenizer(models.BPE(vocab={t: i for i, t in enumerate(tokens)}, merges=[tuple(m.split(" ")) for m in merges]))
    bpe.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True),
                                                 pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
    start, end = tokens.index("<|im_start|>"), tokens.index("<|im_end|>")
    turn = lambda role, text: [start] + bpe.encode(role + "\n").ids + bpe.encode(text).ids + [end] + bpe.encode("\n").ids
    model = load(reader)
    with open(os.path.join(HERE, "smollm2_greedy.txt"), "w") as f:
        for text in TEXTS:
            ids = turn("system", SYSTEM) + turn("user", text) + [start] + bpe.encode("assistant\n").ids
            answer, golden = [], []
            while len(answer) < N_IDS:
                with torch.no_grad():
                    best = model(torch.tensor([ids + answer])).logits[0, -1].topk(2)
                answer.append(int(best.indices[0]))
                golden.append(answer[-1] if best.values[0] - best.values[1] >= MARGIN else -1 - answer[-1])
                if answer[-1] == end:
                    break
            f.write(" ".join([text.encode().hex()] + [str(i) for i in golden]) + "\n")
            print(text, "->", bpe.decode(answer), golden)


main()
