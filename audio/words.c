#include "audio/words.h"

#include <stdlib.h>
#include <string.h>

#include "audio/transcript.h"
#include "base/utf8.h"

#define FRAME_SECONDS 0.02          /* of an alignment */

/* Marks that begin a word of their own; those joined to the word after, and before them. */
static const char marks[] = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
static const char opening[] = "\"'“¿([{-";
static const char closing[] = "\"'.。,，!！?？:：”)]}、";

/* Tokens from .. end - 1, bytes at .. at + n_bytes - 1 of the text; core: without the marks joined to it. */
struct piece { size_t from, end, at, n_bytes, core_from, core_end; };

struct splitting {
    const struct whisper *w;
    const int32_t *text;
    size_t n;                       /* tokens */
    char *spelled;                  /* NUL-terminated */
    struct piece *pieces;           /* [n] */
    size_t n_pieces;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* Is it, without spaces around it, part of the list?  An empty one is. */
static bool among(const struct splitting *s, const struct piece *p, bool strip, const char *list)
{
    const char *text = s->spelled + p->at;
    size_t n = p->n_bytes;

    while (strip && n > 0 && is_blank(text[n - 1]))
        n--;
    while (strip && n > 0 && is_blank(*text)) {
        text++;
        n--;
    }
    return memmem(list, strlen(list), text, n) != NULL;
}

static bool is_combining(const char *text, size_t n)
{
    uint32_t code = 0;

    return utf8_decode(text, n, &code) > 1 && code != UTF8_REPLACEMENT && utf8_width(code) == 0;
}

/* Pieces end where a character does, with the vowel signs and accents that belong to it. */
static void split_characters(struct splitting *s)
{
    size_t at = 0;

    for (size_t i = 0, from = 0, n = 0; i < s->n; i++) {
        n += s->w->token_bytes[s->text[i]];
        if (i + 1 < s->n && utf8_complete(s->spelled + at, n) < n)
            continue;
        if (s->n_pieces > 0 && is_combining(s->spelled + at, n)) {
            s->pieces[s->n_pieces - 1].n_bytes += n;
            s->pieces[s->n_pieces - 1].end = s->pieces[s->n_pieces - 1].core_end = i + 1;
        } else {
            s->pieces[s->n_pieces++] = (struct piece){ from, i + 1, at, n, from, i + 1 };
        }
        at += n;
        from = i + 1;
        n = 0;
    }
}

static void join_letters(struct splitting *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->n_pieces; i++) {
        struct piece p = s->pieces[i];
        if (n == 0 || s->spelled[p.at] == ' ' || among(s, &p, true, marks)) {
            s->pieces[n++] = p;
            continue;
        }
        s->pieces[n - 1].n_bytes += p.n_bytes;
        s->pieces[n - 1].end = s->pieces[n - 1].core_end = p.end;
    }
    s->n_pieces = n;
}

/* An opening mark after a space to the word after it, the last ones first. */
static void join_opening(struct splitting *s)
{
    size_t n = s->n_pieces, last = n;       /* those from `last` on are done */

    for (size_t i = n; i-- > 0; ) {
        struct piece p = s->pieces[i];
        if (last < n && s->spelled[p.at] == ' ' && among(s, &p, true, opening)) {
            s->pieces[last].from = p.from;
            s->pieces[last].at = p.at;
            s->pieces[last].n_bytes += p.n_bytes;
        } else {
            s->pieces[--last] = p;
        }
    }
    memmove(s->pieces, s->pieces + last, (n - last) * sizeof *s->pieces);
    s->n_pieces = n - last;
}

static void join_closing(struct splitting *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->n_pieces; i++) {
        struct piece p = s->pieces[i], *before = n > 0 ? &s->pieces[n - 1] : NULL;
        if (before != NULL && before->n_bytes > 0 && s->spelled[before->at + before->n_bytes - 1] != ' ' && among(s, &p, false, closing)) {
            before->n_bytes += p.n_bytes;
            before->end = p.end;
        } else {
            s->pieces[n++] = p;
        }
    }
    s->n_pieces = n;
}

/* No space at both ends, as a segment's text. */
static void trim(struct splitting *s)
{
    while (s->n_pieces > 0) {
        struct piece *last = &s->pieces[s->n_pieces - 1];
        while (last->n_bytes > 0 && is_blank(s->spelled[last->at + last->n_bytes - 1]))
            last->n_bytes--;
        if (last->n_bytes > 0)
            break;
        s->n_pieces--;
    }
    while (s->n_pieces > 0 && (s->pieces->n_bytes == 0 || is_blank(s->spelled[s->pieces->at]))) {
        if (s->pieces->n_bytes == 0) {
            s->pieces++;
            s->n_pieces--;
            continue;
        }
        s->pieces->at++;
        s->pieces->n_bytes--;
    }
}

static bool split(struct splitting *s, const char *language, struct arena *scratch, struct error *err)
{
    static const char *const without_spaces[] = { "zh", "ja", "th", "lo", "my", "yue" };
    size_t n_bytes = 0;
    bool spaces = true;

    for (size_t i = 0; i < sizeof without_spaces / sizeof *without_spaces; i++)
        spaces = spaces && strcmp(language, without_spaces[i]) != 0;
    for (size_t i = 0; i < s->n; i++)
        n_bytes += s->w->token_bytes[s->text[i]];
    s->spelled = arena_alloc(scratch, n_bytes + 1, 1, err);
    s->pieces = arena_alloc(scratch, s->n, sizeof *s->pieces, err);
    if (s->spelled == NULL || s->pieces == NULL)
        return false;
    char *at = s->spelled;
    for (size_t i = 0; i < s->n; i++) {
        memcpy(at, s->w->token[s->text[i]], s->w->token_bytes[s->text[i]]);
        at += s->w->token_bytes[s->text[i]];
    }
    *at = '\0';
    split_characters(s);
    if (spaces)
        join_letters(s);
    join_opening(s);
    join_closing(s);
    trim(s);
    return true;
}

static bool make(const struct splitting *s, const struct alignment *a, double offset, struct segment *segment,
                 struct heard *heard, struct error *err)
{
    segment->words = calloc(s->n_pieces > 0 ? s->n_pieces : 1, sizeof *segment->words);
    if (segment->words == NULL)
        return error_set(err, ERROR_INFERENCE, "no memory for %zu words", s->n_pieces);
    for (size_t i = 0; i < s->n_pieces; i++) {
        const struct piece *p = &s->pieces[i];
        struct word *word = &segment->words[i];
        float sum = 0.0f;
        if ((word->text = transcript_clean(s->spelled + p->at, p->n_bytes, err)) == NULL)
            return false;
        segment->n_words++;
        for (size_t k = p->core_from; k < p->core_end; k++)
            sum += a->p[k];
        word->p = sum / (float)(p->core_end - p->core_from);
        word->start = offset + FRAME_SECONDS * (double)a->frame[p->core_from];
        word->end = offset + FRAME_SECONDS * (double)a->frame[p->core_end];
        heard[i] = (struct heard){ word, offset + FRAME_SECONDS * (double)a->peak[p->core_from],
                                   offset + FRAME_SECONDS * (double)a->peak[p->core_end - 1] };
    }
    return true;
}

bool words_make(const struct whisper *w, const char *language, const int32_t *text, size_t n, const struct alignment *a,
                double offset, struct arena *scratch, struct segment *segment, struct heard *heard, struct error *err)
{
    struct splitting s = { .w = w, .text = text, .n = n };
    struct arena_mark mark = arena_mark(scratch);
    bool ok = split(&s, language, scratch, err) && make(&s, a, offset, segment, heard, err);

    arena_rewind(scratch, mark);
    return ok;
}
