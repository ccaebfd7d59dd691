/* Embeddings: the BERT encoder against PyTorch (tests/golden/make_bert.py), pooling of decoders, what is cut,
 * what is refused. */
#include "tests/nmse.h"
#include "tests/text_models.h"

#include <math.h>

#include "base/arena.h"
#include "tensor/gguf.h"
#include "text/bert.h"
#include "text/embedder.h"
#include "text/tokenizer.h"

#define TINY_BERT "tests/golden/text_bert_tiny.gguf"

enum { N_EMBD = 32, N_IDS = 19, N_CTX = 24 };

static void test_bert_rows(void **state)
{
    struct error err = { 0 };
    struct compute c = must_compute(2);
    struct gguf *g = gguf_open(TINY_BERT, &err);
    struct arena *arena = arena_new("model", 1 << 16, &err), *scratch = arena_new("step", 1 << 16, &err);
    struct tokenizer *t = tokenizer_open(g, arena, &err);
    struct bert *b = bert_open(g, &c, tokenizer_n_vocab(t), arena, &err);
    size_t n_bytes, n_vocab = tokenizer_n_vocab(t);
    float *want = (float *)(void *)read_whole("tests/golden/text_bert_tiny.f32", &n_bytes);
    int32_t ids[N_IDS + 2];

    (void)state;
    if (b == NULL)
        fail_msg("%s", err.text);
    assert_int_equal(n_bytes, (N_IDS + 1) * N_EMBD * sizeof(float));
    assert_int_equal(bert_n_embd(b), N_EMBD);
    assert_int_equal(bert_n_ctx(b), N_CTX);
    for (size_t i = 0; i < N_IDS; i++)
        ids[i] = (int32_t)((7 * i + 3) % n_vocab);
    const float *rows = bert_rows(b, &c, ids, N_IDS, scratch, &err);
    assert_non_null(rows);
    double error = nmse(rows, want, N_IDS * N_EMBD);
    print_message("rows: NMSE %.1e\n", error);
    assert_true(error <= 1e-6);

    /* [CLS] these [SEP], pooled */
    memmove(ids + 1, ids, N_IDS * sizeof *ids);
    ids[0] = tokenizer_bos(t);
    ids[N_IDS + 1] = tokenizer_eos(t);
    rows = bert_rows(b, &c, ids, N_IDS + 2, scratch, &err);
    assert_non_null(rows);
    float mean[N_EMBD] = { 0 }, squares = 0.0f;
    for (size_t i = 0; i < N_IDS + 2; i++)
        for (size_t j = 0; j < N_EMBD; j++)
            mean[j] += rows[i * N_EMBD + j];
    for (size_t j = 0; j < N_EMBD; j++)
        squares += mean[j] * mean[j];
    for (size_t j = 0; j < N_EMBD; j++)
        mean[j] /= sqrtf(squares);
    assert_true(nmse(mean, want + N_IDS * N_EMBD, N_EMBD) <= 1e-6);

    int32_t outside = (int32_t)n_vocab;
    assert_null(bert_rows(b, &c, &outside, 1, scratch, &err));
    free(want);
    tokenizer_close(t);
    arena_free(arena);
    arena_free(scratch);
    gguf_close(g);
    compute_done(&c);
}

static struct embedder *must_embedder(const char *path, const struct compute *c)
{
    struct error err = { 0 };
    struct embedder *e = embedder_open(path, c, &err);

    if (e == NULL)
        fail_msg("%s", err.text);
    return e;
}

static double length_of(const float *row, size_t n)
{
    double squares = 0.0;

    for (size_t i = 0; i < n; i++)
        squares += (double)row[i] * row[i];
    return sqrt(squares);
}

/* The rows of the same ids, [CLS] and [SEP] around them. */
static void test_encoder(void **state)
{
    struct error err = { 0 };
    struct compute c = must_compute(1);
    struct embedder *e = must_embedder(TINY_BERT, &c);
    float row[N_EMBD], again[N_EMBD], cut[N_EMBD];
    size_t n_tokens, n_left_out;

    (void)state;
    assert_int_equal(embedder_n_embd(e), N_EMBD);
    assert_true(embedder_embed(e, &c, "a b c", 5, row, &n_tokens, &n_left_out, &err));
    assert_int_equal(n_tokens, 3);
    assert_int_equal(n_left_out, 0);
    assert_true(fabs(length_of(row, N_EMBD) - 1.0) < 1e-5);
    assert_true(embedder_embed(e, &c, "A  b\nc", 6, again, &n_tokens, &n_left_out, &err));
    assert_memory_equal(row, again, sizeof row);
    assert_true(embedder_embed(e, &c, "a c b", 5, again, &n_tokens, &n_left_out, &err));
    assert_true(nmse(again, row, N_EMBD) > 1e-4);            /* positions count */

    /* 30 tokens in 24 places, of which two are taken: 8 are left out. */
    static const char all[] = "a b c d a b c d a b c d a b c d a b c d a b x y z z z z z z";
    assert_true(embedder_embed(e, &c, all, sizeof all - 1, row, &n_tokens, &n_left_out, &err));
    assert_int_equal(n_tokens, 30);
    assert_int_equal(n_left_out, 8);
    assert_true(embedder_embed(e, &c, all, 2 * 22 - 1, cut, &n_tokens, &n_left_out, &err));
    assert_int_equal(n_left_out, 0);
    assert_memory_equal(row, cut, sizeof row);
    assert_true(embedder_embed(e, &c, "", 0, row, &n_tokens, &n_left_out, &err));
    embedder_close(e);
    compute_done(&c);
}

/* TINY_LLAMA's logits are the products of its embedding with the last norm, so the products with the mean of
 * all positions are the mean of all positions' logits, but for a factor. */
static void test_decoder(void **state)
{
    static const char text[] = "The quick brown fox, and the rest of it.";
    struct error err = { 0 };
    struct compute c = must_compute(2);
    struct embedder *e = must_embedder(TINY_LLAMA, &c);
    struct text_model *m = must_open(TINY_LLAMA);
    struct text_context *x = must_context(m, TINY_N_CTX);
    size_t n_embd = text_model_info(m)->n_embd, n_tokens, n_left_out, n_ids, n_reused;
    float *row = malloc(n_embd * sizeof *row), *table = malloc(TINY_N_VOCAB * n_embd * sizeof *table);
    float found[TINY_N_VOCAB], want[TINY_N_VOCAB] = { 0 };
    int32_t *ids, all[TINY_N_VOCAB];

    (void)state;
    assert_int_equal(embedder_n_embd(e), n_embd);
    assert_true(embedder_embed(e, &c, text, sizeof text - 1, row, &n_tokens, &n_left_out, &err));
    assert_true(text_tokenize(m, text, sizeof text - 1, false, &ids, &n_ids, &err));
    assert_int_equal(n_tokens, n_ids);
    for (size_t i = 1; i <= n_ids; i++) {
        struct text_span span = { .ids = ids, .n = i };
        const float *logits;
        assert_true(text_prefill(x, &c, &span, 1, &logits, &n_reused, NULL, NULL, &err));
        for (size_t j = 0; j < TINY_N_VOCAB; j++)
            want[j] += logits[j];
    }
    for (int32_t i = 0; i < TINY_N_VOCAB; i++)
        all[i] = i;
    assert_true(text_embed(m, &c, all, TINY_N_VOCAB, table, &err));
    double product = 0.0, squares = 0.0;
    for (size_t i = 0; i < TINY_N_VOCAB; i++) {
        found[i] = 0.0f;
        for (size_t j = 0; j < n_embd; j++)
            found[i] += table[i * n_embd + j] * row[j];
        product += (double)found[i] * want[i];
        squares += (double)found[i] * found[i];
    }
    for (size_t i = 0; i < TINY_N_VOCAB; i++)
        found[i] *= (float)(product / squares);
    double error = nmse(found, want, TINY_N_VOCAB);
    print_message("decoder: NMSE %.1e\n", error);
    assert_true(error <= 1e-4);                              /* F16 keys, read in chunks of another size */
    assert_false(embedder_embed(e, &c, "", 0, row, &n_tokens, &n_left_out, &err));
    assert_int_equal(err.code, ERROR_INPUT);
    free(ids);
    free(row);
    free(table);
    text_context_free(x);
    text_model_close(m);
    embedder_close(e);
    compute_done(&c);
}

/* ---- refusals ----------------------------------------------------------------------- */

static void refused(const char *find, size_t skip, const void *with, size_t n_with, const char *why)
{
    char path[] = "/tmp/mynah-test-XXXXXX";
    struct error err = { 0 };
    struct compute c = must_compute(1);
    size_t n;
    char *bytes = read_whole(TINY_BERT, &n), *at = memmem(bytes, n, find, strlen(find));
    int fd = mkstemp(path);

    assert_non_null(at);
    memcpy(at + strlen(find) + skip, with, n_with);
    assert_int_equal(write(fd, bytes, n), n);
    close(fd);
    assert_null(embedder_open(path, &c, &err));
    unlink(path);
    assert_int_equal(err.code, ERROR_MODEL);
    if (strstr(err.text, why) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.text, why);
    free(bytes);
    compute_done(&c);
}

static void test_refusals(void **state)
{
    const uint32_t zero = 0, three = 3, many = 100000;
    const float nan_value = 0.0f / 0.0f;

    (void)state;
    refused("bert.block_count", 4, &many, 4, "100000 blocks");
    refused("bert.block_count", 4, &three, 4, "blk.2.attn_q.weight is missing");
    refused("bert.attention.head_count", 4, &zero, 4, "bert.attention.head_count");
    refused("bert.attention.head_count", 4, &three, 4, "3 heads");
    refused("bert.embedding_length", 4, &three, 4, "heads");
    refused("bert.feed_forward_length", 4, &three, 4, "ffn_up");
    refused("bert.attention.layer_norm_epsilon", 4, &nan_value, 4, "layer_norm_epsilon");
    refused("bert.pooling_type", 4, &many, 4, "bert.pooling_type = 100000");
    refused("blk.1.ffn_down", 0, ".wEight", 7, "blk.1.ffn_down.weight is missing");
    refused("token_types", 0, ".wEight", 7, "token_types.weight is missing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bert_rows),
        cmocka_unit_test(test_encoder),
        cmocka_unit_test(test_decoder),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
