#include "tensor/media_rows.h"

#include <stdlib.h>
#include <string.h>

static bool no_memory(struct error *err)
{
    return error_set(err, ERROR_INFERENCE, "no memory for the rows of a picture or a clip");
}

struct media_rows *media_rows_new(size_t n_embd, struct error *err)
{
    struct media_rows *m = calloc(1, sizeof *m);

    if (m == NULL)
        no_memory(err);
    else
        m->n_embd = n_embd;
    return m;
}

void media_rows_free(struct media_rows *m)
{
    if (m == NULL)
        return;
    for (size_t i = 0; i < m->n_pieces; i++) {
        free(m->pieces[i].marker);
        free(m->pieces[i].rows);
    }
    free(m->pieces);
    free(m);
}

static struct media_piece *add(struct media_rows *m)
{
    if (m->n_pieces == m->capacity) {
        size_t capacity = 2 * m->capacity + 4;
        struct media_piece *grown = realloc(m->pieces, capacity * sizeof *grown);
        if (grown == NULL)
            return NULL;
        m->pieces = grown;
        m->capacity = capacity;
    }
    m->pieces[m->n_pieces] = (struct media_piece){ 0 };
    return &m->pieces[m->n_pieces++];
}

bool media_rows_add_marker(struct media_rows *m, const char *text, struct error *err)
{
    char *copy = strdup(text);
    struct media_piece *p = copy != NULL ? add(m) : NULL;

    if (p == NULL) {
        free(copy);
        return no_memory(err);
    }
    p->marker = copy;
    return true;
}

float *media_rows_add(struct media_rows *m, size_t n, struct error *err)
{
    float *rows = calloc(n, m->n_embd * sizeof *rows);
    struct media_piece *p = rows != NULL ? add(m) : NULL;

    if (p == NULL) {
        free(rows);
        no_memory(err);
        return NULL;
    }
    p->rows = rows;
    p->n = n;
    m->n_rows += n;
    return rows;
}

struct media_piece *media_rows_last(struct media_rows *m)
{
    return &m->pieces[m->n_pieces - 1];
}
