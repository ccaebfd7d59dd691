#include "tensor/media_rows_file.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

#define FORMAT "mynah rows 1\n"         /* another number: another form */
#define FORMAT_BYTES (sizeof FORMAT - 1)
#define SUM_BYTES (SHA256_HEX - 1)
#define HEAD_BYTES (FORMAT_BYTES + SUM_BYTES)

enum { PIECE_MARKER = 1, PIECE_ROWS = 2 };

/* ---- writing ------------------------------------------------------------------------------- */

/* Counts alone while `at` is NULL, so that one description of the form does for both passes. */
struct writer { unsigned char *at; size_t n; };

static void put(struct writer *w, const void *from, size_t n)
{
    if (w->at != NULL && n > 0)
        memcpy(w->at + w->n, from, n);
    w->n += n;
}

static void put_count(struct writer *w, uint64_t count)
{
    put(w, &count, sizeof count);
}

static void put_text(struct writer *w, const char *text)
{
    put_count(w, strlen(text));
    put(w, text, strlen(text));
}

static void put_piece(struct writer *w, const struct media_piece *p, size_t n_embd)
{
    put_count(w, p->marker != NULL ? PIECE_MARKER : PIECE_ROWS);
    if (p->marker != NULL) {
        put_text(w, p->marker);
        return;
    }
    put_count(w, p->n);
    put_count(w, p->width);
    put_count(w, p->height);
    put_count(w, p->both_ways);
    put(w, p->rows, p->n * n_embd * sizeof *p->rows);
}

static void put_all(struct writer *w, const struct media_rows *m, const char *key)
{
    put_text(w, key);
    put_count(w, m->n_embd);
    put_count(w, m->n_pieces);
    for (size_t i = 0; i < m->n_pieces; i++)
        put_piece(w, &m->pieces[i], m->n_embd);
}

unsigned char *media_rows_to_bytes(const struct media_rows *m, const char *key, size_t *n_bytes, struct error *err)
{
    struct writer counted = { 0 };
    char sum[SHA256_HEX];

    put_all(&counted, m, key);
    unsigned char *bytes = malloc(HEAD_BYTES + counted.n);
    if (bytes == NULL) {
        error_set(err, ERROR_INFERENCE, "no memory for %zu bytes of rows", counted.n);
        return NULL;
    }
    struct writer w = { bytes + HEAD_BYTES, 0 };
    put_all(&w, m, key);
    sha256_bytes(bytes + HEAD_BYTES, w.n, sum);
    memcpy(bytes, FORMAT, FORMAT_BYTES);
    memcpy(bytes + FORMAT_BYTES, sum, SUM_BYTES);
    *n_bytes = HEAD_BYTES + w.n;
    return bytes;
}

/* ---- reading ------------------------------------------------------------------------------- */

struct reader { const unsigned char *at, *end; bool bad; };

static uint64_t take_count(struct reader *r)
{
    uint64_t count = 0;

    r->bad = r->bad || (size_t)(r->end - r->at) < sizeof count;
    if (r->bad)
        return 0;
    memcpy(&count, r->at, sizeof count);
    r->at += sizeof count;
    return count;
}

/* The place of `count` things of `size` bytes; NULL when there are fewer. */
static const void *take_many(struct reader *r, uint64_t count, size_t size)
{
    const void *at = r->at;

    r->bad = r->bad || (size_t)(r->end - r->at) / size < count;
    if (r->bad)
        return NULL;
    r->at += (size_t)count * size;
    return at;
}

static char *take_text(struct reader *r)
{
    uint64_t n = take_count(r);
    const char *at = take_many(r, n, 1);

    if (at == NULL || memchr(at, '\0', (size_t)n) != NULL) {
        r->bad = true;
        return NULL;
    }
    char *text = strndup(at, (size_t)n);
    r->bad = text == NULL;
    return text;
}

static bool are_finite(const float *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(rows[i]))
            return false;
    return true;
}

static void take_rows(struct reader *r, struct media_rows *m)
{
    uint64_t n = take_count(r), width = take_count(r), height = take_count(r), both_ways = take_count(r);
    const void *at = take_many(r, n, m->n_embd * sizeof(float));
    bool grid = width != 0 || height != 0;

    r->bad = r->bad || n == 0 || both_ways > 1 || (grid && (width > n || height > n || width * height != n));
    float *rows = r->bad ? NULL : media_rows_add(m, (size_t)n, NULL);
    r->bad = rows == NULL;
    if (r->bad)
        return;
    struct media_piece *p = media_rows_last(m);
    p->width = (size_t)width;
    p->height = (size_t)height;
    p->both_ways = both_ways == 1;
    memcpy(rows, at, (size_t)n * m->n_embd * sizeof *rows);
    r->bad = !are_finite(rows, (size_t)n * m->n_embd);
}

static void take_piece(struct reader *r, struct media_rows *m)
{
    uint64_t kind = take_count(r);

    if (kind == PIECE_ROWS) {
        take_rows(r, m);
        return;
    }
    char *text = kind == PIECE_MARKER ? take_text(r) : NULL;
    r->bad = text == NULL || !media_rows_add_marker(m, text, NULL);
    free(text);
}

static bool check_head(struct reader *r)
{
    const unsigned char *head = r->at;
    char sum[SHA256_HEX];

    if ((size_t)(r->end - r->at) < HEAD_BYTES || memcmp(head, FORMAT, FORMAT_BYTES) != 0)
        return false;
    r->at += HEAD_BYTES;
    sha256_bytes(r->at, (size_t)(r->end - r->at), sum);
    return memcmp(head + FORMAT_BYTES, sum, SUM_BYTES) == 0;
}

struct media_rows *media_rows_of_bytes(const void *bytes, size_t n_bytes, const char *key, size_t n_embd, struct error *err)
{
    struct reader r = { bytes, (const unsigned char *)bytes + n_bytes, false };
    struct media_rows *m = NULL;

    if (!check_head(&r)) {
        error_set(err, ERROR_INPUT, "these are no rows, or they were damaged");
        return NULL;
    }
    char *found = take_text(&r);
    bool same = found != NULL && strcmp(found, key) == 0 && take_count(&r) == n_embd && n_embd > 0;
    free(found);
    if (!same) {
        error_set(err, ERROR_INPUT, "these rows are of something else, or of another width");
        return NULL;
    }
    if ((m = media_rows_new(n_embd, err)) == NULL)
        return NULL;
    for (uint64_t i = 0, n = take_count(&r); !r.bad && i < n; i++)
        take_piece(&r, m);
    if (!r.bad && r.at == r.end && m->n_rows > 0)
        return m;
    media_rows_free(m);
    error_set(err, ERROR_INPUT, "these rows were damaged");
    return NULL;
}
