/* tokenizer_files.h - golden files of tokenizers opened, and their cases checked. */
#ifndef TESTS_TOKENIZER_FILES_H
#define TESTS_TOKENIZER_FILES_H

#include "tests/text_cases.h"

#include "base/arena.h"
#include "tensor/gguf.h"
#include "text/tokenizer.h"

struct opened {
    struct gguf *g;
    struct arena *arena;
    struct tokenizer *t;
};

static inline struct opened open_gguf(struct gguf *g)
{
    struct opened o = { .g = g };
    struct error err = { 0 };

    o.arena = arena_new("model", 1 << 16, &err);
    o.t = tokenizer_open(o.g, o.arena, &err);
    if (o.t == NULL)
        fail_msg("%s", err.text);
    return o;
}

static inline struct opened open_file(const char *path)
{
    struct error err = { 0 };
    struct gguf *g = gguf_open(path, &err);

    if (g == NULL)
        fail_msg("%s", err.text);
    return open_gguf(g);
}

static inline void close_file(struct opened o)
{
    tokenizer_close(o.t);
    arena_free(o.arena);
    gguf_close(o.g);
}

static inline char *decode(const struct tokenizer *t, const int32_t *ids, size_t n_ids, size_t *n_bytes)
{
    char *text = malloc(n_ids * 64 + 4096);

    *n_bytes = 0;
    for (size_t i = 0; i < n_ids; i++) {
        size_t n;
        const char *bytes = tokenizer_bytes(t, ids[i], &n);
        memcpy(text + *n_bytes, bytes, n);
        *n_bytes += n;
    }
    return text;
}

/* The ids alone, where the text cannot be told from them. */
static inline void check_ids(void *user, const struct text_case *c)
{
    struct error err = { 0 };
    int32_t *ids;
    size_t n_ids;

    assert_true(tokenizer_encode(user, TOKENIZER_BEGIN, c->text, c->n_bytes, false, &ids, &n_ids, &err));
    if (n_ids != c->n_ids || memcmp(ids, c->ids, n_ids * sizeof *ids) != 0) {
        print_message("text: %.*s\nwanted:", (int)c->n_bytes, c->text);
        for (size_t i = 0; i < c->n_ids; i++)
            print_message(" %d", c->ids[i]);
        print_message("\nfound: ");
        for (size_t i = 0; i < n_ids; i++)
            print_message(" %d", ids[i]);
        fail_msg("other token ids");
    }
    free(ids);
}

/* The ids, and that they stand for text of the same ids. */
static inline void check_case(void *user, const struct text_case *c)
{
    struct error err = { 0 };
    int32_t *ids;
    size_t n_ids, n_bytes;

    check_ids(user, c);
    char *text = decode(user, c->ids, c->n_ids, &n_bytes);
    assert_true(tokenizer_encode(user, TOKENIZER_MIDST, text, n_bytes, false, &ids, &n_ids, &err));
    assert_int_equal(n_ids, c->n_ids);
    assert_memory_equal(ids, c->ids, n_ids * sizeof *ids);
    free(text);
    free(ids);
}

static inline void check_golden(const char *model, const char *cases)
{
    struct opened o = open_file(model);

    assert_true(text_cases(cases, check_case, o.t) > 300);
    close_file(o);
}

static inline void round_trip(const struct tokenizer *t, const char *text, size_t n_bytes, const char *want, size_t n_want)
{
    struct error err = { 0 };
    int32_t *ids;
    size_t n_ids, n_back;

    assert_true(tokenizer_encode(t, TOKENIZER_BEGIN, text, n_bytes, false, &ids, &n_ids, &err));
    char *back = decode(t, ids, n_ids, &n_back);
    assert_int_equal(n_back, n_want);
    assert_memory_equal(back, want, n_want);
    free(back);
    free(ids);
}

#endif
