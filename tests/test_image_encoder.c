/* Published vision encoders, as random models in the publishers' layout, against the transformers library
 * (tests/golden/make_vision_pairs.py): a picture's rows, its markers, types and tiles.  What files say: test_image_encoder_files.c. */
#include "vision/encoder_parts.h"

#include <stdatomic.h>

#include "tests/image_encoders.h"
#include "tests/nmse.h"
#include "tests/text_models.h"

enum { N_BEFORE = 5, N_AFTER = 7, N_MORE = 40 };              /* as in make_vision_pairs.py */

static const struct { const char *name, *type, *text; size_t n_rows, n_embd; } models[] = {      /* text NULL: F32 and its rows alone */
    { "idefics3", "idefics3", "tests/golden/text_llama3.gguf", 28, 32 },
    { "idefics3_rest", "idefics3", NULL, 28, 32 },
    { "gemma3", "gemma3", "tests/golden/text_gemma3.gguf", 4, 16 },
    { "qwen2vl", "qwen2vl_merger", "tests/golden/text_qwen2vl.gguf", 209, 32 },
    { "qwen25vl", "qwen2.5vl_merger", "tests/golden/text_qwen2vl.gguf", 209, 32 },
    { "llava", "mlp", "tests/golden/text_llama3.gguf", 16, 32 },
    { "internvl", "internvl", "tests/golden/text_llama3.gguf", 28, 32 },
    { "internvl_rms", "internvl", NULL, 28, 32 },
};
#define N_MODELS (sizeof models / sizeof *models)

/* Half a step of F16 is 2^-12 of a value, of Q8_0 1/254 of the largest of 32; few products add up. */
static void test_golden(void **state)
{
    static const struct { const char *ending; double bound; } types[] = { { "", 1e-6 }, { "_f16", 1e-5 }, { "_q8_0", 2e-3 } };
    struct image image = make_picture(WIDTH, HEIGHT);

    (void)state;
    for (size_t k = 0; k < N_MODELS; k++) for (size_t t = 0; t < (models[k].text != NULL ? 3 : 1); t++) for (size_t n_threads = 1; n_threads <= 2; n_threads++) {
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
        if (models[k].text == NULL)
            continue;
        struct compute c = must_compute(2);
        struct image_encoder *e = must_open_encoder(models[k].name, &c);
        struct media_rows *m = must_encode(e, &c, &image);
        struct text_span spans[40];
        int32_t ids[40];
        char name[60];
        snprintf(name, sizeof name, "tests/golden/vision_%s.i32", models[k].name);
        tiny_prompt(ids, 40);
        check_continuation(&c, models[k].text, spans, make_spans(m, ids, spans), name);
        media_rows_free(m);
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
    static const struct { const char *name; size_t width, height, n_most; const char *expected; } cases[] = {
        { "idefics3", WIDTH, HEIGHT, 0, FAKE "<row_1_col_1>{4}" FAKE "<row_1_col_2>{4}" FAKE "<row_1_col_3>{4}\n" FAKE "<row_2_col_1>{4}" FAKE
          "<row_2_col_2>{4}" FAKE "<row_2_col_3>{4}\n\n" FAKE "<global-img>{4}" FAKE },
        { "idefics3", 4, 400, 0, FAKE "<row_1_col_1>{4}\n" FAKE "<row_2_col_1>{4}\n" FAKE "<row_3_col_1>{4}\n\n" FAKE "<global-img>{4}" FAKE },
        { "gemma3", 3, 1, 0, "\n\n<start_of_image>{both 4}<end_of_image>\n\n" },
        { "llava", 1, 300, 0, "{16}\n" },
        { "internvl", 10, 10, 0, "<img>{4}</img>\n" },
        { "internvl", 100, 50, 0, "<img>{4}{4}{4}</img>\n" },
        { "idefics3", WIDTH, HEIGHT, 27, FAKE "<row_1_col_1>{4}" FAKE "<row_1_col_2>{4}\n" FAKE "<row_2_col_1>{4}" FAKE "<row_2_col_2>{4}\n\n" FAKE
          "<global-img>{4}" FAKE },
        { "idefics3", WIDTH, HEIGHT, 19, FAKE "<global-img>{4}" FAKE },
        { "gemma3", 3, 1, 1, "\n\n<start_of_image>{both 4}<end_of_image>\n\n" },
        { "llava", 1, 300, 1, "{16}\n" },
        { "internvl", 100, 50, 11, "<img>{4}</img>\n" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct compute c = must_compute(2);
        struct image_encoder *e = must_open_encoder(cases[i].name, &c);
        struct image image = make_picture(cases[i].width, cases[i].height);
        struct image_plan plan;
        struct error err = { 0 };
        struct media_rows *m = image_encoder_encode(e, &c, &image, cases[i].n_most, NULL, NULL, &err);
        assert_non_null(m);
        char *found = shown(m);
        assert_string_equal(found, cases[i].expected);
        assert_true(image_encoder_plan(e, image.width, image.height, cases[i].n_most, &plan, &err));
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
        assert_true(image_tiles_of(&e, cases[i].width, cases[i].height, 0, &t, &err));
        assert_int_equal(t.n_columns, cases[i].n_columns);
        assert_int_equal(t.n_rows, cases[i].n_rows);
    }
    assert_false(image_tiles_of(&e, 0, 5, 0, &t, &err));
    assert_int_equal(err.code, ERROR_INPUT);
}

/* What that of InternVL makes of them: up to 12 tiles of 448 pixels (likewise). */
static void test_shapes(void **state)
{
    static const struct { size_t width, height, n_columns, n_rows; } cases[] = {
        { 640, 480, 4, 3 }, { 480, 640, 3, 4 }, { 448, 448, 1, 1 }, { 1000, 1000, 3, 3 }, { 4000, 3000, 4, 3 },
        { 4000, 1000, 4, 1 }, { 100, 4000, 1, 12 }, { 65000, 1, 12, 1 }, { 1200, 896, 4, 3 }, { 2000, 1600, 4, 3 },
        { 300, 299, 1, 1 }, { 800, 400, 2, 1 }, { 1600, 800, 4, 2 },
    };
    struct image_family family = { .layout = LAYOUT_SHAPED };
    struct image_encoder e = { .family = &family, .image_size = 448, .least_tiles = 1, .most_tiles = 12 };
    struct image_tiles t;
    struct error err = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(image_tiles_of(&e, cases[i].width, cases[i].height, 0, &t, &err));
        assert_int_equal(t.n_columns, cases[i].n_columns);
        assert_int_equal(t.n_rows, cases[i].n_rows);
    }
}

/* With fewer rows: SmolVLM's tiles have 64, InternVL's 256, Qwen's units are rows. */
static const struct image_family layouts[] = { { .layout = LAYOUT_SPLIT }, { .layout = LAYOUT_SHAPED }, { .layout = LAYOUT_FREE }, { .layout = LAYOUT_SQUARE } };
static const struct image_encoder sized[] = {
    { .family = &layouts[0], .image_size = 512, .longest = 2048, .patch = 16, .merge = 4 },
    { .family = &layouts[1], .image_size = 448, .least_tiles = 1, .most_tiles = 12, .patch = 14, .merge = 2 },
    { .family = &layouts[2], .image_size = 560, .patch = 14, .merge = 2 },
    { .family = &layouts[3], .image_size = 896, .patch = 14, .merge = 4 },
    { .family = &layouts[0], .image_size = 512, .longest = 1800, .patch = 16, .merge = 4 },
};

static size_t rows_of(const struct image_encoder *e, size_t width, size_t height, size_t n_most, struct image_tiles *t)
{
    struct error err = { 0 };

    if (!image_tiles_of(e, width, height, n_most, t, &err))
        fail_msg("%s", err.text);
    return image_n_tiles(t) * image_tile_rows(e, t);
}

static void test_fewer(void **state)
{
    static const struct { size_t e, width, height, n_most, n_columns, n_rows, n; } cases[] = {
        { 0, 640, 480, 832, 4, 3, 832 }, { 0, 640, 480, 831, 3, 3, 640 }, { 0, 640, 480, 639, 2, 2, 320 }, { 0, 640, 480, 319, 1, 1, 64 },
        { 0, 640, 480, 1, 1, 1, 64 }, { 0, 100, 4000, 200, 1, 2, 192 }, { 4, 640, 480, 831, 3, 3, 640 },
        { 1, 4000, 3000, 3328, 4, 3, 3328 }, { 1, 4000, 3000, 3327, 3, 2, 1792 }, { 1, 4000, 3000, 1791, 2, 2, 1280 }, { 1, 4000, 3000, 1279, 1, 1, 256 },
        { 1, 4000, 3000, 1, 1, 1, 256 },
        { 2, 4000, 3000, 0, 1, 1, 1230 }, { 2, 4000, 3000, 200, 1, 1, 192 }, { 2, 4000, 3000, 1, 1, 1, 1 }, { 2, 4000, 20, 5, 1, 1, 5 },
        { 2, 20, 4000, 5, 1, 1, 5 }, { 2, 30, 30, 0, 1, 1, 4 }, { 2, 30, 30, 3, 1, 1, 1 },
        { 3, 4000, 3000, 0, 1, 1, 256 }, { 3, 4000, 3000, 255, 1, 1, 256 },
    };
    struct image_tiles t;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t n = rows_of(&sized[cases[i].e], cases[i].width, cases[i].height, cases[i].n_most, &t);
        if (n != cases[i].n || t.n_columns != cases[i].n_columns || t.n_rows != cases[i].n_rows)
            fail_msg("case %zu: %zu x %zu tiles, %zu rows", i, t.n_columns, t.n_rows, n);
    }
}

/* Whatever the picture: no more rows than may be unless it is the least there is; more where more may be; as many rows are
 * always the same tiles. */
static void test_any_fewer(void **state)
{
    uint32_t seed = 1;

    (void)state;
    for (size_t i = 0; i < 3000; i++) {
        const struct image_encoder *e = &sized[i % 5];
        struct image_tiles t, again;
        size_t side[2];
        for (size_t k = 0; k < 2; k++)
            side[k] = 1 + ((seed = 1664525u * seed + 1013904223u) >> 8) % (i % 2 == 0 ? 300 : 5000);
        side[1] = side[0] > 200 * side[1] || side[1] > 200 * side[0] ? side[0] : side[1];
        size_t whole = rows_of(e, side[0], side[1], 0, &t), least = rows_of(e, side[0], side[1], 1, &again), before = least;
        for (size_t most = 1; most <= whole + 1; most++) {
            size_t n = rows_of(e, side[0], side[1], most, &t);
            assert_true(n <= most || n == least);
            assert_true(n >= before && n <= whole);
            if (n == before)
                assert_memory_equal(&t, &again, sizeof t);
            before = n;
            again = t;
        }
        assert_int_equal(rows_of(e, side[0], side[1], whole, &t), whole);
    }
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
        assert_true(image_tiles_of(&e, image.width, image.height, 0, &t, &err));
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
    media_rows_free(image_encoder_encode(e, &c, &image, 0, count, &n, &err));
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
    assert_null(image_encoder_encode(e, &c, &image, 0, count, &n, &err));
    assert_int_equal(n, 0);                                 /* no tile was done */
    assert_int_equal(err.code, ERROR_CANCELLED);
    free(image.rgb);
    image_encoder_close(e);
    compute_done(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden), cmocka_unit_test(test_continuation), cmocka_unit_test(test_markers), cmocka_unit_test(test_tiles),
        cmocka_unit_test(test_shapes), cmocka_unit_test(test_fewer), cmocka_unit_test(test_any_fewer), cmocka_unit_test(test_padded), cmocka_unit_test(test_windows), cmocka_unit_test(test_cancelled),
        cmocka_unit_test(test_progress),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
