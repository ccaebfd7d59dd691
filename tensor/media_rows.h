/* media_rows.h - a picture or a clip as it stands in the prompt of a text model that a projector
 * was made for: rows of its embedding space, and the model's own control tokens around and
 * between them, in order. */
#ifndef TENSOR_MEDIA_ROWS_H
#define TENSOR_MEDIA_ROWS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct media_piece {
    char *marker;                   /* text in which control tokens are meant; NULL: rows */
    float *rows;                    /* [n][n_embd] */
    size_t n;
    size_t width, height;           /* of the grid that the rows are, where the model wants to know (text/places.h); else 0 */
    bool both_ways;                 /* the model's positions of these rows see each other */
};

struct media_rows {
    struct media_piece *pieces;     /* [n_pieces], which own their text and rows */
    size_t n_pieces, capacity;
    size_t n_embd, n_rows;          /* n_rows: of all pieces */
};

struct media_rows *media_rows_new(size_t n_embd, struct error *err);
void media_rows_free(struct media_rows *m);                 /* NULL is fine */

/* The text is copied. */
bool media_rows_add_marker(struct media_rows *m, const char *text, struct error *err);
/* Room for n rows, which the caller fills; NULL and *err without memory. */
float *media_rows_add(struct media_rows *m, size_t n, struct error *err);
/* The piece that was added last. */
struct media_piece *media_rows_last(struct media_rows *m);

#endif
