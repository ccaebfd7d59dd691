/* resize_weigh.c - as plain loops, and for x86-64 by SSE2, which all of them have.
 *
 * SSE2 multiplies 16 bits and adds neighbours (pmaddwd), so a weight is split:
 * w = 2^11 high + low, 0 <= low < 2^11, and both sums are taken. */
#include "vision/resize_weigh.h"

#include <string.h>

/* Of a sum that holds 2^21 already. */
static uint8_t clip8(int32_t sum)
{
    const int32_t v = sum >> WEIGHT_BITS;

    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

#if defined(__SSE2__)

#include <emmintrin.h>

enum { LOW_BITS = 11, HALF_VECTORS = 6 };

static int16_t high_of(int32_t w) { return (int16_t)(w >> LOW_BITS); }
static int16_t low_of(int32_t w) { return (int16_t)(w & ((1 << LOW_BITS) - 1)); }

size_t weigh_halves(void)
{
    return HALF_VECTORS * 8 / WEIGH_GROUP;
}

/* Of 8 pixels at p the products go in pairs, byte q with byte q + 12: pixel q / 3 with pixel
 * 4 + q / 3, channel q % 3.  12 pairs are three vectors; high halves, then low ones. */
void weigh_prepare(struct resize_taps *t)
{
    int16_t *to = t->halves;

    for (size_t at = 0; at < t->n_out * t->n_most; at += WEIGH_GROUP, to += HALF_VECTORS * 8)
        for (size_t q = 0; q < 12; q++) {
            const int32_t a = t->weight[at + q / 3], b = t->weight[at + 4 + q / 3];
            to[2 * q] = high_of(a);
            to[2 * q + 1] = high_of(b);
            to[24 + 2 * q] = low_of(a);
            to[24 + 2 * q + 1] = low_of(b);
        }
}

static __m128i load(const void *p) { return _mm_loadu_si128(p); }
static __m128i add_products(__m128i sum, __m128i x, __m128i w) { return _mm_add_epi32(sum, _mm_madd_epi16(x, w)); }
static __m128i join(__m128i high, __m128i low) { return _mm_add_epi32(_mm_slli_epi32(high, LOW_BITS), low); }

static void weigh_pixel(const uint8_t *p, const int16_t *halves, size_t n_groups, uint8_t *out)
{
    const __m128i zero = _mm_setzero_si128();
    __m128i high0 = zero, high1 = zero, high2 = zero, low0 = zero, low1 = zero, low2 = zero;
    int32_t sum[12];

    for (; n_groups > 0; n_groups--, p += 3 * WEIGH_GROUP, halves += HALF_VECTORS * 8) {
        const __m128i a = load(p), b = load(p + 12);
        const __m128i first = _mm_unpacklo_epi8(a, b), last = _mm_unpackhi_epi8(a, b);
        const __m128i x0 = _mm_unpacklo_epi8(first, zero), x1 = _mm_unpackhi_epi8(first, zero);
        const __m128i x2 = _mm_unpacklo_epi8(last, zero);
        high0 = add_products(high0, x0, load(halves));
        high1 = add_products(high1, x1, load(halves + 8));
        high2 = add_products(high2, x2, load(halves + 16));
        low0 = add_products(low0, x0, load(halves + 24));
        low1 = add_products(low1, x1, load(halves + 32));
        low2 = add_products(low2, x2, load(halves + 40));
    }
    _mm_storeu_si128((__m128i *)(void *)sum, join(high0, low0));
    _mm_storeu_si128((__m128i *)(void *)(sum + 4), join(high1, low1));
    _mm_storeu_si128((__m128i *)(void *)(sum + 8), join(high2, low2));
    for (size_t c = 0; c < 3; c++)
        out[c] = clip8((1 << (WEIGHT_BITS - 1)) + sum[c] + sum[3 + c] + sum[6 + c] + sum[9 + c]);
}

void weigh_row(const struct resize_taps *t, const uint8_t *in, uint8_t *out)
{
    for (size_t x = 0; x < t->n_out; x++)
        weigh_pixel(in + 3 * t->first[x], t->halves + x * t->n_most * weigh_halves(),
                    (t->count[x] + WEIGH_GROUP - 1) / WEIGH_GROUP, out + 3 * x);
}

/* Two rows' weights side by side, for every pair of lanes. */
static __m128i pair(int16_t a, int16_t b)
{
    return _mm_set1_epi32((int32_t)((uint32_t)(uint16_t)a | (uint32_t)(uint16_t)b << 16));
}

static __m128i weigh_block(const uint8_t *p, size_t n, size_t row_bytes, const int32_t *weight)
{
    const __m128i zero = _mm_setzero_si128(), half = _mm_set1_epi32(1 << (WEIGHT_BITS - 1));
    __m128i high[4] = { zero, zero, zero, zero }, low[4] = { half, half, half, half };

    for (size_t i = 0; i < n; i += 2, p += 2 * row_bytes) {
        const bool two = i + 1 < n;
        const int32_t w = two ? weight[i + 1] : 0;
        const __m128i w_high = pair(high_of(weight[i]), high_of(w)), w_low = pair(low_of(weight[i]), low_of(w));
        const __m128i a = load(p), b = load(two ? p + row_bytes : p);
        const __m128i first = _mm_unpacklo_epi8(a, b), last = _mm_unpackhi_epi8(a, b);
        const __m128i x[4] = { _mm_unpacklo_epi8(first, zero), _mm_unpackhi_epi8(first, zero),
                               _mm_unpacklo_epi8(last, zero), _mm_unpackhi_epi8(last, zero) };
        for (size_t k = 0; k < 4; k++) {
            high[k] = add_products(high[k], x[k], w_high);
            low[k] = add_products(low[k], x[k], w_low);
        }
    }
    for (size_t k = 0; k < 4; k++)
        low[k] = _mm_srai_epi32(join(high[k], low[k]), WEIGHT_BITS);
    return _mm_packus_epi16(_mm_packs_epi32(low[0], low[1]), _mm_packs_epi32(low[2], low[3]));     /* these clip */
}

void weigh_columns(const uint8_t *rows, size_t n, size_t row_bytes, const int32_t *weight, uint8_t *out, size_t n_out)
{
    for (size_t x = 0; x < n_out; x += WEIGH_COLUMNS) {
        const __m128i block = weigh_block(rows + x, n, row_bytes, weight);
        memcpy(out + x, &block, n_out - x < sizeof block ? n_out - x : sizeof block);
    }
}

#else

size_t weigh_halves(void)
{
    return 0;
}

void weigh_prepare(struct resize_taps *t)
{
    (void)t;
}

void weigh_row(const struct resize_taps *t, const uint8_t *in, uint8_t *out)
{
    for (size_t x = 0; x < t->n_out; x++) {
        const uint8_t *p = in + 3 * t->first[x];
        const int32_t *w = t->weight + x * t->n_most;
        int32_t r = 1 << (WEIGHT_BITS - 1), g = r, b = r;
        for (size_t i = 0; i < t->count[x]; i++, p += 3) {
            r += p[0] * w[i];
            g += p[1] * w[i];
            b += p[2] * w[i];
        }
        out[3 * x] = clip8(r);
        out[3 * x + 1] = clip8(g);
        out[3 * x + 2] = clip8(b);
    }
}

void weigh_columns(const uint8_t *rows, size_t n, size_t row_bytes, const int32_t *weight, uint8_t *out, size_t n_out)
{
    for (size_t x = 0; x < n_out; x += WEIGH_COLUMNS) {
        const size_t n_columns = n_out - x < WEIGH_COLUMNS ? n_out - x : WEIGH_COLUMNS;
        int32_t sum[WEIGH_COLUMNS];
        for (size_t k = 0; k < n_columns; k++)
            sum[k] = 1 << (WEIGHT_BITS - 1);
        for (size_t i = 0; i < n; i++)
            for (size_t k = 0; k < n_columns; k++)
                sum[k] += rows[i * row_bytes + x + k] * weight[i];
        for (size_t k = 0; k < n_columns; k++)
            out[x + k] = clip8(sum[k]);
    }
}

#endif
