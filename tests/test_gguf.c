/* test_gguf.c - one valid file of every kind of value, and the same file with one
 * field made hostile at a time. */
#include "tensor/gguf.h"

#include "tensor/pool.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- writing ------------------------------------------------------------------- */

struct bytes {
    unsigned char data[4096];
    size_t n;
};

static size_t put(struct bytes *b, const void *data, size_t n)
{
    assert_true(b->n + n <= sizeof b->data);
    memcpy(b->data + b->n, data, n);
    b->n += n;
    return b->n - n;
}

static size_t put_u32(struct bytes *b, uint32_t v) { return put(b, &v, sizeof v); }
static size_t put_u64(struct bytes *b, uint64_t v) { return put(b, &v, sizeof v); }

static size_t put_text(struct bytes *b, const char *text, size_t n)
{
    size_t at = put_u64(b, n);

    put(b, text, n);
    return at;
}

/* A key and its value type; where the key's length stands. */
static size_t put_key(struct bytes *b, const char *key, uint32_t type)
{
    size_t at = put_text(b, key, strlen(key));

    put_u32(b, type);
    return at;
}

/* Where the fields stand that tests make hostile. */
struct marks {
    size_t version, n_tensors, n_keys, key, key_type, text, boolean, alignment_type, alignment;
    size_t nested_type, i32s_count, strings_count, string, name, n_dims, dims, type, offset, data, end;
};

enum { U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 };

static void put_tensor(struct bytes *b, const char *name, uint32_t type, uint64_t offset,
                       uint32_t n_dims, const uint64_t *dims)
{
    put_text(b, name, strlen(name));
    put_u32(b, n_dims);
    put(b, dims, n_dims * sizeof *dims);
    put_u32(b, type);
    put_u64(b, offset);
}

static void put_arrays(struct bytes *b, struct marks *m)
{
    const int32_t ints[3] = { -1, 0, 7 };
    const float floats[2] = { 0.25f, -2.0f };

    put_key(b, "t.strings", ARRAY);
    put_u32(b, STRING);
    m->strings_count = put_u64(b, 3);
    m->string = put_text(b, "one", 3);
    put_text(b, "", 0);
    put_text(b, "a\0b", 3);
    put_key(b, "t.i32s", ARRAY);
    m->nested_type = put_u32(b, I32);
    m->i32s_count = put_u64(b, 3);
    put(b, ints, sizeof ints);
    put_key(b, "t.f32s", ARRAY);
    put_u32(b, F32);
    put_u64(b, 2);
    put(b, floats, sizeof floats);
    put_key(b, "t.u8s", ARRAY);
    put_u32(b, U8);
    put_u64(b, 3);
    put(b, "xyz", 3);
}

static void put_keys(struct bytes *b, struct marks *m)
{
    const float half = 0.5f;
    const double third = 1.0 / 3.0;
    const int8_t minus = -5;

    m->key = put_key(b, "general.architecture", STRING);
    m->key_type = b->n - 4;
    m->text = put_text(b, "llama", 5);
    m->alignment_type = put_key(b, "general.alignment", U32) + 8 + strlen("general.alignment");
    m->alignment = put_u32(b, 64);
    put_key(b, "t.u8", U8);
    put(b, "\xC8", 1);
    put_key(b, "t.i8", I8);
    put(b, &minus, 1);
    put_key(b, "t.i64", I64);
    put_u64(b, 77);
    put_key(b, "t.u64", U64);
    put_u64(b, UINT64_C(1) << 40);
    put_key(b, "t.f32", F32);
    put(b, &half, sizeof half);
    put_key(b, "t.f64", F64);
    put(b, &third, sizeof third);
    put_key(b, "t.bool", BOOL);
    m->boolean = put(b, "\1", 1);
    put_arrays(b, m);
}

/* Data of w0 is bytes 0, 1, 2 ... so that its place can be checked. */
static void put_data(struct bytes *b, struct marks *m)
{
    while (b->n % 64 != 0)
        put(b, "", 1);
    m->data = b->n;
    for (int i = 0; i < 448; i++) {
        unsigned char byte = (unsigned char)i;
        put(b, &byte, 1);
    }
    m->end = b->n;
}

static void build(struct bytes *b, struct marks *m)
{
    memset(b, 0, sizeof *b);
    put(b, "GGUF", 4);
    m->version = put_u32(b, 3);
    m->n_tensors = put_u64(b, 4);
    m->n_keys = put_u64(b, 13);
    put_keys(b, m);
    m->name = b->n;
    put_tensor(b, "w0", TENSOR_Q4_0, 0, 2, (const uint64_t[]){ 64, 3 });    /* 108 bytes */
    m->n_dims = m->name + 8 + 2;
    m->dims = m->n_dims + 4;
    m->type = m->dims + 16;
    m->offset = m->type + 4;
    put_tensor(b, "w1", TENSOR_Q4_0, 128, 2, (const uint64_t[]){ 64, 3 });
    put_tensor(b, "norm", TENSOR_F32, 256, 1, (const uint64_t[]){ 5 });
    put_tensor(b, "conv", TENSOR_F16, 320, 4, (const uint64_t[]){ 2, 2, 4, 4 });   /* 128 bytes: the end */
    put_data(b, m);
}

/* The file lives in memory; the path names it. */
static struct gguf *open_bytes(const void *data, size_t n, struct error *err)
{
    char path[64];
    int fd = memfd_create("gguf", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, n), (ssize_t)n);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    *err = (struct error){ 0 };
    struct gguf *g = gguf_open(path, err);
    close(fd);
    return g;
}

static struct gguf *open_valid(struct bytes *b, struct marks *m)
{
    struct error err;

    build(b, m);
    struct gguf *g = open_bytes(b->data, b->n, &err);
    if (g == NULL)
        fail_msg("%s", err.text);
    return g;
}

/* From a file and from memory alike. */
static void refuse(const char *what, const void *data, size_t n, const char *expected)
{
    struct error err, in_memory = { 0 };
    struct gguf *g = open_bytes(data, n, &err);
    unsigned char *copy = aligned_alloc(GGUF_ALIGN, (n + GGUF_ALIGN - 1) / GGUF_ALIGN * GGUF_ALIGN);

    assert_non_null(copy);
    memcpy(copy, data, n);
    if (g != NULL || gguf_open_bytes("memory", copy, n, &in_memory) != NULL)
        fail_msg("%s: was accepted", what);
    free(copy);
    if (in_memory.code != ERROR_MODEL || strncmp(in_memory.text, "memory: ", 8) != 0 || strstr(in_memory.text, expected) == NULL)
        fail_msg("%s: in memory: expected \"%s\", found %d \"%s\"", what, expected, (int)in_memory.code, in_memory.text);
    if (err.code != ERROR_MODEL || strstr(err.text, expected) == NULL ||
        strncmp(err.text, "/proc/self/fd/", 14) != 0)
        fail_msg("%s: expected \"%s\", found %d \"%s\"", what, expected, (int)err.code, err.text);
}

/* ---- what is read -------------------------------------------------------------- */

static void test_scalars(void **state)
{
    struct bytes b;
    struct marks m;
    struct gguf *g = open_valid(&b, &m);
    uint32_t u = 9;
    float f = 9.0f;
    bool yes = false;

    (void)state;
    assert_string_equal(gguf_string(g, "general.architecture"), "llama");
    assert_true(gguf_u32(g, "t.u8", &u) && u == 200);
    assert_true(gguf_u32(g, "t.i64", &u) && u == 77);
    assert_true(gguf_u32(g, "general.alignment", &u) && u == 64);
    assert_true(gguf_f32(g, "t.f32", &f) && f == 0.5f);
    assert_true(gguf_f32(g, "t.f64", &f) && f == (float)(1.0 / 3.0));
    assert_true(gguf_bool(g, "t.bool", &yes) && yes);

    u = 9, f = 9.0f;                /* refused: the value stays as it was */
    assert_false(gguf_u32(g, "t.i8", &u));
    assert_false(gguf_u32(g, "t.u64", &u));
    assert_false(gguf_u32(g, "t.f32", &u));
    assert_false(gguf_u32(g, "t.bool", &u));
    assert_false(gguf_u32(g, "t.i32s", &u));
    assert_false(gguf_u32(g, "missing", &u));
    assert_false(gguf_f32(g, "t.u8", &f));
    assert_false(gguf_bool(g, "t.u8", &yes));
    assert_null(gguf_string(g, "t.u8"));
    assert_null(gguf_string(g, "t.strings"));
    assert_true(u == 9 && f == 9.0f);
    assert_int_equal(gguf_file_bytes(g), b.n);
    gguf_close(g);
}

static void test_arrays(void **state)
{
    struct bytes b;
    struct marks m;
    struct gguf *g = open_valid(&b, &m);
    const char *const *text;
    const size_t *n_bytes;
    const int32_t *ints;
    const float *floats;

    (void)state;
    assert_int_equal(gguf_strings(g, "t.strings", &text, &n_bytes), 3);
    assert_string_equal(text[0], "one");
    assert_true(n_bytes[1] == 0 && text[1][0] == '\0');
    assert_true(n_bytes[2] == 3 && memcmp(text[2], "a\0b", 4) == 0);
    assert_int_equal(gguf_i32s(g, "t.i32s", &ints), 3);
    assert_true(ints[0] == -1 && ints[1] == 0 && ints[2] == 7);
    assert_int_equal(gguf_f32s(g, "t.f32s", &floats), 2);
    assert_true(floats[0] == 0.25f && floats[1] == -2.0f);
    assert_int_equal(gguf_i32s(g, "t.f32s", &ints), 0);
    assert_int_equal(gguf_i32s(g, "t.u8s", &ints), 0);
    assert_int_equal(gguf_f32s(g, "t.f32", &floats), 0);
    assert_int_equal(gguf_strings(g, "missing", &text, &n_bytes), 0);
    gguf_close(g);
}

static void test_tensors(void **state)
{
    struct bytes b;
    struct marks m;
    struct gguf *g = open_valid(&b, &m);
    const struct tensor *w = gguf_tensor(g, "w1"), *conv = gguf_tensor(g, "conv");

    (void)state;
    assert_int_equal(gguf_n_tensors(g), 4);
    assert_string_equal(gguf_tensor_at(g, 2)->name, "norm");
    assert_null(gguf_tensor(g, "w2"));
    assert_non_null(w);
    assert_non_null(conv);
    assert_true(w->type == TENSOR_Q4_0 && w->n_dims == 2 && w->dim[0] == 64 && w->dim[1] == 3 && w->dim[2] == 1);
    assert_int_equal(w->n_bytes, 3 * 2 * 18);
    assert_memory_equal(w->data, b.data + m.data + 128, w->n_bytes);
    assert_int_equal((uintptr_t)w->data % 64, 0);
    assert_int_equal(conv->n_bytes, 128);
    assert_memory_equal(conv->data, b.data + m.data + 320, 128);
    gguf_close(g);
}

/* Tensors are where the caller's bytes are, which stay as they were. */
static void test_in_memory(void **state)
{
    struct bytes b;
    struct marks m;
    struct error err = { 0 };
    (void)state;

    build(&b, &m);
    unsigned char *bytes = aligned_alloc(GGUF_ALIGN, sizeof b.data);
    assert_non_null(bytes);
    memcpy(bytes, b.data, b.n);
    assert_null(gguf_open_bytes("odd", bytes + 32, b.n, &err));
    assert_string_equal(err.text, "odd: lies at an address that is not a multiple of 64");
    assert_null(gguf_open_bytes("empty", bytes, 0, &err));
    assert_non_null(strstr(err.text, "empty: is not a GGUF file"));
    struct gguf *g = gguf_open_bytes("memory", bytes, b.n, &err);
    assert_non_null(g);
    assert_string_equal(gguf_path(g), "memory");
    assert_int_equal(gguf_file_bytes(g), b.n);
    assert_ptr_equal(gguf_tensor(g, "w1")->data, bytes + m.data + 128);
    gguf_close(g);
    assert_memory_equal(bytes, b.data, b.n);
    free(bytes);
}

struct late {
    const struct tensor *w;
    unsigned sum;                   /* of the weights' bytes, in the end */
};

/* What a late helper of a pool does: it reads for long, then says that it is through. */
static void *read_late(void *user)
{
    struct late *l = user;
    struct pool_lease *lease = l->w->lease;

    usleep(20000);
    for (size_t i = 0; i < l->w->n_bytes; i++)
        l->sum += ((const unsigned char *)l->w->data)[i];
    atomic_fetch_sub(&lease->n_late, 1);
    return NULL;
}

static void test_close_waits_for_late_readers(void **state)
{
    struct bytes b;
    struct marks m;
    struct gguf *g = open_valid(&b, &m);
    struct late l = { gguf_tensor(g, "w1"), 0 };
    unsigned sum = 0;
    pthread_t thread;

    (void)state;
    for (size_t i = 0; i < l.w->n_bytes; i++)
        sum += b.data[m.data + 128 + i];
    atomic_fetch_add(&l.w->lease->n_late, 1);
    assert_int_equal(pthread_create(&thread, NULL, read_late, &l), 0);
    gguf_close(g);                  /* without waiting the thread reads what is no longer mapped */
    pthread_join(thread, NULL);
    assert_int_equal(l.sum, sum);
}

static void test_version_2_and_no_tensors(void **state)
{
    struct bytes b = { .n = 0 };
    struct error err;

    (void)state;
    put(&b, "GGUF", 4);
    put_u32(&b, 2);
    put_u64(&b, 0);
    put_u64(&b, 0);
    struct gguf *g = open_bytes(b.data, b.n, &err);
    assert_non_null(g);
    assert_null(gguf_tensor(g, "w"));
    assert_null(gguf_string(g, "general.architecture"));
    gguf_close(g);
}

/* ---- what is refused ------------------------------------------------------------ */

static void test_every_truncation(void **state)
{
    struct bytes b;
    struct marks m;

    (void)state;
    build(&b, &m);
    for (size_t n = 1; n < b.n; n++)
        refuse("cut short", b.data, n, n < 4 ? "GGUF" : n < m.data ? "" : "past the end");
}

static void test_hostile_fields(void **state)
{
    struct bytes b, bad;
    struct marks m;

    (void)state;
    build(&b, &m);
    const struct { const char *what; size_t at, width; uint64_t value; const char *expected; } cases[] = {
        { "magic", 0, 4, 0x46554747, "not a GGUF file" },
        { "version 1", m.version, 4, 1, "version 1" },
        { "big-endian", m.version, 4, 0x03000000, "little-endian" },
        { "tensor count", m.n_tensors, 8, UINT64_MAX, "count of tensors" },
        { "tensor count that overflows", m.n_tensors, 8, UINT64_C(1) << 61, "count of tensors" },
        { "one tensor more", m.n_tensors, 8, 5, "" },
        { "key count", m.n_keys, 8, UINT64_C(1) << 63, "count of keys" },
        { "one key more", m.n_keys, 8, 14, "" },
        { "key length", m.key, 8, UINT64_MAX, "letters of a name" },
        { "empty key", m.key, 8, 0, "key 0 has a name" },
        { "control byte in a key", m.key + 8, 1, 27, "key 0 has a name" },
        { "value type", m.key_type, 4, 13, "value type 13" },
        { "text length", m.text, 8, UINT64_MAX - 7, "bytes of a text" },
        { "NUL in a text", m.text + 8, 1, 0, "NUL" },
        { "bool", m.boolean, 1, 2, "bool" },
        { "alignment 0", m.alignment, 4, 0, "general.alignment" },
        { "alignment 4", m.alignment, 4, 4, "general.alignment" },
        { "alignment 48", m.alignment, 4, 48, "general.alignment" },
        { "alignment 2^31", m.alignment, 4, UINT64_C(1) << 31, "general.alignment" },
        { "alignment of type i32", m.alignment_type, 4, I32, "general.alignment" },
        { "alignment of type f32", m.alignment_type, 4, F32, "general.alignment" },
        { "nested array", m.nested_type, 4, ARRAY, "array of type 9" },
        { "array type", m.nested_type, 4, 13, "array of type 13" },
        { "array count that overflows", m.i32s_count, 8, UINT64_C(1) << 62, "count of array elements" },
        { "array count", m.i32s_count, 8, UINT64_MAX, "count of array elements" },
        { "string count", m.strings_count, 8, UINT64_C(1) << 61, "count of array elements" },
        { "string length in an array", m.string, 8, UINT64_MAX - 3, "text in an array" },
        { "tensor name length", m.name, 8, UINT64_C(1) << 40, "letters of a name" },
        { "control byte in a tensor's name", m.name + 8, 1, '\n', "tensor 0 has a name" },
        { "no dimension", m.n_dims, 4, 0, "0 dimensions" },
        { "5 dimensions", m.n_dims, 4, 5, "5 dimensions" },
        { "2^32 - 1 dimensions", m.n_dims, 4, UINT32_MAX, "dimensions" },
        { "dimension 0", m.dims + 8, 8, 0, "dimension 1 is 0" },
        { "dimension 2^63", m.dims + 8, 8, UINT64_C(1) << 63, "dimension 1 is" },
        { "size just below 2^64", m.dims + 8, 8, UINT64_C(1) << 57, "past the end" },
        { "row of 33", m.dims, 8, 33, "whole blocks" },
        { "removed type", m.type, 4, 4, "type 4 (unknown)" },
        { "type not supported", m.type, 4, 16, "(IQ2_XXS), which is not supported; F32, F16" },
        { "type far out", m.type, 4, UINT32_MAX, "(unknown)" },
        { "offset not aligned", m.offset, 8, 32, "multiple of 64" },
        { "offset that wraps round", m.offset, 8, UINT64_MAX - 63, "past the end" },
        { "offset at the end", m.offset, 8, m.end - m.data, "past the end" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bad = b;
        memcpy(bad.data + cases[i].at, &cases[i].value, cases[i].width);
        if (i == 0)
            bad.data[0] = 'g';
        refuse(cases[i].what, bad.data, bad.n, cases[i].expected);
    }
}

static void test_duplicates(void **state)
{
    struct bytes b, bad;
    struct marks m;

    (void)state;
    build(&b, &m);
    bad = b;
    memcpy(memmem(bad.data, bad.n, "t.f32s", 6), "t.i32s", 6);
    refuse("key twice", bad.data, bad.n, "key t.i32s is there twice");
    bad = b;
    memcpy(memmem(bad.data, bad.n, "w1", 2), "w0", 2);
    refuse("tensor twice", bad.data, bad.n, "tensor w0 is there twice");
}

static void refuse_path(const char *path, const char *expected)
{
    struct error err = { 0 };

    assert_null(gguf_open(path, &err));
    assert_int_equal(err.code, ERROR_MODEL);
    if (strstr(err.text, path) == NULL || strstr(err.text, expected) == NULL)
        fail_msg("%s: %s", path, err.text);
}

static void test_not_a_file(void **state)
{
    char folder[] = "/tmp/mynah-test-XXXXXX", path[64];

    (void)state;
    assert_non_null(mkdtemp(folder));
    refuse_path(folder, "not a regular file");
    snprintf(path, sizeof path, "%s/fifo", folder);
    refuse_path(path, "No such file");
    assert_int_equal(mkfifo(path, 0600), 0);
    refuse_path(path, "not a regular file");
    unlink(path);
    fclose(fopen(path, "w"));
    refuse_path(path, "empty");
    unlink(path);
    rmdir(folder);
}

/* ---- binding -------------------------------------------------------------------- */

struct block {
    const struct tensor *w, *norm, *bias;
};

static void test_bind(void **state)
{
    static const struct gguf_binding table[] = {
        { "w%u", offsetof(struct block, w), 64, 3, false },
        { "norm", offsetof(struct block, norm), 5, 0, false },
        { "bias", offsetof(struct block, bias), 5, 0, true },
    };
    static const struct gguf_binding wrong[] = { { "w%u", offsetof(struct block, w), 64, 4, false } };
    static const struct gguf_binding vector[] = { { "w%u", offsetof(struct block, w), 64, 0, false } };
    static const struct gguf_binding four[] = { { "conv", offsetof(struct block, w), 2, 2, false } };
    struct bytes b;
    struct marks m;
    struct gguf *g = open_valid(&b, &m);
    struct block block = { .bias = (const struct tensor *)&b };
    struct error err = { 0 };

    (void)state;
    assert_true(gguf_bind(g, table, 3, 1, &block, &err));
    assert_ptr_equal(block.w, gguf_tensor(g, "w1"));
    assert_ptr_equal(block.norm, gguf_tensor(g, "norm"));
    assert_null(block.bias);
    assert_false(gguf_bind(g, table, 3, 2, &block, &err));
    assert_non_null(strstr(err.text, "w2 is missing"));
    assert_int_equal(err.code, ERROR_MODEL);
    assert_false(gguf_bind(g, wrong, 1, 0, &block, &err));
    assert_non_null(strstr(err.text, "tensor w0: expected 64 x 4, found 64 x 3"));
    assert_false(gguf_bind(g, vector, 1, 0, &block, &err));
    assert_non_null(strstr(err.text, "expected 64, found 64 x 3"));
    assert_false(gguf_bind(g, four, 1, 0, &block, &err));
    assert_non_null(strstr(err.text, "found 2 x 2 x 4 x 4"));
    gguf_close(g);
}

/* Block sizes by the layouts: f16 scale(s), high bits, packed quants. */
static void test_types(void **state)
{
    static const struct { enum tensor_type type; const char *name; size_t elements, bytes; } types[] = {
        { TENSOR_F32, "F32", 1, 4 },         { TENSOR_F16, "F16", 1, 2 },
        { TENSOR_BF16, "BF16", 1, 2 },       { TENSOR_Q4_0, "Q4_0", 32, 2 + 16 },
        { TENSOR_Q4_1, "Q4_1", 32, 4 + 16 }, { TENSOR_Q5_0, "Q5_0", 32, 2 + 4 + 16 },
        { TENSOR_Q8_0, "Q8_0", 32, 2 + 32 }, { TENSOR_Q4_K, "Q4_K", 256, 4 + 12 + 128 },
        { TENSOR_Q5_K, "Q5_K", 256, 4 + 12 + 32 + 128 }, { TENSOR_Q6_K, "Q6_K", 256, 128 + 64 + 16 + 2 },
        { TENSOR_Q5_1, "Q5_1", 32, 4 + 4 + 16 }, { TENSOR_IQ4_NL, "IQ4_NL", 32, 2 + 16 },
        { TENSOR_Q2_K, "Q2_K", 256, 16 + 64 + 4 }, { TENSOR_Q3_K, "Q3_K", 256, 32 + 64 + 12 + 2 },
        { TENSOR_IQ4_XS, "IQ4_XS", 256, 2 + 2 + 4 + 128 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        assert_string_equal(tensor_type_name(types[i].type), types[i].name);
        assert_int_equal(tensor_type_block_elements(types[i].type), types[i].elements);
        assert_int_equal(tensor_type_block_bytes(types[i].type), types[i].bytes);
    }
    assert_int_equal(tensor_type_block_elements((enum tensor_type)5), 0);
    assert_int_equal(tensor_type_block_elements((enum tensor_type)-1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scalars), cmocka_unit_test(test_arrays), cmocka_unit_test(test_tensors),
        cmocka_unit_test(test_in_memory),
        cmocka_unit_test(test_close_waits_for_late_readers),
        cmocka_unit_test(test_version_2_and_no_tensors), cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_hostile_fields), cmocka_unit_test(test_duplicates),
        cmocka_unit_test(test_not_a_file), cmocka_unit_test(test_bind), cmocka_unit_test(test_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
