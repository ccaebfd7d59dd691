/* Published audio encoders, as random models in the publishers' layout, against the transformers library
 * (tests/golden/make_audio_pairs.py): a clip's rows, its markers, types, and what is refused. */
#include "audio/encoder_parts.h"

#include <stdatomic.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "audio/mel.h"
#include "tests/media_rows_checks.h"
#include "tests/nmse.h"

enum { N_BEFORE = 5, N_AFTER = 7, N_EMBD = 32, N_LONG = 84321 };  /* as in make_audio_pairs.py */

/* As test_mel.c has it. */
static float *make_sound(size_t n)
{
    static const float gain[] = { 1.0f, 1.0f / 64.0f, 0.0f };
    float *x = malloc(n * sizeof *x);
    uint32_t s = 1;

    assert_non_null(x);
    for (size_t i = 0; i < n; i++) {
        s = 1664525u * s + 1013904223u;
        x[i] = (float)((int)(s >> 16) - 32768) / 32768.0f * gain[i / 4096 % 3];
    }
    return x;
}

static struct audio_encoder *must_open_encoder(const char *name, const struct compute *c)
{
    struct error err = { 0 };
    char path[100];

    snprintf(path, sizeof path, "tests/golden/audio_%s.gguf", name);
    struct audio_encoder *e = audio_encoder_open(path, c, &err);
    if (e == NULL)
        fail_msg("%s", err.text);
    return e;
}

static struct media_rows *must_encode(const struct audio_encoder *e, const struct compute *c, size_t n)
{
    struct error err = { 0 };
    float *x = make_sound(n);
    struct media_rows *m = audio_encoder_encode(e, NULL, c, x, n, NULL, NULL, &err);

    free(x);
    if (m == NULL)
        fail_msg("%s", err.text);
    return m;
}

static const struct { const char *name, *type, *shown; size_t n_samples, n_rows; } models[] = {
    { "ultravox", "ultravox", "{1}", 99, 1 },
    { "ultravox", "ultravox", "{8}", 20003, 8 },
    { "ultravox", "ultravox", "{13}{13}{8}", N_LONG, 34 },
    { "voxtral", "voxtral", "[BEGIN_AUDIO]{25}", 99, 25 },
    { "voxtral", "voxtral", "[BEGIN_AUDIO]{25}", 20003, 25 },
    { "voxtral", "voxtral", "[BEGIN_AUDIO]{25}{25}{25}", N_LONG, 75 },
    { "qwen2a", "qwen2a", "<|audio_bos|>{1}<|audio_eos|>", 99, 1 },
    { "qwen2a", "qwen2a", "<|audio_bos|>{31}<|audio_eos|>", 20003, 31 },
    { "qwen2a", "qwen2a", "<|audio_bos|>{50}{50}{32}<|audio_eos|>", N_LONG, 132 },
    { "qwen25o", "qwen2.5o", "<|audio_bos|>{1}<|audio_eos|>", 99, 1 },
    { "qwen25o", "qwen2.5o", "<|audio_bos|>{31}<|audio_eos|>", 20003, 31 },
    { "qwen25o", "qwen2.5o", "<|audio_bos|>{132}<|audio_eos|>", N_LONG, 132 },
};
#define N_MODELS (sizeof models / sizeof *models)

static char *shown(const struct media_rows *m)
{
    char *text = calloc(1, 1000);

    for (size_t i = 0; i < m->n_pieces; i++)
        m->pieces[i].marker != NULL ? sprintf(text + strlen(text), "%s", m->pieces[i].marker) : sprintf(text + strlen(text), "{%zu}", m->pieces[i].n);
    return text;
}

/* Half a step of F16 is 2^-12 of a value, of Q8_0 1/254 of the largest of 32; few products add up.  Convolutions are F16, the reference's too;
 * the spectrum has float sums (test_mel.c). */
static void check_model(size_t k, const char *ending, double bound, size_t n_threads)
{
    struct compute c = must_compute(n_threads);
    char name[80];
    size_t n;

    snprintf(name, sizeof name, "tests/golden/audio_%s_%zu.f32", models[k].name, models[k].n_samples);
    float *wanted = (float *)(void *)read_whole(name, &n);
    assert_int_equal(n, models[k].n_rows * N_EMBD * sizeof *wanted);
    snprintf(name, sizeof name, "%s%s", models[k].name, ending);
    struct audio_encoder *e = must_open_encoder(name, &c);
    assert_string_equal(audio_encoder_type(e), models[k].type);
    assert_int_equal(audio_encoder_n_embd(e), N_EMBD);
    assert_null(audio_encoder_text_model(e));
    struct media_rows *m = must_encode(e, &c, models[k].n_samples);
    struct audio_plan plan = audio_encoder_plan(e, models[k].n_samples);
    assert_int_equal(m->n_rows, models[k].n_rows);
    assert_int_equal(plan.n_rows, models[k].n_rows);
    assert_true(plan.n_bytes > plan.n_rows * N_EMBD * sizeof(float));
    char *found = shown(m);
    assert_string_equal(found, models[k].shown);
    float *rows = all_rows(m);
    double error = nmse(rows, wanted, m->n_rows * N_EMBD);
    if (n_threads == 1)
        print_message("%s, %zu samples: NMSE %.1e\n", name, models[k].n_samples, error);
    assert_true(error <= bound);
    free(rows);
    free(found);
    free(wanted);
    media_rows_free(m);
    audio_encoder_close(e);
    compute_done(&c);
}

static void test_golden(void **state)
{
    static const struct { const char *ending; double bound; } types[] = { { "", 1e-6 }, { "_f16", 1e-5 }, { "_q8_0", 2e-3 } };

    (void)state;
    for (size_t k = 0; k < N_MODELS; k++)
        for (size_t t = 0; t < 3; t++)
            for (size_t n_threads = 1; n_threads <= 2; n_threads++)
                check_model(k, types[t].ending, types[t].bound, n_threads);
}

/* Ids, an id, the rows of all windows, ids. */
static size_t make_spans(const struct media_rows *m, const int32_t *ids, struct text_span *spans)
{
    size_t n = 0;

    spans[n++] = (struct text_span){ .ids = ids, .n = N_BEFORE + 1 };
    for (size_t i = 0; i < m->n_pieces; i++)
        if (m->pieces[i].marker == NULL)
            spans[n++] = (struct text_span){ .rows = m->pieces[i].rows, .n = m->pieces[i].n };
    spans[n++] = (struct text_span){ .ids = ids + N_BEFORE + 1, .n = N_AFTER };
    return n;
}

/* A clip and a text model: the likeliest tokens, none twice, are the library's. */
static void test_continuation(void **state)
{
    (void)state;
    for (size_t k = 0; k < N_MODELS; k++) {
        if (models[k].n_samples != N_LONG)
            continue;
        struct compute c = must_compute(2);
        struct audio_encoder *e = must_open_encoder(models[k].name, &c);
        struct media_rows *m = must_encode(e, &c, N_LONG);
        struct text_span spans[10];
        int32_t ids[20];
        char name[60];
        snprintf(name, sizeof name, "tests/golden/audio_%s.i32", models[k].name);
        tiny_prompt(ids, 20);
        check_continuation(&c, "tests/golden/text_llama3.gguf", spans, make_spans(m, ids, spans), name);
        media_rows_free(m);
        audio_encoder_close(e);
        compute_done(&c);
    }
}

/* Whisper's own filters, as its files have them (make_mel.py). */
static void test_filters(void **state)
{
    size_t n;
    float *golden = (float *)(void *)read_whole("tests/golden/mel.f32", &n), filters[80 * MEL_BINS];

    (void)state;
    mel_filters(80, filters);
    for (size_t i = 0; i < 80 * MEL_BINS; i++)
        assert_true(filters[i] >= golden[i] - 1e-8f && filters[i] <= golden[i] + 1e-8f);
    free(golden);
}

/* ---- what is refused ---------------------------------------------------------------------- */

/* n bytes from `at` on in a copy of a model: opening it fails with such a text. */
static void check_refused(const char *model, size_t (*find)(const char *bytes, size_t n, const char *what), const char *what, const void *to, size_t n_to,
                          const char *expected)
{
    struct compute c = must_compute(1);
    char path[100], copy[] = "/tmp/mmprojXXXXXX";
    struct error err = { 0 };
    size_t n;

    snprintf(path, sizeof path, "tests/golden/audio_%s.gguf", model);
    char *bytes = read_whole(path, &n);
    memcpy(bytes + find(bytes, n, what), to, n_to);
    int fd = mkstemp(copy);
    assert_true(fd >= 0 && write(fd, bytes, n) == (ssize_t)n);
    close(fd);
    assert_null(audio_encoder_open(copy, &c, &err));
    if (err.code != ERROR_MODEL || strstr(err.text, expected) == NULL || strstr(err.text, copy) == NULL)
        fail_msg("%s: expected \"%s\", found \"%s\"", what, expected, err.text);
    unlink(copy);
    free(bytes);
    compute_done(&c);
}

static size_t find_last(const char *bytes, size_t n, const char *what)
{
    const char *at = NULL, *next = bytes;

    while ((next = memmem(next, n - (size_t)(next - bytes), what, strlen(what))) != NULL)
        at = next++;
    assert_non_null(at);
    return (size_t)(at - bytes);
}

/* Behind a key and the type of its value. */
static size_t find_value(const char *bytes, size_t n, const char *key)
{
    return find_last(bytes, n, key) + strlen(key) + 4;
}

static void test_refused(void **state)
{
    static const struct { const char *model, *from, *to, *expected; } changes[] = {
        { "ultravox", "ultravox", "ultravax", "the projector type for sound is ultravax; ultravox, voxtral, qwen2a, qwen2.5o and mynah-ears are read" },
        { "ultravox", "has_audio_encoder", "has_audio_encoded", "is not for sound" },
        { "ultravox", "audio.num_mel_bins", "audio.num_mel_bim", "clip.audio.num_mel_bins is missing" },
        { "ultravox", "mm.a.norm_pre.weight", "mm.a.norm_pri.weight", "mm.a.norm_pre.weight" },
        { "ultravox", "mm.a.norm_mid.weight", "mm.a.norm_mad.weight", "mm.a.norm_mid.weight" },
        { "ultravox", "mm.a.mlp.1.weight", "mm.a.mlp.3.weight", "tensor mm.a.mlp.1.weight is missing" },
        { "voxtral", "mm.a.mlp.2.weight", "mm.a.mlp.3.weight", "mm.a.mlp.2.weight" },
        { "voxtral", "a.position_embd.weight", "a.position_embe.weight", "tensor a.position_embd.weight is missing" },
        { "qwen2a", "a.conv1d.1.weight", "a.conv1d.3.weight", "tensor a.conv1d.1.weight is missing" },
        { "qwen2a", "a.conv1d.2.bias", "a.conv1d.3.bias", "tensor a.conv1d.2.bias is missing" },
        { "qwen2a", "mm.a.fc.bias", "mm.a.fc.bios", "mm.a.fc.bias" },
        { "qwen25o", "a.blk.1.ffn_up.weight", "a.blk.1.ffn_xx.weight", "a.blk.1.ffn_up.weight" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
        check_refused(changes[i].model, find_last, changes[i].from, changes[i].to, strlen(changes[i].to), changes[i].expected);
}

static void test_ill_numbers(void **state)
{
    static const struct { const char *model, *key; uint32_t value; const char *expected; } changes[] = {
        { "ultravox", "clip.audio.num_mel_bins", 0, "clip.audio.num_mel_bins is 0, 1 to 1024 are possible" },
        { "ultravox", "clip.audio.num_mel_bins", 128, "tensor a.conv1d.1.weight is F16 3 x 16 x 32, F32, F16 or BF16 3 x 128 x 32 was expected" },
        { "ultravox", "clip.audio.projector.stack_factor", 0, "stack_factor is 0, 1 to 64 are possible" },
        { "ultravox", "clip.audio.projector.stack_factor", 7, "mm.a.mlp.1.weight" },
        { "ultravox", "clip.audio.projection_dim", 7, "mm.a.mlp.2.weight" },
        { "ultravox", "clip.audio.embedding_length", 64, "a.position_embd.weight" },
        { "ultravox", "clip.audio.attention.head_count", 5, "5 heads do not divide a width of 32" },
        { "ultravox", "clip.audio.block_count", 3, "a.blk.2." },
    };

    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
        check_refused(changes[i].model, find_value, changes[i].key, &changes[i].value, sizeof changes[i].value, changes[i].expected);
}

/* ---- while it goes on --------------------------------------------------------------------- */

static void count(void *user, size_t n_done, size_t n_windows)
{
    assert_int_equal(n_windows, 3);
    assert_int_equal(n_done, *(size_t *)user);
    ++*(size_t *)user;
}

static void test_progress(void **state)
{
    struct compute c = must_compute(2);
    struct audio_encoder *e = must_open_encoder("qwen2a", &c);
    float *x = make_sound(N_LONG);
    struct error err = { 0 };
    atomic_bool cancel = false;
    size_t n = 0;

    (void)state;
    media_rows_free(audio_encoder_encode(e, NULL, &c, x, N_LONG, count, &n, &err));
    assert_int_equal(n, 3);
    n = 0;
    cancel = true;
    c.cancel = &cancel;
    assert_null(audio_encoder_encode(e, NULL, &c, x, N_LONG, count, &n, &err));
    assert_int_equal(err.code, ERROR_CANCELLED);
    assert_true(n <= 1);
    free(x);
    audio_encoder_close(e);
    compute_done(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden), cmocka_unit_test(test_continuation), cmocka_unit_test(test_filters), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_ill_numbers), cmocka_unit_test(test_progress),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
