/* test_media_rows.c - rows as bytes come back as they were; bytes that were cut, changed or are of something else do not. */
#include "tensor/media_rows_file.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"

#define KEY "a picture, an encoder"
enum { WIDE = 3, HEAD = 13, BODY = HEAD + 64 };      /* of the file: its first line, the sum behind it */

static struct media_rows *make_rows(void)
{
    struct media_rows *m = media_rows_new(WIDE, NULL);

    assert_non_null(m);
    assert_true(media_rows_add_marker(m, "<begin>", NULL));
    for (size_t n = 2; n <= 6; n += 4) {
        float *rows = media_rows_add(m, n, NULL);
        assert_non_null(rows);
        for (size_t i = 0; i < n * WIDE; i++)
            rows[i] = (float)i * 0.37f - (float)n;
    }
    media_rows_last(m)->width = 3;
    media_rows_last(m)->height = 2;
    media_rows_last(m)->both_ways = true;
    assert_true(media_rows_add_marker(m, "", NULL));
    return m;
}

static unsigned char *make_bytes(size_t *n)
{
    struct media_rows *m = make_rows();
    unsigned char *bytes = media_rows_to_bytes(m, KEY, n, NULL);

    assert_non_null(bytes);
    media_rows_free(m);
    return bytes;
}

static void sign(unsigned char *bytes, size_t n)
{
    char sum[SHA256_HEX];

    sha256_bytes(bytes + BODY, n - BODY, sum);
    memcpy(bytes + HEAD, sum, SHA256_HEX - 1);
}

/* From bytes of just that length, so that a sanitizer sees what is read behind them. */
static struct media_rows *read_copy(const unsigned char *bytes, size_t n, const char *key, size_t n_embd)
{
    unsigned char *copy = malloc(n + (n == 0));
    struct error err = { 0 };

    memcpy(copy, bytes, n);
    struct media_rows *m = media_rows_of_bytes(copy, n, key, n_embd, &err);
    assert_true(m != NULL || (err.code == ERROR_INPUT && *err.text != '\0'));
    free(copy);
    return m;
}

static void refuse(const unsigned char *bytes, size_t n, const char *what, size_t at)
{
    struct media_rows *m = read_copy(bytes, n, KEY, WIDE);

    if (m != NULL)
        fail_msg("%s %zu: was read", what, at);
}

static void test_round(void **state)
{
    struct media_rows *m = make_rows();
    size_t n;
    unsigned char *bytes = make_bytes(&n);
    struct media_rows *found = read_copy(bytes, n, KEY, WIDE);

    (void)state;
    assert_non_null(found);
    assert_int_equal(found->n_pieces, m->n_pieces);
    assert_int_equal(found->n_rows, 8);
    assert_int_equal(found->n_embd, WIDE);
    for (size_t i = 0; i < m->n_pieces; i++) {
        const struct media_piece *a = &m->pieces[i], *b = &found->pieces[i];
        assert_true((a->marker == NULL) == (b->marker == NULL) && a->n == b->n && a->width == b->width && a->height == b->height &&
                    a->both_ways == b->both_ways);
        if (a->marker != NULL)
            assert_string_equal(a->marker, b->marker);
        else
            assert_memory_equal(a->rows, b->rows, a->n * WIDE * sizeof *a->rows);
    }
    media_rows_free(found);
    media_rows_free(m);
    free(bytes);
}

static void test_others(void **state)
{
    size_t n;
    unsigned char *bytes = make_bytes(&n);

    (void)state;
    assert_null(read_copy(bytes, n, "another picture", WIDE));
    assert_null(read_copy(bytes, n, KEY " ", WIDE));
    assert_null(read_copy(bytes, n, KEY, WIDE + 1));
    assert_null(read_copy(bytes, n, KEY, 0));
    free(bytes);
}

static void test_cut(void **state)
{
    size_t n;
    unsigned char *bytes = make_bytes(&n);

    (void)state;
    for (size_t i = 0; i < n; i++)
        refuse(bytes, i, "the first bytes", i);
    for (size_t i = BODY; i < n; i++) {     /* with the right sum, too */
        unsigned char *cut = malloc(i);
        memcpy(cut, bytes, i);
        sign(cut, i);
        refuse(cut, i, "the first bytes, summed,", i);
        free(cut);
    }
    bytes = realloc(bytes, n + 1);
    bytes[n] = 0;
    sign(bytes, n + 1);
    refuse(bytes, n + 1, "a byte behind", n);
    free(bytes);
}

static void test_flips(void **state)
{
    size_t n;
    unsigned char *bytes = make_bytes(&n);

    (void)state;
    for (size_t i = 0; i < 8 * n; i++) {
        bytes[i / 8] ^= (unsigned char)(1u << i % 8);
        refuse(bytes, n, "bit", i);
        bytes[i / 8] ^= (unsigned char)(1u << i % 8);
    }
    free(bytes);
}

/* Whatever stands where a count may: what is read then is whole and finite. */
static void test_made_up(void **state)
{
    static const uint64_t counts[] = { 0, 1, 2, 3, 5, 7, 1000, UINT32_MAX, (uint64_t)1 << 32, (uint64_t)1 << 61, (uint64_t)1 << 63, UINT64_MAX };
    size_t n, n_read = 0;
    unsigned char *bytes = make_bytes(&n), *changed = malloc(n);

    (void)state;
    for (size_t i = BODY; i + sizeof *counts <= n; i++)
        for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
            memcpy(changed, bytes, n);
            memcpy(changed + i, &counts[k], sizeof counts[k]);
            sign(changed, n);
            struct media_rows *m = read_copy(changed, n, KEY, WIDE);
            size_t n_rows = 0;
            for (size_t j = 0; m != NULL && j < m->n_pieces; j++) {
                const struct media_piece *p = &m->pieces[j];
                n_rows += p->n;
                assert_true(p->width * p->height == p->n || (p->width == 0 && p->height == 0));
                for (size_t x = 0; x < p->n * WIDE; x++)
                    assert_true(isfinite(p->rows[x]));
            }
            assert_true(m == NULL || n_rows == m->n_rows);
            n_read += m != NULL;
            media_rows_free(m);
        }
    assert_true(n_read > 0);        /* of other numbers in a row */
    free(changed);
    free(bytes);
}

static void test_not_finite(void **state)
{
    static const float values[] = { NAN, INFINITY, -INFINITY };
    size_t n;
    unsigned char *bytes = make_bytes(&n);
    size_t last = n - 2 * sizeof(uint64_t) - sizeof(float);         /* before the last marker, which is empty */

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        memcpy(bytes + last, &values[i], sizeof values[i]);
        sign(bytes, n);
        refuse(bytes, n, "not finite", i);
    }
    memcpy(bytes + last, &(float){ 1.0f }, sizeof(float));
    sign(bytes, n);
    struct media_rows *m = read_copy(bytes, n, KEY, WIDE);
    assert_non_null(m);
    media_rows_free(m);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round), cmocka_unit_test(test_others), cmocka_unit_test(test_cut), cmocka_unit_test(test_flips),
        cmocka_unit_test(test_made_up), cmocka_unit_test(test_not_finite),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
