#!/usr/bin/env python3
"""Tiny random llama and qwen2 models and their logits, by the transformers library in float64.

  text_llama_tiny.gguf, text_qwen2_tiny.gguf   2 layers, F32; llama: tied head, q and k
                      permuted for interleaved rotary pairs as convert_hf_to_gguf.py does
  text_llama_tiny.f32, text_qwen2_tiny.f32     logits after LENGTHS[i] tokens of the
                      prompt id(i) = (37 i + 11) mod N_VOCAB: [len(LENGTHS)][N_VOCAB] f32
  ../fuzz/corpus/text_model/*.gguf             the same in 1 layer, smaller still: seeds for fuzzing
"""
import os
import numpy as np
import torch
from gguf import GGUFWriter, TokenType
from tokenizers.pre_tokenizers import ByteLevel
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

HERE = os.path.dirname(os.path.abspath(__file__))
MERGES = ["Ġ t", "h e", "Ġt he", "i n", "a n", "o u", "r e", "e r", "Ġ Ġ", "s e", "u se", "use r", "Ċ Ċ"]
CONTROL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
TOKENS = sorted(ByteLevel.alphabet()) + [m.replace(" ", "") for m in MERGES] + CONTROL
N_VOCAB = len(TOKENS)
LENGTHS = [1, 2, 7, 41, 300, 513, 700]
CHATML = ("{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}"
          "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}")
COMMON = dict(vocab_size=N_VOCAB, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
              num_attention_heads=4, max_position_embeddings=1024)


def randomise(model, seed):
    """Weights large enough that every part matters; rows as large as what is added to them, so
    that no norm magnifies rounding (eps below is large so that it shows)."""
    g = torch.Generator().manual_seed(seed)
    for name, p in model.named_parameters():
        noise = torch.randn(p.shape, generator=g, dtype=torch.float64)
        if name.endswith("norm.weight"):
            noise = 1 + 0.3 * noise
        elif p.dim() == 2 and "embed_tokens" not in name:
            noise /= p.shape[1] ** 0.5
        p.data = noise.float().double()            # what the file will hold


def permute(w, n_head):
    """Rows of each head from (i, i + d/2) pairs to (2i, 2i + 1)."""
    return w.reshape(n_head, 2, w.shape[0] // n_head // 2, -1).swapaxes(1, 2).reshape(w.shape)


def gguf_name(name):
    for a, b in (("model.embed_tokens", "token_embd"), ("model.norm", "output_norm"), ("lm_head", "output"),
                 ("model.layers.", "blk."), ("input_layernorm", "attn_norm"), ("post_attention_layernorm", "ffn_norm"),
                 ("self_attn.q_proj", "attn_q"), ("self_attn.k_proj", "attn_k"), ("self_attn.v_proj", "attn_v"),
                 ("self_attn.o_proj", "attn_output"), ("mlp.gate_proj", "ffn_gate"), ("mlp.up_proj", "ffn_up"),
                 ("mlp.down_proj", "ffn_down")):
        name = name.replace(a, b)
    return name


def write(model, arch, pre, name):
    c = model.config
    w = GGUFWriter(os.path.join(HERE, name), arch)
    w.add_name(f"tiny random {arch}")
    w.add_block_count(c.num_hidden_layers)
    w.add_context_length(c.max_position_embeddings)
    w.add_embedding_length(c.hidden_size)
    w.add_feed_forward_length(c.intermediate_size)
    w.add_head_count(c.num_attention_heads)
    w.add_head_count_kv(c.num_key_value_heads)
    w.add_layer_norm_rms_eps(c.rms_norm_eps)
    w.add_rope_freq_base(c.rope_parameters["rope_theta"])
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre(pre)
    w.add_token_list(TOKENS)
    w.add_token_types([TokenType.CONTROL if t in CONTROL else TokenType.NORMAL for t in TOKENS])
    w.add_token_merges(MERGES)
    w.add_eos_token_id(TOKENS.index("<|im_end|>"))
    w.add_chat_template(CHATML)
    for name, p in model.named_parameters():       # a tied head is not listed
        data = p.detach().numpy().astype(np.float32)
        if arch == "llama" and "q_proj" in name:
            data = permute(data, c.num_attention_heads)
        if arch == "llama" and "k_proj" in name:
            data = permute(data, c.num_key_value_heads)
        w.add_tensor(gguf_name(name), np.ascontiguousarray(data))
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def golden(model, arch):
    ids = torch.tensor([[(37 * i + 11) % N_VOCAB for i in range(max(LENGTHS))]])
    with torch.no_grad():
        rows = model(ids).logits[0][[n - 1 for n in LENGTHS]].numpy()
    rows.astype(np.float32).tofile(os.path.join(HERE, f"text_{arch}_tiny.f32"))
    print(arch, N_VOCAB, "logits' deviation", rows.std(axis=1))


def main():
    torch.set_default_dtype(torch.float64)
    rope = lambda theta: {"rope_type": "default", "rope_theta": theta}
    llama = dict(num_key_value_heads=2, rms_norm_eps=1e-2, tie_word_embeddings=True, rope_parameters=rope(1e4))
    qwen2 = dict(num_key_value_heads=1, rms_norm_eps=1e-3, tie_word_embeddings=False, rope_parameters=rope(1e6))
    seed = dict(hidden_size=8, intermediate_size=4, num_hidden_layers=1)
    for make, config, own, arch, pre in ((LlamaForCausalLM, LlamaConfig, llama, "llama", "smollm"),
                                         (Qwen2ForCausalLM, Qwen2Config, qwen2, "qwen2", "qwen2")):
        model = make(config(**COMMON, **own, attn_implementation="eager")).eval()
        randomise(model, 1)
        write(model, arch, pre, f"text_{arch}_tiny.gguf")
        golden(model, arch)
        model = make(config(**{**COMMON, **own, **seed}))
        randomise(model, 2)
        write(model, arch, pre, f"../fuzz/corpus/text_model/{arch}.gguf")


if __name__ == "__main__":
    main()
