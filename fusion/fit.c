#include "fusion/fit.h"

#include "fusion/words.h"

#include <stdlib.h>

enum { ANSWER_RESERVE = 512 };      /* positions kept free for an answer when the prompt is fitted */

size_t room_most(const struct prompt_room *room)
{
    size_t reserve = room->max_tokens > 0 && room->max_tokens < ANSWER_RESERVE ? room->max_tokens : ANSWER_RESERVE;

    return room->n_ctx - (reserve < room->n_ctx / 4 ? reserve : room->n_ctx / 4);
}

bool add_script(struct span_list *list, const struct prompt_room *room, struct script *script, struct error *err)
{
    bool good = span_list_add(list, room->model, script, err);

    script_done(script);
    return good;
}

bool add_exchange(struct span_list *list, const struct prompt_room *room, const struct exchange *e, bool earlier,
                  struct error *err)
{
    struct script script = { 0 };

    script_question(&script, e);
    if (!earlier || e->answer != NULL)
        script_open_answer(&script);
    if (!earlier)
        script_answer_so_far(&script, e);
    else if (e->answer != NULL)
        script_answer(&script, e);
    return add_script(list, room, &script, err);
}

bool count_exchange(const struct prompt_room *room, const struct exchange *e, bool earlier, size_t *n, struct error *err)
{
    struct span_list list = { 0 };
    bool good = add_exchange(&list, room, e, earlier, err);

    *n = list.n_tokens;
    span_list_done(&list);
    return good;
}

/* ---- transcripts ---------------------------------------------------------------- */

static bool count_question(const struct prompt_room *room, const struct exchange *e, size_t *n, struct error *err)
{
    struct span_list list = { 0 };
    struct script script = { 0 };

    script_question(&script, e);
    bool good = add_script(&list, room, &script, err);
    *n = list.n_tokens;
    span_list_done(&list);
    return good;
}

static void note_cut_transcript(const struct prompt_room *room, const struct exchange_media *media)
{
    const struct transcript *t = media->attachment->seen->transcript;
    struct words b = { 0 };

    if (t == NULL || media->n_segments >= t->n_segments || room->note == NULL)
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

bool fit_question(const struct prompt_room *room, struct exchange *e, size_t n_most, struct error *err)
{
    size_t low = 0, high = 1000;    /* share in thousandths: low fits (or nothing does), high does not */
    size_t n;

    if (!exchange_has(e, ATTACHMENT_AUDIO) || e->fitted_to == n_most)
        return true;
    if (!count_question(room, e, &n, err))
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
