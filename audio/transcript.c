/* transcript.c - segments one after the other, their text cleaned. */
#include "audio/transcript.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

bool text_buffer_add(struct text_buffer *b, const char *bytes, size_t n, struct error *err)
{
    if (b->capacity < b->n + n + 1) {
        size_t capacity = 2 * b->capacity + n + 64;
        char *data = realloc(b->data, capacity);
        if (data == NULL)
            return error_set(err, ERROR_INFERENCE, "no memory for a transcript of %zu bytes", capacity);
        b->data = data;
        b->capacity = capacity;
    }
    memcpy(b->data + b->n, bytes, n);
    b->n += n;
    b->data[b->n] = '\0';
    return true;
}

char *transcript_clean(const char *bytes, size_t n, struct error *err)
{
    struct text_buffer out = { 0 };
    size_t at = 0;

    if (!text_buffer_add(&out, "", 0, err))
        return NULL;
    while (at < n) {
        uint32_t code = 0;
        char text[4];
        size_t used = utf8_decode(bytes + at, n - at, &code);

        if (used == 0) {            /* cut by the end */
            code = UTF8_REPLACEMENT;
            used = n - at;
        }
        at += used;
        if (!text_buffer_add(&out, text, utf8_encode(code, text), err)) {
            free(out.data);
            return NULL;
        }
    }
    return out.data;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static char *trim(char *text)
{
    size_t n = strlen(text), from = 0;

    while (n > 0 && is_space(text[n - 1]))
        n--;
    while (from < n && is_space(text[from]))
        from++;
    memmove(text, text + from, n - from);
    text[n - from] = '\0';
    return text;
}

bool transcript_add(struct transcript *t, double start, double end, const char *text, size_t n,
                    float avg_logprob, float no_speech_p, struct error *err)
{
    char *words = transcript_clean(text, n, err);

    if (words == NULL)
        return false;
    if (*trim(words) == '\0') {
        free(words);
        return true;
    }
    struct segment *grown = realloc(t->segments, (t->n_segments + 1) * sizeof *grown);
    if (grown == NULL) {
        free(words);
        return error_set(err, ERROR_INFERENCE, "no memory for %zu segments", t->n_segments + 1);
    }
    t->segments = grown;
    t->segments[t->n_segments++] = (struct segment){ .start = start, .end = end, .text = words, .avg_logprob = avg_logprob, .no_speech_p = no_speech_p };
    return true;
}

static int by_start(const void *a, const void *b)
{
    const struct segment *x = a, *y = b;

    if (x->start < y->start || x->start > y->start)
        return x->start < y->start ? -1 : 1;
    if (x->channel != y->channel)
        return x->channel < y->channel ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

bool transcript_interleave(struct transcript *t, struct text_buffer *all, struct error *err)
{
    if (t->n_segments > 0)
        qsort(t->segments, t->n_segments, sizeof *t->segments, by_start);
    all->n = 0;
    for (size_t i = 0; i < t->n_segments; i++) {
        const struct segment *s = &t->segments[i];
        const char *between = i == 0 ? "" : s->channel == s[-1].channel ? " " : "\n";
        if (!text_buffer_add(all, between, strlen(between), err) || !text_buffer_add(all, s->text, strlen(s->text), err))
            return false;
    }
    return true;
}

void transcript_cut(struct transcript *t, size_t n_segments)
{
    for (size_t i = n_segments; i < t->n_segments; i++) {
        for (size_t k = 0; k < t->segments[i].n_words; k++)
            free(t->segments[i].words[k].text);
        free(t->segments[i].words);
        free(t->segments[i].text);
        free(t->segments[i].heard);
    }
    t->n_segments = t->n_segments < n_segments ? t->n_segments : n_segments;
}

void transcript_free(struct transcript *t)
{
    if (t == NULL)
        return;
    transcript_cut(t, 0);
    free(t->segments);
    free(t->text);
    free(t);
}

/* ---- corrections ------------------------------------------------------------------ */

static bool copy_words(struct segment *to, const struct segment *from)
{
    to->words = calloc(from->n_words + 1, sizeof *to->words);
    for (size_t i = 0; to->words != NULL && i < from->n_words; i++) {
        to->words[i] = from->words[i];
        to->words[i].text = strdup(from->words[i].text);
        to->n_words = i + 1;
        if (to->words[i].text == NULL)
            return false;
    }
    return to->words != NULL;
}

static bool copy_segment(struct segment *to, const struct segment *from, const char *text)
{
    *to = *from;
    to->words = NULL;
    to->n_words = 0;
    to->text = strdup(text != NULL ? text : from->text);
    to->heard = text != NULL ? strdup(from->text) : NULL;
    return to->text != NULL && (text != NULL ? to->heard != NULL : from->n_words == 0 || copy_words(to, from));
}

struct transcript *transcript_corrected(const struct transcript *t, const char *const *texts, struct error *err)
{
    struct transcript *made = malloc(sizeof *made);
    struct text_buffer all = { 0 };
    bool good = made != NULL;

    if (good) {
        *made = *t;
        made->text = NULL;
        made->n_segments = 0;
        made->segments = calloc(t->n_segments + 1, sizeof *made->segments);
        good = made->segments != NULL && text_buffer_add(&all, "", 0, NULL);
    }
    for (size_t i = 0; good && i < t->n_segments; i++) {
        struct segment *s = &made->segments[made->n_segments++];
        good = copy_segment(s, &t->segments[i], texts[i]) && text_buffer_add(&all, " ", i > 0, NULL) &&
               text_buffer_add(&all, s->text, strlen(s->text), NULL);
    }
    if (good) {
        made->text = all.data;
        return made;
    }
    free(all.data);
    transcript_free(made);
    error_set(err, ERROR_INFERENCE, "no memory for a transcript of %zu segments", t->n_segments);
    return NULL;
}
