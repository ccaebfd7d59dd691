/* Pieces of text against the `tokenizers` package (tests/golden/make_pieces.py). */
#include "tests/tokenizer_files.h"

#include "base/clock.h"
#include "text/pretokenizer.h"

static const char *const names[] = { "smollm", "qwen2", "qwen35", "llama-bpe", "tekken", "gpt-4o", "gpt-2" };
#define N_NAMES (sizeof names / sizeof names[0])

static struct pretokenizer *must_new(const char *name)
{
    struct error err = { 0 };
    struct pretokenizer *p = pretokenizer_new(name, "file", &err);

    if (p == NULL)
        fail_msg("%s", err.text);
    return p;
}

struct lengths {                    /* as pieces.txt has them */
    char *text;
    size_t n;
};

static bool add_length(void *user, const char *piece, size_t n_bytes, struct error *err)
{
    struct lengths *l = user;

    (void)piece;
    (void)err;
    l->n += (size_t)sprintf(l->text + l->n, "%s%zu", l->n > 0 ? "," : "", n_bytes);
    return true;
}

static void check_pieces(const struct pretokenizer *p, const char *name, const struct text_case *c, const char *want)
{
    struct lengths l = { calloc(1, 8 * c->n_bytes + 8), 0 };
    struct error err = { 0 };

    assert_true(pretokenizer_split(p, c->text, c->n_bytes, add_length, &l, &err));
    if (strcmp(l.n > 0 ? l.text : "-", want) != 0)
        fail_msg("%s: %.*s\nwanted: %s\nfound:  %s", name, (int)c->n_bytes, c->text, want, l.text);
    free(l.text);
}

static void test_pieces(void **state)
{
    struct pretokenizer *p[N_NAMES];
    FILE *f = fopen("tests/golden/pieces.txt", "r");
    char *line = NULL, *rest;
    size_t size = 0, n = 0;

    (void)state;
    assert_non_null(f);
    for (size_t i = 0; i < N_NAMES; i++)
        p[i] = must_new(names[i]);
    for (; getline(&line, &size, f) > 0; n++) {
        struct text_case c;
        char *copy = strndup(line, strcspn(line, " \n"));
        text_case_parse(copy, &c);
        free(copy);
        strtok_r(line, " \n", &rest);
        for (size_t i = 0; i < N_NAMES; i++)
            check_pieces(p[i], names[i], &c, strtok_r(NULL, " \n", &rest));
        free(c.text);
        free(c.ids);
    }
    assert_true(n > 150);
    for (size_t i = 0; i < N_NAMES; i++)
        pretokenizer_free(p[i]);
    free(line);
    fclose(f);
}

/* Tokens that no merge makes are taken whole; the text begins with BOS though the file does not say so. */
static void test_llama3(void **state)
{
    struct opened o = open_file("tests/golden/text_llama3_cut.gguf");

    (void)state;
    assert_true(text_cases("tests/golden/tokens_llama3_cut.txt", check_case, o.t) > 150);
    assert_int_equal(tokenizer_bos(o.t), tokenizer_control(o.t, "<|endoftext|>"));
    close_file(o);
}

static void test_other_names(void **state)
{
    struct error err = { 0 };

    (void)state;
    pretokenizer_free(must_new("llama-v3"));
    assert_true(pretokenizer_new("klingon", "the_file", &err) == NULL);
    assert_int_equal(err.code, ERROR_MODEL);
    assert_non_null(strstr(err.text, "the_file: pre-tokenizer \"klingon\""));
    assert_non_null(strstr(err.text, "tekken"));
}

static bool count_bytes(void *user, const char *piece, size_t n_bytes, struct error *err)
{
    (void)piece;
    (void)err;
    *(size_t *)user += n_bytes;
    return true;
}

/* A megabyte of one kind: anything quadratic would take hours; 60 s leave room for sanitizers. */
static void test_long_texts(void **state)
{
    static const char *const units[] = { "a", "A", "Aa", " ", "\n ", "1", "'s", "\xCC\x81", "\xED\x95\x9C", "\xFF", "/", " \n/" };
    size_t n = 1 << 20;
    char *text = malloc(n);
    double start = clock_ms();

    (void)state;
    for (size_t i = 0; i < N_NAMES; i++) {
        struct pretokenizer *p = must_new(names[i]);
        for (size_t k = 0; k < sizeof units / sizeof units[0]; k++) {
            struct error err = { 0 };
            size_t length = strlen(units[k]), n_used = n / length * length, n_seen = 0;
            for (size_t j = 0; j < n_used; j++)
                text[j] = units[k][j % length];
            if (!pretokenizer_split(p, text, n_used, count_bytes, &n_seen, &err))
                fail_msg("%s, unit %zu: %s", names[i], k, err.text);
            assert_int_equal(n_seen, n_used);
        }
        pretokenizer_free(p);
    }
    assert_true(clock_ms() - start < 60000);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_llama3),
        cmocka_unit_test(test_other_names),
        cmocka_unit_test(test_long_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
