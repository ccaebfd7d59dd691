/* Published vision encoders, as random models in the publishers' layout, against the transformers library
 * (tests/golden/make_vision_pairs.py): a picture's rows, its markers, types, and what is refused. */
#include "vision/encoder_parts.h"

#include <stdatomic.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/nmse.h"
#include "tests/text_models.h"
#include "vision/vision.h"

enum { WIDTH = 150, HEIGHT = 90, N_BEFORE = 5, N_AFTER = 7, N_MORE = 40 };     /* as in make_vision_pairs.py */

/* As make_resize.py has it. */
static struct image make_picture(size_t width, size_t height)
{
    struct image image = { .width = width, .height = height, .rgb = malloc(width * height * 3), .format = "PNG" };

    for (size_t y = 0; y < height; y++)
        for (size_t x = 0; x < width; x++)
            for (size_t c = 0; c < 3; c++)
                image.rgb[(y * width + x) * 3 + c] = (uint8_t)((x * x * 7 + y * 13 * (c + 1) + x * y * 3) ^ (x * 31 >> 2));
    return image;
}

static struct image_encoder *must_open_encoder(const char *name, const struct compute *c)
{
    struct error err = { 0 };
    char path[100];

    snprintf(path, sizeof path, "tests/golden/vision_%s.gguf", name);
    struct image_encoder *e = image_encoder_open(path, c, &err);
    if (e == NULL)
        fail_msg("%s", err.text);
    return e;
}

static struct media_rows *must_encode(const struct image_encoder *e, const struct compute *c, const struct image *image)
{
    struct error err = { 0 };
    struct media_rows *m = image_encoder_encode(e, c, image, NULL, NULL, &err);

    if (m == NULL)
        fail_msg("%s", err.text);
    return m;
}

/* All pieces' rows, in order: the caller frees. */
static float *all_rows(const struct media_rows *m)
{
    float *rows = malloc(m->n_rows * m->n_embd * sizeof *rows), *to = rows;

    for (size_t i = 0; i < m->n_pieces; i++) {
        size_t n = m->pieces[i].n * m->n_embd;
        if (n > 0)
            memcpy(to, m->pieces[i].rows, n * sizeof *to);
        to += n;
    }
    return rows;
}

static const struct { const char *name, *type, *text; size_t n_rows, n_embd; } models[] = {
    { "idefics3", "idefics3", "tests/golden/text_llama3.gguf", 28, 32 },
    { "gemma3", "gemma3", "tests/golden/text_gemma3.gguf", 4, 16 },
    { "qwen2vl", "qwen2vl_merger", "tests/golden/text_qwen2vl.gguf", 209, 32 },
    { "qwen25vl", "qwen2.5vl_merger", "tests/golden/text_qwen2vl.gguf", 209, 32 },
    { "llava", "mlp", "tests/golden/text_llama3.gguf", 16, 32 },
};
#define N_MODELS (sizeof models / sizeof *models)

/* Half a step of F16 is 2^-12 of a value, of Q8_0 1/254 of the largest of 32; few products add up. */
static void test_golden(void **state)
{
    static const struct { const char *ending; double bound; } types[] = { { "", 1e-6 }, { "_f16", 1e-5 }, { "_q8_0", 2e-3 } };
    struct image image = make_picture(WIDTH, HEIGHT);

    (void)state;
    for (size_t k = 0; k < N_MODELS; k++) for (size_t t = 0; t < 3; t++) for (size_t n_threads = 1; n_threads <= 2; n_threads++) {
        struct compute c = must_compute(n_threads);
        char name[60];
        size_t n;
        snprintf(name, sizeof name, "tests/golden/vision_%s.f32", models[k].name);
        float *wanted = (float *)(void *)read_whole(name, &n);
        assert_int_equal(n, models[k].n_rows * models[k].n_embd * sizeof *wanted);
        snprintf(name, sizeof name, "%s%s", models[k].name, types[t].ending);
        struct image_encoder *e = must_open_encoder(name, &c);
        assert_string_equal(image_encoder_type(e), models[k].type);
        assert_int_equal(image_encoder_n_embd(e), models[k].n_embd);
        struct media_rows *m = must_encode(e, &c, &image);
        assert_int_equal(m->n_rows, models[k].n_rows);
        float *found = all_rows(m);
        double error = nmse(found, wanted, m->n_rows * m->n_embd);
        free(found);
        if (n_threads == 1)
            print_message("%s: NMSE %.1e\n", name, error);
        assert_true(error <= types[t].bound);
        media_rows_free(m);
        image_encoder_close(e);
        free(wanted);
        compute_done(&c);
    }
    free(image.rgb);
}

/* Spans: ids, of each tile an id in place of its marker and its rows, ids. */
static size_t make_spans(const struct media_rows *m, const int32_t *ids, struct text_span *spans)
{
    size_t n = 1, at = N_BEFORE;

    spans[0] = (struct text_span){ .ids = ids, .n = N_BEFORE };
    for (size_t i = 0; i < m->n_pieces; i++) {
        const struct media_piece *p = &m->pieces[i];
        if (p->marker == NULL)
            spans[n++] = (struct text_span){ .rows = p->rows, .n = p->n, .width = p->width, .height = p->height, .both_ways = p->both_ways };
        else if (i + 1 < m->n_pieces)
            spans[n++] = (struct text_span){ .ids = ids + at++, .n = 1 };
    }
    spans[n++] = (struct text_span){ .ids = ids + at, .n = N_AFTER };
    return n;
}

/* A picture and a text model: the likeliest tokens, none twice, are the library's. */
static void test_continuation(void **state)
{
    struct image image = make_picture(WIDTH, HEIGHT);

    (void)state;
    for (size_t k = 0; k < N_MODELS; k++) {
        struct compute c = must_compute(2);
        struct image_encoder *e = must_open_encoder(models[k].name, &c);
        struct text_model *text = must_open(models[k].text);
        struct text_context *x = must_context(text, 0);
        struct media_rows *m = must_encode(e, &c, &image);
        struct text_span spans[40];
        bool said[TINY_N_VOCAB] = { false };
        struct error err = { 0 };
        const float *logits;
        int32_t ids[40];
        char name[60];
        size_t n, n_reused;
        snprintf(name, sizeof name, "tests/golden/vision_%s.i32", models[k].name);
        int32_t *wanted = (int32_t *)(void *)read_whole(name, &n);
        assert_int_equal(n, N_MORE * sizeof *wanted);
        tiny_prompt(ids, 40);
        assert_true(text_prefill(x, &c, spans, make_spans(m, ids, spans), &logits, &n_reused, NULL, NULL, &err));
        for (size_t i = 0; i < N_MORE; i++) {
            int32_t best = -1;
            for (int32_t id = 0; id < TINY_N_VOCAB; id++)
                best = !said[id] && (best < 0 || logits[id] > logits[best]) ? id : best;
            said[best] = true;
            if (best != wanted[i])
                fail_msg("%s: token %zu is %d, %d was expected", models[k].name, i, (int)best, (int)wanted[i]);
            assert_true(text_decode(x, &c, best, &logits, &err));
        }
        free(wanted);
        media_rows_free(m);
        text_context_free(x);
        text_model_close(text);
        image_encoder_close(e);
        compute_done(&c);
    }
    free(image.rgb);
}

/* Markers with rows as "{n}": the caller frees. */
static char *shown(const struct media_rows *m)
{
    char *text = calloc(1, 4000);

    for (size_t i = 0; i < m->n_pieces; i++)
        sprintf(text + strlen(text), m->pieces[i].marker != NULL ? "%s" : "{%s%zu}", m->pieces[i].marker != NULL ? m->pieces[i].marker
                : m->pieces[i].both_ways ? "both " : "", m->pieces[i].n);
    return text;
}

static void test_markers(void **state)
{
#define FAKE "<fake_token_around_image>"
    static const struct { const char *name; size_t width, height; const char *expected; } cases[] = {
        { "idefics3", WIDTH, HEIGHT, FAKE "<row_1_col_1>{4}" FAKE "<row_1_col_2>{4}" FAKE "<row_1_col_3>{4}\n" FAKE "<row_2_col_1>{4}" FAKE
          "<row_2_col_2>{4}" FAKE "<row_2_col_3>{4}\n\n" FAKE "<global-img>{4}" FAKE },
        { "idefics3", 4, 400, FAKE "<row_1_col_1>{4}\n" FAKE "<row_2_col_1>{4}\n" FAKE "<row_3_col_1>{4}\n\n" FAKE "<global-img>{4}" FAKE },
        { "gemma3", 3, 1, "\n\n<start_of_image>{both 4}<end_of_image>\n\n" },
        { "llava", 1, 300, "{16}\n" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct compute c = must_compute(2);
        struct image_encoder *e = must_open_encoder(cases[i].name, &c);
        struct image image = make_picture(cases[i].width, cases[i].height);
        struct image_plan plan;
        struct error err = { 0 };
        struct media_rows *m = must_encode(e, &c, &image);
        char *found = shown(m);
        assert_string_equal(found, cases[i].expected);
        assert_true(image_encoder_plan(e, image.width, image.height, &plan, &err));
        assert_int_equal(plan.n_rows, m->n_rows);
        assert_true(plan.n_bytes > m->n_rows * m->n_embd * sizeof(float));
        free(found);
        media_rows_free(m);
        free(image.rgb);
        image_encoder_close(e);
        compute_done(&c);
    }
}

/* What the processor of SmolVLM-500M makes of usual pictures: 2048 and 512 pixels (transformers' own sizes). */
static void test_tiles(void **state)
{
    static const struct { size_t width, height, n_columns, n_rows; } cases[] = {
        { 640, 480, 4, 3 }, { 480, 640, 3, 4 }, { 512, 512, 4, 4 }, { 4000, 1000, 4, 1 }, { 100, 4000, 1, 4 }, { 65000, 1, 4, 1 },
    };
    struct image_family family = { .layout = LAYOUT_SPLIT };
    struct image_encoder e = { .family = &family, .image_size = 512, .longest = 2048 };
    struct image_tiles t;
    struct error err = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(image_tiles_of(&e, cases[i].width, cases[i].height, &t, &err));
        assert_int_equal(t.n_columns, cases[i].n_columns);
        assert_int_equal(t.n_rows, cases[i].n_rows);
    }
    assert_false(image_tiles_of(&e, 0, 5, &t, &err));
    assert_int_equal(err.code, ERROR_INPUT);
}

/* Narrow and broad pictures in a square of the mean's colour: as of the whole square at once. */
static void test_padded(void **state)
{
    enum { LONG = 150, SHORT = 71, SIDE = 32, LEFT = (LONG - SHORT) / 2 };
    static const uint8_t colour[3] = { 122, 116, 0 };
    struct image_family family = { .layout = LAYOUT_PADDED, .filter = RESIZE_BICUBIC };
    struct image_encoder e = { .family = &family, .image_size = SIDE, .mean = { 0.48145466f, 0.4578275f, -1.0f } };
    struct compute c = must_compute(2);

    (void)state;
    for (int tall = 0; tall < 2; tall++) {
        struct image image = make_picture(tall ? SHORT : LONG, tall ? LONG : SHORT), square = make_picture(LONG, LONG);
        uint8_t wanted[SIDE * SIDE * 3];
        struct image_canvas canvas;
        struct image_tiles t;
        struct error err = { 0 };
        struct arena *arena = arena_new("test", 1 << 16, &err);
        for (size_t i = 0; i < LONG * LONG * 3; i++)
            square.rgb[i] = colour[i % 3];
        for (size_t y = 0; y < image.height; y++)
            memcpy(square.rgb + 3 * ((y + (tall ? 0 : LEFT)) * LONG + (tall ? LEFT : 0)), image.rgb + 3 * y * image.width, 3 * image.width);
        assert_true(resize_rgb(&c, RESIZE_BICUBIC, resize_view_of(&square), SIDE, SIDE, wanted, &err));
        assert_true(image_tiles_of(&e, image.width, image.height, &t, &err));
        assert_true(image_canvas_make(&e, &c, &t, arena, &image, &canvas, &err));
        assert_memory_equal(canvas.whole, wanted, sizeof wanted);
        arena_free(arena);
        free(image.rgb);
        free(square.rgb);
    }
    compute_done(&c);
}

/* Each patch has a place of its own, and windows end where the next begins. */
static void test_windows(void **state)
{
    enum { COLUMNS = 11, ROWS = 7 };
    struct image_family family = { .layout = LAYOUT_FREE, .windows = true };
    struct image_encoder e = { .family = &family, .patch = 14, .merge = 2, .window = 4 };
    struct image_tiles t = { .tile_width = COLUMNS * 28, .tile_height = ROWS * 28, .n_columns = 1, .n_rows = 1 };
    bool seen[2 * ROWS][2 * COLUMNS] = { { false } };
    size_t row, column, at = 0;

    (void)state;
    assert_int_equal(image_n_windows(&e, &t), 6);
    for (size_t w = 0; w < 6; w++)
        for (; at < image_window_end(&e, &t, w); at++) {
            image_patch_place(&e, &t, at, &row, &column);
            assert_int_equal(row / 8 * 3 + column / 8, w);
            assert_false(seen[row][column]);
            seen[row][column] = true;
        }
    assert_int_equal(at, 4 * COLUMNS * ROWS);
}

/* A copy of a file in which some bytes are others. */
static void test_refused(void **state)
{
    static const struct { const char *model, *from, *to; size_t n; const char *expected; } changes[] = {
        { "idefics3", "idefics3", "idefics9", 8, "clip.projector_type is idefics9; idefics3, gemma3, qwen2vl_merger, qwen2.5vl_merger, mlp and mynah-eyes are read" },
        { "idefics3", "vision.patch_size", "vision.patch_sise", 17, "clip.vision.patch_size is missing" },
        { "idefics3", "vision.image_std", "vision.image_ste", 16, "clip.vision.image_std has 0 floats" },
        { "idefics3", "mm.model.fc.weight", "mm.model.fc.weighs", 18, "mm.model.fc.weight" },
        { "gemma3", "mm.soft_emb_norm.weight", "mm.soft_emb_norm.weighs", 23, "mm.soft_emb_norm.weight" },
        { "gemma3", "v.position_embd.weight", "v.position_embe.weight", 22, "v.position_embd.weight" },
        { "gemma3", "v.patch_embd.weight", "v.patch_embe.weight", 19, "tensor v.patch_embd.weight is missing" },
        { "idefics3", "has_vision_encoder", "has_vision_encoded", 18, "is not for pictures" },
        { "llava", "v.class_embd", "v.class_embe", 12, "v.class_embd" },
        { "llava", "mm.2.weight", "mm.2.weighs", 11, "tensor mm.2.weight is missing" },
        { "llava", "mm.0.weight", "mm.0.weighs", 11, "mm.0.weight" },
        { "llava", "mm.0.bias", "mm.0.bian", 9, "mm.0.bias" },
        { "llava", "clip.vision.attention.head_count", "clip.vision.image_grid_pinpoints", 32, "clip.vision.image_grid_pinpoints is of LLaVA 1.6" },
    };
    struct compute c = must_compute(1);

    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        char path[100], copy[] = "/tmp/mmprojXXXXXX";
        struct error err = { 0 };
        size_t n;
        snprintf(path, sizeof path, "tests/golden/vision_%s.gguf", changes[i].model);
        char *bytes = read_whole(path, &n), *at = memmem(bytes, n, changes[i].from, changes[i].n);
        assert_non_null(at);
        if (strcmp(changes[i].from, "idefics3") == 0)       /* the name has it, too: the second is meant */
            at = memmem(at + 1, n - (size_t)(at + 1 - bytes), changes[i].from, changes[i].n);
        memcpy(at, changes[i].to, changes[i].n);
        int fd = mkstemp(copy);
        assert_true(fd >= 0 && write(fd, bytes, n) == (ssize_t)n);
        close(fd);
        assert_null(image_encoder_open(copy, &c, &err));
        if (err.code != ERROR_MODEL || strstr(err.text, changes[i].expected) == NULL || strstr(err.text, copy) == NULL)
            fail_msg("%s: expected \"%s\", found \"%s\"", changes[i].to, changes[i].expected, err.text);
        unlink(copy);
        free(bytes);
    }
    compute_done(&c);
}

/* Numbers that are possible each for itself, but not together. */
static void test_ill_numbers(void **state)
{
    static const struct { const char *key; uint32_t value; const char *expected; } changes[] = {
        { "clip.vision.image_size", 0, "clip.vision.image_size is 0, 1 to 4096 are possible" },
        { "clip.vision.image_size", 5000, "clip.vision.image_size is 5000" },
        { "clip.vision.image_size", 31, "no whole number of 2 x 2 patches of 8" },
        { "clip.vision.image_size", 64, "v.position_embd.weight" },
        { "clip.vision.patch_size", 0, "clip.vision.patch_size is 0" },
        { "clip.vision.projector.scale_factor", 0, "scale_factor is 0, 1 to 16 are possible" },
        { "clip.vision.projector.scale_factor", 4, "mm.model.fc.weight" },
        { "clip.vision.preproc_image_size", 1u << 20, "preproc_image_size is 1048576, 32 to 256 are possible" },
        { "clip.vision.projection_dim", 7, "mm.model.fc.weight" },
        { "clip.vision.block_count", 70000, "clip.vision.block_count is 70000" },
        { "clip.vision.attention.head_count", 5, "5 heads do not divide a width of 32" },
    };
    struct compute c = must_compute(1);
    size_t n;
    char *bytes = read_whole("tests/golden/vision_idefics3.gguf", &n);

    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        char copy[] = "/tmp/mmprojXXXXXX", before[4];
        struct error err = { 0 };
        char *at = memmem(bytes, n, changes[i].key, strlen(changes[i].key));
        assert_non_null(at);
        at += strlen(changes[i].key) + 4;                   /* behind the type of the value */
        memcpy(before, at, 4);
        memcpy(at, &changes[i].value, 4);
        int fd = mkstemp(copy);
        assert_true(fd >= 0 && write(fd, bytes, n) == (ssize_t)n);
        close(fd);
        memcpy(at, before, 4);
        assert_null(image_encoder_open(copy, &c, &err));
        if (err.code != ERROR_MODEL || strstr(err.text, changes[i].expected) == NULL)
            fail_msg("%s: expected \"%s\", found \"%s\"", changes[i].key, changes[i].expected, err.text);
        unlink(copy);
    }
    free(bytes);
    compute_done(&c);
}

/* A file from before there was a key for the longest side. */
static void test_without_longest(void **state)
{
    static const char key[] = "clip.vision.preproc_image_size";
    struct compute c = must_compute(1);
    struct image_plan plan;
    struct error err = { 0 };
    char copy[] = "/tmp/mmprojXXXXXX";
    size_t n;
    char *bytes = read_whole("tests/golden/vision_idefics3.gguf", &n), *at = memmem(bytes, n, key, strlen(key));

    (void)state;
    assert_non_null(at);
    at[strlen(key) - 1] = 'x';
    int fd = mkstemp(copy);
    assert_true(fd >= 0 && write(fd, bytes, n) == (ssize_t)n);
    close(fd);
    struct image_encoder *e = image_encoder_open(copy, &c, &err);
    assert_non_null(e);
    assert_true(image_encoder_plan(e, 100, 100, &plan, &err));
    assert_int_equal(plan.n_tiles, 4 * 4 + 1);
    image_encoder_close(e);
    unlink(copy);
    free(bytes);
    compute_done(&c);
}

/* The value of an unsigned number, or of the first of a list. */
static void set_number(char *bytes, size_t n, const char *key, bool list, uint32_t value)
{
    char *at = memmem(bytes, n, key, strlen(key));

    assert_non_null(at);
    memcpy(at + strlen(key) + (list ? 16 : 4), &value, 4);
}

static struct image_encoder *open_changed(const char *bytes, size_t n, const struct compute *c, struct error *err)
{
    char copy[] = "/tmp/mmprojXXXXXX";
    int fd = mkstemp(copy);

    assert_true(fd >= 0 && write(fd, bytes, n) == (ssize_t)n);
    close(fd);
    struct image_encoder *e = image_encoder_open(copy, c, err);
    unlink(copy);
    return e;
}

/* LLaVA's layer: as the file says, or its last; the oldest files say no type either. */
static void test_layer(void **state)
{
    static const char type[] = "clip.projector_type", layer[] = "clip.vision.feature_layer";
    struct image image = make_picture(WIDTH, HEIGHT);
    struct compute c = must_compute(2);
    struct error err = { 0 };
    size_t n, n_rows;
    char *bytes = read_whole("tests/golden/vision_llava.gguf", &n);
    float *wanted = (float *)(void *)read_whole("tests/golden/vision_llava.f32", &n_rows);

    (void)state;
    set_number(bytes, n, layer, true, 4);
    assert_null(open_changed(bytes, n, &c, &err));
    assert_non_null(strstr(err.text, "clip.vision.feature_layer holds 4, 1 to 3 are possible"));
    ((char *)memmem(bytes, n, layer, strlen(layer)))[strlen(layer) - 1] = 'x';
    ((char *)memmem(bytes, n, type, strlen(type)))[strlen(type) - 1] = 'x';
    set_number(bytes, n, "clip.vision.block_count", false, 2);
    for (size_t n_layers = 2; n_layers <= 3; n_layers++) {
        set_number(bytes, n, "clip.vision.block_count", false, (uint32_t)n_layers);
        struct image_encoder *e = open_changed(bytes, n, &c, &err);
        if (e == NULL)
            fail_msg("%s", err.text);
        assert_string_equal(image_encoder_type(e), "mlp");
        struct media_rows *m = must_encode(e, &c, &image);
        float *found = all_rows(m);
        double error = nmse(found, wanted, m->n_rows * m->n_embd);
        assert_true(n_layers == 2 ? error <= 1e-6 : error > 1e-2);
        free(found);
        media_rows_free(m);
        image_encoder_close(e);
    }
    free(wanted);
    free(bytes);
    free(image.rgb);
    compute_done(&c);
}

static void count(void *user, size_t n_done, size_t n_tiles)
{
    assert_int_equal(n_tiles, 7);
    *(size_t *)user = n_done;
}

static void test_progress(void **state)
{
    struct compute c = must_compute(2);
    struct image_encoder *e = must_open_encoder("idefics3", &c);
    struct image image = make_picture(WIDTH, HEIGHT);
    struct error err = { 0 };
    size_t n = 0;

    (void)state;
    media_rows_free(image_encoder_encode(e, &c, &image, count, &n, &err));
    assert_int_equal(n, 6);
    free(image.rgb);
    image_encoder_close(e);
    compute_done(&c);
}

static void test_cancelled(void **state)
{
    struct compute c = must_compute(2);
    struct image_encoder *e = must_open_encoder("idefics3", &c);
    struct image image = make_picture(WIDTH, HEIGHT);
    struct error err = { 0 };
    atomic_bool cancel = true;
    size_t n = 0;

    (void)state;
    c.cancel = &cancel;
    assert_null(image_encoder_encode(e, &c, &image, count, &n, &err));
    assert_int_equal(n, 0);                                 /* no tile was done */
    assert_int_equal(err.code, ERROR_CANCELLED);
    free(image.rgb);
    image_encoder_close(e);
    compute_done(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden), cmocka_unit_test(test_continuation), cmocka_unit_test(test_markers),     cmocka_unit_test(test_tiles), cmocka_unit_test(test_padded), cmocka_unit_test(test_windows), cmocka_unit_test(test_without_longest), cmocka_unit_test(test_layer),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_ill_numbers), cmocka_unit_test(test_cancelled), cmocka_unit_test(test_progress),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
