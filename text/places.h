/* places.h - where the rows of spans stand, and what they see.
 *
 * Tokens stand one after another.  In a model whose positions have axes (time, row, column:
 * M-RoPE, Wang et al. 2024, arXiv:2409.12191, section 2.1), of a grid of height x width rows that
 * begins at place p the row (y, x) stands at (p, p + y, p + x), and what follows at
 * p + max(height, width). */
#ifndef TEXT_PLACES_H
#define TEXT_PLACES_H

#include "text/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLACES_AXES 3

/* next [total]: the place behind each position of the spans.  axes: the model's positions have some. */
void places_next(const struct text_span *spans, size_t n_spans, bool axes, int32_t *next);

/* The places [n][PLACES_AXES] of positions first .. first + n - 1, given all of `next`. */
void places_of(const struct text_span *spans, size_t n_spans, const int32_t *next, size_t first, size_t n, int32_t *places);

/* until [n]: each of these positions sees those before it (ops.h).  False, with nothing written, when all see those
 * up to their own. */
bool places_until(const struct text_span *spans, size_t n_spans, size_t first, size_t n, size_t *until);

/* The end of a chunk that begins at `first` and would end at `end`: no span of rows that see each other is cut. */
size_t places_chunk(const struct text_span *spans, size_t n_spans, size_t first, size_t end);

/* The first of the positions that a span of rows that see each other takes, if `at` lies within; else `at`. */
size_t places_whole(const struct text_span *spans, size_t n_spans, size_t at);

#endif
