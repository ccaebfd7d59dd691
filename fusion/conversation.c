#include "fusion/conversation.h"

#include "fusion/wording.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void conversation_done(struct conversation *c)
{
    conversation_rewind(c, 0);
    free(c->exchanges);
    *c = (struct conversation){ 0 };
}

bool conversation_keep(struct conversation *c, struct exchange *e, struct error *err)
{
    struct exchange *grown = realloc(c->exchanges, (c->n_exchanges + 1) * sizeof *grown);

    if (grown == NULL)
        return error_set(err, ERROR_INFERENCE, "no memory for the conversation");
    c->exchanges = grown;
    c->exchanges[c->n_exchanges] = *e;
    c->exchanges[c->n_exchanges++].n_tokens = 0;
    *e = (struct exchange){ 0 };
    return true;
}

void conversation_rewind(struct conversation *c, size_t n)
{
    while (c->n_exchanges > n)
        exchange_done(&c->exchanges[--c->n_exchanges]);
    for (size_t i = 0; i < c->n_exchanges; i++)
        if (c->exchanges[i].dropped_at > n)
            c->exchanges[i].dropped = false;
}

void conversation_leave_out(struct conversation *c, const struct left_out *out)
{
    for (size_t i = 0; i < out->n; i++) {
        c->exchanges[out->turns[i]].dropped = true;
        c->exchanges[out->turns[i]].dropped_at = c->n_exchanges;
    }
}

void conversation_replace(struct conversation *c, const struct attachment *old, const struct attachment *new)
{
    for (size_t i = 0; i < c->n_exchanges; i++)
        for (size_t k = 0; k < c->exchanges[i].n_media; k++)
            if (c->exchanges[i].media[k].attachment == old) {
                c->exchanges[i].media[k].attachment = new;
                c->exchanges[i].n_tokens = 0;
            }
}

bool conversation_has_media(const struct conversation *c)
{
    for (size_t i = 0; i < c->n_exchanges; i++)
        if (c->exchanges[i].n_media > 0 && !c->exchanges[i].dropped)
            return true;
    return false;
}

void conversation_new_model(struct conversation *c)
{
    for (size_t i = 0; i < c->n_exchanges; i++) {
        struct exchange *e = &c->exchanges[i];
        free(e->answer_ids);
        e->answer_ids = NULL;
        e->dropped = false;
        e->n_tokens = e->fitted_to = 0;
        for (size_t k = 0; k < e->n_media; k++)
            e->media[k].n_segments = SIZE_MAX;
    }
}

/* ---- what is told ------------------------------------------------------------------ */

void prompt_done(struct prompt *p)
{
    span_list_done(&p->parts);
    for (size_t i = 0; i < p->n_gone; i++)
        span_list_done(&p->gone[i].parts);
    free(p->gone);
    free(p->left_out.turns);
    *p = (struct prompt){ 0 };
}

/* The first turn with an image that is still told, e the last; NULL: none. */
static const struct exchange *first_image(const struct conversation *c, const struct exchange *e, bool alone)
{
    for (size_t i = 0; !alone && i < c->n_exchanges; i++)
        if (!c->exchanges[i].dropped && exchange_has(&c->exchanges[i], ATTACHMENT_IMAGE))
            return &c->exchanges[i];
    return e != NULL && exchange_has(e, ATTACHMENT_IMAGE) ? e : NULL;
}

struct telling {
    struct conversation *c;
    const struct prompt_room *room;
    size_t n_clip;                  /* what the question of a turn with a clip may take */
    size_t n_system;                /* positions before the first turn's contents */
};

/* An exchange_count. */
static bool count_earlier(void *user, size_t i, size_t *n_tokens, struct error *err)
{
    const struct telling *t = user;
    struct exchange *e = &t->c->exchanges[i];

    if (!fit_question(t->room, e, t->n_clip, err) ||
        (e->n_tokens == 0 && !count_exchange(t->room, e, &e->n_tokens, err)))
        return false;
    *n_tokens = e->n_tokens;
    return true;
}

/* What a prompt takes without turns; a clip leaves a quarter of the rest for what is asked about
 * it later. */
static bool begin_prompt(struct telling *t, const struct exchange *about, struct prompt *p, struct error *err)
{
    struct span_list list = { 0 };
    struct script script = { 0 };

    p->begun = "";
    p->n_most = room_most(t->room);
    script_system(&script, t->room->system, about);
    script_mark(&script);
    bool good = add_script(&list, t->room, &script, err);
    p->n_tokens = list.n_tokens;
    t->n_system = list.last_slot_at;
    t->n_clip = p->n_tokens < p->n_most ? (p->n_most - p->n_tokens) / 4 * 3 : 0;
    span_list_done(&list);
    return good;
}

/* What it takes with the question e alone. */
static bool count_alone(struct telling *t, const struct exchange *about, const struct exchange *e, size_t *n, struct error *err)
{
    struct script script = { 0 };

    script_system(&script, t->room->system, about);
    add_exchange(&script, e, false);
    return count_script(t->room, &script, n, err);
}

/* What the first n turns take that stay; `out` ascends. */
static bool count_told(struct telling *t, size_t n, const struct left_out *out, size_t *n_tokens, struct error *err)
{
    size_t taken, k = 0;

    for (size_t i = 0; i < n; i++) {
        if (t->c->exchanges[i].dropped)
            continue;
        if (k < out->n && out->turns[k] == i) {
            k++;
            continue;
        }
        if (!count_earlier(t, i, &taken, err))
            return false;
        *n_tokens += taken;
    }
    return true;
}

/* How many kept turns stand before e: not itself, when its answer goes on. */
static size_t n_before(const struct conversation *c, const struct exchange *e)
{
    return c->n_exchanges - (c->n_exchanges > 0 && e == &c->exchanges[c->n_exchanges - 1]);
}

/* The system message, and the numbers of what follows it. */
static bool plan_chat(struct telling *t, struct exchange *e, bool alone, struct prompt *p, struct error *err)
{
    size_t n = alone ? 0 : n_before(t->c, e);
    const struct exchange *about = first_image(t->c, e, alone);

    if (!begin_prompt(t, about, p, err) ||
        (e != NULL && (!fit_question(t->room, e, t->n_clip, err) || !count_alone(t, about, e, &p->n_tokens, err))))
        return false;
    return p->n_tokens > p->n_most ||
           (exchanges_left_out(t->c->exchanges, n, p->n_tokens, p->n_most, count_earlier, t, &p->left_out, err) &&
            count_told(t, n, &p->left_out, &p->n_tokens, err));
}

static void note_dropped(const struct prompt_room *room, size_t n_dropped)
{
    char text[200];

    snprintf(text, sizeof text, "%zu earlier turn%s no longer fit%s in the context of %zu tokens and %s left out "
             "from now on", n_dropped, n_dropped == 1 ? "" : "s", n_dropped == 1 ? "s" : "",
             room->n_ctx, n_dropped == 1 ? "is" : "are");
    room->note(room->user, text);
}

static bool too_long(const struct prompt_room *room, const struct exchange *e, const struct prompt *p, struct error *err)
{
    bool rows = exchange_has(e, ATTACHMENT_IMAGE) && exchange_has_rows(e);

    return error_set(err, ERROR_INFERENCE, "the %s not fit: it takes %zu tokens, the context has %zu, "
                     "of which %zu are for the answer; %s%sgive a larger context (-c)",
                     e->answer != NULL ? "answer leaves no room to go on, its turn does" : "question does", p->n_tokens,
                     room->n_ctx, room->n_ctx - p->n_most, e->answer != NULL ? "" : rows ? "shorten it, " : "shorten it, or ",
                     e->answer == NULL && rows ? "take fewer rows of a picture (--image-rows), or " : "");
}

/* The turns that go now, where the prompt before had them. */
static bool place_gone(struct telling *t, size_t n, struct prompt *p, struct error *err)
{
    size_t at = t->n_system, taken, end = SIZE_MAX, k = 0;

    p->gone = calloc(p->left_out.n + 1, sizeof *p->gone);
    if (p->gone == NULL)
        return error_set(err, ERROR_INFERENCE, "no memory for the conversation");
    for (size_t i = 0; i < n && k < p->left_out.n; i++) {
        if (t->c->exchanges[i].dropped)
            continue;
        if (!count_earlier(t, i, &taken, err))
            return false;
        if (p->left_out.turns[k] == i) {
            k++;
            if (at != end)          /* not the neighbour of the one before */
                p->gone[p->n_gone++].from = at;
            end = at + taken;
            if (!spans_of_exchange(&p->gone[p->n_gone - 1].parts, t->room, &t->c->exchanges[i], err))
                return false;
        }
        at += taken;
    }
    return true;
}

static bool build_chat(struct conversation *c, const struct prompt_room *room, struct exchange *e, bool alone,
                       struct prompt *p, struct error *err)
{
    struct telling t = { .c = c, .room = room };
    size_t n = alone ? 0 : n_before(c, e);
    const struct exchange *about = first_image(c, e, alone);        /* also when it is left out now */
    struct script script = { 0 };

    if (!plan_chat(&t, e, alone, p, err))
        return false;
    if (p->n_tokens > p->n_most)
        return too_long(room, e, p, err);
    if (!place_gone(&t, n, p, err))
        return false;
    conversation_leave_out(c, &p->left_out);
    if (p->left_out.n > 0)
        note_dropped(room, p->left_out.n);
    script_system(&script, room->system, about);
    for (size_t i = 0; i < n; i++)
        if (!c->exchanges[i].dropped)
            add_exchange(&script, &c->exchanges[i], true);
    add_exchange(&script, e, false);
    bool good = add_script(&p->parts, room, &script, err);
    p->n_tokens = p->parts.n_tokens;
    return good;
}

/* ---- descriptions ------------------------------------------------------------------ */

/* Not what is seen but how it is called goes wrong: docs/quality.md. */
static void note_translation(struct conversation *c, const struct prompt_room *room, const struct exchange *e)
{
    const char *english = exchange_translated_into(e);
    char text[200];

    if (english == NULL || c->translation_noted)
        return;
    snprintf(text, sizeof text, "the text model translates %s into %s and gets some words wrong; "
             "English and Korean are told without it (--lang en)",
             exchange_has_rows(e) ? "what was found, in words and not by rows," : "the description", english);
    room->note(room->user, text);
    c->translation_noted = true;
}

static bool build_description(const struct prompt_room *room, const struct exchange *e, struct prompt *p, struct error *err)
{
    struct script script = { 0 };

    p->n_most = room_most(room);
    script_describe(&script, room->system, e, &p->begun);
    bool good = add_script(&p->parts, room, &script, err);
    p->n_tokens = p->parts.n_tokens;
    return good;
}

bool conversation_prompt(struct conversation *c, const struct prompt_room *room, struct exchange *e, bool alone,
                         struct prompt *p, struct error *err)
{
    if (e->task != TURN_DESCRIBE)
        return build_chat(c, room, e, alone, p, err);
    note_translation(c, room, e);
    return build_description(room, e, p, err);
}

/* ---- measuring ------------------------------------------------------------------------ */

static size_t n_media(const struct conversation *c)
{
    size_t n = 0;

    for (size_t i = 0; i < c->n_exchanges; i++)
        n += c->exchanges[i].n_media;
    return n;
}

size_t *conversation_segments(const struct conversation *c, struct error *err)
{
    size_t *segments = malloc((n_media(c) + 1) * sizeof *segments), n = 0;

    if (segments == NULL)
        error_set(err, ERROR_INFERENCE, "no memory for the conversation");
    for (size_t i = 0; segments != NULL && i < c->n_exchanges; i++)
        for (size_t k = 0; k < c->exchanges[i].n_media; k++)
            segments[n++] = c->exchanges[i].media[k].n_segments;
    return segments;
}

void conversation_set_segments(struct conversation *c, const size_t *segments)
{
    for (size_t i = 0; i < c->n_exchanges; i++)
        for (size_t k = 0; k < c->exchanges[i].n_media; k++, segments++) {
            struct exchange *e = &c->exchanges[i];
            if (e->media[k].n_segments == *segments)
                continue;
            e->media[k].n_segments = *segments;
            e->n_tokens = e->fitted_to = 0;
        }
}

bool conversation_measure(struct conversation *c, const struct prompt_room *room, struct exchange *e, bool alone,
                          struct prompt *p, struct error *err)
{
    struct telling t = { .c = c, .room = room };

    if (e != NULL && e->task == TURN_DESCRIBE)
        return build_description(room, e, p, err);
    return plan_chat(&t, e, alone, p, err);
}

/* ---- summaries ---------------------------------------------------------------------------- */

/* Most of the turns are Korean. */
static bool is_korean(const struct conversation *c, const struct left_out *turns)
{
    size_t n = 0;

    for (size_t i = 0; i < turns->n; i++) {
        const struct exchange *e = &c->exchanges[turns->turns[i]];
        n += text_has_hangul(e->text) || (e->answer != NULL && text_has_hangul(e->answer));
    }
    return 2 * n > turns->n;
}

static size_t count_still_told(const struct conversation *c, bool with_media)
{
    size_t n = 0;

    for (size_t i = 0; i < c->n_exchanges; i++)
        n += !c->exchanges[i].dropped && (c->exchanges[i].n_media > 0) == with_media;
    return n;
}

/* The n that exchanges_left_out would name first: the oldest without attachments, then the oldest. */
static bool first_to_go(const struct conversation *c, size_t n, struct left_out *out, struct error *err)
{
    size_t n_plain = count_still_told(c, false), n_media = n > n_plain ? n - n_plain : 0;

    out->turns = malloc((c->n_exchanges + 1) * sizeof *out->turns);
    if (out->turns == NULL)
        return error_set(err, ERROR_INFERENCE, "no memory for the conversation");
    n_plain = n < n_plain ? n : n_plain;
    for (size_t i = 0; i < c->n_exchanges; i++) {
        size_t *left = c->exchanges[i].n_media > 0 ? &n_media : &n_plain;
        if (c->exchanges[i].dropped || *left == 0)
            continue;
        out->turns[out->n++] = i;
        (*left)--;
    }
    return out->n > 0 || error_set(err, ERROR_USAGE, "there is nothing to sum up");
}

/* The first of p's turns from which on all fit beside the question. */
static bool first_that_fits(struct telling *t, struct prompt *p, size_t *first, struct error *err)
{
    size_t taken = 0;

    *first = p->left_out.n;
    while (*first > 0) {
        if (!count_earlier(t, p->left_out.turns[*first - 1], &taken, err))
            return false;
        if (p->n_tokens + taken > p->n_most)
            break;
        p->n_tokens += taken;
        (*first)--;
    }
    return *first < p->left_out.n ||
           error_set(err, ERROR_INFERENCE, "no turn fits beside the request to sum it up: it would take %zu tokens of %zu; "
                     "give a larger context (-c)", p->n_tokens + taken, p->n_most);
}

/* The system message is the one that is told with the turns, so that the cache is found again. */
bool conversation_sum_up(struct conversation *c, const struct prompt_room *room, size_t n, struct exchange *e,
                         struct prompt *p, struct error *err)
{
    struct telling t = { .c = c, .room = room };
    char request[400];
    struct exchange asked = { .text = request, .language = "en" };
    const struct exchange *about = first_image(c, NULL, false);
    struct script script = { 0 };
    size_t first;

    if (!first_to_go(c, n, &p->left_out, err))
        return false;
    const struct wording *w = wording_for(is_korean(c, &p->left_out) ? "ko" : "en");
    snprintf(request, sizeof request, "%s%s", w->sum_up, w->sum_up_how);
    *e = (struct exchange){ .text = strdup(w->sum_up), .media = calloc(1, sizeof *e->media), .language = "en" };
    if (e->text == NULL || e->media == NULL)
        return error_set(err, ERROR_INFERENCE, "no memory for the question");
    if (!begin_prompt(&t, about, p, err) || !count_alone(&t, about, &asked, &p->n_tokens, err))
        return false;
    if (!first_that_fits(&t, p, &first, err))
        return false;
    script_system(&script, room->system, about);
    for (size_t i = first; i < p->left_out.n; i++)
        add_exchange(&script, &c->exchanges[p->left_out.turns[i]], true);
    add_exchange(&script, &asked, false);
    bool good = add_script(&p->parts, room, &script, err);
    p->n_tokens = p->parts.n_tokens;
    return good;
}
