/* SentencePiece's unigram model against the `sentencepiece` package (tests/golden/make_tokens_unigram.py). */
#include "tests/tokenizer_files.h"

static void test_golden(void **state)
{
    struct opened o = open_file("tests/golden/text_unigram_cut.gguf");

    (void)state;
    assert_true(text_cases("tests/golden/tokens_unigram_cut.txt", check_ids, o.t) > 250);
    assert_int_equal(tokenizer_bos(o.t), -1);
    assert_int_equal(tokenizer_eos(o.t), 2);
    close_file(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_golden) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
