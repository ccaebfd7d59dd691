/* fuzz_tokenizer.c - any bytes become ids, never control tokens, and come back. */
#include "replay.h"
#include "base/arena.h"
#include "base/utf8.h"
#include "tensor/gguf.h"
#include "text/tokenizer.h"

enum { N_OTHERS = 3 };

struct opened {                     /* for all inputs; kept until the end */
    struct gguf *g;
    struct arena *arena;
    struct tokenizer *t;
};

static void open_file(struct opened *o, const char *path)
{
    struct error err = { 0 };

    o->g = gguf_open(path, &err);
    o->arena = arena_new("model", 1 << 16, &err);
    o->t = o->g == NULL ? NULL : tokenizer_open(o->g, o->arena, &err);
    if (o->t == NULL) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
}

static char *decode(const struct tokenizer *t, const int32_t *ids, size_t n_ids, size_t *n_bytes)
{
    char *text = malloc(n_ids * 256 + 1);

    *n_bytes = 0;
    for (size_t i = 0; i < n_ids; i++) {
        size_t n;
        const char *bytes = tokenizer_bytes(t, ids[i], &n);
        memcpy(text + *n_bytes, bytes, n);
        *n_bytes += n;
    }
    return text;
}

static void check(const struct tokenizer *t, const char *text, size_t n, bool special)
{
    struct error err = { 0 };
    int32_t *ids;
    size_t n_ids, n_back;

    if (!tokenizer_encode(t, TOKENIZER_BEGIN, text, n, special, &ids, &n_ids, &err))
        __builtin_trap();
    for (size_t i = 0; !special && i < n_ids; i++)
        if (tokenizer_ends_answer(t, ids[i]))
            __builtin_trap();
    char *back = decode(t, ids, n_ids, &n_back);
    bool ascii = true;              /* beyond ASCII NFC and missing bytes may change the text */
    for (size_t i = 0; i < n; i++)
        ascii = ascii && text[i] >= ' ';
    if (ascii && !special && (n_back != n || memcmp(back, text, n) != 0))
        __builtin_trap();
    free(back);
    free(ids);
}

/* Bytes that are not UTF-8 survive where every byte has a token; compared as far as
 * the text is its own NFC, which the decoded text is. */
static void check_stable(const struct tokenizer *t, const char *text, size_t n)
{
    struct error err = { 0 };
    int32_t *ids, *again;
    size_t n_ids, n_again, n_back, n_twice;

    if (!tokenizer_encode(t, TOKENIZER_BEGIN, text, n, false, &ids, &n_ids, &err))
        __builtin_trap();
    char *back = decode(t, ids, n_ids, &n_back);
    if (utf8_valid(text, n) != utf8_valid(back, n_back) || !tokenizer_encode(t, TOKENIZER_BEGIN, back, n_back, false, &again, &n_again, &err))
        __builtin_trap();
    char *twice = decode(t, again, n_again, &n_twice);
    if (n_twice != n_back || memcmp(twice, back, n_back) != 0)
        __builtin_trap();
    free(ids);
    free(again);
    free(back);
    free(twice);
}

/* The other kinds change white space, or know not all characters: ids of text, whatever it is. */
static void check_ids(const struct tokenizer *t, const char *text, size_t n)
{
    struct error err = { 0 };
    int32_t *ids;
    size_t n_ids;

    if (!tokenizer_encode(t, TOKENIZER_BEGIN, text, n, false, &ids, &n_ids, &err))
        __builtin_trap();
    for (size_t i = 0; i < n_ids; i++)
        if (ids[i] < 0 || (size_t)ids[i] >= tokenizer_n_vocab(t) || tokenizer_ends_answer(t, ids[i]))
            __builtin_trap();
    free(ids);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const other_files[N_OTHERS] = {
        "tests/golden/text_gemma_cut.gguf", "tests/golden/text_unigram_cut.gguf", "tests/golden/text_wordpiece_cut.gguf",
    };
    static struct opened smollm, qwen2, others[N_OTHERS];

    if (smollm.t == NULL) {
        open_file(&smollm, "tests/golden/text_smollm_cut.gguf");
        open_file(&qwen2, "tests/golden/text_qwen2_cut.gguf");
        for (size_t i = 0; i < N_OTHERS; i++)
            open_file(&others[i], other_files[i]);
    }
    for (int special = 0; special < 2; special++) {
        check(smollm.t, (const char *)data, n, special);
        check(qwen2.t, (const char *)data, n, special);
    }
    check_stable(qwen2.t, (const char *)data, n);
    for (size_t i = 0; i < N_OTHERS; i++)
        check_ids(others[i].t, (const char *)data, n);
    return 0;
}
