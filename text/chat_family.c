/* chat_family.c - sources, by family: ChatML (openai-python 0.28, chatml.md), the model cards of Llama 3,
 * Gemma, Phi-3, Llama 2 and Mistral 7B Instruct. */
#include "text/chat_family.h"

#include <string.h>

static const struct chat_family families[] = {
    { "chatml", { "<|im_start|>", "<|im_end|>" },
      "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}"
      "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}" },
    { "llama3", { "<|start_header_id|>", "<|eot_id|>" },
      "{{ bos_token }}{% for m in messages %}"
      "{{ '<|start_header_id|>' + m.role + '<|end_header_id|>\n\n' + m.content | trim + '<|eot_id|>' }}{% endfor %}"
      "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}" },
    { "gemma", { "<start_of_turn>", "<end_of_turn>" },
      "{{ bos_token }}{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system turns') }}{% endif %}"
      "{{ '<start_of_turn>' + ('model' if m.role == 'assistant' else m.role) + '\n' + m.content | trim + '<end_of_turn>\n' }}"
      "{% endfor %}{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}" },
    { "phi3", { "<|user|>", "<|end|>" },
      "{% for m in messages %}{{ '<|' + m.role + '|>\n' + m.content + '<|end|>\n' }}{% endfor %}"
      "{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}" },
    { "llama2", { "<<SYS>>", "[INST]" },
      "{% set ns = namespace(system='') %}{% for m in messages %}"
      "{% if m.role == 'system' %}{% set ns.system = '<<SYS>>\n' + m.content + '\n<</SYS>>\n\n' %}"
      "{% elif m.role == 'user' %}{{ bos_token + '[INST] ' + ns.system + m.content | trim + ' [/INST]' }}{% set ns.system = '' %}"
      "{% else %}{{ ' ' + m.content | trim + ' ' + eos_token }}{% endif %}{% endfor %}" },
    { "mistral", { "[INST]" },
      "{{ bos_token }}{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system turns') }}"
      "{% elif m.role == 'user' %}{{ '[INST] ' + m.content | trim + ' [/INST]' }}"
      "{% else %}{{ ' ' + m.content | trim + eos_token }}{% endif %}{% endfor %}" },
    { "plain", { NULL },
      "{% for m in messages %}{{ {'system': '', 'user': 'User: ', 'assistant': 'Assistant:'}[m.role] + m.content + '\n\n' }}"
      "{% endfor %}{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}" },
};
#define N_FAMILIES (sizeof families / sizeof families[0])

/* In angles with bars, or of Gemma: a token of its own, or it is not that format. */
static bool has_marker(const char *jinja, const char *marker, const struct tokenizer *t)
{
    bool is_token = strncmp(marker, "<|", 2) == 0 || strstr(marker, "_of_turn") != NULL;

    return strstr(jinja, marker) != NULL && (!is_token || tokenizer_control(t, marker) >= 0);
}

const struct chat_family *chat_family_of(const char *jinja, const struct tokenizer *t)
{
    for (size_t i = 0; jinja != NULL && i + 1 < N_FAMILIES; i++) {
        bool all = true;
        for (const char *const *marker = families[i].markers; *marker != NULL; marker++)
            all = all && has_marker(jinja, *marker, t);
        if (all)
            return &families[i];
    }
    return &families[N_FAMILIES - 1];
}

const struct chat_family *chat_family_at(size_t i)
{
    return i < N_FAMILIES ? &families[i] : NULL;
}
