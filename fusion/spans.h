/* spans.h - a script (prompt.h) made into what the transformer eats.
 *
 *   pieces -> messages, in which ids and rows are slots -> text_render -> ids and rows
 *
 * Only what the chat template wrote is tokenised with control tokens on. */
#ifndef FUSION_SPANS_H
#define FUSION_SPANS_H

#include "fusion/prompt.h"

struct span_list {                  /* starts as { 0 } */
    struct text_span *spans;        /* ids are owned, rows borrowed */
    size_t n_spans, capacity;
    size_t n_tokens, n_rows;        /* positions in all; those of them that are rows */
    size_t last_slot_at;            /* position where the last ids or rows of a message stand */
};
/* A whole conversation, as the model's chat template writes it: to an empty list.  It begins with
 * the token that the model wants in front of all, once. */
bool span_list_add(struct span_list *list, const struct text_model *m, const struct script *s, struct error *err);
/* Copied; borrowed. */
bool span_list_add_ids(struct span_list *list, const int32_t *ids, size_t n, struct error *err);
bool span_list_add_rows(struct span_list *list, const struct text_span *rows, struct error *err);
void span_list_done(struct span_list *list);
/* The ids that a list has of an answer's text behind its opening; malloc'd. */
bool tokenize_answer(const struct text_model *m, const char *text, int32_t **ids, size_t *n_ids, struct error *err);

#endif
