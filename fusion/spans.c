#include "fusion/spans.h"

#include <stdlib.h>
#include <string.h>

/* Takes over its ids. */
static bool add_span(struct span_list *list, struct text_span span, struct error *err)
{
    if (list->n_spans == list->capacity) {
        size_t capacity = 2 * list->capacity + 16;
        struct text_span *grown = realloc(list->spans, capacity * sizeof *grown);
        if (grown == NULL) {
            free((int32_t *)span.ids);
            return error_set(err, ERROR_INFERENCE, "no memory for a prompt of %zu spans", capacity);
        }
        list->spans = grown;
        list->capacity = capacity;
    }
    list->spans[list->n_spans++] = span;
    list->n_tokens += span.n;
    list->n_rows += span.rows != NULL ? span.n : 0;
    return true;
}

/* The id that the list ends with, as text_tokenize_after takes it. */
static int32_t last_id(const struct span_list *list)
{
    for (size_t i = list->n_spans; i-- > 0;) {
        const struct text_span *span = &list->spans[i];
        if (span->n > 0)
            return span->ids != NULL ? span->ids[span->n - 1] : TEXT_MIDST;
    }
    return -1;
}

static bool add_tokenised(struct span_list *list, const struct text_model *m, const char *text, size_t n_bytes,
                          bool special, struct error *err)
{
    int32_t *ids;
    size_t n;

    return text_tokenize_after(m, last_id(list), text, n_bytes, special, &ids, &n, err) &&
           add_span(list, (struct text_span){ .ids = ids, .n = n }, err);
}

bool span_list_add_ids(struct span_list *list, const int32_t *ids, size_t n, struct error *err)
{
    int32_t *copy = malloc((n + 1) * sizeof *copy);

    if (copy == NULL)
        return error_set(err, ERROR_INFERENCE, "no memory for %zu tokens", n);
    if (n > 0)
        memcpy(copy, ids, n * sizeof *copy);
    return add_span(list, (struct text_span){ .ids = copy, .n = n }, err);
}

/* Puts it in front of the only span, unless that begins with it: a template may write it. */
static bool begin_with(struct span_list *list, int32_t bos, struct error *err)
{
    struct text_span first = list->spans[0];

    if (first.ids != NULL && first.n > 0 && first.ids[0] == bos)
        return true;
    if (!span_list_add_ids(list, &bos, 1, err))
        return false;
    list->spans[0] = list->spans[1];
    list->spans[1] = first;
    return true;
}

bool span_list_add_rows(struct span_list *list, const struct text_span *rows, struct error *err)
{
    return add_span(list, *rows, err);
}

/* A script as messages, and which pieces stand for its slots. */
struct telling {
    struct text_message *messages;
    struct text_content *contents;
    const struct piece **slots;     /* [n_slots] */
    size_t n_messages, n_contents, n_slots;
    const struct piece *begun;      /* [n_begun]: of the answer that is open */
    size_t n_begun;
};

static void telling_done(struct telling *t)
{
    free(t->messages);
    free(t->contents);
    free(t->slots);
}

static bool tell(struct telling *t, const struct script *s, struct error *err)
{
    size_t n = s->n_pieces + 1, end = s->n_pieces;

    t->messages = calloc(n, sizeof *t->messages);
    t->contents = calloc(n, sizeof *t->contents);
    t->slots = calloc(n, sizeof *t->slots);
    if (t->messages == NULL || t->contents == NULL || t->slots == NULL)
        return error_set(err, ERROR_INFERENCE, "no memory for the prompt");
    while (end > 0 && s->pieces[end - 1].kind != PIECE_OPEN && s->pieces[end - 1].kind != PIECE_CLOSE)
        end--;
    if (end > 0 && s->pieces[end - 1].kind == PIECE_OPEN) {         /* an answer that is not closed */
        t->begun = s->pieces + end;
        t->n_begun = s->n_pieces - end--;
    }
    for (size_t i = 0; i < end; i++) {
        const struct piece *p = &s->pieces[i];
        if (p->kind == PIECE_OPEN) {
            t->messages[t->n_messages++] = (struct text_message){ p->role, t->contents + t->n_contents, 0 };
        } else if (p->kind != PIECE_CLOSE) {
            bool said = p->kind == PIECE_TEXT;
            if (!said)
                t->slots[t->n_slots++] = p;
            t->contents[t->n_contents++] = (struct text_content){ said ? p->text : NULL, said ? strlen(p->text) : 0 };
            t->messages[t->n_messages - 1].n_parts++;
        }
    }
    return true;
}

static bool add_given(struct span_list *list, const struct text_model *m, const struct piece *p, struct error *err)
{
    switch (p->kind) {
    case PIECE_OPEN:
    case PIECE_CLOSE: return true;
    case PIECE_TEXT:
    case PIECE_MARKER: return add_tokenised(list, m, p->text, strlen(p->text), p->kind == PIECE_MARKER, err);
    case PIECE_IDS:   return span_list_add_ids(list, p->ids, p->n_ids, err);
    case PIECE_ROWS:  return add_span(list, p->rows, err);
    }
    return false;
}

static bool add_rendering(struct span_list *list, const struct text_model *m, const struct text_rendering *r,
                          const struct telling *t, struct error *err)
{
    int32_t bos = text_bos(m);

    for (size_t i = 0; i < r->n_pieces; i++) {
        const struct text_piece *p = &r->pieces[i];
        if (p->kind == TEXT_PIECE_SLOT)
            list->last_slot_at = list->n_tokens;
        if (!(p->kind == TEXT_PIECE_SLOT ? add_given(list, m, t->slots[p->slot], err)
                                         : add_tokenised(list, m, p->text, p->n_bytes, p->kind == TEXT_PIECE_WRITTEN, err)) ||
            (list->n_spans == 1 && bos >= 0 && !begin_with(list, bos, err)))
            return false;
    }
    for (size_t i = 0; i < t->n_begun; i++)
        if (!add_given(list, m, &t->begun[i], err))
            return false;
    return true;
}

bool span_list_add(struct span_list *list, const struct text_model *m, const struct script *s, struct error *err)
{
    struct telling t = { 0 };
    struct text_rendering r = { 0 };

    if (s->failed)
        return error_set(err, ERROR_INFERENCE, "no memory for the prompt");
    bool good = tell(&t, s, err);
    if (good) {
        struct text_chat chat = { .messages = t.messages, .n_messages = t.n_messages, .opens_answer = t.begun != NULL, .tools = s->tools };
        good = text_render(m, &chat, &r, err) && add_rendering(list, m, &r, &t, err);
    }
    text_rendering_done(&r);
    telling_done(&t);
    return good;
}

bool tokenize_answer(const struct text_model *m, const char *text, int32_t **ids, size_t *n_ids, struct error *err)
{
    const char *open = text_answer_opening(m);
    int32_t *opening;
    size_t n;

    if (!text_tokenize_after(m, TEXT_MIDST, open, strlen(open), true, &opening, &n, err))
        return false;
    int32_t before = n > 0 ? opening[n - 1] : TEXT_MIDST;
    free(opening);
    return text_tokenize_after(m, before, text, strlen(text), false, ids, n_ids, err);
}

void span_list_done(struct span_list *list)
{
    for (size_t i = 0; i < list->n_spans; i++)
        free((int32_t *)list->spans[i].ids);
    free(list->spans);
    *list = (struct span_list){ 0 };
}
