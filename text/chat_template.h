/* chat_template.h - how a model's training wrote a conversation.
 *
 * The Jinja template in the file is never run (CVE-2024-34359); it only tells which
 * of the formats below it is. */
#ifndef TEXT_CHAT_TEMPLATE_H
#define TEXT_CHAT_TEMPLATE_H

#include "text/text.h"
#include "text/tokenizer.h"

struct chat_template {
    const char *name;
    const char *open[3], *close[3]; /* by enum text_role */
};

/* jinja: tokenizer.chat_template, or NULL.  Never NULL: a model whose format is not
 * known gets plain "User:" and "Assistant:", which is logged as a warning with
 * the file's path. */
const struct chat_template *chat_template_find(const char *jinja, const struct tokenizer *t, const char *path);

#endif
