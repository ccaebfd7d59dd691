/* test_whisper_models.c - the published forms of a Whisper file: vocabularies, mels and
 * quantised matrices, with random weights, against F32 files of the same values. */
#include "audio/whisper_model.h"

#include "tests/nmse.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "audio/mel.h"
#include "audio/whisper_decoder.h"
#include "audio/whisper_encoder.h"
#include "audio/whisper_weights.h"
#include "tensor/kernels.h"
#include "tensor/ops.h"
#include "tensor/quant.h"

/* ggml's numbers: a file's "ftype" is 2000 and one of its own for quantised ones. */
enum { F32 = 0, F16 = 1, Q5_0 = 6, Q5_1 = 7, Q8_0 = 8 };
enum { N_STATE = 32, N_HEAD = 2, N_AUDIO = 1500, N_TEXT = 448 };

struct form { int n_vocab, n_tokens, n_mels, type; };

/* ---- writing ------------------------------------------------------------------ */

struct writer {
    FILE *file;
    struct form form;
    bool plain;                     /* the same values in F32 */
    uint32_t random;
};

static float next(struct writer *f)
{
    f->random = 1664525u * f->random + 1013904223u;
    return (float)((int)(f->random >> 16) - 32768) / 32768.0f;
}

static void put(struct writer *f, int32_t value)
{
    fwrite(&value, sizeof value, 1, f->file);
}

/* One block of 32 random weights, as the type holds them, and their values. */
static size_t make_block(struct writer *f, unsigned char *block, float *values)
{
    static const size_t n_bytes[] = { [F16] = 64, [Q5_0] = 22, [Q5_1] = 24, [Q8_0] = 34 };
    size_t n = n_bytes[f->form.type];

    for (size_t i = 0; i < n; i++)
        block[i] = (unsigned char)(fabsf(next(f)) * 255.0f);
    float d = 0.012f + 0.002f * next(f), m = -15.5f * d;
    uint16_t half[2] = { quant_f32_to_f16(f->form.type == Q8_0 ? d / 8.0f : d), quant_f32_to_f16(m) };
    if (f->form.type == F16) {
        for (size_t i = 0; i < 32; i++) {
            uint16_t w = quant_f32_to_f16(0.2f * next(f));
            memcpy(block + 2 * i, &w, 2);
            values[i] = quant_f16_to_f32(w);
        }
    } else if (f->form.type == Q5_1) {
        memcpy(block, half, 4);
        for (size_t i = 0; i < 32; i++) {
            int low = i < 16 ? block[8 + i] % 16 : block[8 + i - 16] / 16, high = block[4 + i / 8] >> i % 8 & 1;
            values[i] = quant_f16_to_f32(half[0]) * (float)(low + 16 * high) + quant_f16_to_f32(half[1]);
        }
    } else {
        memcpy(block, half, 2);
        kernels_ref.dequantize[f->form.type](block, values, 32);
    }
    return n;
}

/* Matrices are of the form's type, all others F32. */
static void put_tensor(struct writer *f, const char *name, int n_dims, int n0, int n1, int n2)
{
    bool matrix = n_dims == 2 && n0 > 1 && strstr(name, "positional") == NULL && f->form.type != F32;
    size_t n = (size_t)n0 * (size_t)n1 * (size_t)n2;

    put(f, n_dims);
    put(f, (int32_t)strlen(name));
    put(f, matrix && !f->plain ? f->form.type : F32);
    for (int i = 0; i < n_dims; i++)
        put(f, i == 0 ? n0 : i == 1 ? n1 : n2);
    fputs(name, f->file);
    for (size_t i = 0; i < n; i += matrix ? 32 : 1) {
        unsigned char block[64];
        float values[32] = { (strstr(name, "ln") != NULL ? 1.0f : 0.0f) + 0.2f * next(f) };
        size_t n_block = matrix ? make_block(f, block, values) : 0;
        if (matrix && !f->plain)
            fwrite(block, 1, n_block, f->file);
        else
            fwrite(values, sizeof(float), matrix ? 32 : 1, f->file);
    }
}

static void put_part(struct writer *f, const char *block, const char *part, int n_in, int n_out)
{
    char name[80];

    snprintf(name, sizeof name, "%s%s", block, part);
    put_tensor(f, name, n_out > 1 ? 2 : 1, n_in, n_out, 1);
}

static void put_attention(struct writer *f, const char *block, const char *kind)
{
    static const struct { const char *name; int n_out; } parts[] = {
        { "_ln.weight", 1 }, { "_ln.bias", 1 }, { ".query.weight", N_STATE }, { ".query.bias", 1 }, { ".key.weight", N_STATE },
        { ".value.weight", N_STATE }, { ".value.bias", 1 }, { ".out.weight", N_STATE }, { ".out.bias", 1 },
    };

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char part[40];
        snprintf(part, sizeof part, "%s%s", kind, parts[i].name);
        put_part(f, block, part, N_STATE, parts[i].n_out);
    }
}

static void put_block(struct writer *f, const char *block, bool cross)
{
    put_attention(f, block, ".attn");
    if (cross)
        put_attention(f, block, ".cross_attn");
    put_part(f, block, ".mlp_ln.weight", N_STATE, 1);
    put_part(f, block, ".mlp_ln.bias", N_STATE, 1);
    put_part(f, block, ".mlp.0.weight", N_STATE, 4 * N_STATE);
    put_part(f, block, ".mlp.0.bias", 4 * N_STATE, 1);
    put_part(f, block, ".mlp.2.weight", 4 * N_STATE, N_STATE);
    put_part(f, block, ".mlp.2.bias", N_STATE, 1);
}

static void put_head(struct writer *f)
{
    const struct form *m = &f->form;
    const int32_t head[] = { 0x67676d6c, m->n_vocab, N_AUDIO, N_STATE, N_HEAD, 1, N_TEXT, N_STATE, N_HEAD, 1, m->n_mels,
                             f->plain || m->type == F32 ? 0 : m->type == F16 ? 1 : 2000 + m->type, m->n_mels, MEL_BINS };

    for (size_t i = 0; i < sizeof head / sizeof *head; i++)
        put(f, head[i]);
    for (int i = 0; i < m->n_mels * MEL_BINS; i++) {
        float filter = 0.01f * (1.0f + next(f));
        fwrite(&filter, sizeof filter, 1, f->file);
    }
    put(f, m->n_tokens);
    for (int i = 0; i < m->n_tokens; i++) {
        char text[16];
        put(f, snprintf(text, sizeof text, " w%d", i));
        fputs(text, f->file);
    }
}

static struct whisper *open_form(struct form form, bool plain, const struct compute *c, struct error *err)
{
    struct writer f = { .form = form, .plain = plain, .random = 1 };
    char path[64];
    int fd = memfd_create("whisper", 0);

    f.file = fdopen(dup(fd), "wb");
    put_head(&f);
    put_tensor(&f, "encoder.conv1.weight", 3, 3, form.n_mels, N_STATE);
    put_tensor(&f, "encoder.conv1.bias", 2, 1, N_STATE, 1);
    put_tensor(&f, "encoder.conv2.weight", 3, 3, N_STATE, N_STATE);
    put_tensor(&f, "encoder.conv2.bias", 2, 1, N_STATE, 1);
    put_part(&f, "encoder", ".positional_embedding", N_STATE, N_AUDIO);
    put_part(&f, "encoder", ".ln_post.weight", N_STATE, 1);
    put_part(&f, "encoder", ".ln_post.bias", N_STATE, 1);
    put_part(&f, "decoder", ".token_embedding.weight", N_STATE, form.n_vocab);
    put_part(&f, "decoder", ".positional_embedding", N_STATE, N_TEXT);
    put_part(&f, "decoder", ".ln.weight", N_STATE, 1);
    put_part(&f, "decoder", ".ln.bias", N_STATE, 1);
    put_block(&f, "encoder.blocks.0", false);
    put_block(&f, "decoder.blocks.0", true);
    fclose(f.file);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct whisper *w = whisper_open(path, c, err);
    close(fd);
    return w;
}

/* ---- reading ------------------------------------------------------------------ */

/* Logits after a few tokens over the rows of a random window. */
static float *logits_of(const struct whisper *w, const struct compute *c)
{
    const int32_t ids[] = { w->ids.sot, w->ids.language, w->ids.transcribe, w->ids.timestamp, 7 };
    struct arena *arena = arena_new("test", 1 << 20, NULL);
    float *mel = arena_alloc(arena, 2 * N_AUDIO * w->n_mels, sizeof *mel, NULL), *logits;
    struct whisper_rows rows = { arena_alloc(arena, N_AUDIO * N_STATE, sizeof(float), NULL), arena_alloc(arena, N_AUDIO, sizeof(float), NULL), 0 };
    struct whisper_decoder *d = whisper_decoder_new(w, c, 1, NULL);
    float *kept = malloc(w->n_vocab * sizeof *kept);

    for (size_t i = 0; i < 2 * N_AUDIO * w->n_mels; i++)
        mel[i] = i < 100 * w->n_mels ? sinf(0.37f * (float)i) : -1.0f;
    assert_true(whisper_encode(w, c, arena, mel, 100, &rows, NULL));
    assert_true(whisper_decoder_start(d, &rows, NULL));
    assert_true(whisper_decoder_feed(d, ids, 5, &logits, NULL));
    memcpy(kept, logits, w->n_vocab * sizeof *kept);
    whisper_decoder_free(d);
    arena_free(arena);
    return kept;
}

/* Quantised weights against the same values in F32, whose activations stay floats under `ref`: those of
 * quantised matrices have 8 bits, an error of 1 / (127 sqrt 12) of a block's largest, squared 2e-5 of the mean
 * square where that is half of it; 14 products in a row, 3e-4.  Wrong weights give 0.1 and more. */
static void test_types(void **state)
{
    static const int types[] = { F16, Q5_0, Q5_1, Q8_0 };
    const char *const tables[] = { "ref", NULL };
    (void)state;

    for (size_t i = 0; i < 2 * sizeof types / sizeof *types; i++) {
        const struct form form = { 51865, 50257, 80, types[i / 2] };
        struct compute c, plain;
        struct error err = { 0 };
        assert_true(compute_init(&c, 2, tables[i % 2], NULL) && compute_init(&plain, 2, "ref", NULL));
        struct whisper *w = open_form(form, false, &c, &err), *same = open_form(form, true, &plain, &err);
        if (w == NULL || same == NULL)
            fail_msg("%s", err.text);
        float *got = logits_of(w, &c), *want = logits_of(same, &plain);
        double error = nmse(got, want, w->n_vocab);
        if (!(error < 1e-3))
            fail_msg("type %d, %s: NMSE %g", types[i / 2], c.kernels->name, error);
        free(got);
        free(want);
        whisper_close(w);
        whisper_close(same);
        compute_done(&c);
        compute_done(&plain);
    }
}

/* Ids as openai/whisper's tokenizer numbers them. */
static void test_vocabularies(void **state)
{
    static const struct { struct form form; bool multilingual; size_t n_languages; int32_t eot, transcribe, no_speech, timestamp; } all[] = {
        { { 51864, 50256, 80, Q8_0 }, false, 99, 50256, 50358, 50361, 50363 },      /* *.en */
        { { 51864, 50257, 80, Q8_0 }, false, 99, 50256, 50358, 50361, 50363 },      /* with the end among the tokens */
        { { 51865, 50257, 80, Q5_0 }, true, 99, 50257, 50359, 50362, 50364 },
        { { 51866, 50257, 128, Q5_1 }, true, 100, 50257, 50360, 50363, 50365 },     /* large-v3, large-v3-turbo */
    };
    struct compute c;
    (void)state;

    assert_true(compute_init(&c, 2, NULL, NULL));
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct error err = { 0 };
        struct whisper *w = open_form(all[i].form, false, &c, &err);
        if (w == NULL)
            fail_msg("%s", err.text);
        assert_int_equal(w->multilingual, all[i].multilingual);
        assert_int_equal(w->n_languages, all[i].n_languages);
        assert_int_equal(w->ids.eot, all[i].eot);
        assert_int_equal(w->ids.transcribe, all[i].transcribe);
        assert_int_equal(w->ids.no_speech, all[i].no_speech);
        assert_int_equal(w->ids.timestamp, all[i].timestamp);
        assert_int_equal(w->ids.timestamp + 1501, all[i].form.n_vocab);
        float *logits = logits_of(w, &c);           /* 128 mels go through the convolutions */
        assert_true(isfinite(logits[0]));
        free(logits);
        whisper_close(w);
    }
    compute_done(&c);
}

/* A type that is not read is named. */
static void test_unread_type(void **state)
{
    static const unsigned char zeros[64];
    struct error err = { 0 };
    struct compute c;
    char path[64];
    struct writer f = { .form = { 51865, 50257, 80, F16 }, .plain = false, .random = 1 };
    int fd = memfd_create("whisper", 0);
    (void)state;

    assert_true(compute_init(&c, 1, NULL, NULL));
    f.file = fdopen(dup(fd), "wb");
    put_head(&f);
    put(&f, 2);
    put(&f, 3);
    put(&f, 16);                    /* IQ2_XXS */
    put(&f, 256);
    put(&f, 1);
    fputs("abc", f.file);
    fwrite(zeros, 1, sizeof zeros, f.file);
    fclose(f.file);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    assert_null(whisper_open(path, &c, &err));
    close(fd);
    assert_int_equal(err.code, ERROR_MODEL);
    assert_non_null(strstr(err.text, "tensor abc is IQ2_XXS"));
    assert_non_null(strstr(err.text, path));
    compute_done(&c);
}

/* gguf-py's bytes and values (golden/make_whisper.py), kept as they are. */
static void test_q5_1(void **state)
{
    enum { N_IN = 96, N_OUT = 5, N_BYTES = N_OUT * N_IN / 32 * 24 };
    const char *path = "tests/golden/whisper_q5_1.bin";
    size_t n;
    unsigned char *golden = file_read(path, 1 << 20, &n, NULL);
    struct arena *arena = arena_new("test", 1 << 16, NULL);
    struct compute c;
    (void)state;

    assert_non_null(golden);
    assert_int_equal(n, N_BYTES + N_OUT * N_IN * sizeof(float));
    int fd = file_open(path, &n, NULL);
    assert_true(compute_init(&c, 2, NULL, NULL));
    struct whisper_source source = { fd, path, &c, arena };
    struct tensor t = { .name = "m", .type = (enum tensor_type)Q5_1, .n_dims = 2, .dim = { N_IN, N_OUT, 1, 1 }, .n_bytes = N_BYTES };
    assert_true(whisper_weights_read(&source, &t, 0, true, NULL));
    assert_int_equal(t.type, TENSOR_Q5_1);
    for (size_t row = 0; row < N_OUT; row++) {
        float out[N_IN], want[N_IN];
        ops_dequantize_row(&c, &t, row, out);
        memcpy(want, golden + N_BYTES + row * sizeof want, sizeof want);
        for (size_t i = 0; i < N_IN; i++)           /* numbers below 8, rounded twice or once */
            assert_true(fabsf(out[i] - want[i]) <= 8.0f * FLT_EPSILON);
    }
    close(fd);
    free(golden);
    arena_free(arena);
    compute_done(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types), cmocka_unit_test(test_vocabularies), cmocka_unit_test(test_unread_type),
        cmocka_unit_test(test_q5_1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
