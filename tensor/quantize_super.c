/* quantize_super.c - K types: a scale (and a minimum) for each sub-block is searched,
 * then all of a block's are rounded to a few bits, and the weights to what came of it.
 *
 *   x  ->  per sub-block: s (and m) of the least   sum w (s q - m - x)^2
 *      ->  s = d sc, m = dmin mn;  sc, mn whole
 *      ->  q = round((x + dmin mn) / (d sc))
 *
 * w grows with |x|: an error of the same share of a large weight does more harm.  For given
 * q the best s (and m) are those of a weighted regression; for given s (and m) the best q
 * are the nearest.  A search takes q by some 20 guesses of s, goes on from the best in
 * turn, and keeps the best it saw.
 * Method: k-quants (llama.cpp, pull request 1684), with Lloyd's two steps (1982) after it. */
#include "tensor/quantize_super.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define MOST_WEIGHTS 32             /* in a sub-block */
#define MOST_SUBS 16                /* sub-blocks in a block */
#define N_TURNS 3                   /* of Lloyd's steps, at most */
#define LEAST_SPREAD 1e-10f         /* below it no f16 scale is left */

/* To a whole number of [least, most], halves to even. */
static float nearest(float x, float least, float most)
{
    x = x < least ? least : x > most ? most : x;
    return (x + 0x1.8p23f) - 0x1.8p23f;             /* exact, as x is far below 2^22 */
}

static float steps(float x, float d)
{
    return d != 0.0f ? x / d : 0.0f;
}

/* A sub-block and the best that was found for it. */
struct search {
    const float *x;
    float w[MOST_WEIGHTS];
    int n;
    float least, most;              /* of q */
    bool with_min;                  /* m >= 0; else m = 0 */
    float s, m, error;              /* sum w (s q - m - x)^2 */
};

/* Quants of (x + m) inverse, the s and m that fit them best, and the error of these. */
static void try_steps(struct search *f, float inverse, float m)
{
    float q[MOST_WEIGHTS], w_sum = 0.0f, x_sum = 0.0f, q_sum = 0.0f, qq = 0.0f, xq = 0.0f, error = 0.0f, s;

    for (int i = 0; i < f->n; i++) {
        float w = f->w[i], wq;
        q[i] = nearest((f->x[i] + m) * inverse, f->least, f->most);
        wq = w * q[i];
        w_sum += w;
        x_sum += w * f->x[i];
        q_sum += wq;
        qq += wq * q[i];
        xq += wq * f->x[i];
    }
    float determinant = w_sum * qq - q_sum * q_sum;
    m = f->with_min && determinant > 0.0f ? (q_sum * xq - qq * x_sum) / determinant : 0.0f;
    if (m > 0.0f) {
        s = (w_sum * xq - x_sum * q_sum) / determinant;
    } else {
        m = 0.0f;
        s = qq > 0.0f ? xq / qq : 0.0f;
    }
    for (int i = 0; i < f->n; i++) {
        float off = s * q[i] - m - f->x[i];
        error += f->w[i] * off * off;
    }
    if (error < f->error) {
        f->error = error;
        f->s = s;
        f->m = m;
    }
}

static void refine(struct search *f)
{
    for (int turn = 0; turn < N_TURNS && f->s != 0.0f; turn++) {
        float before = f->error;
        try_steps(f, 1.0f / f->s, f->m);
        if (!(f->error < before))
            break;
    }
}

/* x = s q, least <= q <= -least - 1: the largest x is about the lowest q. */
static void search_scale(struct search *f, const float *x, int n, float least)
{
    float largest = 0.0f, square = 0.0f;

    *f = (struct search){ .x = x, .n = n, .least = least, .most = -least - 1.0f, .error = INFINITY };
    for (int i = 0; i < n; i++) {
        largest = fabsf(x[i]) > fabsf(largest) ? x[i] : largest;
        square += x[i] * x[i];
    }
    for (int i = 0; i < n; i++)
        f->w[i] = square / (float)n + x[i] * x[i];
    if (fabsf(largest) < LEAST_SPREAD)
        return;
    for (int k = -9; k <= 9; k++)
        try_steps(f, (least + 0.1f * (float)k) / largest, 0.0f);
    refine(f);
}

/* x = s q - m, 0 <= q <= most, m >= 0: the ends of x are about those of q. */
static void search_line(struct search *f, const float *x, int n, float most)
{
    float min = 0.0f, max = x[0], square = 0.0f;

    *f = (struct search){ .x = x, .n = n, .most = most, .with_min = true, .error = INFINITY };
    for (int i = 0; i < n; i++) {
        min = x[i] < min ? x[i] : min;
        max = x[i] > max ? x[i] : max;
        square += x[i] * x[i];
    }
    for (int i = 0; i < n; i++)
        f->w[i] = sqrtf(square / (float)n) + fabsf(x[i]);
    if (max - min < LEAST_SPREAD) {
        f->m = -min;
        return;
    }
    for (int k = -10; k <= 10; k++)
        try_steps(f, (most + 0.1f * (float)k) / (max - min), -min);
    refine(f);
}

/* ---- types with minima: Q2_K, Q4_K, Q5_K ---------------------------------------------------- */

struct lines {
    uint16_t d, dmin;
    uint8_t scale[MOST_SUBS], min[MOST_SUBS], q[QUANT_SUPER];
};

/* n sub-blocks, q up to `most`, scales and minima up to most_scale. */
static void fit_lines(const float *x, int n, float most, float most_scale, struct lines *out)
{
    struct search found[MOST_SUBS];
    float s = 0.0f, m = 0.0f;
    int width = QUANT_SUPER / n;

    for (int j = 0; j < n; j++) {
        search_line(&found[j], x + j * width, width, most);
        s = found[j].s > s ? found[j].s : s;
        m = found[j].m > m ? found[j].m : m;
    }
    out->d = quant_f32_to_f16(s / most_scale);
    out->dmin = quant_f32_to_f16(m / most_scale);
    float d = quant_f16_to_f32(out->d), dmin = quant_f16_to_f32(out->dmin);
    for (int j = 0; j < n; j++) {
        out->scale[j] = (uint8_t)nearest(steps(found[j].s, d), 0.0f, most_scale);
        out->min[j] = (uint8_t)nearest(steps(found[j].m, dmin), 0.0f, most_scale);
        for (int i = j * width; i < (j + 1) * width; i++)
            out->q[i] = (uint8_t)nearest(steps(x[i] + dmin * (float)out->min[j], d * (float)out->scale[j]), 0.0f, most);
    }
}

/* The inverse of quant_unpack_scales. */
static void pack_scales(const uint8_t scale[8], const uint8_t min[8], uint8_t packed[12])
{
    for (int i = 0; i < 4; i++) {
        packed[i] = (uint8_t)(scale[i] | scale[i + 4] >> 4 << 6);
        packed[i + 4] = (uint8_t)(min[i] | min[i + 4] >> 4 << 6);
        packed[i + 8] = (uint8_t)((scale[i + 4] & 15) | (min[i + 4] & 15) << 4);
    }
}

/* Low and high halves of 32 bytes at a time are 64 weights. */
static void pack_nibbles(const uint8_t q[QUANT_SUPER], uint8_t out[128])
{
    for (int i = 0; i < 128; i++) {
        const uint8_t *of = q + i / 32 * 64 + i % 32;
        out[i] = (uint8_t)((of[0] & 15) | (of[32] & 15) << 4);
    }
}

/* Two bits of four quarters of each half of 128, `shift` bits up in q. */
static void pack_pairs(const uint8_t q[QUANT_SUPER], int shift, uint8_t out[64])
{
    for (int i = 0; i < 64; i++) {
        const uint8_t *of = q + i / 32 * 128 + i % 32;
        out[i] = 0;
        for (int k = 0; k < 4; k++)
            out[i] = (uint8_t)(out[i] | (of[32 * k] >> shift & 3) << 2 * k);
    }
}

void quantize_q4_k(const float *x, struct block_q4_k *out)
{
    struct lines f;

    fit_lines(x, 8, 15.0f, 63.0f, &f);
    out->d = f.d;
    out->dmin = f.dmin;
    pack_scales(f.scale, f.min, out->scales);
    pack_nibbles(f.q, out->q);
}

void quantize_q5_k(const float *x, struct block_q5_k *out)
{
    struct lines f;

    fit_lines(x, 8, 31.0f, 63.0f, &f);
    out->d = f.d;
    out->dmin = f.dmin;
    pack_scales(f.scale, f.min, out->scales);
    pack_nibbles(f.q, out->q);
    memset(out->high, 0, sizeof out->high);
    for (int i = 0; i < QUANT_SUPER; i++)
        out->high[i % 32] = (uint8_t)(out->high[i % 32] | (f.q[i] >> 4) << i / 32);
}

void quantize_q2_k(const float *x, struct block_q2_k *out)
{
    struct lines f;

    fit_lines(x, 16, 3.0f, 15.0f, &f);
    out->d = f.d;
    out->dmin = f.dmin;
    for (int j = 0; j < 16; j++)
        out->scales[j] = (uint8_t)(f.scale[j] | f.min[j] << 4);
    pack_pairs(f.q, 0, out->q);
}

/* ---- types without: Q3_K, Q6_K ---------------------------------------------------------------- */

struct scales {
    uint16_t d;
    int8_t scale[16];
    uint8_t q[QUANT_SUPER];         /* less `least`, so from 0 on */
};

/* The sub-block with the largest scale gets the lowest, which has one step more than the highest. */
static void fit_scales(const float *x, float least, float least_scale, struct scales *out)
{
    float scale[16], largest = 0.0f;
    struct search f;

    for (int j = 0; j < 16; j++) {
        search_scale(&f, x + 16 * j, 16, least);
        scale[j] = f.s;
        largest = fabsf(f.s) > fabsf(largest) ? f.s : largest;
    }
    out->d = largest != 0.0f ? quant_f32_to_f16(largest / least_scale) : 0;
    float d = quant_f16_to_f32(out->d);
    for (int j = 0; j < 16; j++) {
        float sc = nearest(steps(scale[j], d), least_scale, -least_scale - 1.0f);
        out->scale[j] = (int8_t)sc;
        for (int i = 16 * j; i < 16 * j + 16; i++)
            out->q[i] = (uint8_t)(nearest(steps(x[i], d * sc), least, -least - 1.0f) - least);
    }
}

void quantize_q3_k(const float *x, struct block_q3_k *out)
{
    struct scales f;

    fit_scales(x, -4.0f, -32.0f, &f);
    out->d = f.d;
    memset(out->scales, 0, sizeof out->scales);
    memset(out->high, 0, sizeof out->high);
    for (int j = 0; j < 16; j++) {                  /* the inverse of quant_unpack_scales_q3_k */
        int sc = f.scale[j] + 32;
        out->scales[j % 8] = (uint8_t)(out->scales[j % 8] | (sc & 15) << j / 8 * 4);
        out->scales[8 + j % 4] = (uint8_t)(out->scales[8 + j % 4] | (sc >> 4) << j / 4 * 2);
    }
    for (int i = 0; i < QUANT_SUPER; i++)
        out->high[i % 32] = (uint8_t)(out->high[i % 32] | (f.q[i] >> 2) << i / 32);
    pack_pairs(f.q, 0, out->q);
}

void quantize_q6_k(const float *x, struct block_q6_k *out)
{
    struct scales f;

    fit_scales(x, -32.0f, -128.0f, &f);
    out->d = f.d;
    memcpy(out->scales, f.scale, sizeof out->scales);
    for (int i = 0; i < 128; i++) {
        const uint8_t *of = f.q + i / 64 * 128 + i % 64;
        out->q[i] = (uint8_t)((of[0] & 15) | (of[64] & 15) << 4);
    }
    pack_pairs(f.q, 4, out->high);
}
