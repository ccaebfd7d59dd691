/* What files of published vision encoders may say, and what is refused: those of tests/golden/make_vision_pairs.py, changed. */
#include "tests/image_encoders.h"
#include "tests/nmse.h"
#include "tests/text_models.h"

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

/* A copy of a file in which some bytes are others. */
static void test_refused(void **state)
{
    static const struct { const char *model, *from, *to; size_t n; const char *expected; } changes[] = {
        { "idefics3", "idefics3", "idefics9", 8, "clip.projector_type is idefics9; idefics3, gemma3, qwen2vl_merger, qwen2.5vl_merger, qwen2.5o, mlp, internvl and mynah-eyes are read" },
        { "idefics3", "vision.patch_size", "vision.patch_sise", 17, "clip.vision.patch_size is missing" },
        { "idefics3", "vision.image_std", "vision.image_ste", 16, "clip.vision.image_std has 0 floats" },
        { "idefics3", "mm.model.fc.weight", "mm.model.fc.weighs", 18, "mm.model.fc.weight" },
        { "gemma3", "mm.soft_emb_norm.weight", "mm.soft_emb_norm.weighs", 23, "mm.soft_emb_norm.weight" },
        { "gemma3", "v.position_embd.weight", "v.position_embe.weight", 22, "v.position_embd.weight" },
        { "gemma3", "v.patch_embd.weight", "v.patch_embe.weight", 19, "tensor v.patch_embd.weight is missing" },
        { "idefics3", "has_vision_encoder", "has_vision_encoded", 18, "is not for pictures" },
        { "llava", "v.class_embd", "v.class_embe", 12, "v.class_embd" },
        { "internvl", "v.class_embd", "v.class_embe", 12, "v.class_embd" },
        { "internvl", "mm.model.mlp.0.bias", "mm.model.mlp.0.bian", 19, "mm.model.mlp.0.bias" },
        { "internvl", "mm.model.mlp.1.weight", "mm.model.mlp.1.weighs", 21, "mm.model.mlp.1.weight" },
        { "internvl", "mm.model.mlp.3.weight", "mm.model.mlp.3.weighs", 21, "mm.model.mlp.3.weight" },
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
    static const struct { const char *model, *key; uint32_t value; const char *expected; } changes[] = {
        { "idefics3", "clip.vision.image_size", 0, "clip.vision.image_size is 0, 1 to 4096 are possible" },
        { "idefics3", "clip.vision.image_size", 5000, "clip.vision.image_size is 5000" },
        { "idefics3", "clip.vision.image_size", 31, "3 patches of 8 a side, which are not put together by 2 x 2" },
        { "idefics3", "clip.vision.image_size", 64, "v.position_embd.weight" },
        { "idefics3", "clip.vision.patch_size", 0, "clip.vision.patch_size is 0" },
        { "idefics3", "clip.vision.projector.scale_factor", 0, "scale_factor is 0, 1 to 16 are possible" },
        { "idefics3", "clip.vision.projector.scale_factor", 4, "mm.model.fc.weight" },
        { "idefics3", "clip.vision.preproc_image_size", 1u << 20, "preproc_image_size is 1048576, 32 to 256 are possible" },
        { "idefics3", "clip.vision.projection_dim", 7, "mm.model.fc.weight" },
        { "idefics3", "clip.vision.block_count", 70000, "clip.vision.block_count is 70000" },
        { "idefics3", "clip.vision.attention.head_count", 5, "5 heads do not divide a width of 32" },
        { "internvl", "clip.vision.preproc_min_tiles", 7, "preproc_max_tiles is 6, 7 to 64 are possible" },
        { "internvl", "clip.vision.preproc_max_tiles", 65, "preproc_max_tiles is 65, 1 to 64 are possible" },
        { "internvl", "clip.vision.preproc_min_tiles", 0, "preproc_min_tiles is 0, 1 to 64 are possible" },
        { "internvl", "clip.vision.patch_size", 16, "v.patch_embd.weight" },
        { "internvl", "clip.vision.image_size", 48, "v.position_embd.weight" },
        { "llava", "clip.vision.image_size", 64, "v.position_embd.weight" },
    };
    struct compute c = must_compute(1);

    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct error err = { 0 };
        char path[100];
        size_t n;
        snprintf(path, sizeof path, "tests/golden/vision_%s.gguf", changes[i].model);
        char *bytes = read_whole(path, &n);
        set_number(bytes, n, changes[i].key, false, changes[i].value);
        assert_null(open_changed(bytes, n, &c, &err));
        if (err.code != ERROR_MODEL || strstr(err.text, changes[i].expected) == NULL)
            fail_msg("%s: expected \"%s\", found \"%s\"", changes[i].key, changes[i].expected, err.text);
        free(bytes);
    }
    compute_done(&c);
}

/* A file from before there was a key for the longest side. */
static void test_without_longest(void **state)
{
    static const char key[] = "clip.vision.preproc_image_size";
    struct compute c = must_compute(1);
    struct image_plan plan;
    struct error err = { 0 };
    size_t n;
    char *bytes = read_whole("tests/golden/vision_idefics3.gguf", &n), *at = memmem(bytes, n, key, strlen(key));

    (void)state;
    assert_non_null(at);
    at[strlen(key) - 1] = 'x';
    struct image_encoder *e = open_changed(bytes, n, &c, &err);
    assert_non_null(e);
    assert_true(image_encoder_plan(e, 100, 100, 0, &plan, &err));
    assert_int_equal(plan.n_tiles, 4 * 4 + 1);
    image_encoder_close(e);
    free(bytes);
    compute_done(&c);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused), cmocka_unit_test(test_ill_numbers), cmocka_unit_test(test_without_longest), cmocka_unit_test(test_layer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
