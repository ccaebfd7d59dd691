/* test_words.c - times of a known text against NumPy (golden/make_whisper.py), words as people
 * write them, and their times between pauses. */
#include "audio/words.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audio/heads.h"
#include "audio/pauses.h"
#include "audio/transcript.h"

#define TINY "tests/golden/whisper_tiny.bin"

/* ---- alignment ---------------------------------------------------------------- */

/* Probabilities as logits in test_whisper.c: keys that round the other way, 1e-4 of each; frames are whole. */
static void test_alignment(void **state)
{
    enum { N_STATE = 12, N_AUDIO = 32, N_MELS = 8, N = 11, N_FRAMES = 29 };
    static const int32_t task[] = { 41, 42, 143 }, text[N] = { 5, 17, 39, 0, 21, 33, 8, 12, 30, 2, 5 };
    size_t n, frame[N + 1], peak[N];
    float *tiny = (float *)(void *)file_read("tests/golden/whisper_tiny.f32", 1 << 20, &n, NULL), bias[N_AUDIO] = { 0 }, p[N];
    float *golden = (float *)(void *)file_read("tests/golden/whisper_tiny_words.f32", 1 << 20, &n, NULL);
    struct whisper_rows rows = { tiny + 2 * N_AUDIO * N_MELS, bias, N_AUDIO };
    struct alignment a = { frame, peak, p };
    struct arena *arena = arena_new("test", 1 << 16, NULL);
    struct compute c;
    (void)state;

    assert_int_equal(n, (3 * N + 1) * sizeof *golden);
    assert_true(compute_init(&c, 2, NULL, NULL));
    struct whisper *w = whisper_open(TINY, &c, NULL);
    struct whisper_decoder *d = whisper_decoder_new(w, &c, 1, NULL);
    assert_true(whisper_decoder_start(d, &rows, NULL));
    for (int again = 0; again < 2; again++) {
        assert_true(align_tokens(d, w, arena, task, 3, text, N, N_FRAMES, &a, NULL));
        for (size_t i = 0; i < N; i++)
            assert_true(fabsf(p[i] - golden[i]) <= 1e-4f + 1e-3f * golden[i]);
        for (size_t i = 0; i < N; i++)
            assert_int_equal(peak[i], (size_t)golden[2 * N + 1 + i]);
        for (size_t i = 0; i < N + 1; i++)
            assert_int_equal(frame[i], (size_t)golden[N + i]);
    }
    /* One frame is all there is. */
    assert_true(align_tokens(d, w, arena, task, 3, text, N, 1, &a, NULL));
    assert_int_equal(frame[N], 0);
    whisper_decoder_free(d);
    whisper_close(w);
    compute_done(&c);
    arena_free(arena);
    free(golden);
    free(tiny);
}

/* ---- heads -------------------------------------------------------------------- */

static void test_heads(void **state)
{
    static const struct { size_t n_layer, n_head, n_mels; bool multilingual; char path[40]; size_t n; struct head first, last; } all[] = {
        { 4, 6, 80, true, "ggml-tiny.bin", 6, { 2, 2 }, { 3, 5 } },
        { 4, 6, 80, false, "ggml-tiny.en.bin", 8, { 1, 0 }, { 3, 4 } },
        { 6, 8, 80, true, "a/ggml-base-q5_1.bin", 8, { 3, 1 }, { 5, 6 } },
        { 24, 16, 80, false, "ggml-medium.en.bin", 18, { 11, 4 }, { 21, 12 } },
        { 32, 20, 80, true, "large-v1/ggml-large-v2.bin", 23, { 10, 12 }, { 27, 15 } },
        { 32, 20, 80, true, "large-v2/ggml-large-v1.bin", 9, { 9, 19 }, { 23, 15 } },
        { 32, 20, 128, true, "ggml-large-v3.bin", 10, { 7, 0 }, { 25, 6 } },
        { 4, 20, 128, true, "ggml-large-v3-turbo.bin", 6, { 2, 4 }, { 3, 14 } },
        { 2, 20, 128, true, "ggml-distil.bin", 0, { 1, 0 }, { 1, 19 } },
    };
    (void)state;

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        char path[40];
        struct whisper w = { .path = path, .n_text_layer = all[i].n_layer, .n_text_head = all[i].n_head, .n_mels = all[i].n_mels,
                             .multilingual = all[i].multilingual };
        memcpy(path, all[i].path, sizeof path);
        struct heads heads = heads_of(&w);
        size_t n = 0;
        assert_int_equal(heads.n, all[i].n);
        assert_true(heads_have(&heads, &w, all[i].first.layer, all[i].first.head));
        assert_true(heads_have(&heads, &w, all[i].last.layer, all[i].last.head));
        for (size_t k = 0; k < w.n_text_layer * w.n_text_head; k++)
            n += heads_have(&heads, &w, k / w.n_text_head, k % w.n_text_head);
        assert_int_equal(n, heads.n == 0 ? w.n_text_head : heads.n);
    }
}

/* ---- words -------------------------------------------------------------------- */

enum { MOST = 16 };

/* Token i begins at frame 10 i and has probability 1 / (i + 1). */
static void check_words(const char *language, const char *const *tokens, const char *const *want)
{
    struct whisper w = { 0 };
    const char *token[MOST];
    uint32_t token_bytes[MOST];
    int32_t text[MOST];
    size_t frame[MOST + 1], n = 0;
    float p[MOST];
    struct heard heard[MOST];
    struct alignment a = { frame, frame, p };
    struct arena *arena = arena_new("test", 1 << 12, NULL);
    struct transcript t = { 0 };
    struct text_buffer whole = { 0 };

    for (; tokens[n] != NULL; n++) {
        token[n] = tokens[n];
        token_bytes[n] = (uint32_t)strlen(tokens[n]);
        text[n] = (int32_t)n;
        frame[n] = 10 * n;
        p[n] = 1.0f / (float)(n + 1);
        assert_true(text_buffer_add(&whole, token[n], token_bytes[n], NULL));
    }
    frame[n] = 10 * n;
    w.token = token;
    w.token_bytes = token_bytes;
    assert_true(transcript_add(&t, 0.0, 1.0, whole.data, whole.n, 0.0f, 0.0f, NULL));
    assert_true(words_make(&w, language, text, n, &a, 5.0, arena, t.segments, heard, NULL));
    whole.n = 0;
    for (size_t i = 0; i < t.segments->n_words; i++) {
        assert_non_null(want[i]);
        assert_string_equal(t.segments->words[i].text, want[i]);
        assert_true(text_buffer_add(&whole, want[i], strlen(want[i]), NULL));
    }
    assert_null(want[t.segments->n_words]);
    assert_string_equal(whole.data, t.segments->text);
    /* the first word's letters begin where its first piece that is no mark does */
    assert_true(t.segments->words[0].start >= 5.0 && t.segments->words[0].end > t.segments->words[0].start);
    free(t.segments->words[0].text);
    for (size_t i = 1; i < t.segments->n_words; i++)
        free(t.segments->words[i].text);
    free(t.segments->words);
    free(t.segments->text);
    free(t.segments);
    free(whole.data);
    arena_free(arena);
}
#define LIST(...) (const char *const[]){ __VA_ARGS__, NULL }

static void test_splitting(void **state)
{
    (void)state;

    check_words("en", LIST(" And", " so", ",", " my", " fel", "low", " Ameri", "cans", "."), LIST("And", " so,", " my", " fellow", " Americans."));
    check_words("en", LIST(" He", " said", " \"", "No", ".\"", " then", " "), LIST("He", " said", " \"No.\"", " then"));
    check_words("en", LIST(" \"", "Yes", "\"", ".", " ("), LIST("\"Yes\".", " ("));
    check_words("en", LIST("\n", " \t", " hello", " you"), LIST("hello", " you"));
    check_words("ko", LIST(" \xec\x95", "\x88", "\xeb\x85\x95", " \xec\x84\xb8\xea\xb3\x84", "."), LIST("안녕", " 세계."));
    check_words("ja", LIST("\xe4\xbb", "\x8a", "日は", "、", "いい"), LIST("今", "日は、", "いい"));
    check_words("th", LIST("ก", "ิ", "น"), LIST("กิ", "น"));
    check_words("en", LIST(" bad", "\xe4\xbb", "x", " \xe4"), LIST("bad\xef\xbf\xbdx", " \xef\xbf\xbd"));
}

/* Marks are not heard: neither time nor probability is theirs. */
static void test_core(void **state)
{
    const char *token[] = { " \"", " so", "on", "!" };
    uint32_t token_bytes[] = { 2, 3, 2, 1 };
    int32_t text[] = { 0, 1, 2, 3 };
    size_t frame[] = { 0, 10, 15, 20, 40 }, peak[] = { 5, 12, 19, 30 };
    struct heard heard[4];
    float p[] = { 0.0f, 0.5f, 0.75f, 0.0f };
    struct whisper w = { .token = token, .token_bytes = token_bytes };
    struct alignment a = { frame, peak, p };
    struct segment s = { 0 };
    struct arena *arena = arena_new("test", 1 << 12, NULL);
    (void)state;

    assert_true(words_make(&w, "en", text, 4, &a, 1.0, arena, &s, heard, NULL));
    assert_int_equal(s.n_words, 1);
    assert_string_equal(s.words->text, "\" soon!");
    assert_true(fabs(s.words->start - 1.2) < 1e-9 && fabs(s.words->end - 1.4) < 1e-9);
    assert_true(fabsf(s.words->p - 0.625f) < 1e-6f);
    assert_true(heard->word == s.words && fabs(heard->first - 1.24) < 1e-9 && fabs(heard->last - 1.38) < 1e-9);
    free(s.words->text);
    free(s.words);
    arena_free(arena);
}

/* ---- pauses ------------------------------------------------------------------- */

enum { N_FRAMES = 300, N_MELS = 4 };

/* Sound in frames from .. end - 1 of a window that is else 60 dB quieter. */
static void sound(float *mel, size_t from, size_t end)
{
    for (size_t i = from * N_MELS; i < end * N_MELS; i++)
        mel[i] = 0.5f;
}

static void test_pauses(void **state)
{
    static float mel[N_FRAMES * N_MELS];
    bool silent[N_FRAMES];
    struct arena *arena = arena_new("test", 1 << 12, NULL);
    /* early, late, in the pause, and a boundary within sound, as attention tells them */
    struct word word[] = { { .start = 10.0, .end = 10.7 }, { .start = 10.7, .end = 11.4 }, { .start = 11.4, .end = 11.8 },
                           { .start = 11.8, .end = 12.9 }, { .start = 12.9, .end = 13.0 } };
    const double want[][2] = { { 10.2, 10.6 }, { 10.9, 11.3 }, { 11.5, 11.8 }, { 11.8, 12.2 }, { 12.9, 12.95 } };
    struct heard words[5];
    (void)state;

    for (size_t i = 0; i < 5; i++)
        words[i] = (struct heard){ &word[i], word[i].start + 0.25, word[i].start + 0.25 };
    for (size_t i = 0; i < N_FRAMES * N_MELS; i++)
        mel[i] = -1.0f;
    sound(mel, 20, 60);
    sound(mel, 70, 72);             /* a click */
    sound(mel, 90, 130);
    sound(mel, 150, 165);
    sound(mel, 169, 220);           /* after a stop */
    assert_true(pauses_find(mel, N_FRAMES, N_MELS, arena, silent, NULL));
    for (size_t f = 0; f < N_FRAMES; f++)
        assert_int_equal(silent[f], !((f >= 20 && f < 60) || (f >= 90 && f < 130) || (f >= 150 && f < 165) || (f >= 169 && f < 220)));
    pauses_fit(words, 5, silent, N_FRAMES, 10.0, 9.0, 12.95);
    for (size_t i = 0; i < 5; i++) {
        if (fabs(word[i].start - want[i][0]) > 1e-6 || fabs(word[i].end - want[i][1]) > 1e-6)
            fail_msg("word %zu: %.3f to %.3f", i, word[i].start, word[i].end);
    }
    /* never before what was said already */
    word[0] = (struct word){ .start = 10.0, .end = 10.7 };
    pauses_fit(words, 1, silent, N_FRAMES, 10.0, 10.5, 13.0);
    assert_true(fabs(word[0].start - 10.5) < 1e-6);
    /* sound on both sides of pauses of 300 and 200 ms: the word is where its tokens look */
    const struct { double first, last, start, end; } looks[] = { { 10.3, 10.4, 10.2, 10.6 }, { 11.0, 11.2, 10.9, 11.3 },
                                                                 { 11.4, 12.0, 11.5, 12.2 }, { 10.3, 12.0, 10.2, 12.2 } };
    for (size_t i = 0; i < 4; i++) {
        word[0] = (struct word){ .start = 10.0, .end = 12.9 };
        words[0] = (struct heard){ &word[0], looks[i].first, looks[i].last };
        pauses_fit(words, 1, silent, N_FRAMES, 10.0, 9.0, 13.0);
        if (fabs(word[0].start - looks[i].start) > 1e-6 || fabs(word[0].end - looks[i].end) > 1e-6)
            fail_msg("look %zu: %.3f to %.3f", i, word[0].start, word[0].end);
    }
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alignment), cmocka_unit_test(test_heads), cmocka_unit_test(test_splitting),
        cmocka_unit_test(test_core), cmocka_unit_test(test_pauses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
