/* test_encoder.c - the shared transformer of encoders against PyTorch (golden/make_encoder.py). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "tensor/encoder.h"
#include "tensor/kernels.h"
#include "tensor/mmproj.h"
#include "tests/aligned_file.h"
#include "tests/nmse.h"

enum { MOST = 9 * 256 };             /* numbers of the largest case's rows */

static const size_t group_end[] = { 5, 6, 12 };

static const struct encoder_case {
    const char *name;
    enum mmproj_kind kind;
    enum encoder_norm norm;
    size_t n, d, head_dim, n_groups;
    bool turns, bias;
    double most_nmse;               /* floats: 100 times what was seen; Q8_0 products round activations to 8 bits, 1 / 127 of the largest, too */
} cases[] = {
    { "layer", MMPROJ_VISION, ENCODER_NORM_LAYER, 11, 24, 8, 0, false, true, 1e-12 },
    { "rms", MMPROJ_VISION, ENCODER_NORM_RMS, 12, 32, 16, 3, true, false, 2e-4 },
    { "audio", MMPROJ_AUDIO, ENCODER_NORM_LAYER, 9, 20, 16, 0, false, false, 1e-12 },
    { "mixed", MMPROJ_VISION, ENCODER_NORM_LAYER, 9, 256, 32, 0, false, false, 1.6e-5 },
};

struct opened {
    struct compute c;
    struct gguf *g;
    struct arena *arena;
    struct encoder *e;
    float *golden, *turns, *bias, *rows, *first;
};

static struct opened must_open(const struct encoder_case *k, size_t n_threads, const char *kernels)
{
    struct error err = { 0 };
    struct opened o;
    struct encoder_params params;
    char path[80];
    size_t n_bytes, size = k->n * k->d;

    snprintf(path, sizeof path, "tests/golden/encoder_%s.gguf", k->name);
    if (!compute_init(&o.c, n_threads, kernels, &err) || (o.g = gguf_open(path, &err)) == NULL
        || !mmproj_encoder(o.g, k->kind, &params, &err) || (o.arena = arena_new("test", 1 << 12, &err)) == NULL)
        fail_msg("%s", err.text);
    params.norm = k->norm;
    if (strcmp(k->name, "mixed") == 0)
        params.activation = ENCODER_GELU;       /* which no key says */
    o.e = encoder_open(o.g, &o.c, &params, o.arena, &err);
    if (o.e == NULL)
        fail_msg("%s", err.text);
    snprintf(path, sizeof path, "tests/golden/encoder_%s.f32", k->name);
    o.golden = (void *)file_read(path, 1 << 20, &n_bytes, &err);
    assert_non_null(o.golden);
    assert_int_equal(n_bytes, (3 * size + k->n * (k->head_dim + 1)) * sizeof(float));
    o.turns = o.golden + size;
    o.bias = o.turns + k->n * k->head_dim;
    o.rows = o.bias + k->n;
    o.first = o.rows + size;
    return o;
}

static void close_all(struct opened *o)
{
    free(o->golden);
    arena_free(o->arena);
    gguf_close(o->g);
    compute_done(&o->c);
}

static bool run(const struct opened *o, const struct encoder_case *k, size_t n_layer, float *x, struct error *err)
{
    const struct encoder_attention how = {
        .turns = k->turns ? o->turns : NULL, .bias = k->bias ? o->bias : NULL,
        .group_end = group_end, .n_groups = k->n_groups, .full_every = k->n_groups > 0 ? 2 : 0,
    };
    struct arena *scratch = arena_new("scratch", 1 << 12, err);

    assert_non_null(scratch);
    memcpy(x, o->golden, k->n * k->d * sizeof *x);
    struct arena_mark before = arena_mark(scratch);
    bool ok = encoder_run(o->e, &o->c, scratch, k->turns || k->bias ? &how : NULL, n_layer, x, k->n, err);
    struct arena_mark after = arena_mark(scratch);
    assert_true(before.i_chunk == after.i_chunk && before.used == after.used);
    arena_free(scratch);
    return ok;
}

static void check(const struct encoder_case *k, const char *what, const char *kernels, const float *found, const float *expected)
{
    double e = nmse(found, expected, k->n * k->d);

    if (!(e <= k->most_nmse))
        fail_msg("%s, %s, %s: NMSE %g", k->name, what, kernels, e);
}

static void test_golden(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (const struct kernels *const *k = kernels_all; *k != NULL; k++) {
            float x[MOST], again[MOST];
            for (size_t n_threads = 1; (*k)->supported() && n_threads <= 7; n_threads += n_threads == 1 ? 1 : 5) {
                struct error err = { 0 };
                struct opened o = must_open(&cases[i], n_threads, (*k)->name);
                if (!run(&o, &cases[i], 1, again, &err))
                    fail_msg("%s", err.text);
                check(&cases[i], "one layer", (*k)->name, again, o.first);
                if (!run(&o, &cases[i], 0, again, &err))
                    fail_msg("%s", err.text);
                encoder_post_norm(o.e, &o.c, again, cases[i].n);
                check(&cases[i], "all", (*k)->name, again, o.rows);
                if (n_threads == 1)
                    memcpy(x, again, sizeof x);
                assert_memory_equal(x, again, cases[i].n * cases[i].d * sizeof *x);
                close_all(&o);
            }
        }
}

static void test_cancel(void **state)
{
    struct error err = { 0 };
    atomic_bool cancel = true;
    struct opened o = must_open(&cases[0], 1, NULL);
    float x[MOST];
    (void)state;

    o.c.cancel = &cancel;
    assert_false(run(&o, &cases[0], 0, x, &err));
    assert_int_equal(err.code, ERROR_CANCELLED);
    close_all(&o);
}

/* What is said beforehand of scratch is what arenas hand out, but for single products. */
static void test_bytes(void **state)
{
    struct opened o = must_open(&cases[0], 1, NULL);
    (void)state;

    assert_in_range(encoder_bytes(o.e, 1000), 1000 * (24 + 4 * 24) * 4, 1000 * (24 + 4 * 24) * 4 + 4096);
    assert_int_equal(encoder_params(o.e)->n_layer, 2);
    close_all(&o);
}

/* ---- hostile ---------------------------------------------------------------------------------- */

static void refuse(const char *expected, const char *file, const char *text, size_t after, size_t size, const void *with)
{
    struct error err = { 0 };
    struct compute c;
    struct encoder_params params;
    char path[80];
    size_t n;

    snprintf(path, sizeof path, "tests/golden/encoder_%s.gguf", file);
    unsigned char *bytes = aligned_file(path, &n), *at = memmem(bytes, n, text, strlen(text));
    assert_non_null(at);
    memcpy(at + after, with, size);
    assert_true(compute_init(&c, 1, NULL, &err));
    struct arena *arena = arena_new("test", 1 << 12, &err);
    struct gguf *g = gguf_open_bytes("wrong.gguf", bytes, n, &err);
    if (g != NULL && mmproj_encoder(g, MMPROJ_VISION, &params, &err) && encoder_open(g, &c, &params, arena, &err) != NULL)
        fail_msg("accepted, but expected \"%s\"", expected);
    if (err.code != ERROR_MODEL || strstr(err.text, expected) == NULL)
        fail_msg("expected \"%s\", found %d \"%s\"", expected, (int)err.code, err.text);
    gguf_close(g);
    arena_free(arena);
    compute_done(&c);
    free(bytes);
}

static void refuse_u32(const char *expected, const char *key, uint32_t value)
{
    refuse(expected, "layer", key, strlen(key) + 4, sizeof value, &value);
}

/* Behind a tensor's name: n_dims u32, dims u64. */
static void refuse_dim(const char *expected, const char *file, const char *name, size_t i, uint64_t dim)
{
    refuse(expected, file, name, strlen(name) + 4 + 8 * i, sizeof dim, &dim);
}

static void test_hostile(void **state)
{
    static const char *const needed[] = {
        "v.blk.0.ln1.weight", "v.blk.1.ln2.weight", "v.blk.0.attn_q.weight", "v.blk.1.attn_k.weight", "v.blk.0.attn_v.weight",
        "v.blk.1.attn_out.weight",
    };
    char expected[80];
    (void)state;

    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        snprintf(expected, sizeof expected, "tensor %s is missing", needed[i]);
        refuse(expected, "layer", needed[i], strlen(needed[i]) - 1, 1, "_");
    }
    refuse("tensor v.blk.1.ffn_up.weight is missing", "rms", "v.blk.1.ffn_up.weight", 19, 1, "_");
    refuse("tensor v.blk.0.ffn_down.weight is missing", "rms", "v.blk.0.ffn_down.weight", 21, 1, "_");
    refuse_dim("tensor v.pre_ln.bias: expected 24, found 23", "layer", "v.pre_ln.bias", 0, 23);
    refuse_dim("tensor v.blk.0.ln1.bias: expected 24, found 16", "layer", "v.blk.0.ln1.bias", 0, 16);
    refuse_dim("tensor v.blk.1.attn_k.bias: expected 24, found 2", "layer", "v.blk.1.attn_k.bias", 0, 2);
    refuse_dim("tensor v.blk.1.attn_out.weight: expected 24 x 24, found 24 x 8", "layer", "v.blk.1.attn_out.weight", 1, 8);
    refuse_dim("tensor v.blk.1.ls2.weight: expected 24, found 3", "layer", "v.blk.1.ls2.weight", 0, 3);
    refuse_dim("tensor v.blk.0.ffn_down.bias: expected 40, found 39", "layer", "v.blk.0.ffn_down.bias", 0, 39);
    refuse_dim("tensor v.blk.0.attn_qkv.weight: expected 32 x 96, found 32 x 64", "rms", "v.blk.0.attn_qkv.weight", 1, 64);
    refuse_dim("tensor v.blk.2.attn_q_norm.weight: expected 16, found 8", "rms", "v.blk.2.attn_q_norm.weight", 0, 8);
    refuse_dim("tensor v.blk.0.ffn_gate.weight: expected 32 x 64, found 32 x 32", "rms", "v.blk.0.ffn_gate.weight", 1, 32);
    refuse_u32("tensor v.pre_ln.weight: expected 48, found 24", "embedding_length", 48);
    refuse_u32("tensor v.blk.2.ln1.weight is missing", "block_count", 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden), cmocka_unit_test(test_cancel), cmocka_unit_test(test_bytes), cmocka_unit_test(test_hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
