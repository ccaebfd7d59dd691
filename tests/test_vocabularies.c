/* test_vocabularies.c - small vocabularies of each kind, good and ill (tests/fuzz/make_vocabulary_seeds.py): refused with what
 * is wrong, or read so that every text ends, in ids of theirs that text may have. */
#include "tests/tokenizer_files.h"

#include <unistd.h>

#define FOLDER "tests/fuzz/corpus/vocabulary/"

enum { SECONDS_MOST = 20 };         /* for an empty token, at which a loop would stay */

static const char *const texts[] = { "", "a", " ab ", "abab  bb", "\xFF\xFE\x80", "\xE2\x96", "<s>ab</s>", "a\xE2\x96\x81z", "\n\t\r" };

static void encode_all(const struct tokenizer *t)
{
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (int special = 0; special < 2; special++) {
            struct error err = { 0 };
            int32_t *ids;
            size_t n_ids, n;
            assert_true(tokenizer_encode(t, TOKENIZER_BEGIN, texts[i], strlen(texts[i]), special == 1, &ids, &n_ids, &err));
            assert_true(n_ids <= strlen(texts[i]) + 1);
            for (size_t k = 0; k < n_ids; k++) {
                assert_in_range(ids[k], 0, tokenizer_n_vocab(t) - 1);
                assert_true(special == 1 || !tokenizer_ends_answer(t, ids[k]));
                assert_non_null(tokenizer_bytes(t, ids[k], &n));
            }
            free(ids);
        }
}

static void test_read(void **state)
{
    /* Ids of "ab z": of equal tokens the first counts. */
    static const struct { const char *path; size_t n; int32_t ids[8]; } cases[] = {
        { FOLDER "sentencepiece.gguf", 3, { 7, 3, 8 + 'z' } }, { FOLDER "sentencepiece_no_bytes.gguf", 3, { 7, 3, 0 } },
        { FOLDER "sentencepiece_ill.gguf", 3, { 7, 3, 18 + 'z' } }, { FOLDER "sentencepiece_infinite.gguf", 3, { 7, 3, 0 } },
        { FOLDER "unigram.gguf", 3, { 7, 3, 0 } }, { FOLDER "unigram_ill.gguf", 3, { 7, 3, 0 } },
        { FOLDER "unigram_huge.gguf", 4, { 3, 6, 3, 0 } },
        { FOLDER "wordpiece.gguf", 2, { 5, 0 } }, { FOLDER "wordpiece_ill.gguf", 2, { 5, 0 } },
    };
    struct error err = { 0 };

    (void)state;
    alarm(SECONDS_MOST);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct opened o = open_file(cases[i].path);
        int32_t *ids;
        size_t n;
        assert_true(tokenizer_encode(o.t, TOKENIZER_BEGIN, "ab z", 4, false, &ids, &n, &err));
        if (n != cases[i].n || memcmp(ids, cases[i].ids, n * sizeof *ids) != 0)
            fail_msg("%s: other ids, %zu of them", cases[i].path, n);
        free(ids);
        encode_all(o.t);
        close_file(o);
    }
    alarm(0);
}

static void test_refused(void **state)
{
    static const struct { const char *path, *why; } cases[] = {
        { FOLDER "sentencepiece_neither.gguf", "neither a token <0x00> nor an unknown token" },
        { FOLDER "unigram_no_unknown.gguf", "has no unknown token" },
        { FOLDER "unigram_infinite.gguf", "the score of token 4 is not a finite number" },
        { FOLDER "wordpiece_no_unknown.gguf", "has no unknown token" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error err = { 0 };
        struct gguf *g = gguf_open(cases[i].path, &err);
        struct arena *arena = arena_new("model", 1 << 16, &err);
        assert_non_null(g);
        assert_null(tokenizer_open(g, arena, &err));
        assert_int_equal(err.code, ERROR_MODEL);
        assert_non_null(strstr(err.text, cases[i].path));
        if (strstr(err.text, cases[i].why) == NULL)
            fail_msg("%s", err.text);
        arena_free(arena);
        gguf_close(g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_read), cmocka_unit_test(test_refused) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
