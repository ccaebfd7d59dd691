/* SentencePiece BPE by score against the `sentencepiece` package (tests/golden/make_tokens_sp.py),
 * and what that package does not promise: bytes that are not UTF-8, forged control tokens,
 * long inputs, hostile vocabularies. */
#include "tests/tokenizer_files.h"

#include "tests/aligned_file.h"

#include "base/clock.h"

#define GEMMA "tests/golden/text_gemma_cut.gguf"

/* The file with n bytes overwritten `skip` after a text in it; the caller frees. */
static unsigned char *patched(const char *find, size_t skip, const void *with, size_t n, size_t *n_file)
{
    unsigned char *bytes = aligned_file(GEMMA, n_file), *at = memmem(bytes, *n_file, find, strlen(find));

    assert_non_null(at);
    memcpy(at + strlen(find) + skip, with, n);
    return bytes;
}

static struct gguf *gguf_of(const unsigned char *bytes, size_t n)
{
    struct error err = { 0 };
    struct gguf *g = gguf_open_bytes("patched.gguf", bytes, n, &err);

    if (g == NULL)
        fail_msg("%s", err.text);
    return g;
}

static void test_gemma(void **state)
{
    (void)state;
    check_golden(GEMMA, "tests/golden/tokens_gemma_cut.txt");
}

static void test_blank_in_front(void **state)
{
    const char yes = 1;
    size_t n;
    unsigned char *bytes = patched("tokenizer.ggml.add_space_prefix", 4, &yes, 1, &n);
    struct opened o = open_gguf(gguf_of(bytes, n));

    (void)state;
    assert_true(text_cases("tests/golden/tokens_prefix_cut.txt", check_case, o.t) > 300);
    close_file(o);
    free(bytes);
}

/* The ids as a string, after `before`. */
static char *ids_of(const struct tokenizer *t, int32_t before, const char *text, bool special)
{
    struct error err = { 0 };
    char *out = calloc(1, 4096);
    int32_t *ids;
    size_t n_ids, n = 0;

    assert_true(tokenizer_encode(t, before, text, strlen(text), special, &ids, &n_ids, &err));
    for (size_t i = 0; i < n_ids; i++)
        n += (size_t)sprintf(out + n, "%d ", ids[i]);
    free(ids);
    return out;
}

static void same(char *a, char *b)
{
    assert_string_equal(a, b);
    free(a);
    free(b);
}

static void test_blank_follows_control_tokens_only(void **state)
{
    const char yes = 1;
    size_t n;
    unsigned char *bytes = patched("tokenizer.ggml.add_space_prefix", 4, &yes, 1, &n);
    struct opened o = open_gguf(gguf_of(bytes, n));
    int32_t turn = tokenizer_control(o.t, "<start_of_turn>");

    (void)state;
    assert_true(turn > 0);
    same(ids_of(o.t, TOKENIZER_BEGIN, "word", false), ids_of(o.t, TOKENIZER_MIDST, " word", false));
    same(ids_of(o.t, turn, "word", false), ids_of(o.t, TOKENIZER_MIDST, " word", false));
    same(ids_of(o.t, turn + 2, "word", false), ids_of(o.t, TOKENIZER_MIDST, "word", false));
    close_file(o);
    free(bytes);
}

static void test_control_tokens_only_where_allowed(void **state)
{
    struct opened o = open_file(GEMMA);
    int32_t *ids, turn = tokenizer_control(o.t, "<start_of_turn>");
    struct error err = { 0 };
    size_t n_ids;

    (void)state;
    for (int special = 0; special < 2; special++) {
        static const char text[] = "<bos><start_of_turn>user\n<unused0><eos>";
        size_t n_turns = 0, n_bos = 0;
        assert_true(tokenizer_encode(o.t, TOKENIZER_BEGIN, text, sizeof text - 1, special, &ids, &n_ids, &err));
        for (size_t i = 0; i < n_ids; i++) {
            n_turns += ids[i] == turn;
            n_bos += ids[i] == tokenizer_bos(o.t);
            assert_true(special || !tokenizer_ends_answer(o.t, ids[i]));
        }
        assert_int_equal(n_turns, special);
        assert_int_equal(n_bos, special);
        free(ids);
    }
    assert_int_equal(tokenizer_eos(o.t), -1);
    assert_true(tokenizer_ends_answer(o.t, tokenizer_control(o.t, "<end_of_turn>")));
    close_file(o);
}

static void test_broken_utf8_survives(void **state)
{
    struct opened o = open_file(GEMMA);
    char all[256 * 2];

    (void)state;
    for (int i = 0; i < 256; i++) {
        all[i] = (char)i;
        all[256 + i] = (char)(255 - i);
    }
    round_trip(o.t, all, sizeof all, all, sizeof all);
    static const char *const broken[] = {
        "\xFF", "ab\xC3", "\xED\xA0\x80 surrogate", "\xF0\x9F\x98", "x\xEA\xB0y\x80\x80z", "\xC0\x80", "\xEF\xBF\xBD\xEF\xBF",
        "\xF8\x88\x80\x80\x80 \xFE\xFF", "\xE2\x96",
    };
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
        round_trip(o.t, broken[i], strlen(broken[i]), broken[i], strlen(broken[i]));
    round_trip(o.t, "a\xE2\x96\x81" "b", 5, "a b", 3);         /* U+2581 is a blank, as in SentencePiece */
    close_file(o);
}

/* Anything quadratic would take hours; 60 s leave room for sanitizers on a busy machine. */
static void test_long_words(void **state)
{
    static const char *const units[] = { "a", " ", "<", "\n", "\xED\x95\x9C", "\n ", "\xFF", "\xF0\x9F\x91\xA9\xE2\x80\x8D" };
    struct opened o = open_file(GEMMA);
    size_t n = 1 << 20;
    char *text = malloc(n);
    double start = clock_ms();

    (void)state;
    for (size_t k = 0; k < sizeof units / sizeof units[0]; k++) {
        size_t length = strlen(units[k]), n_used = n / length * length, n_ids;
        struct error err = { 0 };
        int32_t *ids;
        for (size_t i = 0; i < n_used; i++)
            text[i] = units[k][i % length];
        assert_true(tokenizer_encode(o.t, TOKENIZER_BEGIN, text, n_used, true, &ids, &n_ids, &err));
        assert_true(n_ids > 0);
        free(ids);
    }
    assert_true(clock_ms() - start < 60000);
    free(text);
    close_file(o);
}

/* ---- hostile vocabularies ------------------------------------------------------------- */

static void refused(const char *find, size_t skip, const void *with, size_t n_with, const char *why)
{
    struct error err = { 0 };
    size_t n;
    unsigned char *bytes = patched(find, skip, with, n_with, &n);
    struct gguf *g = gguf_of(bytes, n);
    struct arena *arena = arena_new("model", 1 << 16, &err);

    assert_null(tokenizer_open(g, arena, &err));
    assert_int_equal(err.code, ERROR_MODEL);
    assert_non_null(strstr(err.text, "patched.gguf"));
    if (strstr(err.text, why) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.text, why);
    arena_free(arena);
    gguf_close(g);
    free(bytes);
}

static void test_hostile_vocabularies_are_refused(void **state)
{
    const float nan_value = 0.0f / 0.0f;

    (void)state;
    refused("tokenizer.ggml.scores", 16 + 4 * 7, &nan_value, 4, "score of token 7");
    refused("tokenizer.ggml.score", 0, "z", 1, "tokenizer.ggml.scores is missing");
    refused("tokenizer.ggml.token", 0, "z", 1, "tokenizer.ggml.tokens is missing");
    refused("tokenizer.ggml.model", 12, "llamb", 5, "\"llamb\" is not supported");
}

/* A byte token that is not one ("<0x-1>") is written as it stands; the byte falls back to the
 * unknown token. */
static void test_odd_tokens_are_survived(void **state)
{
    const float best = __builtin_inff();
    size_t n;
    unsigned char *bytes = patched("<0x05", 0, "?", 1, &n);
    struct opened o = open_gguf(gguf_of(bytes, n));

    (void)state;
    round_trip(o.t, "a\x05" "b", 3, "ab", 2);
    close_file(o);
    free(bytes);
    bytes = patched("tokenizer.ggml.scores", 16 + 4 * 300, &best, 4, &n);
    o = open_gguf(gguf_of(bytes, n));
    round_trip(o.t, "some text", 9, "some text", 9);
    close_file(o);
    free(bytes);
    /* Two tokens written alike: "<0xFE>" becomes a second "<0xFF>". */
    bytes = aligned_file(GEMMA, &n);
    memcpy(memmem(bytes, n, "<0xFE>", 6), "<0xFF>", 6);
    o = open_gguf(gguf_of(bytes, n));
    round_trip(o.t, "\xFF", 1, "\xFF", 1);
    close_file(o);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gemma),
        cmocka_unit_test(test_blank_in_front),
        cmocka_unit_test(test_blank_follows_control_tokens_only),
        cmocka_unit_test(test_control_tokens_only_where_allowed),
        cmocka_unit_test(test_broken_utf8_survives),
        cmocka_unit_test(test_long_words),
        cmocka_unit_test(test_hostile_vocabularies_are_refused),
        cmocka_unit_test(test_odd_tokens_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
