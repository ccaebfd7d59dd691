/* test_quant.c - dequantisation against the gguf package, f16 conversion, packed scales.
 *
 * golden/quant.bin was written by golden/make_quant.py. */
#include "tensor/quant.h"

#include "base/file.h"
#include "tensor/gguf.h"
#include "tensor/kernels.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The reference does the package's operations in its order, so every bit agrees. */
static void test_golden(void **state)
{
    size_t n_bytes, at = 0;
    int n_types = 0;
    struct error err;
    unsigned char *file = file_read("tests/golden/quant.bin", 1 << 20, &n_bytes, &err);
    (void)state;

    assert_non_null(file);
    for (; at < n_bytes; n_types++) {
        uint32_t head[3];               /* type, weights, bytes */
        memcpy(head, file + at, sizeof head);
        float *got = malloc(head[1] * sizeof *got);
        at += sizeof head;
        assert_int_equal(head[2], head[1] / tensor_type_block_elements(head[0]) * tensor_type_block_bytes(head[0]));
        kernels_ref.dequantize[head[0]](file + at, got, head[1]);
        at += head[2];
        for (size_t i = 0; i < head[1]; i++) {
            float want;
            memcpy(&want, file + at + i * sizeof want, sizeof want);
            if (!(got[i] == want))
                fail_msg("%s weight %zu: %.9g, expected %.9g", tensor_type_name(head[0]), i, (double)got[i], (double)want);
        }
        at += head[1] * sizeof(float);
        free(got);
    }
    assert_int_equal(at, n_bytes);
    assert_int_equal(n_types, 14);
    free(file);
}

/* f16 has 11 bits of precision, exponents -14 .. 15, subnormals of 2^-24. */
static void test_f16(void **state)
{
    static const struct { float x; uint16_t half; } cases[] = {
        { 0.0f, 0x0000 }, { -0.0f, 0x8000 }, { 1.0f, 0x3c00 }, { -2.0f, 0xc000 }, { 65504.0f, 0x7bff },
        { 65519.996f, 0x7bff }, { 65520.0f, 0x7c00 }, { -1e30f, 0xfc00 }, { INFINITY, 0x7c00 },
        { 0x1p-24f, 0x0001 }, { 0x1p-25f, 0x0000 }, { 0x1.8p-25f, 0x0001 }, { 0x1.8p-24f, 0x0002 },   /* ties to even */
        { 0x1p-14f, 0x0400 }, { 0x1.ff8p-15f, 0x03ff }, { 0x1.ffcp-15f, 0x0400 },
        { 1.0f + 0x1p-11f, 0x3c00 }, { 1.0f + 0x3p-11f, 0x3c02 }, { 1.0f + 0x1.002p-11f, 0x3c01 },
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(quant_f32_to_f16(cases[i].x), cases[i].half);
    assert_true(isnan(quant_f16_to_f32(quant_f32_to_f16(NAN))));
    assert_true(isinf(quant_f16_to_f32(0xfc00)) && quant_f16_to_f32(0xfc00) < 0.0f);
    for (uint32_t half = 0; half < 0x10000; half++)
        if ((half & 0x7fff) <= 0x7c00)
            assert_int_equal(quant_f32_to_f16(quant_f16_to_f32((uint16_t)half)), half);
}

static void test_unpack_scales(void **state)
{
    uint8_t packed[12] = { 0 }, scale[8], min[8];
    (void)state;

    for (int i = 0; i < 8; i++) {       /* scale 7 i + 3, min 63 - 5 i */
        uint8_t s = (uint8_t)(7 * i + 3), m = (uint8_t)(63 - 5 * i);
        if (i < 4) {
            packed[i] |= s;
            packed[i + 4] |= m;
        } else {
            packed[i + 4] = (uint8_t)((s & 15) | (m & 15) << 4);
            packed[i - 4] |= (uint8_t)(s >> 4 << 6);
            packed[i] |= (uint8_t)(m >> 4 << 6);
        }
    }
    quant_unpack_scales(packed, scale, min);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(scale[i], 7 * i + 3);
        assert_int_equal(min[i], 63 - 5 * i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_f16),
        cmocka_unit_test(test_unpack_scales),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
