/* test_rows.c - up to 8 rows evaluated together have the bits that each has alone.
 *
 * Drafted tokens are checked several at a time; what is accepted must be what plain
 * decoding says, which near a tie takes the same bits.  Every table of kernels, 1, 2
 * and 7 threads. */
#include "tensor/ops.h"

#include "tensor/kernels.h"
#include "tensor/pool.h"
#include "tensor/quant.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MOST 8                      /* rows */
#define FOR_TABLES(k) for (const struct kernels *const *k = kernels_all; *k != NULL; k++) if ((*k)->supported())

static uint64_t seed;

static float random_f32(void)       /* in [-1, 1) */
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (float)(int32_t)(seed >> 32) * 0x1p-31f;
}

static float *random_floats(size_t n, float size)
{
    float *x = malloc(n * sizeof *x);

    for (size_t i = 0; i < n; i++)
        x[i] = size * random_f32();
    return x;
}

static uint16_t *random_halves(size_t n)
{
    uint16_t *x = malloc(n * sizeof *x);

    for (size_t i = 0; i < n; i++)
        x[i] = quant_f32_to_f16(random_f32());
    return x;
}

static void *random_keys(const struct compute *c, enum ops_keys_type type, size_t n)
{
    if (type == OPS_KEYS_F16)
        return random_halves(n);
    float *x = random_floats(n, 1.0f);
    void *blocks = malloc(ops_keys_bytes(type, n));
    ops_f32_to_q8_0_heads(c, x, 1, 1, n, blocks, 0);
    free(x);
    return blocks;
}

static void for_computes(void (*check)(const struct compute *c, struct arena *scratch))
{
    static const size_t threads[] = { 1, 2, 7 };
    struct arena *scratch = arena_new("scratch", 1 << 16, NULL);

    FOR_TABLES(k) for (size_t t = 0; t < 3; t++) {
        struct compute c;
        assert_true(compute_init(&c, threads[t], (*k)->name, NULL));
        check(&c, scratch);
        compute_done(&c);
    }
    arena_free(scratch);
}

static const size_t windows[] = { 1, 6, 131, 300 };
/* Positions around the ends of vectors, chunks (128) and spans (256). */
static const size_t starts[] = { 0, 1, 5, 14, 120, 124, 127, 128, 250, 255, 256, 509, 1023 };
static const struct { size_t n_head, n_head_kv, d; } heads[] = {
    { 12, 2, 128 }, { 14, 2, 64 }, { 9, 3, 64 }, { 4, 4, 64 }, { 5, 1, 128 }, { 4, 2, 20 }, { 70, 1, 8 }
};

static void check_attention_of(const struct compute *c, struct arena *scratch, enum ops_keys_type type)
{
    enum { N_CTX = 1031, WIDEST = 1536, KEYS = 4 * 64 };
    float *q = random_floats(MOST * WIDEST, 8.0f), *bias = random_floats(N_CTX, 2.0f);
    float *alone = malloc(MOST * WIDEST * sizeof *alone), *together = malloc(MOST * WIDEST * sizeof *together);
    void *k = random_keys(c, type, N_CTX * KEYS), *v = random_keys(c, type, N_CTX * KEYS);

    for (size_t h = 0; h < sizeof heads / sizeof heads[0]; h++) for (size_t s = 0; s < sizeof starts / sizeof starts[0]; s++)
    for (int windowed = 0; windowed < 2; windowed++) {
        size_t row = heads[h].n_head * heads[h].d;
        if ((c->kernels == &kernels_ref || pool_n_threads(c->pool) != 2) && s % 4 != 0)     /* they are slow */
            continue;
        if (type == OPS_KEYS_Q8_0 && heads[h].d % QUANT_BLOCK != 0)
            continue;
        struct ops_keys keys = { k, v, heads[h].d, N_CTX * heads[h].d, type };
        if (s % 2)                                          /* or heads side by side */
            keys.step = heads[h].n_head_kv * heads[h].d, keys.head_step = heads[h].d;
        struct ops_attention how = { .n_head = heads[h].n_head, .n_head_kv = heads[h].n_head_kv, .head_dim = heads[h].d,
                                     .window = windowed ? windows[(h + s) % 4] : 0, .soft_cap = windowed ? 4.0f : 0.0f,
                                     .bias = s % 3 ? bias : NULL };
        for (size_t i = 0; i < MOST; i++)
            assert_true(ops_attention_cached(c, scratch, &how, q + i * row, &keys, 1, starts[s] + i, alone + i * row, NULL));
        for (size_t n = 2; n <= MOST; n++) {
            assert_true(ops_attention_cached(c, scratch, &how, q, &keys, n, starts[s], together, NULL));
            for (size_t i = 0; i < n; i++)
                if (memcmp(together + i * row, alone + i * row, row * sizeof *alone) != 0)
                    fail_msg("%s: %zu of %zu heads of %zu, row %zu of %zu after %zu, window %zu", compute_kernels_name(c),
                             heads[h].n_head, heads[h].n_head_kv, heads[h].d, i, n, starts[s], how.window);
        }
    }
    free(q), free(bias), free(alone), free(together), free(k), free(v);
}

static void check_attention(const struct compute *c, struct arena *scratch)
{
    check_attention_of(c, scratch, OPS_KEYS_F16);
    check_attention_of(c, scratch, OPS_KEYS_Q8_0);
}

static void test_attention(void **state)
{
    (void)state;
    seed = 1;
    for_computes(check_attention);
}

/* Keys and values of later positions, and of those before the window, are not even touched, be they infinite. */
static void test_positions_not_seen(void **state)
{
    enum { D = 64, N = 5, FIRST = 2 };
    static const struct ops_attention how = { .n_head = 1, .n_head_kv = 1, .head_dim = D, .window = N - 1 - FIRST };
    struct compute c;
    struct arena *scratch = arena_new("scratch", 1 << 16, NULL);
    float *q = random_floats(N * D, 1.0f), out[N * D];
    uint16_t *k = random_halves(N * D), *v = random_halves(N * D);
    (void)state;

    for (size_t i = 0; i < D; i++)
        k[i] = v[i] = k[(N - 1) * D + i] = v[(N - 1) * D + i] = 0x7c00;
    FOR_TABLES(table) {
        assert_true(compute_init(&c, 1, (*table)->name, NULL));
        assert_true(ops_attention_cached(&c, scratch, &how, q, &(struct ops_keys){ k, v, D, 0, OPS_KEYS_F16 }, N, 0, out, NULL));
        for (size_t i = FIRST * D; i < (N - 1) * D; i++)
            assert_true(isfinite(out[i]));
        compute_done(&c);
    }
    arena_free(scratch);
    free(q), free(k), free(v);
}

/* What works row by row: of widths that are no multiple of a vector or of the pool's pieces. */
static void check_rows(const struct compute *c, struct arena *scratch)
{
    static const size_t widths[] = { 576, 1535, 4864, 8960 };
    (void)scratch;

    for (size_t w = 0; w < sizeof widths / sizeof widths[0]; w++) {
        size_t row = widths[w], all = MOST * row;
        float *x = random_floats(all, 3.0f), *y = random_floats(all, 1.0f), *alone = malloc(all * sizeof *x), *z = malloc(all * sizeof *z);
        uint16_t *half = malloc(all * sizeof *half), *half_alone = malloc(all * sizeof *half);

        for (size_t i = 0; i < MOST; i++)
            ops_rms_norm(c, x + i * row, y, 1, row, 1e-6f, alone + i * row);
        ops_rms_norm(c, x, y, MOST, row, 1e-6f, z);
        assert_memory_equal(z, alone, all * sizeof *z);
        memcpy(z, x, all * sizeof *z), memcpy(alone, x, all * sizeof *z);
        for (size_t i = 0; i < MOST; i++)
            ops_silu_mul(c, alone + i * row, y + i * row, row), ops_add(c, alone + i * row, y + i * row, row),
            ops_gelu_mul(c, alone + i * row, y + i * row, row);
        ops_silu_mul(c, z, y, all), ops_add(c, z, y, all), ops_gelu_mul(c, z, y, all);
        assert_memory_equal(z, alone, all * sizeof *z);
        for (size_t i = 0; i < MOST; i++)
            ops_f32_to_f16(c, x + i * row, half_alone + i * row, row);
        ops_f32_to_f16(c, x, half, all);
        assert_memory_equal(half, half_alone, all * sizeof *half);
        free(x), free(y), free(alone), free(z), free(half), free(half_alone);
    }
}

static void check_rope(const struct compute *c, struct arena *scratch)
{
    enum { HEADS = 3, D = 64, ROW = HEADS * D, POS = 4090 };
    float *x = random_floats(MOST * ROW, 1.0f), *alone = malloc(MOST * ROW * sizeof *x), turns[MOST * D];
    double frequency[D / 2];
    (void)scratch;

    memcpy(alone, x, MOST * ROW * sizeof *x);
    ops_rope_frequencies(D, 1e6, frequency);
    for (size_t i = 0; i < MOST; i++) {
        ops_rope_turns(c, 1, D, POS + i, frequency, 1.5f, turns);
        ops_rope(c, alone + i * ROW, 1, HEADS, D, D, turns, false);
    }
    ops_rope_turns(c, MOST, D, POS, frequency, 1.5f, turns);
    ops_rope(c, x, MOST, HEADS, D, D, turns, false);
    assert_memory_equal(x, alone, MOST * ROW * sizeof *x);
    free(x), free(alone);
}

static void test_elements(void **state)
{
    (void)state;
    seed = 2;
    for_computes(check_rows);
    for_computes(check_rope);
}

/* Plain floats, and bytes with a scale, whose activations are quantised. */
static void check_matmul(const struct compute *c, struct arena *scratch)
{
    enum { N_IN = 512, N_OUT = 100 };
    float *w = random_floats(N_IN * N_OUT, 1.0f), *x = random_floats(MOST * N_IN, 1.0f), alone[MOST * N_OUT], y[MOST * N_OUT];
    struct block_q8_0 *q = malloc(N_IN * N_OUT / QUANT_BLOCK * sizeof *q);
    struct tensor t[2] = { { .name = "w", .type = TENSOR_F32, .n_dims = 2, .dim = { N_IN, N_OUT, 1, 1 }, .data = w },
                           { .name = "w", .type = TENSOR_Q8_0, .n_dims = 2, .dim = { N_IN, N_OUT, 1, 1 }, .data = q } };

    for (size_t b = 0; b < N_IN * N_OUT / QUANT_BLOCK; b++) {
        q[b].d = quant_f32_to_f16(0.01f * random_f32());
        for (size_t i = 0; i < QUANT_BLOCK; i++)
            q[b].q[i] = (int8_t)(127.0f * random_f32());
    }
    for (int type = 0; type < 2; type++) {
        for (size_t i = 0; i < MOST; i++)
            assert_true(ops_matmul(c, scratch, t + type, NULL, x + i * N_IN, 1, alone + i * N_OUT, NULL));
        for (size_t n = 1; n <= MOST; n++) {
            assert_true(ops_matmul(c, scratch, t + type, NULL, x, n, y, NULL));
            assert_memory_equal(y, alone, n * N_OUT * sizeof *y);
        }
    }
    free(w), free(x), free(q);
}

static void test_matmul(void **state)
{
    (void)state;
    seed = 3;
    for_computes(check_matmul);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attention),
        cmocka_unit_test(test_positions_not_seen),
        cmocka_unit_test(test_elements),
        cmocka_unit_test(test_matmul),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
