/* test_picture_rows.c - how many rows a picture gets by wish, context and memory; what was measured is there another day. */
#include "fusion/picture_rows.h"

#include <dirent.h>
#include <sys/stat.h>

#include "fusion/encoder_speed.h"
#include "fusion/rows_cache.h"
#include "tests/image_encoders.h"
#include "tests/text_models.h"

static char home[40];

static int set_up(void **state)
{
    (void)state;
    strcpy(home, "/tmp/test_picture_rows_XXXXXX");
    return mkdtemp(home) == NULL || setenv("XDG_CACHE_HOME", home, 1) != 0 ? -1 : 0;
}

static int tear_down(void **state)
{
    char command[80];

    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", home);
    return system(command);
}

static struct picture_plan plan_of(const struct image_encoder *e, struct picture_room room)
{
    struct picture_plan plan;
    struct error err = { 0 };

    if (!picture_plan(e, WIDTH, HEIGHT, room, &plan, &err))
        fail_msg("%s", err.text);
    assert_true(plan.plan.n_rows <= plan.whole.n_rows && plan.plan.n_bytes <= plan.whole.n_bytes);
    assert_true((plan.limit == PICTURE_WHOLE) == (plan.plan.n_rows == plan.whole.n_rows));
    return plan;
}

/* Of 28 rows in 7 tiles: by the stricter of both, and the whole alone at worst. */
static void test_rows(void **state)
{
    static const struct { struct picture_room room; size_t n_rows, n_tiles; enum picture_limit limit; } cases[] = {
        { { 0, 0, 0 }, 28, 7, PICTURE_WHOLE }, { { 28, 28, 0 }, 28, 7, PICTURE_WHOLE }, { { 27, 0, 0 }, 20, 5, PICTURE_WISH },
        { { 0, 27, 0 }, 20, 5, PICTURE_CONTEXT }, { { 27, 19, 0 }, 4, 1, PICTURE_CONTEXT }, { { 5, 27, 0 }, 4, 1, PICTURE_WISH },
        { { 0, 1, 0 }, 4, 1, PICTURE_CONTEXT },
    };
    struct compute c = must_compute(1);
    struct image_encoder *e = must_open_encoder("idefics3", &c);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct picture_plan plan = plan_of(e, cases[i].room);
        assert_int_equal(plan.whole.n_rows, 28);
        assert_int_equal(plan.plan.n_rows, cases[i].n_rows);
        assert_int_equal(plan.plan.n_tiles, cases[i].n_tiles);
        assert_int_equal(plan.limit, cases[i].limit);
    }
    image_encoder_close(e);
    compute_done(&c);
}

/* With each byte less there are as many rows as still fit; with none at all the fewest, which are over it. */
static void test_memory(void **state)
{
    static const char *const names[] = { "idefics3", "internvl", "qwen2vl", "gemma3" };
    struct compute c = must_compute(1);

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct image_encoder *e = must_open_encoder(names[i], &c);
        struct picture_plan whole = plan_of(e, (struct picture_room){ 0 }), fewest = plan_of(e, (struct picture_room){ .n_wished = 1 });
        size_t before = whole.whole.n_rows, n_kinds = 0;
        for (size_t n = whole.whole.n_bytes; n >= fewest.plan.n_bytes; n -= n / 50) {
            struct picture_plan plan = plan_of(e, (struct picture_room){ .n_bytes = n });
            assert_true(plan.plan.n_bytes <= n && plan.plan.n_rows <= before);
            assert_true(plan.limit == PICTURE_WHOLE || plan.limit == PICTURE_MEMORY);
            n_kinds += plan.plan.n_rows < before;
            before = plan.plan.n_rows;
        }
        assert_true((n_kinds > 0) == (fewest.plan.n_rows < whole.whole.n_rows));
        struct picture_plan none = plan_of(e, (struct picture_room){ .n_bytes = 1 });
        assert_true(none.plan.n_rows == fewest.plan.n_rows && none.plan.n_bytes > 1);
        image_encoder_close(e);
    }
    assert_true(picture_room(3, 4).n_bytes > 1 << 20 && picture_room(3, 4).n_wished == 3 && picture_room(3, 4).n_context == 4);
    compute_done(&c);
}

static void tell(void *user, size_t n_done, size_t n_tiles)
{
    (void)n_done, (void)n_tiles;
    ++*(size_t *)user;
}

/* Made once for each number of rows; then there, and the time it took with them. */
static void test_kept(void **state)
{
    struct compute c = must_compute(1);
    struct image_encoder *e = must_open_encoder("idefics3", &c);
    struct image image = make_picture(WIDTH, HEIGHT);
    struct error err = { 0 };

    (void)state;
    for (size_t wished = 28; wished >= 20; wished -= 8) {
        struct picture_plan plan = plan_of(e, (struct picture_room){ .n_wished = wished });
        char *key = picture_rows_key(e, &c, "hash", &plan);
        struct media_rows *made[2];
        assert_true(wished < 28 || picture_expected_ms(e, &c, &plan) == 0);
        for (size_t i = 0; i < 2; i++) {
            size_t n_told = 0;
            bool kept = false;
            made[i] = picture_rows(e, &c, &image, &plan, key, tell, &n_told, &kept, &err);
            assert_non_null(made[i]);
            assert_int_equal(made[i]->n_rows, wished);
            assert_true(kept == (i == 1) && n_told == (i == 1 ? 0 : plan.plan.n_tiles));
        }
        float *a = all_rows(made[0]), *b = all_rows(made[1]);
        assert_memory_equal(a, b, wished * made[0]->n_embd * sizeof *a);
        assert_true(picture_expected_ms(e, &c, &plan) > 0);
        free(a);
        free(b);
        media_rows_free(made[0]);
        media_rows_free(made[1]);
        free(key);
    }
    free(image.rgb);
    image_encoder_close(e);
    compute_done(&c);
}

static void write_speed(const char *text)
{
    char folder[80], path[400];

    snprintf(folder, sizeof folder, "%s/mynah/speed", home);
    DIR *open = opendir(folder);
    assert_non_null(open);
    for (const struct dirent *e; (e = readdir(open)) != NULL; ) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        fputs(text, f);
        fclose(f);
    }
    closedir(open);
}

static void test_speed(void **state)
{
    static const char *const bad[] = { "", "mynah speed 1 ", "mynah speed 1 nan\n", "mynah speed 1 -3\n", "mynah speed 1 inf\n", "mynah speed 2 3.0\n",
                                       "mynah speed 1 3.0", "mynah speed 1 3.0\nx", "mynah speed 1 3e9\n" };
    struct compute one = must_compute(1), two = must_compute(2);

    (void)state;
    assert_true(encoder_speed("a", &one) == 0);
    encoder_speed_learn("a", &one, 4, 20);
    assert_true(encoder_speed("a", &one) == 5);
    encoder_speed_learn("a", &one, 10, 100);
    assert_true(encoder_speed("a", &one) == 7.5);
    assert_true(encoder_speed("a", &two) == 0 && encoder_speed("b", &one) == 0);
    encoder_speed_learn("a", &one, 0, 20);
    encoder_speed_learn("a", &one, 4, 0);
    assert_true(encoder_speed("a", &one) == 7.5);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_speed(bad[i]);
        if (encoder_speed("a", &one) != 0)
            fail_msg("%s was read", bad[i]);
    }
    encoder_speed_learn("a", &one, 4, 8);
    assert_true(encoder_speed("a", &one) == 2);
    assert_int_equal(setenv("XDG_CACHE_HOME", "/proc/nothing", 1), 0);
    encoder_speed_learn("a", &one, 4, 8);
    assert_true(encoder_speed("a", &one) == 0);
    assert_int_equal(setenv("XDG_CACHE_HOME", home, 1), 0);
    compute_done(&one);
    compute_done(&two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows), cmocka_unit_test(test_memory), cmocka_unit_test(test_kept), cmocka_unit_test(test_speed),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
