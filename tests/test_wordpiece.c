/* BERT's tokenizer against the `tokenizers` package (tests/golden/make_tokens_wordpiece.py). */
#include "tests/tokenizer_files.h"

#include "base/clock.h"

#define CUT "tests/golden/text_wordpiece_cut.gguf"

static void test_golden(void **state)
{
    struct opened o = open_file(CUT);

    (void)state;
    assert_true(text_cases("tests/golden/tokens_wordpiece_cut.txt", check_ids, o.t) > 250);
    close_file(o);
}

static void test_edges(void **state)
{
    struct opened o = open_file(CUT);
    struct error err = { 0 };
    int32_t *ids;
    size_t n_ids;

    (void)state;
    assert_int_equal(tokenizer_bos(o.t), tokenizer_control(o.t, "[CLS]"));
    assert_int_equal(tokenizer_eos(o.t), tokenizer_control(o.t, "[SEP]"));
    assert_true(tokenizer_bos(o.t) >= 0 && tokenizer_eos(o.t) >= 0);
    for (int special = 0; special < 2; special++) {
        bool found = false;
        assert_true(tokenizer_encode(o.t, TOKENIZER_BEGIN, "the [SEP] the", 13, special, &ids, &n_ids, &err));
        for (size_t i = 0; i < n_ids; i++)
            found = found || ids[i] == tokenizer_eos(o.t);
        assert_int_equal(found, special);
        free(ids);
    }
    close_file(o);
}

static void test_broken_utf8_is_dropped(void **state)
{
    static const struct { const char *text, *same; } cases[] = {
        { "the\xFF the", "the the" }, { "the \xED\xA0\x80", "the" }, { "\xF0\x9F\x98", "" }, { "th\x80" "e", "the" },
    };
    struct opened o = open_file(CUT);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct error err = { 0 };
        struct text_case c = { .text = (char *)cases[i].text, .n_bytes = strlen(cases[i].text) };
        assert_true(tokenizer_encode(o.t, TOKENIZER_BEGIN, cases[i].same, strlen(cases[i].same), false, &c.ids, &c.n_ids, &err));
        check_ids(o.t, &c);
        free(c.ids);
    }
    close_file(o);
}

/* Anything quadratic would take hours; 60 s leave room for sanitizers on a busy machine. */
static void test_long_texts(void **state)
{
    static const char *const units[] = { "a", " ", "a ", "!", "\xEA\xB0\x80", "\xE4\xB8\x80", "\xFF", "\xCC\x81", "e\xCC\x81" };
    struct opened o = open_file(CUT);
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
        free(ids);
    }
    assert_true(clock_ms() - start < 60000);
    free(text);
    close_file(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_broken_utf8_is_dropped),
        cmocka_unit_test(test_long_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
