/* weights_whisper.c - Whisper base on assets/speech.flac against CTranslate2 on the same
 * weights (golden/make_speech.py). */
#include "tests/nmse.h"
#include "tests/weights.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "audio/mel.h"
#include "audio/whisper_encoder.h"
#include "audio/whisper_prompt.h"
#include "tensor/kernels.h"

#define SPEECH "assets/speech.flac"
enum { N_AUDIO_CTX = 1500, N_STATE = 512, N_MELS = 80 };     /* base */

static struct whisper *open_with(const struct compute *c)
{
    struct error err = { 0 };
    struct whisper *w = whisper_open(weights_path(WEIGHTS_WHISPER_BASE), c, &err);

    if (w == NULL)
        fail_msg("%s", err.text);
    return w;
}

static struct whisper *base(void)
{
    struct compute c;

    assert_true(compute_init(&c, 0, NULL, NULL));
    struct whisper *w = open_with(&c);
    compute_done(&c);
    return w;
}

struct bench {                      /* a clip, and room for what the encoder makes of it */
    struct compute c, plain;        /* plain: without integer tiles, so the weights stay F16 */
    struct kernels no_tiles;
    struct arena *scratch;
    struct clip *clip;
    float *window;
};

static void bench_init(struct bench *b)
{
    assert_true(compute_init(&b->c, 0, NULL, NULL));
    b->no_tiles = *b->c.kernels;
    memset(b->no_tiles.pack_tile, 0, sizeof b->no_tiles.pack_tile);
    b->plain = b->c;
    b->plain.kernels = &b->no_tiles;
    b->scratch = arena_new("test", 64 << 20, NULL);
    b->clip = clip_load(SPEECH, NULL);
    assert_non_null(b->clip);
    b->window = malloc(2 * N_AUDIO_CTX * N_MELS * sizeof *b->window);
}

static void bench_done(struct bench *b)
{
    free(b->window);
    clip_free(b->clip);
    arena_free(b->scratch);
    compute_done(&b->c);
}

static struct whisper_rows rows_new(void)
{
    return (struct whisper_rows){ malloc(N_AUDIO_CTX * N_STATE * sizeof(float)), malloc(N_AUDIO_CTX * sizeof(float)), 0 };
}

static void rows_done(struct whisper_rows *rows)
{
    free(rows->x);
    free(rows->bias);
}

/* The first n_samples of the clip; all positions, or what the encoder makes of short ones. */
static void encode(struct bench *b, const struct whisper *w, const struct compute *c, size_t n_samples, bool all,
                   struct whisper_rows *rows)
{
    struct mel mel;

    assert_true(mel_compute(&mel, c, b->scratch, w->filters, w->n_mels, b->clip->samples, n_samples, NULL));
    mel_window(&mel, 0, 2 * N_AUDIO_CTX, b->window);
    assert_true(whisper_encode(w, c, b->scratch, b->window, all ? 2 * N_AUDIO_CTX : mel.n_frames, rows, NULL));
    mel_done(&mel);
}

/* The mels differ by 1e-3 at most where they are quiet and 1e-6 where they are loud (test_mel.c),
 * 1e-5 in the mean; F32 sums of up to 2048 terms add some sqrt(2048) eps = 5e-6 a layer: together
 * some 1e-4 of the size, squared 1e-8. */
static void test_encoder(void **state)
{
    enum { EVERY = 50, N_ROWS = 30 };
    size_t n_bytes;
    float *golden = (float *)(void *)file_read("tests/golden/speech_encoder.f32", 1 << 20, &n_bytes, NULL);
    struct whisper_rows rows = rows_new();
    struct bench b;
    (void)state;

    assert_non_null(golden);
    assert_int_equal(n_bytes, N_ROWS * N_STATE * sizeof(float));
    bench_init(&b);
    struct whisper *w = open_with(&b.plain);
    encode(&b, w, &b.plain, b.clip->n_samples, true, &rows);
    for (size_t i = 0; i < N_ROWS; i++)
        memmove(rows.x + i * N_STATE, rows.x + i * EVERY * N_STATE, N_STATE * sizeof *rows.x);
    double error = nmse(rows.x, golden, N_ROWS * N_STATE);
    printf("encoder: NMSE %.2g\n", error);
    assert_true(error <= 1e-8);
    rows_done(&rows);
    whisper_close(w);
    bench_done(&b);
    free(golden);
}

/* On the sound's rows: 8 bits against F16 on the whole window, and the short window against
 * the whole one, both as the headers promise. */
static void test_encoder_bounds(void **state)
{
    static const size_t seconds[] = { 2, 5, 10, 15 };
    struct whisper_rows exact = rows_new(), whole = rows_new(), part = rows_new();
    struct bench b;
    (void)state;

    bench_init(&b);
    struct whisper *w = open_with(&b.c), *plain = open_with(&b.plain);
    for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++) {
        size_t n_samples = seconds[i] * AUDIO_HZ, n = seconds[i] * 50 * N_STATE;
        assert_true(n_samples <= b.clip->n_samples);
        encode(&b, plain, &b.plain, n_samples, true, &exact);
        encode(&b, w, &b.c, n_samples, true, &whole);
        encode(&b, w, &b.c, n_samples, false, &part);
        double bits = nmse(whole.x, exact.x, n), rows = nmse(part.x, whole.x, n);
        printf("encoder, %zu s: 8 bits NMSE %.2g, %zu rows %.2g\n", seconds[i], bits, part.n, rows);
        assert_true(whole.n == N_AUDIO_CTX && part.n < N_AUDIO_CTX * 3 / 4);
        assert_true(bits < 3e-3 && rows < 1e-3);
    }
    whisper_close(w);
    whisper_close(plain);
    bench_done(&b);
    rows_done(&exact);
    rows_done(&whole);
    rows_done(&part);
}

static struct transcript *transcribe_with(const struct whisper *w, const struct clip *clip, const struct whisper_params *params)
{
    struct compute c;
    struct error err = { 0 };

    assert_true(compute_init(&c, 0, NULL, NULL));
    struct sound *sound = sound_of_clip(clip, &err);
    struct transcript *t = whisper_transcribe(w, &c, sound, params, &err);
    if (t == NULL)
        fail_msg("%s", err.text);
    sound_close(sound);
    compute_done(&c);
    return t;
}

static struct transcript *transcribe(const struct whisper *w, const struct clip *clip)
{
    struct whisper_params params = whisper_params_default();

    return transcribe_with(w, clip, &params);
}

static void test_words_and_times(void **state)
{
    struct whisper *w = base();
    struct clip *clip = clip_load(SPEECH, NULL);
    struct transcript *t = transcribe(w, clip);
    FILE *golden = fopen("tests/golden/speech_segments.txt", "r");
    char language[8], words[400];
    double p, start, end;
    size_t n = 0;
    (void)state;

    assert_non_null(golden);
    assert_int_equal(fscanf(golden, "%7s %lf", language, &p), 2);
    assert_string_equal(t->language, language);
    printf("language: p %.4f, CTranslate2 %.4f\n", (double)t->language_p, p);
    assert_true(fabs((double)t->language_p - p) < 0.001);
    while (fscanf(golden, "%lf %lf %399[^\n]", &start, &end, words) == 3) {
        assert_true(n < t->n_segments);
        assert_string_equal(t->segments[n].text, words);
        assert_true(fabs(t->segments[n].start - start) < 0.001 && fabs(t->segments[n].end - end) < 0.001);
        n++;
    }
    assert_int_equal(t->n_segments, n);
    fclose(golden);
    transcript_free(t);
    clip_free(clip);
    whisper_close(w);
}

static const struct word *find_word(const struct transcript *t, const char *text)
{
    for (size_t i = 0; i < t->n_segments; i++)
        for (size_t k = 0; k < t->segments[i].n_words; k++)
            if (strcmp(t->segments[i].words[k].text, text) == 0)
                return &t->segments[i].words[k];
    fail_msg("no word \"%s\"", text);
    return NULL;
}

/* As openai/whisper 20250625 tells with the same weights in F32 (word_timestamps). */
static const struct { const char *text; double seconds; float p; } heard[] = {
    { " John", 0.64, 0.974f }, { " Dashwood", 0.94, 0.848f }, { " consider", 2.86, 0.999f }, { " prudently", 4.92, 0.830f },
    { "He", 7.28, 0.968f }, { " young", 9.08, 0.979f }, { " unless", 10.32, 0.967f }, { " selfish", 12.76, 0.975f },
};

/* Words spell the text that is heard without them, in order, within their segments and the clip. */
static void test_words(void **state)
{
    struct whisper *w = base();
    struct clip *clip = clip_load(SPEECH, NULL);
    struct whisper_params params = whisper_params_default();
    struct transcript *plain = transcribe(w, clip);
    double last = 0.0;
    (void)state;

    params.words = true;
    struct transcript *t = transcribe_with(w, clip, &params);
    assert_string_equal(t->text, plain->text);
    assert_int_equal(t->n_segments, plain->n_segments);
    for (size_t i = 0; i < t->n_segments; i++) {
        const struct segment *s = &t->segments[i];
        size_t at = 0;
        assert_string_equal(s->text, plain->segments[i].text);
        assert_true(s->n_words > 0);
        for (size_t k = 0; k < s->n_words; k++) {
            const struct word *word = &s->words[k];
            assert_memory_equal(s->text + at, word->text, strlen(word->text));
            at += strlen(word->text);
            assert_true(word->start >= last && word->end >= word->start && word->p > 0.0f && word->p <= 1.0f);
            last = word->end;
        }
        assert_int_equal(s->text[at], '\0');
        assert_true(fabs(s->start - s->words[0].start) < 1e-9 && fabs(s->end - last) < 1e-9);
    }
    assert_true(last <= clip->seconds);
    for (size_t i = 0; i < sizeof heard / sizeof *heard; i++) {
        const struct word *word = find_word(t, heard[i].text);
        assert_true(fabs(word->start - heard[i].seconds) < 0.12 && fabsf(word->p - heard[i].p) < 0.05f);
    }
    transcript_free(plain);
    transcript_free(t);
    clip_free(clip);
    whisper_close(w);
}

/* Hotwords and a prompt decide how a name is written; ids as tiktoken 0.14 gives them. */
static void test_prompts(void **state)
{
    static const int32_t want[] = { 2425, 11, 1002, 0, 467, 311, 2272, 12249, 19289, 500, 380, 198, 198, 220, 1667, 15487, 303, 7385, 247, 224 };
    struct whisper *w = base();
    struct clip *clip = clip_load(SPEECH, NULL);
    struct whisper_params hot = { .hotwords = "Dashwoode, Jonn" }, told = { .prompt = "MR JOHN DASHWOOD CONSIDERED THAT HE WAS NOT ILL." };
    struct arena *arena = arena_new("test", 1 << 20, NULL);
    int32_t *ids;
    size_t n;
    (void)state;

    assert_true(whisper_prompt_encode(w, " Hello, world! It's 1234 안녕하세요 don't\n\n  naïve 🙂", arena, &ids, &n, NULL));
    assert_int_equal(n, sizeof want / sizeof *want);
    assert_memory_equal(ids, want, sizeof want);
    struct transcript *t = transcribe_with(w, clip, &hot);
    assert_non_null(strstr(t->text, "Jonn Dashwoode"));
    transcript_free(t);
    t = transcribe_with(w, clip, &told);
    assert_non_null(strstr(t->text, "DASHWOOD"));
    transcript_free(t);
    arena_free(arena);
    clip_free(clip);
    whisper_close(w);
}

/* The reading, then 14 s of a hiss 60 dB under it: its words, and none after it. */
static void test_silent_end(void **state)
{
    struct whisper *w = base();
    struct clip *clip = clip_load(SPEECH, NULL);
    size_t n = clip->n_samples + 14 * AUDIO_HZ;
    double end = clip->seconds;
    uint32_t s = 1;
    (void)state;

    clip->samples = realloc(clip->samples, n * sizeof *clip->samples);
    for (size_t i = clip->n_samples; i < n; i++) {
        s = 1664525u * s + 1013904223u;
        clip->samples[i] = 1e-3f * (float)((int)(s >> 16) - 32768) / 32768.0f;
    }
    clip->n_samples = n;
    clip->seconds = (double)n / AUDIO_HZ;
    struct transcript *t = transcribe(w, clip);
    assert_true(t->n_segments > 0);
    assert_non_null(strstr(t->segments[t->n_segments - 1].text, "to be ill-disposed."));
    assert_true(t->segments[t->n_segments - 1].end < end + 0.6);
    transcript_free(t);
    clip_free(clip);
    whisper_close(w);
}

static size_t count(const char *text, const char *word)
{
    size_t n = 0;

    while ((text = strstr(text, word)) != NULL) {
        n++;
        text++;
    }
    return n;
}

/* Three readings, 46 s, one after the other: two windows or more, and nothing lost or
 * said twice where they meet. */
static void test_windows(void **state)
{
    struct whisper *w = base();
    struct clip *clip = clip_load(SPEECH, NULL);
    size_t n = clip->n_samples;
    struct clip *longer = calloc(1, sizeof *longer);
    (void)state;

    longer->n_samples = 3 * n;
    longer->samples = malloc(3 * n * sizeof *longer->samples);
    longer->seconds = (double)longer->n_samples / AUDIO_HZ;
    for (size_t i = 0; i < 3; i++)
        memcpy(longer->samples + i * n, clip->samples, n * sizeof *clip->samples);
    struct transcript *t = transcribe(w, longer);
    assert_true(t->n_windows >= 2);
    assert_int_equal(count(t->text, "leisure to consider"), 3);
    assert_int_equal(count(t->text, "not an ill-disposed young man"), 3);
    assert_true(t->segments[t->n_segments - 1].end > 44.0);
    transcript_free(t);
    clip_free(longer);
    clip_free(clip);
    whisper_close(w);
}

/* 25 s in which nobody speaks, then the reading: all of its words, from where they are. */
static void test_speech_after_a_pause(void **state)
{
    enum { N_BEFORE = 25 * AUDIO_HZ };
    struct whisper *w = base();
    struct clip *clip = clip_load(SPEECH, NULL), later = { 0 };
    uint32_t random = 1;
    (void)state;

    later.n_samples = N_BEFORE + clip->n_samples;
    later.samples = malloc(later.n_samples * sizeof *later.samples);
    for (size_t i = 0; i < N_BEFORE; i++) {
        random = 1664525u * random + 1013904223u;
        later.samples[i] = 1e-3f * (float)(int32_t)random / 2147483648.0f;
    }
    memcpy(later.samples + N_BEFORE, clip->samples, clip->n_samples * sizeof *clip->samples);
    struct transcript *want = transcribe(w, clip), *t = transcribe(w, &later);
    assert_string_equal(t->text, want->text);
    assert_int_equal(t->n_windows, want->n_windows);        /* the noise cost none */
    assert_true(t->segments[0].start > 24.5 && t->segments[0].start < 26.5);
    transcript_free(want);
    transcript_free(t);
    free(later.samples);
    clip_free(clip);
    whisper_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encoder), cmocka_unit_test(test_encoder_bounds),
        cmocka_unit_test(test_words_and_times), cmocka_unit_test(test_words), cmocka_unit_test(test_prompts),
        cmocka_unit_test(test_silent_end),
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_speech_after_a_pause),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
