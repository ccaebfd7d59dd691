/* chat_family.h - the known ways to write a conversation, as templates of our own: for models
 * that bring no template that can be run. */
#ifndef TEXT_CHAT_FAMILY_H
#define TEXT_CHAT_FAMILY_H

#include "text/tokenizer.h"

struct chat_family {
    const char *name;
    const char *markers[3];         /* that its templates speak of, and the vocabulary has; NULL at the end */
    const char *source;
};

/* By the markers in `jinja`, a template that could not be run; NULL, or unknown: "plain", which writes
 * User: and Assistant:. */
const struct chat_family *chat_family_of(const char *jinja, const struct tokenizer *t);
/* All of them, NULL after the last. */
const struct chat_family *chat_family_at(size_t i);

#endif
