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
