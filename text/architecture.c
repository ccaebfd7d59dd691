/* architecture.c - the architectures and the tensors of their layers.
 *
 * Names are those of the gguf package's constants; converters of llama.cpp write them. */
#include "text/architecture.h"

#include "text/transformer.h"

#include <stdio.h>
#include <string.h>

#define N_OF(table) (sizeof (table) / sizeof (table)[0])
#define WEIGHT(name, field, in, out) { name, offsetof(struct transformer_layer, field), SIDE_##in, SIDE_##out, false }
#define OPTION(name, field, in, out) { name, offsetof(struct transformer_layer, field), SIDE_##in, SIDE_##out, true }

/* ---- llama: Touvron et al. 2023, arXiv:2302.13971; also Mistral: Jiang et al. 2023, arXiv:2310.06825 -- */

static const struct architecture_weight llama[] = {
    WEIGHT("attn_norm.weight", attn_norm, EMBD, ONE),
    WEIGHT("attn_q.weight", attn_q, EMBD, Q),
    WEIGHT("attn_k.weight", attn_k, EMBD, KV),
    WEIGHT("attn_v.weight", attn_v, EMBD, KV),
    WEIGHT("attn_output.weight", attn_output, Q, EMBD),
    OPTION("attn_q.bias", attn_q_bias, Q, ONE),
    OPTION("attn_k.bias", attn_k_bias, KV, ONE),
    OPTION("attn_v.bias", attn_v_bias, KV, ONE),
    OPTION("attn_output.bias", attn_output_bias, EMBD, ONE),
    WEIGHT("ffn_norm.weight", ffn_norm, EMBD, ONE),
    WEIGHT("ffn_gate.weight", ffn_gate, EMBD, FF),
    WEIGHT("ffn_up.weight", ffn_up, EMBD, FF),
    WEIGHT("ffn_down.weight", ffn_down, FF, EMBD),
    OPTION("ffn_gate.bias", ffn_gate_bias, FF, ONE),
    OPTION("ffn_up.bias", ffn_up_bias, FF, ONE),
    OPTION("ffn_down.bias", ffn_down_bias, EMBD, ONE),
    { 0 }
};

/* ---- qwen2: Yang et al. 2024, arXiv:2407.10671 ------------------------------------------ */

static const struct architecture_weight qwen2[] = {
    WEIGHT("attn_norm.weight", attn_norm, EMBD, ONE),
    WEIGHT("attn_q.weight", attn_q, EMBD, Q),
    WEIGHT("attn_k.weight", attn_k, EMBD, KV),
    WEIGHT("attn_v.weight", attn_v, EMBD, KV),
    WEIGHT("attn_q.bias", attn_q_bias, Q, ONE),
    WEIGHT("attn_k.bias", attn_k_bias, KV, ONE),
    WEIGHT("attn_v.bias", attn_v_bias, KV, ONE),
    WEIGHT("attn_output.weight", attn_output, Q, EMBD),
    WEIGHT("ffn_norm.weight", ffn_norm, EMBD, ONE),
    WEIGHT("ffn_gate.weight", ffn_gate, EMBD, FF),
    WEIGHT("ffn_up.weight", ffn_up, EMBD, FF),
    WEIGHT("ffn_down.weight", ffn_down, FF, EMBD),
    { 0 }
};

/* ---- qwen3: Yang et al. 2025, arXiv:2505.09388 ------------------------------------------ */

static const struct architecture_weight qwen3[] = {
    WEIGHT("attn_norm.weight", attn_norm, EMBD, ONE),
    WEIGHT("attn_q.weight", attn_q, EMBD, Q),
    WEIGHT("attn_k.weight", attn_k, EMBD, KV),
    WEIGHT("attn_v.weight", attn_v, EMBD, KV),
    WEIGHT("attn_q_norm.weight", attn_q_norm, HEAD, ONE),
    WEIGHT("attn_k_norm.weight", attn_k_norm, HEAD, ONE),
    WEIGHT("attn_output.weight", attn_output, Q, EMBD),
    WEIGHT("ffn_norm.weight", ffn_norm, EMBD, ONE),
    WEIGHT("ffn_gate.weight", ffn_gate, EMBD, FF),
    WEIGHT("ffn_up.weight", ffn_up, EMBD, FF),
    WEIGHT("ffn_down.weight", ffn_down, FF, EMBD),
    { 0 }
};

/* ---- gemma3: Gemma Team 2025, arXiv:2503.19786 ------------------------------------------- */

static const struct architecture_weight gemma3[] = {
    WEIGHT("attn_norm.weight", attn_norm, EMBD, ONE),
    WEIGHT("attn_q.weight", attn_q, EMBD, Q),
    WEIGHT("attn_k.weight", attn_k, EMBD, KV),
    WEIGHT("attn_v.weight", attn_v, EMBD, KV),
    WEIGHT("attn_q_norm.weight", attn_q_norm, HEAD, ONE),
    WEIGHT("attn_k_norm.weight", attn_k_norm, HEAD, ONE),
    WEIGHT("attn_output.weight", attn_output, Q, EMBD),
    WEIGHT("post_attention_norm.weight", post_attention_norm, EMBD, ONE),
    WEIGHT("ffn_norm.weight", ffn_norm, EMBD, ONE),
    WEIGHT("ffn_gate.weight", ffn_gate, EMBD, FF),
    WEIGHT("ffn_up.weight", ffn_up, EMBD, FF),
    WEIGHT("ffn_down.weight", ffn_down, FF, EMBD),
    WEIGHT("post_ffw_norm.weight", post_ffw_norm, EMBD, ONE),
    { 0 }
};

/* ---- phi3: Abdin et al. 2024, arXiv:2404.14219 -------------------------------------------- */

static const struct architecture_weight phi3[] = {
    WEIGHT("attn_norm.weight", attn_norm, EMBD, ONE),
    WEIGHT("attn_qkv.weight", attn_qkv, EMBD, QKV),
    WEIGHT("attn_output.weight", attn_output, Q, EMBD),
    WEIGHT("ffn_norm.weight", ffn_norm, EMBD, ONE),
    WEIGHT("ffn_up.weight", ffn_gate_up, EMBD, GATE_UP),
    WEIGHT("ffn_down.weight", ffn_down, FF, EMBD),
    { 0 }
};

/* ---- all ------------------------------------------------------------------------------------ */

/* GGUF files of the llama architecture have the rows of q and k permuted so that rotary
 * pairs stand side by side; the others do not. */
static const struct architecture architectures[] = {
    { .name = "llama", .weights = llama, .rope_interleaved = true, .window = WINDOW_ALL },
    { .name = "qwen2", .weights = qwen2 },
    { .name = "qwen2vl", .weights = qwen2, .axes = true },
    { .name = "qwen3", .weights = qwen3 },
    { .name = "gemma3", .weights = gemma3, .gelu = true, .scaled_embedding = true,
      .window = WINDOW_PATTERN, .window_pattern = 6, .rope_theta_local = 10000.0f },
    { .name = "phi3", .weights = phi3, .window = WINDOW_ALL },
};

const struct architecture *architecture_find(const struct gguf *g, struct error *err)
{
    const char *name = gguf_string(g, "general.architecture");
    char names[100] = "";
    size_t n = 0;

    for (size_t i = 0; i < N_OF(architectures); i++) {
        if (name != NULL && strcmp(architectures[i].name, name) == 0)
            return &architectures[i];
        n += (size_t)snprintf(names + n, sizeof names - n, "%s%s", i > 0 ? ", " : "", architectures[i].name);
    }
    error_set(err, ERROR_MODEL, "%s: architecture \"%s\" is not supported; supported are %s",
              gguf_path(g), name == NULL ? "(none)" : name, names);
    return NULL;
}
