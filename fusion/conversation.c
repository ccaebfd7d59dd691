#include "fusion/conversation.h"

#include "fusion/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_RESERVE = 512 };      /* positions kept free for an answer when the prompt is fitted */

void conversation_clear(struct conversation *c)
{
    for (size_t i = 0; i < c->n_exchanges; i++)
        exchange_done(&c->exchanges[i]);
    c->n_exchanges = 0;
}

void conversation_done(struct conversation *c)
{
    conversation_clear(c);
    free(c->exchanges);
    *c = (struct conversation){ 0 };
}

bool conversation_keep(struct conversation *c, struct exchange *e, struct error *err)
{
    struct exchange *grown = realloc(c->exchanges, (c->n_exchanges + 1) * sizeof *grown);

    if (grown == NULL)
        return error_set(err, ERROR_INFERENCE, "no memory for the conversation");
    c->exchanges = grown;
    c->exchanges[c->n_exchanges++] = *e;
    *e = (struct exchange){ 0 };
    return true;
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
        free(c->exchanges[i].answer_ids);
        c->exchanges[i].answer_ids = NULL;
        c->exchanges[i].dropped = false;
        for (size_t k = 0; k < c->exchanges[i].n_media; k++)
            c->exchanges[i].media[k].n_segments = SIZE_MAX;
    }
}

static bool add_script(struct span_list *list, const struct prompt_room *room, struct script *script,
                       struct error *err)
{
    bool good = span_list_add(list, room->model, script, err);

    script_done(script);
    return good;
}

/* An earlier turn is followed by its answer, if one came; a new one by the answer's
 * opening. */
static bool add_exchange(struct span_list *list, const struct prompt_room *room, const struct exchange *e, bool earlier,
                         struct error *err)
{
    struct script script = { 0 };

    script_question(&script, e);
    if (!earlier || e->answer != NULL)
        script_open_answer(&script);
    if (earlier && e->answer != NULL)
        script_answer(&script, e);
    return add_script(list, room, &script, err);
}

static bool count_exchange(const struct prompt_room *room, const struct exchange *e, bool earlier, size_t *n,
                           struct error *err)
{
    struct span_list list = { 0 };
    bool good = add_exchange(&list, room, e, earlier, err);

    *n = list.n_tokens;
    span_list_done(&list);
    return good;
}

static void note_cut_transcript(const struct prompt_room *room, const struct exchange_media *media)
{
    const struct transcript *t = media->attachment->seen->transcript;
    struct words b = { 0 };

    if (t == NULL || media->n_segments >= t->n_segments)
        return;
    words_add(&b, "%s: what is said after %.0f s (of %.0f s) does not fit in the context of %zu tokens and is left "
               "out; a larger context (-c) holds more", media->attachment->name,
               t->segments[media->n_segments].start, t->seconds, room->n_ctx);
    char *text = words_take(&b, NULL);
    if (text != NULL)
        room->note(room->user, text);
    free(text);
}

/* The first `share` thousandths of each clip's segments. */
static void share_segments(struct exchange *e, size_t share)
{
    for (size_t i = 0; i < e->n_media; i++) {
        const struct transcript *t = e->media[i].attachment->seen->transcript;
        e->media[i].n_segments = t != NULL ? t->n_segments * share / 1000 : SIZE_MAX;
    }
}

/* Counts a turn.  Long transcripts: every clip of it keeps the same share of its
 * segments, from the start, so that the turn takes at most n_most positions. */
static bool fit_exchange(const struct prompt_room *room, struct exchange *e, bool earlier, size_t n_most, size_t *n,
                         struct error *err)
{
    size_t low = 0, high = 1000;    /* share in thousandths: low fits (or nothing does), high does not */

    if (!count_exchange(room, e, earlier, n, err))
        return false;
    if (*n <= n_most || !exchange_has(e, ATTACHMENT_AUDIO))
        return true;
    while (high - low > 1) {
        size_t share = (low + high) / 2;
        share_segments(e, share);
        if (!count_exchange(room, e, earlier, n, err))
            return false;
        *(*n <= n_most ? &low : &high) = share;
    }
    share_segments(e, low);
    for (size_t i = 0; i < e->n_media; i++)
        note_cut_transcript(room, &e->media[i]);
    return count_exchange(room, e, earlier, n, err);
}

static void note_dropped(const struct prompt_room *room, size_t n_dropped)
{
    char text[200];

    snprintf(text, sizeof text, "%zu earlier turn%s no longer fit%s in the context of %zu tokens and %s left out "
             "from now on", n_dropped, n_dropped == 1 ? "" : "s", n_dropped == 1 ? "s" : "",
             room->n_ctx, n_dropped == 1 ? "is" : "are");
    room->note(room->user, text);
}

/* Decides which earlier turns stay; n_fixed positions are taken besides, a turn with a
 * clip may take n_clip. */
static bool fit_conversation(struct conversation *c, const struct prompt_room *room, size_t n_fixed, size_t n_clip,
                             size_t n_most, struct error *err)
{
    size_t *n_tokens = calloc(c->n_exchanges + 1, sizeof *n_tokens);
    bool good = n_tokens != NULL || error_set(err, ERROR_INFERENCE, "no memory for the conversation");

    for (size_t i = 0; good && i < c->n_exchanges; i++)
        if (!c->exchanges[i].dropped)
            good = fit_exchange(room, &c->exchanges[i], true, n_clip, &n_tokens[i], err);
    if (good) {
        size_t n_dropped = exchanges_drop(c->exchanges, n_tokens, c->n_exchanges, n_fixed, n_most);
        if (n_dropped > 0)
            note_dropped(room, n_dropped);
    }
    free(n_tokens);
    return good;
}

/* The first turn with an image that is still told; NULL: none. */
static const struct exchange *first_image(const struct conversation *c, const struct exchange *e, bool alone)
{
    for (size_t i = 0; !alone && i < c->n_exchanges; i++)
        if (!c->exchanges[i].dropped && exchange_has(&c->exchanges[i], ATTACHMENT_IMAGE))
            return &c->exchanges[i];
    return exchange_has(e, ATTACHMENT_IMAGE) ? e : NULL;
}

static bool build_chat(struct conversation *c, const struct prompt_room *room, struct exchange *e, bool alone,
                       struct span_list *parts, struct error *err)
{
    size_t reserve = room->max_tokens > 0 && room->max_tokens < ANSWER_RESERVE ? room->max_tokens : ANSWER_RESERVE;
    size_t n_most = room->n_ctx - (reserve < room->n_ctx / 4 ? reserve : room->n_ctx / 4);
    size_t n_question = 0;
    struct script script = { 0 };

    script_system(&script, room->system, first_image(c, e, alone));
    if (!add_script(parts, room, &script, err))
        return false;
    size_t n_system = parts->n_tokens;
    /* A clip leaves a quarter for what is asked about it later. */
    size_t n_clip = n_system < n_most ? (n_most - n_system) / 4 * 3 : 0;
    if (!fit_exchange(room, e, false, n_clip, &n_question, err))
        return false;
    if (n_system + n_question > n_most)
        return error_set(err, ERROR_INFERENCE, "the question does not fit: it takes %zu tokens, the context has %zu, "
                         "of which %zu are for the answer; shorten it, or give a larger context (-c)", n_system + n_question, room->n_ctx, room->n_ctx - n_most);
    if (!alone && !fit_conversation(c, room, n_system + n_question, n_clip, n_most, err))
        return false;
    for (size_t i = 0; !alone && i < c->n_exchanges; i++)
        if (!c->exchanges[i].dropped && !add_exchange(parts, room, &c->exchanges[i], true, err))
            return false;
    return add_exchange(parts, room, e, false, err);
}

/* Not what is seen but how it is called goes wrong: docs/quality.md. */
static void note_translation(struct conversation *c, const struct prompt_room *room, const char *english)
{
    char text[200];

    if (c->translation_noted)
        return;
    snprintf(text, sizeof text, "the text model translates the description into %s and gets some words wrong; "
             "English and Korean are told without it (--lang en)", english);
    room->note(room->user, text);
    c->translation_noted = true;
}

bool conversation_prompt(struct conversation *c, const struct prompt_room *room, struct exchange *e, bool alone,
                         struct span_list *parts, const char **begun, struct error *err)
{
    struct script script = { 0 };

    *begun = "";
    if (e->task == TURN_CHAT)
        return build_chat(c, room, e, alone, parts, err);
    const char *english = exchange_translated_into(e);
    if (english != NULL)
        note_translation(c, room, english);
    script_describe(&script, room->system, e, begun);
    return add_script(parts, room, &script, err);
}
