/* chat_template.h - a conversation written the way the model was trained.
 *
 *   messages -> [system folded, turns merged] -> the model's Jinja template (jinja.h)
 *            -> pieces: what the template wrote | what people said | slots
 *
 * Contents go through the template as they are, so that it may trim, cut or look into them, and
 * come out known as contents.  What stands for something else (ids, rows) is one character for it,
 * a slot.  When it is opened, a template is tried on small conversations: whether it takes contents
 * as text or as parts, no tools or an empty list of them, a system message, and turns that do not
 * alternate.  What it refuses is folded for it: the system's words into the first question,
 * neighbours of one role into one message. */
#ifndef TEXT_CHAT_TEMPLATE_H
#define TEXT_CHAT_TEMPLATE_H

#include "text/text.h"
#include "text/tokenizer.h"

#include <time.h>

struct chat_template;

struct chat_template_source {
    const char *jinja;              /* tokenizer.chat_template; NULL: the file has none */
    const char *bos, *eos;          /* texts of these tokens, "" if there are none */
    const char *path;               /* for messages */
};

/* A template that is not there or cannot be run is said, with its line, as a warning, and the
 * family that it looks like (chat_family.h) stands in.  NULL only when memory runs out. */
struct chat_template *chat_template_open(const struct chat_template_source *source, const struct tokenizer *t,
                                         struct error *err);
void chat_template_close(struct chat_template *c);          /* NULL is fine */

/* "jinja", or the name of the family that stands in. */
const char *chat_template_name(const struct chat_template *c);
bool chat_template_takes_tools(const struct chat_template *c);
bool chat_template_takes_system(const struct chat_template *c);     /* as a message of its own */
/* What is written in front of an answer. */
const char *chat_template_opening(const struct chat_template *c);

/* As text_render.  now: of the date that some write. */
bool chat_template_render(struct chat_template *c, const struct text_chat *chat, time_t now, struct text_rendering *out,
                          struct error *err);

#endif
