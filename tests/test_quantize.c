/* test_quantize.c - weights to blocks: the simple types to the bit as the gguf package
 * has them, K types by their error.
 *
 * golden/quantize.bin was written by golden/make_quant.py. */
#include "tensor/quantize.h"

#include "base/file.h"
#include "tensor/kernels.h"
#include "tensor/quant.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_golden(void **state)
{
    size_t n_bytes, at = 4;
    int n_types = 0;
    uint32_t n;
    unsigned char *file = file_read("tests/golden/quantize.bin", 1 << 20, &n_bytes, NULL);
    (void)state;

    assert_non_null(file);
    memcpy(&n, file, sizeof n);
    float *x = malloc(n * sizeof *x);
    memcpy(x, file + at, n * sizeof *x);
    for (at += n * sizeof *x; at < n_bytes; n_types++) {
        uint32_t head[2];               /* type, bytes */
        memcpy(head, file + at, sizeof head);
        at += sizeof head;
        unsigned char *got = malloc(head[1]);
        assert_int_equal(head[1], n / tensor_type_block_elements(head[0]) * tensor_type_block_bytes(head[0]));
        quantize_weights(head[0], x, n, got);
        for (size_t i = 0; i < head[1]; i++)
            if (got[i] != file[at + i])
                fail_msg("%s: byte %zu of block %zu is %02x, expected %02x", tensor_type_name(head[0]),
                         i % tensor_type_block_bytes(head[0]), i / tensor_type_block_bytes(head[0]), got[i], file[at + i]);
        at += head[1];
        free(got);
    }
    assert_int_equal(at, n_bytes);
    assert_int_equal(n_types, 7);
    free(x);
    free(file);
}

static uint64_t seed;

static float random_f32(void)       /* in [-1, 1) */
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (float)(int32_t)(seed >> 32) * 0x1p-31f;
}

enum { N = 1 << 16 };

static void round_trip(enum tensor_type type, const float *x, float *back, size_t n)
{
    unsigned char *blocks = malloc(n / tensor_type_block_elements(type) * tensor_type_block_bytes(type));

    quantize_weights(type, x, n, blocks);
    kernels_ref.dequantize[type](blocks, back, n);
    free(blocks);
}

/* Twelve uniform numbers less their mean are about normal; root mean square 0.02. */
static void fill_normal(float *x, size_t n)
{
    seed = 1;
    for (size_t i = 0; i < n; i++) {
        float sum = 0.0f;
        for (int k = 0; k < 12; k++)
            sum += random_f32();
        x[i] = 0.01f * sum;
    }
}

/* The root mean square error that llama.cpp's own quantizer (ggml_quantize_chunk of ggml 0.25.3,
 * no importance matrix) has on the same weights: ours is no larger by more than 1 %. */
static void test_errors(void **state)
{
    static const struct { enum tensor_type type; double peer; } types[] = {
        { TENSOR_Q2_K, 0.00588242 }, { TENSOR_Q3_K, 0.00298016 }, { TENSOR_Q4_K, 0.00141573 },
        { TENSOR_Q5_K, 0.000716592 }, { TENSOR_Q6_K, 0.00035016 },
    };
    float *x = malloc(N * sizeof *x), *back = malloc(N * sizeof *back);
    (void)state;

    fill_normal(x, N);
    for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
        double square = 0.0;
        round_trip(types[t].type, x, back, N);
        for (size_t i = 0; i < N; i++)
            square += ((double)back[i] - (double)x[i]) * ((double)back[i] - (double)x[i]);
        double error = sqrt(square / N);
        if (!(error <= 1.01 * types[t].peer) || error < 0.8 * types[t].peer)
            fail_msg("%s: error %.6g, llama.cpp's %.6g", tensor_type_name(types[t].type), error, types[t].peer);
    }
    free(x), free(back);
}

static const enum tensor_type supers[] = { TENSOR_Q2_K, TENSOR_Q3_K, TENSOR_Q4_K, TENSOR_Q5_K, TENSOR_Q6_K };
#define N_SUPERS (sizeof supers / sizeof *supers)

/* What a block holds exactly comes back so: zeros, and sub-blocks of the same two values. */
static void test_exact(void **state)
{
    float x[QUANT_SUPER], back[QUANT_SUPER];
    (void)state;

    for (size_t t = 0; t < N_SUPERS; t++) {
        memset(x, 0, sizeof x);
        round_trip(supers[t], x, back, QUANT_SUPER);
        assert_memory_equal(back, x, sizeof x);
        for (int i = 0; i < QUANT_SUPER; i++)
            x[i] = i % 2 == 0 ? 0.0f : 0.5f;
        round_trip(supers[t], x, back, QUANT_SUPER);
        for (int i = 0; i < QUANT_SUPER; i++)       /* d is of 11 bits, and a few products of it */
            assert_true(fabsf(back[i] - x[i]) <= 0.5f * 0x1p-9f);
    }
}

/* Odd blocks: signs all alike, one weight above all others, weights too small for f16, large
 * ones.  No error beyond a step of the type for the block's spread, and no infinity. */
static void test_odd_blocks(void **state)
{
    static const float steps[N_SUPERS] = { 3, 4, 15, 31, 32 };
    float x[QUANT_SUPER], back[QUANT_SUPER];
    (void)state;

    seed = 2;
    for (size_t t = 0; t < N_SUPERS; t++) for (int kind = 0; kind < 6; kind++) {
        float most = 0.0f;
        for (int i = 0; i < QUANT_SUPER; i++) {
            x[i] = random_f32();
            x[i] = kind == 0 ? fabsf(x[i]) + 1.0f : kind == 1 ? -fabsf(x[i]) : kind == 2 ? x[i] * 1e-9f : kind == 3 ? x[i] * 6e4f : x[i];
            x[i] = kind == 4 && i == 77 ? 100.0f : kind == 5 && i >= 16 ? 0.0f : x[i];
            most = fmaxf(most, fabsf(x[i]));
        }
        round_trip(supers[t], x, back, QUANT_SUPER);
        for (int i = 0; i < QUANT_SUPER; i++)
            if (!(fabsf(back[i] - x[i]) <= 1.5f * most / steps[t] + 1e-7f))
                fail_msg("%s, kind %d, weight %d: %g became %g", tensor_type_name(supers[t]), kind, i, (double)x[i], (double)back[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_exact),
        cmocka_unit_test(test_odd_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
