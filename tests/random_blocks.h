/* random_blocks.h - matrices in any type, made here as tests/golden/make_types.py makes them, so that no file holds them.
 *
 * Blocks are random bytes (SplitMix64, seeded by the type's number), so every pattern of bits that a type
 * has occurs; only the scales are held within a factor of two, that no weight is far larger than the rest. */
#ifndef TESTS_RANDOM_BLOCKS_H
#define TESTS_RANDOM_BLOCKS_H

#include "tests/text_models.h"

#include "tensor/gguf.h"

/* Of a block's u16 at byte `at` the bits of `keep` stay random, those of `set` are set.  keep 0: no such u16. */
struct block_rule {
    enum tensor_type type;
    struct { uint16_t at, keep, set; } scales[2];
};

/* In the order of make_types.py's TYPES. */
static const struct block_rule block_rules[] = {
    { TENSOR_F16, { { 0, 0x83ff, 0x2800 } } },
    { TENSOR_BF16, { { 0, 0x807f, 0x3d00 } } },
    { TENSOR_Q8_0, { { 0, 0x83ff, 0x1000 } } },
    { TENSOR_Q4_0, { { 0, 0x83ff, 0x2000 } } },
    { TENSOR_Q4_1, { { 0, 0x3ff, 0x2000 }, { 2, 0x3ff, 0xac00 } } },
    { TENSOR_Q5_0, { { 0, 0x83ff, 0x1c00 } } },
    { TENSOR_Q5_1, { { 0, 0x3ff, 0x1c00 }, { 2, 0x3ff, 0xac00 } } },
    { TENSOR_Q2_K, { { 80, 0x3ff, 0x1c00 }, { 82, 0xff, 0x2000 } } },
    { TENSOR_Q3_K, { { 108, 0x83ff, 0x1400 } } },
    { TENSOR_Q4_K, { { 0, 0x3ff, 0x0800 }, { 2, 0x3ff, 0x1400 } } },
    { TENSOR_Q5_K, { { 0, 0x3ff, 0x0400 }, { 2, 0x3ff, 0x1400 } } },
    { TENSOR_Q6_K, { { 208, 0x83ff, 0 } } },
    { TENSOR_IQ4_NL, { { 0, 0x83ff, 0x1000 } } },
    { TENSOR_IQ4_XS, { { 0, 0x83ff, 0 } } },
};
#define N_BLOCK_RULES (sizeof block_rules / sizeof block_rules[0])

/* Steele et al. 2014, doi:10.1145/2714064.2660195. */
static uint64_t split_mix(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Numbers as bytes, the lowest first; what is left of the last is not used. */
static void random_blocks(uint64_t *state, const struct block_rule *rule, size_t n_bytes, unsigned char *out)
{
    size_t n_block = tensor_type_block_bytes(rule->type);
    uint64_t word = 0;

    for (size_t i = 0; i < n_bytes; i++) {
        word = i % 8 == 0 ? split_mix(state) : word >> 8;
        out[i] = (unsigned char)word;
    }
    for (unsigned char *b = out; b < out + n_bytes; b += n_block)
        for (size_t k = 0; k < 2 && rule->scales[k].keep != 0; k++) {
            unsigned char *u16 = b + rule->scales[k].at;
            unsigned bits = ((unsigned)(u16[0] | u16[1] << 8) & rule->scales[k].keep) | rule->scales[k].set;
            u16[0] = (unsigned char)bits;
            u16[1] = (unsigned char)(bits >> 8);
        }
}

/* ---- a file ------------------------------------------------------------------------------------- */

struct random_file {
    FILE *f;
    size_t offset;                  /* of the next tensor */
};

static void put_number(FILE *f, uint64_t x, size_t n_bytes)
{
    for (; n_bytes > 0; n_bytes--, x >>= 8)
        fputc((int)(x & 0xff), f);
}

static size_t padding(size_t n)
{
    return (32 - n % 32) % 32;
}

static void put_info(struct random_file *r, const char *name, enum tensor_type type, size_t n_rows, size_t n_columns)
{
    size_t n_bytes = (n_rows > 0 ? n_rows : 1) * n_columns / tensor_type_block_elements(type) * tensor_type_block_bytes(type);

    put_number(r->f, strlen(name), 8);
    fputs(name, r->f);
    put_number(r->f, n_rows > 0 ? 2 : 1, 4);
    put_number(r->f, n_columns, 8);
    if (n_rows > 0)
        put_number(r->f, n_rows, 8);
    put_number(r->f, (uint64_t)type, 4);
    put_number(r->f, r->offset, 8);
    r->offset += n_bytes + padding(n_bytes);
}

static void put_data(FILE *f, const void *bytes, size_t n)
{
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    put_number(f, 0, padding(n));
}

/* A matrix's name, rows and columns, as the file's tests.matrices and tests.sides have them. */
static size_t matrices_of(const struct gguf *g, const char *const **names, const int32_t **sides)
{
    const size_t *n_bytes;
    size_t n = gguf_strings(g, "tests.matrices", names, &n_bytes);

    assert_true(n > 0);
    assert_int_equal(gguf_i32s(g, "tests.sides", sides), 2 * n);
    return n;
}

static void put_head(struct random_file *r, const struct gguf *g, enum tensor_type type)
{
    const char *const *names;
    const int32_t *sides;
    size_t n = matrices_of(g, &names, &sides), n_bytes;
    const void *bytes;

    fputs("GGUF", r->f);
    put_number(r->f, 3, 4);
    put_number(r->f, gguf_n_tensors(g) + n, 8);
    put_number(r->f, gguf_n_values(g), 8);
    for (size_t i = 0; i < gguf_n_values(g); i++) {
        gguf_value_at(g, i, &bytes, &n_bytes);
        fwrite(bytes, 1, n_bytes, r->f);
    }
    for (size_t i = 0; i < gguf_n_tensors(g); i++)
        put_info(r, gguf_tensor_at(g, i)->name, TENSOR_F32, 0, gguf_tensor_at(g, i)->dim[0]);
    for (size_t i = 0; i < n; i++)
        put_info(r, names[i], type, (size_t)sides[2 * i], (size_t)sides[2 * i + 1]);
    put_number(r->f, 0, padding((size_t)ftell(r->f)));
}

static void put_matrices(FILE *f, const struct gguf *g, const struct block_rule *rule)
{
    size_t in_block = tensor_type_block_elements(rule->type), n_block = tensor_type_block_bytes(rule->type);
    uint64_t state = (uint64_t)rule->type;
    const char *const *names;
    const int32_t *sides;
    size_t n = matrices_of(g, &names, &sides);

    for (size_t i = 0; i < n; i++) {
        size_t n_bytes = (size_t)sides[2 * i] * (size_t)sides[2 * i + 1] / in_block * n_block;
        unsigned char *bytes = malloc(n_bytes);
        assert_non_null(bytes);
        random_blocks(&state, rule, n_bytes, bytes);
        put_data(f, bytes, n_bytes);
        free(bytes);
    }
}

/* The model of a file that has its vectors alone, with matrices of the rule's type. */
static struct text_model *random_model(const char *path, const struct block_rule *rule)
{
    struct error err = { 0 };
    struct gguf *g = gguf_open(path, &err);
    char *bytes = NULL;
    size_t n;

    if (g == NULL)
        fail_msg("%s", err.text);
    struct random_file r = { .f = open_memstream(&bytes, &n) };
    assert_non_null(r.f);
    put_head(&r, g, rule->type);
    for (size_t i = 0; i < gguf_n_tensors(g); i++)
        put_data(r.f, gguf_tensor_at(g, i)->data, gguf_tensor_at(g, i)->n_bytes);
    put_matrices(r.f, g, rule);
    assert_int_equal(fclose(r.f), 0);
    gguf_close(g);
    struct text_model *m = open_bytes(bytes, n, &err);
    if (m == NULL)
        fail_msg("%s as %s: %s", path, tensor_type_name(rule->type), err.text);
    free(bytes);
    return m;
}

#endif
