#!/usr/bin/env python3
"""Tiny random models of each architecture and their logits, by the transformers library in float64.

  text_<name>.gguf    a few layers, F32, laid out as llama.cpp's convert_hf_to_gguf.py does
      llama3          architecture llama; rope_freqs, all biases, tied head
      mistral         architecture llama; a sliding window in all layers
      qwen3           norms of q and k, heads wider than n_embd / n_head, YaRN
      gemma3          7 layers, so that the sixth sees all; linear scaling there, both soft caps
      phi3            fused q, k, v and gate, up; LongRoPE on 6 of 8 values of a head; a window
  text_<name>.f32     logits after LENGTHS[i] tokens of make_tiny_models.py's prompt, alone: [len(LENGTHS)][N_VOCAB] f32

Names as arguments make only these.
"""
import math
import os
import sys
import numpy as np
import torch
from gguf import GGUFWriter, RopeScalingType, TokenType
from transformers import (Gemma3ForCausalLM, Gemma3TextConfig, LlamaConfig, LlamaForCausalLM, MistralConfig,
                          MistralForCausalLM, Phi3Config, Phi3ForCausalLM, Qwen3Config, Qwen3ForCausalLM)
from make_tiny_models import CHATML, CONTROL, HERE, LENGTHS, MERGES, N_VOCAB, TOKENS, gguf_name, permute

N_CTX, N_CTX_ORIGINAL, WINDOW = 1024, 64, 37
COMMON = dict(vocab_size=N_VOCAB, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
              num_key_value_heads=2, max_position_embeddings=N_CTX, rms_norm_eps=1e-2, attn_implementation="eager")


def randomise(model, seed):
    """As in make_tiny_models.py: every part matters, and no norm magnifies rounding."""
    g = torch.Generator().manual_seed(seed)
    gemma = model.config.model_type.startswith("gemma3")
    for name, p in model.named_parameters():
        noise = torch.randn(p.shape, generator=g, dtype=torch.float64)
        if name.endswith("norm.weight"):
            noise = 0.3 * noise + (0 if gemma else 1)
            if gemma and "post_" in name:           # seven layers that add as much as is there magnify rounding
                noise -= 0.5
        elif p.dim() == 2 and ("embed_tokens" not in name or gemma):
            noise /= p.shape[1] ** 0.5
        p.data = noise.float().double()            # what the file will hold


def name_of(name, gemma):
    if gemma:                                       # its ffn_norm has another name, the usual one is another norm
        name = name.replace("post_attention_layernorm", "post_attention_norm")
        name = name.replace("pre_feedforward_layernorm", "ffn_norm").replace("post_feedforward_layernorm", "post_ffw_norm")
    for a, b in (("self_attn.q_norm", "attn_q_norm"), ("self_attn.k_norm", "attn_k_norm"),
                 ("self_attn.qkv_proj", "attn_qkv"), ("mlp.gate_up_proj", "ffn_up")):
        name = name.replace(a, b)
    return gguf_name(name)


def llama3_factors(rope, head_dim):
    """Wavelengths longer than the original context are stretched by `factor`, those that fit
    into it often are not (Llama 3.1's apply_scaling)."""
    factors = []
    for i in range(head_dim // 2):
        turns = rope["original_max_position_embeddings"] * rope["rope_theta"] ** (-2 * i / head_dim) / (2 * math.pi)
        part = (turns - rope["low_freq_factor"]) / (rope["high_freq_factor"] - rope["low_freq_factor"])
        part = min(max(part, 0), 1)
        factors.append(1 / ((1 - part) / rope["factor"] + part))
    return np.array(factors, dtype=np.float32)


def write(model, arch, name, more, matrices=True):
    c = model.config
    w = GGUFWriter(os.path.join(HERE, f"text_{name}.gguf"), arch)
    w.add_name(f"tiny random {name}")
    w.add_block_count(c.num_hidden_layers)
    w.add_context_length(c.max_position_embeddings)
    w.add_embedding_length(c.hidden_size)
    w.add_feed_forward_length(c.intermediate_size)
    w.add_head_count(c.num_attention_heads)
    w.add_head_count_kv(c.num_key_value_heads)
    w.add_layer_norm_rms_eps(c.rms_norm_eps)
    more(w)
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("smollm")
    w.add_token_list(TOKENS)
    w.add_token_types([TokenType.CONTROL if t in CONTROL else TokenType.NORMAL for t in TOKENS])
    w.add_token_merges(MERGES)
    w.add_eos_token_id(TOKENS.index("<|im_end|>"))
    w.add_chat_template(CHATML)
    gemma = arch == "gemma3"
    for key, p in model.named_parameters():        # a tied head is not listed
        if p.dim() > 1 and not matrices:
            continue
        data = p.detach().numpy().astype(np.float32)
        if arch == "llama" and ("q_proj" in key or "k_proj" in key):
            data = permute(data, c.num_attention_heads if "q_proj" in key else c.num_key_value_heads)
        if gemma and key.endswith("norm.weight"):
            data = data + np.float32(1)
        w.add_tensor(name_of(key, gemma), np.ascontiguousarray(data))
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def golden(model, name, **more):
    rows = []
    for n in LENGTHS:                               # each alone: LongRoPE goes by the length
        with torch.no_grad():
            rows.append(model(torch.tensor([[(37 * i + 11) % N_VOCAB for i in range(n)]]), **more).logits[0, -1].numpy())
    rows = np.array(rows)
    rows.astype(np.float32).tofile(os.path.join(HERE, f"text_{name}.f32"))
    print(name, "logits' deviation", rows.std(axis=1))


def make(cls, config, arch, name, more, **call):
    model = cls(config).eval()
    randomise(model, 1)
    write(model, arch, name, more)
    golden(model, name, **call)


def llama3():
    rope = dict(rope_type="llama3", rope_theta=5e5, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                original_max_position_embeddings=N_CTX_ORIGINAL)

    def more(w):
        w.add_rope_freq_base(rope["rope_theta"])
        w.add_rope_dimension_count(8)
        w.add_tensor("rope_freqs.weight", llama3_factors(rope, 8))
    make(LlamaForCausalLM, LlamaConfig(**COMMON, attention_bias=True, mlp_bias=True, tie_word_embeddings=True,
                                       rope_parameters=rope), "llama", "llama3", more)


def mistral():
    def more(w):
        w.add_rope_freq_base(1e4)
        w.add_sliding_window(WINDOW)
    make(MistralForCausalLM, MistralConfig(**COMMON, sliding_window=WINDOW, tie_word_embeddings=False,
                                           rope_parameters=dict(rope_type="default", rope_theta=1e4)), "llama", "mistral", more)


def qwen3():
    def more(w):
        w.add_rope_freq_base(1e6)
        w.add_key_length(16)
        w.add_value_length(16)
        w.add_rope_scaling_type(RopeScalingType.YARN)
        w.add_rope_scaling_factor(4.0)
        w.add_rope_scaling_orig_ctx_len(N_CTX_ORIGINAL)
    rope = dict(rope_type="yarn", rope_theta=1e6, factor=4.0, original_max_position_embeddings=N_CTX_ORIGINAL)
    make(Qwen3ForCausalLM, Qwen3Config(**{**COMMON, "hidden_size": 24}, head_dim=16, tie_word_embeddings=False,
                                       rope_parameters=rope), "qwen3", "qwen3", more)


def gemma3():
    def more(w):
        w.add_rope_freq_base(1e6)
        w.add_key_length(8)
        w.add_value_length(8)
        w.add_sliding_window(WINDOW)
        w.add_rope_scaling_type(RopeScalingType.LINEAR)
        w.add_rope_scaling_factor(8.0)
        w.add_attn_logit_softcapping(2.0)
        w.add_final_logit_softcapping(3.0)
    rope = dict(full_attention=dict(rope_type="linear", rope_theta=1e6, factor=8.0),
                sliding_attention=dict(rope_type="default", rope_theta=1e4))
    own = dict(hidden_size=16, intermediate_size=24, num_hidden_layers=7, num_attention_heads=4, num_key_value_heads=1)
    make(Gemma3ForCausalLM, Gemma3TextConfig(**{**COMMON, **own}, head_dim=8, query_pre_attn_scalar=8, sliding_window=WINDOW,
                                             attn_logit_softcapping=2.0, final_logit_softcapping=3.0, rope_parameters=rope),
         "gemma3", "gemma3", more, softcap=2.0)     # of the scores, which the library does not read from the settings itself


def phi3():
    short, long = [1.0, 1.5, 2.0], [2.0, 8.0, 20.0]
    rope = dict(rope_type="longrope", rope_theta=1e4, short_factor=short, long_factor=long, partial_rotary_factor=0.75,
                original_max_position_embeddings=N_CTX_ORIGINAL)

    def more(w):
        w.add_rope_freq_base(1e4)
        w.add_rope_dimension_count(6)
        w.add_sliding_window(200)
        w.add_rope_scaling_type(RopeScalingType.LONGROPE)
        w.add_rope_scaling_orig_ctx_len(N_CTX_ORIGINAL)
        w.add_rope_scaling_attn_factors(math.sqrt(1 + math.log(N_CTX / N_CTX_ORIGINAL) / math.log(N_CTX_ORIGINAL)))
        w.add_tensor("rope_factors_short.weight", np.array(short, dtype=np.float32))
        w.add_tensor("rope_factors_long.weight", np.array(long, dtype=np.float32))
    make(Phi3ForCausalLM, Phi3Config(**COMMON, original_max_position_embeddings=N_CTX_ORIGINAL, partial_rotary_factor=0.75,
                                     sliding_window=200, tie_word_embeddings=False, rope_parameters=rope, pad_token_id=0,
                                     bos_token_id=None, eos_token_id=None),
         "phi3", "phi3", more)


if __name__ == "__main__":
    torch.set_default_dtype(torch.float64)
    for architecture in (llama3, mistral, qwen3, gemma3, phi3):
        if len(sys.argv) == 1 or architecture.__name__ in sys.argv[1:]:
            architecture()
