#include "text/chat_template.h"

#include <string.h>

#include "base/log.h"

/* ChatML: https://github.com/openai/openai-python/blob/release-v0.28.0/chatml.md */
static const struct chat_template chatml = {
    "chatml",
    { "<|im_start|>system\n", "<|im_start|>user\n", "<|im_start|>assistant\n" },
    { "<|im_end|>\n", "<|im_end|>\n", "<|im_end|>\n" },
};

static const struct chat_template plain = {
    "plain",
    { "", "User: ", "Assistant:" },
    { "\n\n", "\n\n", "\n\n" },
};

const struct chat_template *chat_template_find(const char *jinja, const struct tokenizer *t, const char *path)
{
    if (jinja != NULL && strstr(jinja, "<|im_start|>") != NULL &&
        tokenizer_control(t, "<|im_start|>") >= 0 && tokenizer_control(t, "<|im_end|>") >= 0)
        return &chatml;
    log_warning("%s: %s; turns are written as plain \"User:\" and \"Assistant:\", and answers may be poor", path,
                jinja == NULL ? "the file brings no chat format (a base model?)" : "its chat format is not known");
    return &plain;
}
