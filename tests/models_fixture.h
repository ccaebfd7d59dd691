/* models_fixture.h - a manifest of one model "m", pulled from a server or from wheels of this machine. */
#ifndef TESTS_MODELS_FIXTURE_H
#define TESTS_MODELS_FIXTURE_H

#include "base/file.h"
#include "http_server.h"
#include "store/models.h"
#include "store/models_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { N_BYTES = 300000, N_PART1 = 120000 };

static unsigned char content[N_BYTES];
static char sha[SHA256_HEX];
static char folder[] = "/tmp/mynah-test-XXXXXX";
static char models_folder_path[64], wheels[64], file_path[80];

static inline void shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
static inline void shell(const char *format, ...)
{
    char command[1000];
    va_list args;

    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    if (system(command) != 0)
        fail_msg("%s", command);
}

static inline void write_bytes(const char *path, const void *data, size_t n)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    fclose(f);
}

static inline void make_wheel(const char *name, const void *data, size_t n)
{
    char part[80];

    snprintf(part, sizeof part, "%s/part", folder);
    write_bytes(part, data, n);
    shell("python3 tests/make_wheel.py %s %s 1.0 data/part.bin %s", wheels, name, part);
}

static inline int set_up_all(void **state)
{
    uint64_t x = 1;

    (void)state;
    for (size_t i = 0; i < N_BYTES; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        content[i] = (unsigned char)(x >> 56);
    }
    sha256_bytes(content, N_BYTES, sha);
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(models_folder_path, sizeof models_folder_path, "%s/data/models", folder);
    snprintf(wheels, sizeof wheels, "%s/wheels", folder);
    snprintf(file_path, sizeof file_path, "%s/m.gguf", models_folder_path);
    setenv("PIP_NO_INDEX", "1", 1);
    setenv("PIP_FIND_LINKS", wheels, 1);
    unsetenv("PIP_CONFIG_FILE");
    return 0;
}

static inline int set_up(void **state)
{
    (void)state;
    shell("rm -rf %s/data %s && mkdir %s", folder, wheels, wheels);
    return 0;
}

static inline int tear_down_all(void **state)
{
    (void)state;
    shell("rm -rf %s", folder);
    return 0;
}

static inline struct models *open_sources(const char *sources)
{
    char json[4000];
    struct error err = { 0 };

    snprintf(json, sizeof json, "{ \"models\": [ { \"name\": \"m\", \"role\": \"text\", \"title\": \"M\", \"licence\": \"MIT\", "
             "\"file\": \"m.gguf\", \"sources\": [ %s ] } ] }", sources);
    struct models *m = models_open_with(json, models_folder_path, &err);
    if (m == NULL)
        fail_msg("%s", err.text);
    return m;
}

static inline const char *url_source(const struct server *s)
{
    static char text[300];

    snprintf(text, sizeof text, "{ \"url\": \"http://127.0.0.1:%u/m.gguf\", \"bytes\": %d, \"sha256\": \"%s\" }",
             s->port, N_BYTES, sha);
    return text;
}

/* Two packages that hold the content between them. */
static inline const char *wheel_source(void)
{
    static char text[500];

    snprintf(text, sizeof text, "{ \"packages\": [ { \"name\": \"mynah-test-part1\", \"version\": \"1.0\", \"bytes\": %d, "
             "\"members\": [ { \"path\": \"data/part.bin\" } ] }, { \"name\": \"mynah-test-part2\", \"version\": \"1.0\", "
             "\"bytes\": %d, \"members\": [ { \"path\": \"data/part.bin\" } ] } ], \"bytes\": %d, \"sha256\": \"%s\" }",
             N_PART1, N_BYTES - N_PART1, N_BYTES, sha);
    return text;
}

static inline const char *one_wheel_source(void)
{
    static char text[400];

    snprintf(text, sizeof text, "{ \"packages\": [ { \"name\": \"mynah-test-whole\", \"version\": \"1.0\", \"bytes\": %d, "
             "\"members\": [ { \"path\": \"data/part.bin\" } ] } ], \"bytes\": %d, \"sha256\": \"%s\" }", N_BYTES, N_BYTES, sha);
    return text;
}

static inline void make_wheels(void)
{
    make_wheel("mynah-test-part1", content, N_PART1);
    make_wheel("mynah-test-part2", content + N_PART1, N_BYTES - N_PART1);
}

static inline void check_pulled(const struct models *m)
{
    struct error err = { 0 };
    size_t n = 0;
    unsigned char *data = file_read(file_path, N_BYTES + 1, &n, &err);
    char *path = models_path(m, "m", &err), work[80];

    if (data == NULL || path == NULL)
        fail_msg("%s", err.text);
    assert_int_equal(n, N_BYTES);
    assert_memory_equal(data, content, N_BYTES);
    assert_string_equal(path, file_path);
    assert_true(models_present(m, "m"));
    snprintf(work, sizeof work, "%s/.pull", models_folder_path);
    assert_int_equal(access(work, F_OK), -1);
    free(data);
    free(path);
}

static inline void pull_well(const struct models *m)
{
    struct error err = { 0 };

    if (!models_pull(m, "m", NULL, NULL, &err))
        fail_msg("%s", err.text);
    check_pulled(m);
}

/* Fails with that code and those words, and nothing that looks complete is left. */
static inline void pull_ill(const struct models *m, enum error_code code, const char *expected)
{
    struct error err = { 0 };

    assert_false(models_pull(m, "m", NULL, NULL, &err));
    if (err.code != code || strstr(err.text, expected) == NULL)
        fail_msg("expected \"%s\", found %d \"%s\"", expected, (int)err.code, err.text);
    assert_int_equal(access(file_path, F_OK), -1);
    assert_false(models_present(m, "m"));
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

#endif
