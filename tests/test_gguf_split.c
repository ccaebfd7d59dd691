/* test_gguf_split.c - a model in three files, and the same files damaged one way at a time. */
#include "tensor/gguf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define N_PARTS 3

/* What a part says of itself; one field of one part is made wrong at a time. */
struct part {
    uint16_t no, count;
    int32_t n_tensors;              /* of all parts */
    const char *tensor;
    bool missing, no_keys;
};

static char folder[] = "/tmp/mynah-test-XXXXXX";

static const char *path_of(size_t i_part)
{
    static char path[100];

    snprintf(path, sizeof path, "%s/model-%05zu-of-%05d.gguf", folder, i_part + 1, N_PARTS);
    return path;
}

static void put(FILE *f, const void *data, size_t n)
{
    assert_int_equal(fwrite(data, 1, n, f), n);
}

static void put_u64(FILE *f, uint64_t v)
{
    put(f, &v, sizeof v);
}

static void put_u32(FILE *f, uint32_t v)
{
    put(f, &v, sizeof v);
}

static void put_text(FILE *f, const char *text)
{
    put_u64(f, strlen(text));
    put(f, text, strlen(text));
}

static void put_key(FILE *f, const char *key, uint32_t type, const void *value, size_t n)
{
    put_text(f, key);
    put_u32(f, type);
    put(f, value, n);
}

/* One tensor of 8 floats that are all `value`. */
static void write_part(const char *path, const struct part *p, float value)
{
    FILE *f = fopen(path, "wb");
    static const char zeros[32];

    assert_non_null(f);
    put(f, "GGUF", 4);
    put_u32(f, 3);
    put_u64(f, 1);
    put_u64(f, p->no_keys ? 0 : 3);
    if (!p->no_keys) {
        put_key(f, "split.no", 2, &p->no, sizeof p->no);
        put_key(f, "split.count", 2, &p->count, sizeof p->count);
        put_key(f, "split.tensors.count", 5, &p->n_tensors, sizeof p->n_tensors);
    }
    put_text(f, p->tensor);
    put_u32(f, 1);
    put_u64(f, 8);
    put_u32(f, TENSOR_F32);
    put_u64(f, 0);
    put(f, zeros, (32 - (size_t)ftell(f) % 32) % 32);
    for (int i = 0; i < 8; i++)
        put(f, &value, sizeof value);
    fclose(f);
}

static void write_parts(const struct part parts[N_PARTS])
{
    for (size_t i = 0; i < N_PARTS; i++) {
        unlink(path_of(i));
        if (!parts[i].missing)
            write_part(path_of(i), &parts[i], (float)i + 1.0f);
    }
}

static const struct part good[N_PARTS] = {
    { 0, N_PARTS, 3, "a", false, false }, { 1, N_PARTS, 3, "b", false, false }, { 2, N_PARTS, 3, "c", false, false },
};

static void test_parts_are_one_model(void **state)
{
    static const char *const names[] = { "a", "b", "c" };
    struct error err = { 0 };
    size_t n_bytes = 0;

    (void)state;
    write_parts(good);
    struct gguf *g = gguf_open(path_of(0), &err);
    if (g == NULL)
        fail_msg("%s", err.text);
    assert_int_equal(gguf_n_tensors(g), N_PARTS);
    for (size_t i = 0; i < N_PARTS; i++) {
        const struct tensor *t = gguf_tensor(g, names[i]);
        assert_non_null(t);
        assert_ptr_equal(t, gguf_tensor_at(g, i));
        assert_true(*(const float *)t->data == (float)i + 1.0f);
        FILE *f = fopen(path_of(i), "rb");
        fseek(f, 0, SEEK_END);
        n_bytes += (size_t)ftell(f);
        fclose(f);
    }
    assert_null(gguf_tensor(g, "d"));
    assert_int_equal(gguf_file_bytes(g), n_bytes);
    gguf_close(g);
}

static void check_refused(size_t i_part, const char *why)
{
    struct error err = { 0 };

    assert_null(gguf_open(path_of(i_part), &err));
    assert_int_equal(err.code, ERROR_MODEL);
    if (strstr(err.text, why) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.text, why);
}

static void test_damaged_parts_are_refused(void **state)
{
    static const struct {
        size_t i_part;
        struct part part;
        const char *why;
    } cases[] = {
        { 1, { .missing = true }, "part 2 of 3 cannot be opened: " },
        { 2, { .missing = true }, "model-00003-of-00003.gguf" },
        { 1, { 2, N_PARTS, 3, "b", false, false }, "model-00002-of-00003.gguf: says that it is part 3 of 3, part 2 of 3" },
        { 1, { 1, 4, 3, "b", false, false }, "says that it is part 2 of 4, part 2 of 3" },
        { 2, { .tensor = "c", .no_keys = true }, "model-00003-of-00003.gguf: split.no or split.count is missing" },
        { 2, { 2, N_PARTS, 3, "a", false, false }, "model-00003-of-00003.gguf: tensor a is in another part" },
        { 0, { 0, N_PARTS, 4, "a", false, false }, "split.tensors.count is 4, but its parts hold 3" },
        { 0, { 0, N_PARTS, -1, "a", false, false }, "split.tensors.count" },
        { 0, { 0, 2, 3, "a", false, false }, "-00001-of-00002.gguf" },
        { 0, { 0, UINT16_MAX, 3, "a", false, false }, "-00001-of-65535.gguf" },
        { 0, { 1, N_PARTS, 3, "a", false, false }, "is part 2 of 3 of a model; open the first one" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct part parts[N_PARTS];
        memcpy(parts, good, sizeof parts);
        parts[cases[i].i_part] = cases[i].part;
        write_parts(parts);
        check_refused(0, cases[i].why);
    }
}

static void test_only_the_first_is_opened(void **state)
{
    char elsewhere[100];
    struct error err = { 0 };

    (void)state;
    write_parts(good);
    check_refused(1, "open the first one, whose name ends in -00001-of-00003.gguf");
    snprintf(elsewhere, sizeof elsewhere, "%s/renamed.gguf", folder);
    assert_int_equal(rename(path_of(0), elsewhere), 0);
    assert_null(gguf_open(elsewhere, &err));
    assert_non_null(strstr(err.text, "their names must end in -00001-of-00003.gguf"));
    unlink(elsewhere);
    const struct part alone = { 0, 1, 1, "a", false, false };       /* one part of one: an ordinary file */
    write_part(elsewhere, &alone, 1.0f);
    struct gguf *g = gguf_open(elsewhere, &err);
    assert_non_null(g);
    assert_int_equal(gguf_n_tensors(g), 1);
    gguf_close(g);
    unlink(elsewhere);
}

static void test_not_from_memory(void **state)
{
    struct error err = { 0 };
    void *bytes = aligned_alloc(GGUF_ALIGN, 1024);

    (void)state;
    write_parts(good);
    FILE *f = fopen(path_of(0), "rb");
    size_t n = fread(bytes, 1, 1024, f);
    fclose(f);
    assert_null(gguf_open_bytes("the_bytes", bytes, n, &err));
    assert_non_null(strstr(err.text, "the_bytes: is one of 3 parts"));
    free(bytes);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_PARTS; i++)
        unlink(path_of(i));
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts_are_one_model),
        cmocka_unit_test(test_damaged_parts_are_refused),
        cmocka_unit_test(test_only_the_first_is_opened),
        cmocka_unit_test(test_not_from_memory),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
