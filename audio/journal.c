#include "audio/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include <zlib.h>

#include "base/log.h"

#define FORMAT "mynah heard 2\n"        /* another number: another form of the records */
#define MOST_BYTES ((uint32_t)4 << 20)  /* of a record: a window's words are far fewer */

struct journal {
    int fd;
    char *path;
    const struct whisper *w;
    off_t end;                      /* of the last good record */
    struct text_buffer bytes;       /* a record; after reading, place->prompt is in it */
    bool broken;                    /* it could not be written */
};

/* ---- a record's bytes ------------------------------------------------------------- */

struct cursor { const char *at, *end; bool bad; };

static void take(struct cursor *c, void *to, size_t n)
{
    if (c->bad || (size_t)(c->end - c->at) < n) {
        c->bad = true;
        memset(to, 0, n);
        return;
    }
    memcpy(to, c->at, n);
    c->at += n;
}

/* A count and a pointer to that many things of `size` bytes; 0 of them when there are fewer. */
static const char *take_many(struct cursor *c, size_t size, size_t *n)
{
    uint32_t count = 0;
    const char *at;

    take(c, &count, sizeof count);
    c->bad = c->bad || (size_t)(c->end - c->at) / size < count;
    *n = c->bad ? 0 : count;
    at = c->at;
    c->at += *n * size;
    return at;
}

static double take_time(struct cursor *c)
{
    double seconds;

    take(c, &seconds, sizeof seconds);
    c->bad = c->bad || !(seconds >= 0.0 && seconds < 1e6);
    return seconds;
}

static float take_number(struct cursor *c)
{
    float x;

    take(c, &x, sizeof x);
    c->bad = c->bad || !isfinite(x);
    return x;
}

static char *take_text(struct cursor *c)
{
    size_t n;
    const char *bytes = take_many(c, 1, &n);

    return transcript_clean(bytes, n, NULL);
}

static void put(struct text_buffer *b, const void *from, size_t n, bool *ok)
{
    *ok = *ok && text_buffer_add(b, from, n, NULL);
}

static void put_many(struct text_buffer *b, const void *from, size_t size, size_t n, bool *ok)
{
    uint32_t count = (uint32_t)n;

    put(b, &count, sizeof count, ok);
    if (n > 0)
        put(b, from, n * size, ok);
}

static void put_segment(struct text_buffer *b, const struct segment *s, bool *ok)
{
    put(b, &s->start, sizeof s->start, ok);
    put(b, &s->end, sizeof s->end, ok);
    put(b, &s->avg_logprob, sizeof s->avg_logprob, ok);
    put(b, &s->no_speech_p, sizeof s->no_speech_p, ok);
    put_many(b, s->text, 1, strlen(s->text), ok);
    uint32_t n_words = (uint32_t)s->n_words;
    put(b, &n_words, sizeof n_words, ok);
    for (size_t i = 0; i < s->n_words; i++) {
        put(b, &s->words[i].start, sizeof s->words[i].start, ok);
        put(b, &s->words[i].end, sizeof s->words[i].end, ok);
        put(b, &s->words[i].p, sizeof s->words[i].p, ok);
        put_many(b, s->words[i].text, 1, strlen(s->words[i].text), ok);
    }
}

static void take_words(struct cursor *c, struct segment *s)
{
    enum { LEAST = 2 * sizeof(double) + sizeof(float) + sizeof(uint32_t) };
    uint32_t n = 0;

    take(c, &n, sizeof n);
    if (c->bad || n == 0)
        return;
    c->bad = (size_t)(c->end - c->at) / LEAST < n || (s->words = calloc(n, sizeof *s->words)) == NULL;
    while (!c->bad && s->n_words < n) {
        struct word *word = &s->words[s->n_words++];
        word->start = take_time(c);
        word->end = take_time(c);
        word->p = take_number(c);
        word->text = take_text(c);
        c->bad = c->bad || word->text == NULL;
    }
}

/* What is bad is left for transcript_free, too. */
static void take_segment(struct cursor *c, uint32_t channel, struct transcript *t)
{
    struct segment *grown = realloc(t->segments, (t->n_segments + 1) * sizeof *grown), s = { .channel = channel };

    if (grown == NULL) {
        c->bad = true;
        return;
    }
    t->segments = grown;
    s.start = take_time(c);
    s.end = take_time(c);
    s.avg_logprob = take_number(c);
    s.no_speech_p = take_number(c);
    s.text = take_text(c);
    c->bad = c->bad || s.text == NULL;
    take_words(c, &s);
    t->segments[t->n_segments++] = s;
}

/* ids as they lie in the record, at any address. */
static bool are_tokens(const int32_t *ids, size_t n, const struct whisper *w)
{
    int32_t id = 0;

    for (size_t i = 0; i < n && id >= 0 && (size_t)id < w->n_vocab; i++)
        memcpy(&id, (const char *)ids + i * sizeof id, sizeof id);
    return id >= 0 && (size_t)id < w->n_vocab;
}

static bool place_is_good(const struct journal_place *place, const struct whisper *w)
{
    bool good = place->language == -1 || (place->language >= w->ids.language &&
                                          (size_t)(place->language - w->ids.language) < w->n_languages);

    return good && isfinite(place->language_p) && place->n_prompt < w->n_text_ctx / 2 && are_tokens(place->prompt, place->n_prompt, w) &&
           place->n_repeated <= w->n_text_ctx && are_tokens(place->repeated, place->n_repeated, w);
}

/* ---- records in the file ------------------------------------------------------------ */

static bool read_at(int fd, void *to, size_t n, off_t at)
{
    return pread(fd, to, n, at) == (ssize_t)n;
}

/* The record at j->end in j->bytes [n]. */
static bool read_record(struct journal *j, size_t *n)
{
    uint32_t head[2];               /* length, CRC-32 */

    if (!read_at(j->fd, head, sizeof head, j->end) || head[0] > MOST_BYTES)
        return false;
    char *bytes = malloc(head[0] + 1);
    bool ok = bytes != NULL && read_at(j->fd, bytes, head[0], j->end + (off_t)sizeof head) &&
              crc32(0, (const Bytef *)bytes, head[0]) == head[1];
    j->bytes.n = 0;
    ok = ok && text_buffer_add(&j->bytes, bytes, head[0], NULL);
    free(bytes);
    *n = ok ? head[0] : 0;
    return ok;
}

static void write_record(struct journal *j)
{
    uint32_t head[2] = { (uint32_t)j->bytes.n, (uint32_t)crc32(0, (const Bytef *)j->bytes.data, (uInt)j->bytes.n) };

    if (j->broken || j->bytes.n > MOST_BYTES)
        return;
    if (pwrite(j->fd, head, sizeof head, j->end) == (ssize_t)sizeof head &&
        pwrite(j->fd, j->bytes.data, j->bytes.n, j->end + (off_t)sizeof head) == (ssize_t)j->bytes.n && fdatasync(j->fd) == 0) {
        j->end += (off_t)(sizeof head + j->bytes.n);
        return;
    }
    log_debug("%s: cannot be written, so a broken off transcription starts again: %s", j->path, strerror(errno));
    j->broken = true;
}

/* ---- the journal ---------------------------------------------------------------------- */

static const char *or_none(const char *text)
{
    return text != NULL ? text : "";
}

/* What the words depend on, but for the sound, which the file's name stands for. */
static bool put_head(struct journal *j, const struct whisper_params *p)
{
    char numbers[80];
    bool ok = true;

    snprintf(numbers, sizeof numbers, "%d %zu %d %d\n", p->translate, p->beam, p->words, p->channels);
    j->bytes.n = 0;
    put(&j->bytes, FORMAT, strlen(FORMAT), &ok);
    put(&j->bytes, numbers, strlen(numbers), &ok);
    for (size_t i = 0; i < 4; i++) {
        const char *text = or_none((const char *const[]){ whisper_id(j->w), p->language, p->prompt, p->hotwords }[i]);
        put_many(&j->bytes, text, 1, strlen(text), &ok);
    }
    return ok;
}

/* True when the file starts with our head; else it is made to. */
static bool check_head(struct journal *j, const struct whisper_params *params)
{
    size_t n;
    bool ours = false;

    if (read_record(j, &n)) {
        struct text_buffer found = j->bytes;
        j->bytes = (struct text_buffer){ 0 };
        ours = put_head(j, params) && found.n == j->bytes.n && memcmp(found.data, j->bytes.data, n) == 0;
        free(found.data);
        if (ours)
            j->end += (off_t)(2 * sizeof(uint32_t) + n);
    }
    if (ours)
        return true;
    if (ftruncate(j->fd, 0) != 0 || !put_head(j, params))
        return false;
    write_record(j);
    return !j->broken;
}

struct journal *journal_open(const char *path, const struct whisper *w, const struct whisper_params *params)
{
    struct journal *j = path == NULL ? NULL : calloc(1, sizeof *j);

    if (j == NULL)
        return NULL;
    j->w = w;
    j->path = strdup(path);
    j->fd = j->path == NULL ? -1 : open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (j->fd >= 0 && flock(j->fd, LOCK_EX | LOCK_NB) == 0 && check_head(j, params))
        return j;
    log_debug("%s: no journal is kept: %s", path, strerror(errno));
    journal_close(j);
    return NULL;
}

void journal_close(struct journal *j)
{
    if (j == NULL)
        return;
    if (j->fd >= 0)
        close(j->fd);
    free(j->bytes.data);
    free(j->path);
    free(j);
}

void journal_empty(struct journal *j)
{
    uint32_t n = 0;

    if (j == NULL)
        return;
    j->end = read_at(j->fd, &n, sizeof n, 0) ? (off_t)(2 * sizeof n + n) : 0;
    j->broken = j->broken || ftruncate(j->fd, j->end) != 0;
}

static bool read_place(struct journal *j, struct cursor *c, struct journal_place *place)
{
    uint8_t finished = 0;

    *place = (struct journal_place){ 0 };
    take(c, &finished, sizeof finished);
    place->finished = finished != 0;
    place->seconds = take_time(c);
    take(c, &place->channel, sizeof place->channel);
    take(c, &place->seek, sizeof place->seek);
    take(c, &place->language, sizeof place->language);
    place->language_p = take_number(c);
    place->prompt = (const int32_t *)(const void *)take_many(c, sizeof *place->prompt, &place->n_prompt);
    place->repeated = (const int32_t *)(const void *)take_many(c, sizeof *place->repeated, &place->n_repeated);
    take(c, &place->repeats, sizeof place->repeats);
    place->words_end = take_time(c);
    return !c->bad && place_is_good(place, j->w);
}

bool journal_read(struct journal *j, struct journal_place *place, struct transcript *t, struct text_buffer *all)
{
    size_t n = 0, n_text = 0;
    uint32_t n_segments = 0;

    if (j == NULL || j->broken)
        return false;
    size_t n_before = t->n_segments;
    bool good = read_record(j, &n);
    struct cursor c = { j->bytes.data, j->bytes.data + n, !good };
    good = good && read_place(j, &c, place);
    if (good) {
        const char *text = take_many(&c, 1, &n_text);
        take(&c, &n_segments, sizeof n_segments);
        for (uint32_t i = 0; !c.bad && i < n_segments; i++)
            take_segment(&c, place->channel, t);
        good = !c.bad && c.at == c.end && text_buffer_add(all, text, n_text, NULL);
    }
    if (good) {
        j->end += (off_t)(2 * sizeof(uint32_t) + n);
        return true;
    }
    transcript_cut(t, n_before);
    j->broken = ftruncate(j->fd, j->end) != 0;
    return false;
}

void journal_write(struct journal *j, const struct journal_place *place, const struct transcript *t, size_t first,
                   const struct text_buffer *all, size_t from)
{
    uint8_t finished = place->finished;
    bool ok = true;

    if (j == NULL)
        return;
    j->bytes.n = 0;
    put(&j->bytes, &finished, sizeof finished, &ok);
    put(&j->bytes, &place->seconds, sizeof place->seconds, &ok);
    put(&j->bytes, &place->channel, sizeof place->channel, &ok);
    put(&j->bytes, &place->seek, sizeof place->seek, &ok);
    put(&j->bytes, &place->language, sizeof place->language, &ok);
    put(&j->bytes, &place->language_p, sizeof place->language_p, &ok);
    put_many(&j->bytes, place->prompt, sizeof *place->prompt, place->n_prompt, &ok);
    put_many(&j->bytes, place->repeated, sizeof *place->repeated, place->n_repeated, &ok);
    put(&j->bytes, &place->repeats, sizeof place->repeats, &ok);
    put(&j->bytes, &place->words_end, sizeof place->words_end, &ok);
    put_many(&j->bytes, all->data == NULL ? "" : all->data + from, 1, all->n - from, &ok);
    uint32_t n_segments = (uint32_t)(t->n_segments - first);
    put(&j->bytes, &n_segments, sizeof n_segments, &ok);
    for (size_t i = first; i < t->n_segments; i++)
        put_segment(&j->bytes, &t->segments[i], &ok);
    j->broken = j->broken || !ok;
    write_record(j);
}
