/* MiniLM's rows against PyTorch's (tests/golden/make_bert.py minilm_rows.f32). */
#include "tests/text_models.h"

#include <math.h>

#include "tests/weights.h"
#include "text/embedder.h"

enum { N_TEXTS = 6, N_EMBD = 384, N_WORDS = 300 };

static void test_minilm(void **state)
{
    char words[N_WORDS * 5 + 1] = "";
    const char *const texts[N_TEXTS] = {
        "The quick brown fox jumps over the lazy dog.", "A fast auburn animal leaps above a sleepy hound.",
        "Quarterly earnings fell by 3.2 percent.", "오늘 날씨가 참 좋네요.", "", words,
    };
    struct error err = { 0 };
    size_t n_bytes, n_tokens, n_left_out;

    (void)state;
    struct compute c = must_compute(0);
    for (size_t i = 0; i < N_WORDS; i++)
        strcat(words, "word ");
    float *want = (float *)(void *)read_whole("tests/golden/minilm_rows.f32", &n_bytes), row[N_TEXTS][N_EMBD];
    assert_int_equal(n_bytes, sizeof row);
    struct embedder *e = embedder_open(weights_path(WEIGHTS_MINILM), &c, &err);
    if (e == NULL)
        fail_msg("%s", err.text);
    assert_int_equal(embedder_n_embd(e), N_EMBD);
    for (size_t i = 0; i < N_TEXTS; i++) {
        double error = 0.0;
        assert_true(embedder_embed(e, &c, texts[i], strlen(texts[i]), row[i], &n_tokens, &n_left_out, &err));
        for (size_t j = 0; j < N_EMBD; j++)
            error += ((double)row[i][j] - want[i * N_EMBD + j]) * ((double)row[i][j] - want[i * N_EMBD + j]);
        print_message("text %zu: %zu tokens, NMSE %.1e\n", i, n_tokens, error);
        assert_true(error <= 1e-6);                          /* the rows' length is 1 */
    }
    double near = 0.0, far = 0.0;
    for (size_t j = 0; j < N_EMBD; j++) {
        near += row[0][j] * row[1][j];
        far += row[0][j] * row[2][j];
    }
    print_message("cosine: same meaning %.3f, another %.3f\n", near, far);
    assert_true(near > far + 0.2);
    embedder_close(e);
    free(want);
    compute_done(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_minilm) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
