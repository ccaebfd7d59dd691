/* A random pair looks: what is kept, what is told meanwhile, cancelling at any moment, and what fails without an error. */
#include "fusion/looker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define TEXT "tests/golden/text_llama3.gguf"
#define EYES "tests/golden/vision_idefics3.gguf"
#define NO_PAIR "tests/golden/vision_gemma3.gguf"
#define PICTURE "tests/golden/photographs/photograph.webp"
#define OTHER "tests/golden/images/exif1.jpg"

static char cache[] = "/tmp/mynah-looker-XXXXXX";

struct watch {
    atomic_bool cancel;
    size_t n, cancel_at;            /* calls so far; at which the user cancels, SIZE_MAX: never */
    double done;                    /* the last that was told */
    char text[80];
};

static void watch(void *user, const char *text, double done, double total)
{
    struct watch *w = user;

    snprintf(w->text, sizeof w->text, "%s", text);
    if (strncmp(text, "looking", 7) == 0) {
        assert_true(done >= w->done && done <= total && total == 100);
        w->done = done;
    }
    if (w->n++ == w->cancel_at)
        atomic_store(&w->cancel, true);
}

struct setup {
    struct compute compute;
    struct watch watch;
    struct looker *looker;
};

static void open_pair(struct setup *s, const char *eyes)
{
    struct error err = { 0 };
    struct session_params p = session_params_default();

    *s = (struct setup){ .watch = { .cancel_at = SIZE_MAX } };
    assert_true(compute_init(&s->compute, 1, NULL, &err));
    s->compute.cancel = &s->watch.cancel;
    p.eyes = EYES_PAIR;
    p.pair_path = TEXT;
    p.pair_mmproj = eyes;
    s->looker = looker_new(&p, &s->compute, watch, &s->watch, &err);
    assert_non_null(s->looker);
}

static void close_pair(struct setup *s)
{
    looker_free(s->looker);
    compute_done(&s->compute);
}

static const struct glance *ask(struct setup *s, const char *path, const char *key, const char *question)
{
    struct error err = { 0 };
    const struct glance *g = looker_ask(s->looker, path, key, question, 0, &err);

    if (g == NULL)
        fail_msg("%s", err.text);
    assert_string_equal(g->eyes, "text_llama3.gguf");
    return g;
}

static void test_kept(void **state)
{
    struct setup s;

    (void)state;
    open_pair(&s, EYES);
    const struct glance *g = ask(&s, PICTURE, "a", NULL);
    assert_null(g->question);
    assert_true(g->ms > 0 && s.watch.n > 3 && s.watch.done > 60);
    assert_string_equal(s.watch.text, "looking (text_llama3.gguf)");
    size_t n = s.watch.n;
    double ms = g->ms;
    assert_true(ask(&s, PICTURE, "a", NULL)->ms == ms && s.watch.n == n);      /* nothing was looked at again */
    s.watch.done = 0;
    g = ask(&s, "/nowhere.png", "a", "Is it red?");         /* nor is the file read again */
    assert_string_equal(g->question, "Is it red?");
    assert_true(s.watch.n > n);
    n = s.watch.n;
    ask(&s, "/nowhere.png", "a", "Is it red?");
    assert_int_equal(s.watch.n, n);
    assert_null(looker_trouble(s.looker));
    close_pair(&s);
}

/* Rows of many pictures are not kept for ever; they are made again. */
static void test_many(void **state)
{
    struct setup s;
    char key[8];

    (void)state;
    open_pair(&s, EYES);
    for (int i = 0; i < 12; i++) {
        s.watch.done = 0;
        snprintf(key, sizeof key, "%d", i);
        ask(&s, i % 2 == 0 ? PICTURE : OTHER, key, "What?");
    }
    s.watch.done = 0;
    assert_null(strstr(ask(&s, "/nowhere.png", "11", "Where?")->trouble, "nowhere"));
    s.watch.done = 0;
    assert_non_null(strstr(ask(&s, "/nowhere.png", "0", "Where?")->trouble, "nowhere"));
    s.watch.done = 0;
    assert_null(strstr(ask(&s, PICTURE, "0", "Where?")->trouble, "nowhere"));
    close_pair(&s);
}

/* Whenever it comes, nothing is kept that is not whole, and the next time it goes on. */
static void test_cancel(void **state)
{
    struct error err;
    const struct glance *g = NULL;
    size_t n_cancelled = 0;

    (void)state;
    for (size_t at = 0; g == NULL; at++) {
        struct setup s;
        open_pair(&s, EYES);
        s.watch.cancel_at = at;
        err = (struct error){ 0 };
        g = looker_ask(s.looker, PICTURE, "a", "What?", 0, &err);
        if (g == NULL) {
            assert_int_equal(err.code, ERROR_CANCELLED);
            assert_null(looker_trouble(s.looker));
            n_cancelled++;
            atomic_store(&s.watch.cancel, false);
            s.watch.cancel_at = SIZE_MAX;
            s.watch.done = 0;
            ask(&s, PICTURE, "a", "What?");
        }
        close_pair(&s);
        assert_true(at < 400);
    }
    assert_true(n_cancelled > 10);  /* in the encoder, in the prompt and in the answer */
}

static void expect_trouble(struct setup *s, const char *path, const char *question, size_t n_beside, const char *expected, bool for_good)
{
    struct error err = { 0 };
    const struct glance *g = looker_ask(s->looker, path, path, question, n_beside, &err);

    assert_non_null(g);
    assert_null(g->words);
    if (strstr(g->trouble, expected) == NULL)
        fail_msg("%s", g->trouble);
    assert_true((looker_trouble(s->looker) != NULL) == for_good);
    s->watch.done = 0;
}

static void test_troubles(void **state)
{
    struct setup s;
    static char question[4000];

    (void)state;
    open_pair(&s, NO_PAIR);
    expect_trouble(&s, PICTURE, NULL, 0, "they are no pair", true);
    expect_trouble(&s, OTHER, "What?", 0, "they are no pair", true);
    close_pair(&s);
    open_pair(&s, "/nowhere.gguf");
    expect_trouble(&s, PICTURE, NULL, 0, "/nowhere.gguf", true);
    close_pair(&s);
    open_pair(&s, EYES);
    expect_trouble(&s, PICTURE, NULL, SIZE_MAX / 2, "looking with text_llama3.gguf beside the text model needs", true);
    close_pair(&s);
    open_pair(&s, EYES);            /* of one picture or question, which is no trouble for the next */
    expect_trouble(&s, "/nowhere.png", NULL, 0, "/nowhere.png", false);
    expect_trouble(&s, TEXT, NULL, 0, "text_llama3.gguf", false);
    memset(question, 'x', sizeof question - 1);
    expect_trouble(&s, PICTURE, question, 0, "positions, text_llama3.gguf has 1024", false);
    assert_null(strstr(ask(&s, PICTURE, PICTURE, "What?")->trouble, "positions"));
    close_pair(&s);
}

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(cache) == NULL || setenv("XDG_CACHE_HOME", cache, 1) != 0;
}

/* Nothing of use was said, so no description was kept. */
static int tear_down(void **state)
{
    char looked[200], all[200];

    (void)state;
    snprintf(looked, sizeof looked, "%s/mynah/looked", cache);
    snprintf(all, sizeof all, "rm -rf '%s'", cache);
    bool empty = rmdir(looked) == 0;
    return system(all) != 0 || !empty;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kept), cmocka_unit_test(test_many), cmocka_unit_test(test_cancel), cmocka_unit_test(test_troubles),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
