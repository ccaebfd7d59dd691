/* resize_weigh.h - weighted sums of pixels, the inner loops of Pillow's two passes.
 *
 *   across  out[x][c] = clip((2^21 + sum_i in[first(x) + i][c] w(x, i)) >> 22)
 *   down    out[x]    = clip((2^21 + sum_i rows[i][x] w(i)) >> 22)
 *
 * The sums are exact in 32 bits, so how they are taken does not show. */
#ifndef VISION_RESIZE_WEIGH_H
#define VISION_RESIZE_WEIGH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    WEIGHT_BITS = 22,               /* 32 - 8 - 2: room for a sum over 1 and its sign */
    WEIGH_GROUP = 8,                /* inputs taken at a time: n_most is a multiple of it */
    WEIGH_BEYOND = 32,              /* bytes after a row that may be read (and count nothing) */
    WEIGH_COLUMNS = 16              /* bytes of rows taken at a time */
};

struct resize_taps {
    size_t n_out, n_most;           /* weights an output has room for; those past count are 0 */
    size_t *first, *count;          /* [n_out] inputs it weighs */
    int32_t *weight;                /* [n_out][n_most] */
    int16_t *halves;                /* the weights in another order, for weigh_row */
    void *memory;
};

/* int16_t that `halves` needs a weight; 0: none, weigh_row takes the weights. */
size_t weigh_halves(void);
void weigh_prepare(struct resize_taps *t);      /* fills halves from weight */

/* in: a row of RGB, readable WEIGH_BEYOND bytes past its end; out: [n_out][3]. */
void weigh_row(const struct resize_taps *t, const uint8_t *in, uint8_t *out);

/* rows: [n][row_bytes], row_bytes a multiple of WEIGH_COLUMNS; out: [n_out] <= row_bytes. */
void weigh_columns(const uint8_t *rows, size_t n, size_t row_bytes, const int32_t *weight, uint8_t *out, size_t n_out);

#endif
