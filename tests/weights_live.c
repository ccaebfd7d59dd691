/* weights_live.c - live captions by Whisper base against the transcript of the whole clip.
 *
 * Passes take the seconds that the test says, so what is decoded when does not depend on the machine. */
#include "tests/weights.h"

#include <ctype.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "audio/live.h"

#define SPEECH "assets/speech.flac"
enum { BLOCK = AUDIO_HZ / 10, ROOM = 8192, MOST_WORDS = 400 };

static struct compute compute;
static struct whisper *whisper;
static struct clip *speech;

static int open_all(void **state)
{
    struct error err = { 0 };
    (void)state;

    if (!compute_init(&compute, 0, NULL, &err) || (whisper = whisper_open(weights_path(WEIGHTS_WHISPER_BASE), &compute, &err)) == NULL ||
        (speech = clip_load(SPEECH, &err)) == NULL)
        fail_msg("%s", err.text);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    clip_free(speech);
    whisper_close(whisper);
    compute_done(&compute);
    return 0;
}

/* ---- listening -------------------------------------------------------------------- */

struct told {
    struct live *live;
    char text[ROOM];
    size_t n_pieces;
    double end, worst;              /* of the last piece; most seconds from a piece's end until it was told */
    double now, pass_seconds;
    bool asked;                     /* the clock is asked twice a pass */
};

static double clock_of(void *user)
{
    struct told *t = user;

    t->now += t->asked ? t->pass_seconds : 0.0;
    t->asked = !t->asked;
    return 1000.0 * t->now;
}

static void on_piece(void *user, const struct live_piece *piece)
{
    struct told *t = user;

    assert_true(strlen(t->text) + strlen(piece->text) < ROOM);
    strcat(t->text, piece->text);
    assert_true(piece->start >= t->end && piece->end >= piece->start && piece->end <= live_seconds(t->live) + 0.01);
    t->end = piece->end;
    t->worst = fmax(t->worst, t->now + t->pass_seconds - piece->end);
    t->n_pieces++;
}

/* The samples come in real time, while passes take pass_seconds each. */
static void listen_to(const float *x, size_t n, double pass_seconds, struct told *t)
{
    struct error err = { 0 };
    struct live_params p = { .whisper = whisper_params_default(), .on_piece = on_piece, .clock_ms = clock_of, .user = t };
    size_t n_fed = 0;

    *t = (struct told){ .pass_seconds = pass_seconds };
    t->live = live_new(whisper, &compute, &p, &err);
    if (t->live == NULL)
        fail_msg("%s", err.text);
    for (size_t at = 0; at < n; ) {
        size_t k = n - at < BLOCK ? n - at : BLOCK;
        double comes = (double)(at + k) / AUDIO_HZ;
        if (live_wanted(t->live) > 0 || (comes <= t->now && n_fed + k <= LIVE_MOST_FEED && !live_is_paused(t->live))) {
            t->now = fmax(t->now, comes);
            assert_true(live_feed(t->live, x + at, k, &err));
            at += k;
            n_fed += k;
            continue;
        }
        if (!live_pass(t->live, &err))
            fail_msg("%s", err.text);
        n_fed = 0;
    }
    if (!live_finish(t->live, &err))
        fail_msg("%s", err.text);
    assert_string_equal(live_pending(t->live), "");
    live_free(t->live);
}

/* ---- words ------------------------------------------------------------------------ */

struct words { char text[ROOM]; char *at[MOST_WORDS]; size_t n; };

static void split(const char *text, struct words *w)
{
    size_t n = 0;

    w->n = 0;
    for (; *text != '\0'; text++)
        if (isalnum((unsigned char)*text) || *text == ' ')
            w->text[n++] = (char)tolower((unsigned char)*text);
    w->text[n] = '\0';
    for (char *word = strtok(w->text, " "); word != NULL; word = strtok(NULL, " ")) {
        assert_true(w->n < MOST_WORDS);
        w->at[w->n++] = word;
    }
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Words to insert, drop or change (Levenshtein). */
static size_t distance(const char *a, const char *b)
{
    static struct words x, y;
    size_t row[MOST_WORDS + 1];

    split(a, &x);
    split(b, &y);
    for (size_t k = 0; k <= y.n; k++)
        row[k] = k;
    for (size_t i = 0; i < x.n; i++) {
        size_t before = row[0];
        row[0] = i + 1;
        for (size_t k = 0; k < y.n; k++) {
            size_t here = row[k + 1];
            row[k + 1] = least(before + (strcmp(x.at[i], y.at[k]) != 0), least(here, row[k]) + 1);
            before = here;
        }
    }
    return row[y.n];
}

/* Two equal words in a row. */
static void check_not_doubled(const char *text)
{
    static struct words x;

    split(text, &x);
    for (size_t i = 0; i + 1 < x.n; i++)
        if (strcmp(x.at[i], x.at[i + 1]) == 0)
            fail_msg("\"%s\" twice in: %s", x.at[i], text);
}

static char *offline(void)
{
    struct whisper_params p = whisper_params_default();
    struct error err = { 0 };
    struct sound *sound = sound_of_clip(speech, &err);
    struct transcript *t = sound == NULL ? NULL : whisper_transcribe(whisper, &compute, sound, &p, &err);
    sound_close(sound);

    if (t == NULL)
        fail_msg("%s", err.text);
    char *text = strdup(t->text);
    transcript_free(t);
    return text;
}

/* ---- tests ---------------------------------------------------------------------------- */

/* A word is told after two passes at most and what they wait for: the sound of one, and 0.7 s.  The last
 * words wait for the next one, and their times are interpolated. */
static void test_speech(void **state)
{
    static struct told t;
    char *want = offline();
    (void)state;

    listen_to(speech->samples, speech->n_samples, 0.9, &t);
    if (distance(want, t.text) > 2)
        fail_msg("%s\nwas expected: %s", t.text, want);
    check_not_doubled(t.text);
    assert_true(t.n_pieces >= 8);
    if (t.worst > 4.0)
        fail_msg("a piece was told %.2f s after its end", t.worst);
    free(want);
}

/* Three times without a pause, as fast as it is decoded: cuts are in the middle of speech. */
static void test_long(void **state)
{
    static struct told t;
    static char three[ROOM];
    char *want = offline();
    size_t n = speech->n_samples;
    float *x = malloc(3 * n * sizeof *x);
    (void)state;

    for (size_t i = 0; i < 3; i++) {
        memcpy(x + i * n, speech->samples, n * sizeof *x);
        strcat(strcat(three, want), " ");
    }
    listen_to(x, 3 * n, 4.0, &t);
    if (distance(three, t.text) > 5)
        fail_msg("%s\nwas expected: %s", t.text, three);
    check_not_doubled(t.text);
    free(want);
    free(x);
}

/* Silence and even noise have no words, nor has what follows speech. */
static void test_silence(void **state)
{
    enum { N = 8 * AUDIO_HZ, N_SPEECH = 4 * AUDIO_HZ };
    static struct told alone, t;
    float *x = calloc(N, sizeof *x);
    uint32_t random = 1;
    (void)state;

    listen_to(x, N, 0.5, &t);
    assert_int_equal(t.n_pieces, 0);
    for (size_t i = 0; i < N; i++) {
        random = random * 1664525u + 1013904223u;
        x[i] = 0.02f * ((float)(random >> 8) / 8388608.0f - 1.0f);
    }
    listen_to(x, N, 0.5, &t);
    if (t.n_pieces > 0)
        fail_msg("in noise was heard: %s", t.text);
    listen_to(speech->samples, N_SPEECH, 0.5, &alone);
    memset(x, 0, N * sizeof *x);
    memcpy(x, speech->samples, N_SPEECH * sizeof *x);
    listen_to(x, N, 0.5, &t);
    if (distance(alone.text, t.text) > 1)
        fail_msg("%s\nwith silence behind it: %s", alone.text, t.text);
    listen_to(x, 0, 0.5, &t);
    assert_int_equal(t.n_pieces, 0);
    free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_speech), cmocka_unit_test(test_long), cmocka_unit_test(test_silence) };

    return cmocka_run_group_tests(tests, open_all, close_all);
}
