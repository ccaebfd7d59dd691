/* test_guards.c - what keeps Whisper from making words up, and what it is told before. */
#include "audio/guards.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audio/whisper_prompt.h"
#include "audio/window.h"

#define TINY "tests/golden/whisper_tiny.bin"
enum { S = 100 };                   /* time stamps are tokens from here on */

static void test_repeats(void **state)
{
    static const int32_t once[] = { S, 1, 2, S + 5, S + 5, 3, S + 9 }, twice[] = { S, 1, 2, S + 5, S + 5, 1, 2, S + 9 },
                         thrice[] = { S, 7, S + 1, S + 1, 1, 2, S + 5, S + 5, 1, 2, S + 9, S + 9, 1, 2, S + 12 },
                         apart[] = { S, 1, 2, S + 5, S + 5, 1, 2, S + 9, S + 9, 4, S + 10, S + 10, 1, 2, S + 12 };
    int32_t id[16];
    struct repeats r = { .id = id };
    (void)state;

    assert_false(guards_repeats(&r, NULL, 0, S));
    assert_false(guards_repeats(&r, once, 7, S));
    assert_false(guards_repeats(&r, twice, 8, S));
    assert_true(guards_repeats(&r, thrice, 15, S));
    assert_false(guards_repeats(&r, apart, 15, S));
    /* over windows: two there and one here */
    guards_remember(&r, twice, 8, S);
    assert_int_equal(r.times, 2);
    assert_true(guards_repeats(&r, once, 7, S));
    guards_remember(&r, once, 7, S);
    assert_int_equal(r.times, 1);
    assert_int_equal(r.id[0], 3);
    assert_false(guards_repeats(&r, once, 7, S));
    guards_remember(&r, NULL, 0, S);                /* a window without words changes nothing */
    assert_int_equal(r.times, 1);
}

static void test_unheard(void **state)
{
    bool silent[400];
    (void)state;

    for (size_t f = 0; f < 400; f++)
        silent[f] = f != 200;
    assert_true(guards_unheard(silent, 400, 0, 150));
    assert_false(guards_unheard(silent, 400, 0, 151));
    assert_false(guards_unheard(silent, 400, 210, 220));
    assert_false(guards_unheard(silent, 400, 250, 260));
    assert_true(guards_unheard(silent, 400, 251, 400));
    assert_true(guards_unheard(silent, 400, 500, 600));
}

static void test_pass_over(void **state)
{
    static const int32_t near[] = { S, 1, S + 100, S + 100, 2, S + 200 }, hole[] = { S, 1, S + 20, S + 100, 2, S + 120 },
                         late[] = { S + 80, 1, S + 100 }, one[] = { S, 1, S + 150 };
    bool silent[400] = { false };
    (void)state;

    assert_false(guards_pass_over(near, 6, S, silent, 400));
    assert_false(guards_pass_over(one, 3, S, silent, 400));     /* words last as long as they are said to */
    assert_true(guards_pass_over(hole, 6, S, silent, 400));
    assert_true(guards_pass_over(late, 3, S, silent, 400));
    for (size_t f = 0; f < 101; f++)
        silent[60 + f] = true;
    assert_false(guards_pass_over(hole, 6, S, silent, 400));
    silent[60] = silent[61] = silent[62] = false;
    assert_false(guards_pass_over(hole, 6, S, silent, 400));
    for (size_t f = 0; f < 59; f++)
        silent[63 + f] = false;
    assert_true(guards_pass_over(hole, 6, S, silent, 400));
    assert_false(guards_pass_over(hole, 6, S, silent, 130));    /* behind the sound is none */
}

/* ---- prompts ------------------------------------------------------------------- */

static void check_ids(const char *text, const int32_t *want, size_t n_want)
{
    static const char *token[] = { " ", "a", "b", "c", "\xc3", "\xa9", "bc", "ab", " a", "1", "2", "12", " ab", "abc" };
    enum { N = sizeof token / sizeof *token };
    uint32_t token_bytes[N];
    struct whisper w = { .n_tokens = N, .token = token, .token_bytes = token_bytes };
    struct arena *arena = arena_new("test", 1 << 12, NULL);
    int32_t *ids;
    size_t n;

    for (size_t i = 0; i < N; i++)
        token_bytes[i] = (uint32_t)strlen(token[i]);
    assert_true(whisper_prompt_encode(&w, text, arena, &ids, &n, NULL));
    assert_int_equal(n, n_want);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(ids[i], want[i]);
    arena_free(arena);
}

/* The lowest token of all pairs first: "bc" before "ab", so " abc" is never " ab" and "c". */
static void test_encode(void **state)
{
    (void)state;
    check_ids("", NULL, 0);
    check_ids(" \n ", NULL, 0);
    check_ids("abc", (const int32_t[]){ 8, 6 }, 2);
    check_ids("ab12", (const int32_t[]){ 12, 11 }, 2);         /* numbers are pieces of their own */
    check_ids(" ab ab\n", (const int32_t[]){ 12, 12 }, 2);
    check_ids("\xc3\xa9", (const int32_t[]){ 0, 4, 5 }, 3);
    check_ids("axb", (const int32_t[]){ 8, 2 }, 2);            /* no token: left out */
}

static void test_bad_prompts(void **state)
{
    char *longer = malloc(WHISPER_PROMPT_MOST_BYTES + 2);
    struct whisper_params all[4] = { { .hotwords = "\xff" }, { .prompt = "bad \xc3" }, { .prompt = longer }, { .beam = 1000 } };
    struct compute c;
    (void)state;

    memset(longer, 'w', WHISPER_PROMPT_MOST_BYTES + 1);
    longer[WHISPER_PROMPT_MOST_BYTES + 1] = '\0';
    assert_true(compute_init(&c, 1, NULL, NULL));
    struct whisper *w = whisper_open(TINY, &c, NULL);
    for (size_t i = 0; i < 4; i++) {
        struct window x;
        struct error err = { 0 };
        assert_false(window_init(&x, w, &c, &all[i], &err));
        assert_int_equal(err.code, ERROR_USAGE);
        window_done(&x);
    }
    whisper_close(w);
    compute_done(&c);
    free(longer);
}

/* ---- all of it at once ---------------------------------------------------------- */

static size_t check_transcript(const struct transcript *t)
{
    double last = 0.0;
    size_t n_words = 0;

    for (size_t i = 0; i < t->n_segments; i++) {
        const struct segment *s = &t->segments[i];
        const char *at = s->text;
        for (size_t k = 0; k < s->n_words; k++, n_words++) {
            const struct word *word = &s->words[k];
            assert_memory_equal(at, word->text, strlen(word->text));
            at += strlen(word->text);
            assert_true(word->start >= last && word->end >= word->start && word->end <= t->seconds);
            assert_true(word->p >= 0.0f && word->p <= 1.0f);
            last = word->end;
        }
        assert_string_equal(at, "");
    }
    return n_words;
}

/* Noise through random weights, with words, a beam and prompts: nonsense, but its words spell it, in
 * order and inside the clip, the same whatever the number of threads. */
static void test_noise(void **state)
{
    enum { N = 32000 };
    static float samples[N];
    static const size_t thread_counts[] = { 1, 2, 7 };
    const struct whisper_params params[] = { { .words = true }, { .words = true, .beam = 3 },
                                             { .words = true, .beam = 5, .prompt = "(", .hotwords = "( (" } };
    struct clip clip = { .samples = samples, .n_samples = N, .seconds = 2.0, .file_channels = 1 };
    uint32_t s = 1;
    size_t n_words = 0;
    (void)state;

    for (int i = 0; i < N; i++) {
        s = 1664525u * s + 1013904223u;
        samples[i] = (float)((int)(s >> 16) - 32768) / 65536.0f;
    }
    for (size_t i = 0; i < 9; i++) {
        static char *first;
        struct compute c;
        assert_true(compute_init(&c, thread_counts[i % 3], NULL, NULL));
        struct whisper *w = whisper_open(TINY, &c, NULL);
        struct sound *sound = sound_of_clip(&clip, NULL);
        struct transcript *t = whisper_transcribe(w, &c, sound, &params[i / 3], NULL);
        sound_close(sound);
        assert_non_null(t);
        n_words += check_transcript(t);
        if (i % 3 == 0) {
            free(first);
            first = strdup(t->text);
        }
        assert_string_equal(first, t->text);
        if (i == 8)
            free(first);
        transcript_free(t);
        whisper_close(w);
        compute_done(&c);
    }
    assert_true(n_words > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_repeats), cmocka_unit_test(test_unheard), cmocka_unit_test(test_pass_over), cmocka_unit_test(test_encode),
        cmocka_unit_test(test_bad_prompts), cmocka_unit_test(test_noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
