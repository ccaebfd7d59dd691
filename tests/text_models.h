/* text_models.h - the tiny random models and their prompt, as tests/golden/make_tiny_models.py
 * has them, and copies of them with a setting added or changed. */
#ifndef TESTS_TEXT_MODELS_H
#define TESTS_TEXT_MODELS_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text/text.h"

#define TINY_LLAMA "tests/golden/text_llama_tiny.gguf"
#define TINY_QWEN2 "tests/golden/text_qwen2_tiny.gguf"
#define TINY_WIDE "tests/golden/text_wide.gguf"      /* heads of 32; make_lora.py */
#define TINY_N_VOCAB 272
#define TINY_N_CTX 1024

static inline void tiny_prompt(int32_t *ids, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ids[i] = (int32_t)((37 * i + 11) % TINY_N_VOCAB);
}

static inline struct text_model *must_open(const char *path)
{
    struct error err = { 0 };
    struct text_model *m = text_model_open(path, &err);

    if (m == NULL)
        fail_msg("%s", err.text);
    return m;
}

static inline struct text_context *must_context(const struct text_model *m, size_t n_ctx)
{
    struct error err = { 0 };
    struct text_context *x = text_context_new(m, n_ctx, &err);

    if (x == NULL)
        fail_msg("%s", err.text);
    return x;
}

static inline struct compute must_compute(size_t n_threads)
{
    struct error err = { 0 };
    struct compute c;

    if (!compute_init(&c, n_threads, NULL, &err))
        fail_msg("%s", err.text);
    return c;
}

static inline char *read_whole(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    char *bytes;

    assert_non_null(f);
    fseek(f, 0, SEEK_END);
    *n = (size_t)ftell(f);
    rewind(f);
    bytes = malloc(*n + 1);
    assert_int_equal(fread(bytes, 1, *n, f), *n);
    fclose(f);
    return bytes;
}

/* Opens a copy of a file under a name of its own; the model, or NULL and *err. */
static inline struct text_model *open_bytes(const char *bytes, size_t n, struct error *err)
{
    char path[] = "/tmp/mynah-test-XXXXXX";
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, n), n);
    close(fd);
    struct text_model *m = text_model_open(path, err);
    unlink(path);
    return m;
}

#endif
