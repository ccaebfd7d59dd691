/* chat_messages.h - messages as a template takes them, and what it wrote cut into pieces. */
#ifndef TEXT_CHAT_MESSAGES_H
#define TEXT_CHAT_MESSAGES_H

#include "text/jinja.h"
#include "text/text.h"

/* What a template cannot do by itself. */
struct chat_limits {
    bool folds_system;              /* it takes no system message */
    bool merges;                    /* roles have to alternate */
    bool as_parts;                  /* contents are lists of parts */
    bool lists_tools;               /* it counts its tools also where there are none */
};

/* The list `messages`, within the limits; `undefined` when the run has failed. */
struct jinja_value chat_messages(struct jinja_run *r, const struct text_chat *chat, const struct chat_limits *limits);

/* Bytes of all contents, and how many slots there are. */
size_t chat_content_bytes(const struct text_chat *chat, size_t *n_slots);

/* False, with the run failed, when not all slots came out once and in order.  opening: what is
 * written in front of a new answer, "" if not known: a blank more in front of the slot of an earlier one
 * is left out, as the answer has its own. */
bool chat_pieces(struct jinja_run *r, const struct jinja_string *text, size_t n_slots, const char *opening,
                 struct text_piece **pieces, size_t *n_pieces);

#endif
