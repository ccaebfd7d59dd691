/* Opening models: what is read from the file, and what is refused by name. */
#include "tests/text_models.h"

#include "fusion/spans.h"
#include "tensor/gguf.h"

static void test_info(void **state)
{
    struct text_model *m = must_open(TINY_QWEN2);
    const struct text_info *info = text_model_info(m);

    (void)state;
    assert_string_equal(info->name, "tiny random qwen2");
    assert_string_equal(info->architecture, "qwen2");
    assert_int_equal(info->n_embd, 32);
    assert_int_equal(info->n_layer, 2);
    assert_int_equal(info->n_vocab, TINY_N_VOCAB);
    assert_int_equal(info->n_ctx_train, TINY_N_CTX);
    assert_int_equal(info->kv_bytes_per_token, 2 * 2 * 1 * 8 * 2);     /* layers, k and v, heads, head_dim, F16 */
    assert_int_equal(info->file_bytes, 134400);
    text_model_close(m);
}

/* ---- refusals ----------------------------------------------------------------------------- */

/* Overwrites the n bytes at `skip` after the first place where `find` stands. */
static void patch(char *bytes, size_t n_bytes, const char *find, size_t skip, const void *with, size_t n)
{
    char *at = memmem(bytes, n_bytes, find, strlen(find));

    assert_non_null(at);
    memcpy(at + strlen(find) + skip, with, n);
}

static void check_refused(struct text_model *m, const struct error *err, const char *why)
{
    assert_null(m);
    assert_int_equal(err->code, ERROR_MODEL);
    assert_non_null(strstr(err->text, "/tmp/mynah-test-"));
    if (strstr(err->text, why) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err->text, why);
}

/* After a key of a u32: 4 bytes of type, then the value; of a string: type, 8 of length. */
static void test_wrong_settings_are_refused(void **state)
{
    const uint32_t zero = 0, three = 3, many = 1000000;
    const float nan_value = 0.0f / 0.0f;
    const struct {
        const char *find;
        size_t skip;
        const void *with;
        size_t n;
        const char *why;
    } cases[] = {
        { "general.architecture", 12, "gemma", 5, "llama, qwen2, qwen2vl, qwen3, gemma3, phi3" },
        { "tokenizer.ggml.model", 12, "rwkv", 4, "gpt2" },
        { "tokenizer.ggml.pre", 12, "gpt-20", 6, "smollm, qwen2" },
        { "llama.block_count", 4, &zero, 4, "llama.block_count" },
        { "llama.block_count", 4, &three, 4, "blk.2." },
        { "llama.block_count", 4, &many, 4, "1000000 blocks" },
        { "llama.attention.head_count_kv", 4, &three, 4, "3 key/value heads" },
        { "llama.attention.head_count_kv", 4, &zero, 4, "0 key/value heads" },
        { "llama.embedding_length", 4, &three, 4, "heads" },
        { "llama.feed_forward_length", 4, &three, 4, "ffn_gate" },
        { "llama.rope.freq_base", 4, &nan_value, 4, "rope.freq_base" },
        { "rms_epsilon", 4, &nan_value, 4, "rms_epsilon" },
        { "blk.1.ffn_up", 0, ".wEight", 7, "blk.1.ffn_up.weight is missing" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct error err = { 0 };
        size_t n;
        char *bytes = read_whole(TINY_LLAMA, &n);
        patch(bytes, n, cases[i].find, cases[i].skip, cases[i].with, cases[i].n);
        check_refused(open_bytes(bytes, n, &err), &err, cases[i].why);
        free(bytes);
    }
}

static size_t put_key(char *out, const char *key, uint32_t type)
{
    uint64_t n = strlen(key);

    memcpy(out, &n, 8);
    memcpy(out + 8, key, n);
    memcpy(out + 8 + n, &type, 4);
    return 12 + n;
}

static size_t put_string(char *out, const char *key, const char *value, size_t n_value)
{
    size_t n = put_key(out, key, 8);
    uint64_t length = n_value;

    memcpy(out + n, &length, 8);
    memcpy(out + n + 8, value, n_value);
    return n + 8 + n_value;
}

/* A copy of a model with one setting more.  A second one fills up to a multiple of 32
 * bytes, so that the tensors' data keep their alignment. */
static struct text_model *open_bytes_with(char *bytes, size_t n, const char *key, uint32_t type, const void *value,
                                          size_t n_value, struct error *err)
{
    enum { HEAD = 24, ROOM = 1024 };
    static const char filler[] = "                                ";
    size_t n_new = 0;
    char *grown = malloc(n + ROOM), more[ROOM];

    if (type == 8) {
        n_new = put_string(more, key, value, n_value);
    } else {
        n_new = put_key(more, key, type);
        memcpy(more + n_new, value, n_value);
        n_new += n_value;
    }
    size_t least = n_new + 12 + strlen("filler") + 8;
    n_new += put_string(more + n_new, "filler", filler, (32 - least % 32) % 32);
    assert_int_equal(n_new % 32, 0);
    uint64_t n_kv;
    memcpy(&n_kv, bytes + 16, 8);
    n_kv += 2;
    memcpy(bytes + 16, &n_kv, 8);
    memcpy(grown, bytes, HEAD);
    memcpy(grown + HEAD, more, n_new);
    memcpy(grown + HEAD + n_new, bytes + HEAD, n - HEAD);
    struct text_model *m = open_bytes(grown, n + n_new, err);
    free(grown);
    return m;
}

static struct text_model *open_with(const char *path, const char *key, uint32_t type, const void *value,
                                    size_t n_value, struct error *err)
{
    size_t n;
    char *bytes = read_whole(path, &n);
    struct text_model *m = open_bytes_with(bytes, n, key, type, value, n_value, err);

    free(bytes);
    return m;
}

#define U32 4
#define F32 6
#define BOOL 7
#define STRING 8
#define BOOLS 9

/* An array of 6 bools: element type, count, elements. */
static const unsigned char flags[] = { BOOL, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 1, 1, 0 };

static void test_what_is_not_computed_is_refused_by_name(void **state)
{
    const uint32_t two = 2, three = 3, eight = 8, ten = 10;
    const float below = -0.5f;
    const struct {
        const char *path, *key;
        uint32_t type;
        const void *value;
        size_t n;
        const char *why;
    } cases[] = {
        { TINY_LLAMA, "llama.rope.scaling.type", STRING, "ntk", 3, "none, linear, yarn and longrope" },
        { TINY_LLAMA, "llama.rope.scale_linear", F32, &below, 4, "-0.5" },
        { TINY_LLAMA, "llama.expert_count", U32, &eight, 4, "llama.expert_count" },
        { TINY_QWEN2, "qwen2.attention.sliding_window", U32, &eight, 4, "qwen2.attention.sliding_window" },
        { TINY_LLAMA, "llama.rope.dimension_count", U32, &three, 4, "of heads of 8 values, 3" },
        { TINY_LLAMA, "llama.rope.dimension_count", U32, &ten, 4, "of heads of 8 values, 10" },
        { TINY_LLAMA, "llama.attention.value_length", U32, &two, 4, "llama.attention.value_length" },
        { TINY_LLAMA, "llama.attn_logit_softcapping", F32, &below, 4, "llama.attn_logit_softcapping" },
        { "tests/golden/text_gemma3.gguf", "gemma3.attention.sliding_window_pattern", BOOLS, flags, sizeof flags, "6 flags for 7 layers" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct error err = { 0 };
        struct text_model *m = open_with(cases[i].path, cases[i].key, cases[i].type, cases[i].value, cases[i].n, &err);
        check_refused(m, &err, cases[i].why);
    }
}

static void test_the_same_settings_without_effect_are_fine(void **state)
{
    const uint32_t eight = 8;
    struct error err = { 0 };
    struct text_model *m;

    (void)state;
    m = open_with(TINY_LLAMA, "llama.rope.scaling.type", STRING, "none", 4, &err);
    assert_non_null(m);
    text_model_close(m);
    m = open_with(TINY_LLAMA, "llama.rope.dimension_count", U32, &eight, 4, &err);
    assert_non_null(m);
    text_model_close(m);
}

/* A token that no template writes, taken as the first one. */
static void test_bos_comes_once_and_first(void **state)
{
    struct error err = { 0 };
    size_t n;
    char *bytes = read_whole(TINY_LLAMA, &n);
    struct span_list list = { 0 };
    struct script script = { 0 };
    const uint32_t tilde = '~' - '!';

    (void)state;
    patch(bytes, n, "tokenizer.ggml.eos_token_id", 4, &tilde, 4);
    memcpy(memmem(bytes, n, "tokenizer.ggml.eos_token_id", 27), "tokenizer.ggml.bos_token_id", 27);
    struct text_model *m = open_bytes_with(bytes, n, "tokenizer.ggml.add_bos_token", BOOL, "\1", 1, &err);
    assert_non_null(m);
    int32_t bos = text_bos(m);
    assert_true(bos >= 0);
    script_system(&script, "system", NULL);
    script_mark(&script);
    assert_true(span_list_add(&list, m, &script, &err));
    size_t n_bos = 0;
    for (size_t i = 0; i < list.n_spans; i++)
        for (size_t j = 0; j < list.spans[i].n; j++)
            n_bos += list.spans[i].ids[j] == bos;
    assert_int_equal(list.spans[0].ids[0], bos);
    assert_int_equal(n_bos, 1);
    span_list_done(&list);
    script_done(&script);
    text_model_close(m);
    free(bytes);
}

/* Norms of heads, which the llama architecture has no use for. */
static void test_tensors_without_a_use_are_refused(void **state)
{
    struct error err = { 0 };
    size_t n;
    char *bytes = read_whole("tests/golden/text_qwen3.gguf", &n);

    (void)state;
    for (char *at = bytes; (at = memmem(at, n - (size_t)(at - bytes), "qwen3.", 6)) != NULL;)
        memcpy(at, "llama.", 6);
    patch(bytes, n, "general.architecture", 12, "llama", 5);
    check_refused(open_bytes(bytes, n, &err), &err, "_norm.weight has no place");
    free(bytes);
}

static void test_factors_of_pairs_are_checked(void **state)
{
    const float zero = 0.0f;
    struct error err = { 0 };
    struct gguf *g = gguf_open("tests/golden/text_phi3.gguf", &err);
    size_t n, at;
    char *bytes = read_whole("tests/golden/text_phi3.gguf", &n);

    (void)state;
    const struct tensor *factors = gguf_tensor(g, "rope_factors_long.weight");
    for (at = 0; memcmp(bytes + at, factors->data, factors->n_bytes) != 0; at++)
        assert_true(at + factors->n_bytes < n);
    memcpy(bytes + at + 4, &zero, 4);
    check_refused(open_bytes(bytes, n, &err), &err, "rope_factors_long.weight: factor 1 is 0");
    gguf_close(g);
    free(bytes);
}

static void test_a_control_token_cannot_be_merged(void **state)
{
    /* " the" is made of ordinary bytes by merges: as a control token it must not come from text. */
    struct text_model *m = must_open(TINY_LLAMA);
    struct error err = { 0 };
    int32_t *ids, the;
    size_t n_ids, n;

    (void)state;
    assert_true(text_tokenize(m, " the", 4, false, &ids, &n_ids, &err));
    assert_int_equal(n_ids, 1);
    the = ids[0];
    free(ids);
    text_model_close(m);
    char *bytes = read_whole(TINY_LLAMA, &n);
    const int32_t control = 3;                          /* types: i32s after the element type and the count */
    patch(bytes, n, "tokenizer.ggml.token_type", 16 + 4 * (size_t)the, &control, 4);
    m = open_bytes(bytes, n, &err);
    assert_non_null(m);
    assert_true(text_tokenize(m, " the", 4, false, &ids, &n_ids, &err));
    assert_true(n_ids > 1);
    for (size_t i = 0; i < n_ids; i++)
        assert_int_not_equal(ids[i], the);
    free(ids);
    free(bytes);
    text_model_close(m);
}

static void test_memory_is_checked_first(void **state)
{
    const uint32_t huge = 4000000000u;                  /* 64 + 16 bytes a position: 576 GB */
    struct error err = { 0 };
    size_t n;
    char *bytes = read_whole(TINY_LLAMA, &n);

    (void)state;
    patch(bytes, n, "llama.context_length", 4, &huge, 4);
    struct text_model *m = open_bytes(bytes, n, &err);
    assert_non_null(m);
    assert_null(text_context_new(m, huge, &err));
    assert_int_equal(err.code, ERROR_INFERENCE);
    assert_non_null(strstr(err.text, "MB"));
    struct text_context *x = text_context_new(m, 0, &err);
    assert_non_null(x);
    assert_int_equal(text_context_size(x), 8192);
    text_context_free(x);
    text_model_close(m);
    free(bytes);
}

static void test_missing_files(void **state)
{
    struct error err = { 0 };

    (void)state;
    assert_null(text_model_open("/nonexistent/model.gguf", &err));
    assert_int_equal(err.code, ERROR_MODEL);
    assert_non_null(strstr(err.text, "/nonexistent/model.gguf"));
    text_model_close(NULL);
    text_context_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_info),
        cmocka_unit_test(test_wrong_settings_are_refused),
        cmocka_unit_test(test_what_is_not_computed_is_refused_by_name),
        cmocka_unit_test(test_the_same_settings_without_effect_are_fine),
        cmocka_unit_test(test_bos_comes_once_and_first),
        cmocka_unit_test(test_tensors_without_a_use_are_refused),
        cmocka_unit_test(test_factors_of_pairs_are_checked),
        cmocka_unit_test(test_a_control_token_cannot_be_merged),
        cmocka_unit_test(test_memory_is_checked_first),
        cmocka_unit_test(test_missing_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
