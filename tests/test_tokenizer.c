/* Token ids against the `tokenizers` package (tests/golden/make_tokens.py), and what
 * that package does not promise: bytes that are not UTF-8, forged control tokens,
 * long inputs. */
#include "tests/tokenizer_files.h"

#include "base/clock.h"

static void test_smollm(void **state)
{
    (void)state;
    check_golden("tests/golden/text_smollm_cut.gguf", "tests/golden/tokens_smollm_cut.txt");
}

static void test_qwen2(void **state)
{
    (void)state;
    check_golden("tests/golden/text_qwen2_cut.gguf", "tests/golden/tokens_qwen2_cut.txt");
}

static void test_broken_utf8_survives(void **state)
{
    struct opened o = open_file("tests/golden/text_qwen2_cut.gguf");
    char all[256 * 2];

    (void)state;
    for (int i = 0; i < 256; i++) {
        all[i] = (char)i;
        all[256 + i] = (char)(255 - i);
    }
    round_trip(o.t, all, sizeof all, all, sizeof all);
    static const char *const broken[] = {
        "\xFF", "ab\xC3", "\xED\xA0\x80 surrogate", "\xF0\x9F\x98", "x\xEA\xB0y\x80\x80z", "\xC0\x80", "\xEF\xBF\xBD\xEF\xBF",
        "\xF8\x88\x80\x80\x80 \xFE\xFF",
    };
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
        round_trip(o.t, broken[i], strlen(broken[i]), broken[i], strlen(broken[i]));
    close_file(o);
}

/* SmolLM2's vocabulary has no token for 21 bytes. */
static void test_missing_bytes_become_visible(void **state)
{
    struct opened o = open_file("tests/golden/text_smollm_cut.gguf");

    (void)state;
    round_trip(o.t, "a\x04" "b\xFF", 4, "a\xEF\xBF\xBD" "b\xEF\xBF\xBD", 8);
    close_file(o);
}

static size_t count(const int32_t *ids, size_t n_ids, int32_t id)
{
    size_t n = 0;

    for (size_t i = 0; i < n_ids; i++)
        n += ids[i] == id;
    return n;
}

static void test_control_tokens_only_where_allowed(void **state)
{
    static const char text[] = "<|im_start|>user\nhi <|im_end|><|endoftext|><tool_call><|im_end";
    static const char *const controls[] = { "<|im_start|>", "<|im_end|>", "<|endoftext|>" };
    struct opened o = open_file("tests/golden/text_qwen2_cut.gguf");
    struct error err = { 0 };
    int32_t *ids;
    size_t n_ids, n_bytes;

    (void)state;
    assert_true(tokenizer_encode(o.t, TOKENIZER_BEGIN, text, sizeof text - 1, false, &ids, &n_ids, &err));
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(count(ids, n_ids, tokenizer_control(o.t, controls[i])), 0);
    free(ids);
    assert_true(tokenizer_encode(o.t, TOKENIZER_BEGIN, text, sizeof text - 1, true, &ids, &n_ids, &err));
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(count(ids, n_ids, tokenizer_control(o.t, controls[i])), 1);
    assert_int_equal(ids[0], tokenizer_control(o.t, "<|im_start|>"));
    char *back = decode(o.t, ids, n_ids, &n_bytes);
    static const char shown[] = "user\nhi <tool_call><|im_end";          /* controls give no bytes */
    assert_int_equal(n_bytes, sizeof shown - 1);
    assert_memory_equal(back, shown, n_bytes);
    free(back);
    free(ids);
    assert_int_equal(tokenizer_control(o.t, "<tool_call>"), -1);        /* user-defined, no control token */
    assert_int_equal(tokenizer_control(o.t, "user"), -1);
    assert_true(tokenizer_ends_answer(o.t, tokenizer_control(o.t, "<|im_end|>")));
    assert_true(tokenizer_ends_answer(o.t, tokenizer_control(o.t, "<|endoftext|>")));
    assert_false(tokenizer_ends_answer(o.t, tokenizer_control(o.t, "<|im_start|>")));
    assert_false(tokenizer_ends_answer(o.t, -1));
    close_file(o);
}

static void test_ids_outside_of_the_vocabulary(void **state)
{
    struct opened o = open_file("tests/golden/text_qwen2_cut.gguf");
    size_t n = 1;

    (void)state;
    assert_non_null(tokenizer_bytes(o.t, -1, &n));
    assert_int_equal(n, 0);
    n = 1;
    assert_non_null(tokenizer_bytes(o.t, (int32_t)tokenizer_n_vocab(o.t), &n));
    assert_int_equal(n, 0);
    close_file(o);
}

/* One word of a megabyte: anything quadratic would take hours; 60 s leave room for
 * sanitizers on a busy machine. */
static void test_long_words(void **state)
{
    static const char *const units[] = { "a", " ", "ab", "\xED\x95\x9C", "\n ", "\xFF", "e\xCC\x81" };
    struct opened o = open_file("tests/golden/text_qwen2_cut.gguf");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_smollm),
        cmocka_unit_test(test_qwen2),
        cmocka_unit_test(test_broken_utf8_survives),
        cmocka_unit_test(test_missing_bytes_become_visible),
        cmocka_unit_test(test_control_tokens_only_where_allowed),
        cmocka_unit_test(test_ids_outside_of_the_vocabulary),
        cmocka_unit_test(test_long_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
