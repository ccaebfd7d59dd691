#include "fusion/fit.h"

#include "fusion/words.h"

#include <stdlib.h>

enum { ANSWER_RESERVE = 512 };      /* positions kept free for an answer when the prompt is fitted */
enum { QUESTION_RESERVE = 256 };    /* and for a question, the template and markers of tiles beside a picture */

size_t room_most(const struct prompt_room *room)
{
    size_t reserve = room->max_tokens > 0 && room->max_tokens < ANSWER_RESERVE ? room->max_tokens : ANSWER_RESERVE;

    return room->n_ctx - (reserve < room->n_ctx / 4 ? reserve : room->n_ctx / 4);
}

size_t room_rows(const struct prompt_room *room)
{
    return room_most(room) - (QUESTION_RESERVE < room->n_ctx / 4 ? QUESTION_RESERVE : room->n_ctx / 4);
}

bool add_script(struct span_list *list, const struct prompt_room *room, struct script *script, struct error *err)
{
    script->tools = room->tools;
    bool good = span_list_add(list, room->model, script, err);

    script_done(script);
    return good;
}

void add_exchange(struct script *script, const struct exchange *e, bool earlier)
{
    script_question(script, e);
    if (!earlier || e->answer != NULL)
        script_open_answer(script);
    if (!earlier)
        script_answer_so_far(script, e);
    else if (e->answer != NULL)
        script_answer(script, e);
}

bool count_script(const struct prompt_room *room, struct script *script, size_t *n, struct error *err)
{
    struct span_list list = { 0 };
    bool good = add_script(&list, room, script, err);

    *n = list.n_tokens;
    span_list_done(&list);
    return good;
}

/* [system, e, mark], or without e. */
static bool add_between(struct span_list *list, const struct prompt_room *room, const struct exchange *e, struct error *err)
{
    struct script script = { 0 };

    script_system(&script, "-", NULL);
    if (e != NULL)
        add_exchange(&script, e, true);
    script_mark(&script);
    return add_script(list, room, &script, err);
}

/* Positions [from, from + n) of a list, as a list of their own. */
static bool cut_spans(struct span_list *to, const struct span_list *list, size_t from, size_t n, struct error *err)
{
    size_t at = 0;

    for (size_t i = 0; i < list->n_spans; i++) {
        const struct text_span *span = &list->spans[i];
        size_t first = from > at ? from - at : 0, end = from + n < at ? 0 : from + n - at;
        end = end < span->n ? end : span->n;
        if (first < end && !(span->ids != NULL ? span_list_add_ids(to, span->ids + first, end - first, err)
                                               : first > 0 || end < span->n || span_list_add_rows(to, span, err)))
            return false;
        at += span->n;
    }
    return true;
}

/* What a turn in the midst of others adds, from its contents to those of the next: found by
 * what comes of leaving it out, since only the template knows how it is written. */
bool spans_of_exchange(struct span_list *to, const struct prompt_room *room, const struct exchange *e, struct error *err)
{
    struct span_list with = { 0 }, without = { 0 };
    bool good = add_between(&with, room, e, err) && add_between(&without, room, NULL, err);

    if (good && with.last_slot_at > without.last_slot_at)
        good = cut_spans(to, &with, without.last_slot_at, with.last_slot_at - without.last_slot_at, err);
    span_list_done(&with);
    span_list_done(&without);
    return good;
}

bool count_exchange(const struct prompt_room *room, const struct exchange *e, size_t *n, struct error *err)
{
    struct span_list with = { 0 }, without = { 0 };
    bool good = add_between(&with, room, e, err) && add_between(&without, room, NULL, err);

    *n = with.n_tokens > without.n_tokens ? with.n_tokens - without.n_tokens : 1;
    span_list_done(&with);
    span_list_done(&without);
    return good;
}

/* ---- transcripts ---------------------------------------------------------------- */

/* Without its answer. */
static bool count_question(const struct prompt_room *room, const struct exchange *e, size_t *n, struct error *err)
{
    struct exchange question = *e;

    question.answer = NULL;
    return count_exchange(room, &question, n, err);
}

static void note_cut_transcript(const struct prompt_room *room, const struct exchange_media *media)
{
    const struct transcript *t = media->attachment->seen->transcript;
    struct words b = { 0 };

    if (t == NULL || media->n_segments >= t->n_segments || room->note == NULL)
        return;
    words_add(&b, "%s: what is said", media->attachment->name);
    if (media->n_segments > 0)
        words_add(&b, " after %.0f s (of %.0f s)", t->segments[media->n_segments].start, t->seconds);
    words_add(&b, " does not fit in the context of %zu tokens and is left out; a larger context (-c) holds more", room->n_ctx);
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

/* Of the clips that are told as rows that with the most; NULL: there is none. */
static struct exchange_media *most_rows(struct exchange *e)
{
    struct exchange_media *found = NULL;

    for (size_t i = 0; i < e->n_media; i++) {
        const struct perception *seen = e->media[i].attachment->seen;
        if (seen->kind == ATTACHMENT_AUDIO && seen->media != NULL && !e->media[i].in_words &&
            (found == NULL || seen->media->n_rows > found->attachment->seen->media->n_rows))
            found = &e->media[i];
    }
    return found;
}

static void note_in_words(const struct prompt_room *room, const struct attachment *a)
{
    struct words b = { 0 };

    words_add(&b, "%s: its %zu rows do not fit in the context of %zu tokens: it is told in words; a larger context (-c) holds more",
              a->name, a->seen->media->n_rows, room->n_ctx);
    char *text = words_take(&b, NULL);
    if (text != NULL && room->note != NULL)
        room->note(room->user, text);
    free(text);
}

/* As many clips as do not fit as rows are told in words, of which a part may be left out. */
static bool put_in_words(const struct prompt_room *room, struct exchange *e, size_t n_most, size_t *n, struct error *err)
{
    struct exchange_media *m;

    while (*n > n_most && (m = most_rows(e)) != NULL) {
        m->in_words = true;
        note_in_words(room, m->attachment);
        e->n_tokens = 0;
        if (!count_question(room, e, n, err))
            return false;
    }
    return true;
}

bool fit_question(const struct prompt_room *room, struct exchange *e, size_t n_most, struct error *err)
{
    size_t low = 0, high = 1000;    /* share in thousandths: low fits (or nothing does), high does not */
    size_t n;

    if (!exchange_has(e, ATTACHMENT_AUDIO) || e->fitted_to == n_most)
        return true;
    if (!count_question(room, e, &n, err) || !put_in_words(room, e, n_most, &n, err))
        return false;
    if (n > n_most) {
        while (high - low > 1) {
            size_t share = (low + high) / 2;
            share_segments(e, share);
            if (!count_question(room, e, &n, err))
                return false;
            *(n <= n_most ? &low : &high) = share;
        }
        share_segments(e, low);
        for (size_t i = 0; i < e->n_media; i++)
            note_cut_transcript(room, &e->media[i]);
        e->n_tokens = 0;
    }
    e->fitted_to = n_most;
    return true;
}

/* ---- turns -------------------------------------------------------------------------- */

struct walk {                       /* over the turns with or without attachments, from the newest */
    const struct exchange *exchanges;
    size_t n;
    exchange_count *count;
    void *user;
};

/* The oldest turn of its kind that still fits: *first, and *total positions with it; *all when
 * none is older.  Turns of the other kind are not looked at. */
static bool walk_back(const struct walk *w, bool with_media, size_t n_most, size_t *total, size_t *first, bool *all,
                      struct error *err)
{
    size_t n_tokens;

    *first = w->n;
    *all = true;
    for (size_t i = w->n; i-- > 0;) {
        const struct exchange *e = &w->exchanges[i];
        if (e->dropped || (e->n_media > 0) != with_media)
            continue;
        if (!w->count(w->user, i, &n_tokens, err))
            return false;
        *all = *total + n_tokens <= n_most;
        if (!*all)
            return true;
        *total += n_tokens;
        *first = i;
    }
    return true;
}

bool exchanges_left_out(const struct exchange *exchanges, size_t n, size_t n_fixed, size_t n_most, exchange_count *count,
                        void *user, struct left_out *out, struct error *err)
{
    struct walk w = { exchanges, n, count, user };
    size_t total = n_fixed, first_media, first_plain = n;
    bool all_media, all = false;

    if (!walk_back(&w, true, n_most, &total, &first_media, &all_media, err))
        return false;
    size_t total_media = total;
    if (all_media && !walk_back(&w, false, n_most, &total, &first_plain, &all, err))
        return false;
    if (all_media && !all &&
        !walk_back(&w, false, n_most / 4 * 3, &total_media, &first_plain, &all, err))
        return false;
    out->turns = malloc((n + 1) * sizeof *out->turns);
    if (out->turns == NULL)
        return error_set(err, ERROR_INFERENCE, "no memory for the conversation");
    for (size_t i = 0; i < n; i++)
        if (!exchanges[i].dropped && i < (exchanges[i].n_media > 0 ? first_media : first_plain))
            out->turns[out->n++] = i;
    return true;
}
