/* test_base.c - errors, arenas, UTF-8, files and hashes. */
#include "base/arena.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/quote.h"
#include "base/utf8.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- error --------------------------------------------------------------------- */

static void test_error(void **state)
{
    struct error err = { 0 };

    (void)state;
    assert_false(error_set(&err, ERROR_INPUT, "%s: %d", "a.wav", 7));
    assert_int_equal(err.code, ERROR_INPUT);
    assert_string_equal(err.text, "a.wav: 7");
    assert_false(error_set(NULL, ERROR_INPUT, "nobody listens"));
    static const int statuses[] = { 0, 2, 3, 4, 5, 6, 130 };
    for (int code = ERROR_NONE; code <= ERROR_CANCELLED; code++)
        assert_int_equal(error_exit_status((enum error_code)code), statuses[code]);
}

/* A long text loses its middle, between characters: a path of any length leaves the reason. */
static void test_error_cut(void **state)
{
    static const char *const letters[] = { "x", "\xC3\xA9", "\xED\x95\x9C", "\xF0\x9F\x98\x80" };

    (void)state;
    for (size_t l = 0; l < 4; l++)
        for (size_t shift = 0; shift < 4; shift++) {
            struct error err;
            char text[1200] = "";
            size_t width = strlen(letters[l]), most = sizeof err.text - 1;
            memset(text, '.', shift);
            for (size_t i = shift; i + width < sizeof text; i += width)
                memcpy(text + i, letters[l], width);
            error_set(&err, ERROR_INPUT, "%s: is a directory", text);
            assert_true(utf8_valid(err.text, strlen(err.text)));
            assert_in_range(strlen(err.text), most - 2 * (width - 1), most);
            assert_non_null(strstr(err.text, "..."));
            assert_string_equal(err.text + strlen(err.text) - 16, ": is a directory");
            assert_memory_equal(err.text, text, most / 5);
        }
}

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
enum { LIMITED = 0 };               /* a sanitizer's own memory bears no limit */
#else
enum { LIMITED = 1 };
#endif

/* Where there is no memory left the text says so all the same. */
static void test_error_without_memory(void **state)
{
    struct rlimit before, none;
    struct error err = { 0 };
    void *held = NULL, **next;
    char path[2000];
    (void)state;

    if (!LIMITED)
        skip();
    memset(path, 'x', sizeof path);
    path[sizeof path - 1] = '\0';
    assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
    none = (struct rlimit){ 1 << 20, before.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_AS, &none), 0);
    for (size_t n = 1 << 20; n >= sizeof held; n /= 2)
        while ((next = malloc(n)) != NULL) {
            *next = held;
            held = next;
        }
    error_set(&err, ERROR_INFERENCE, "no memory: %s wanted %d bytes", "the decoder", 7);
    struct error brief = err;
    error_set(&err, ERROR_INPUT, "%s: is not there", path);
    setrlimit(RLIMIT_AS, &before);
    for (; held != NULL; held = next) {
        next = *(void **)held;
        free(held);
    }
    assert_string_equal(brief.text, "no memory: the decoder wanted 7 bytes");
    assert_memory_equal(err.text, "xxxx", 4);
}

/* What a shell makes of it is the path again, or a form of it that is no option. */
static void test_quote(void **state)
{
    static const char *const cases[][2] = {
        { "a/b.gif", "a/b.gif" }, { "my pic.gif", "'my pic.gif'" }, { "it's.m4a", "'it'\\''s.m4a'" },
        { "-i", "./'-i'" }, { "", "''" }, { "$(x)", "'$(x)'" },
    };
    char quoted[QUOTED_BYTES], path[QUOTED_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        quote_path(cases[i][0], quoted);
        assert_string_equal(quoted, cases[i][1]);
    }
    for (size_t n = 1; n < sizeof path; n++) {      /* the worst of all lengths */
        memset(path, '\'', n);
        path[n] = '\0';
        quote_path(path, quoted);
        assert_int_equal(strlen(quoted), n > 120 ? strlen("FILE") : 4 * n + 2);
    }
}

/* ---- arena --------------------------------------------------------------------- */

static void test_arena_alloc(void **state)
{
    struct error err = { 0 };
    struct arena *a = arena_new("test", 1000, &err);
    unsigned char *blocks[50];

    (void)state;
    assert_non_null(a);
    for (size_t i = 0; i < 50; i++) {       /* sizes from 0 to beyond a chunk; no two overlap */
        blocks[i] = arena_alloc(a, i, 41, &err);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % ARENA_ALIGN, 0);
        memset(blocks[i], (int)i, i * 41);
    }
    for (size_t i = 0; i < 50; i++)
        for (size_t j = 0; j < i * 41; j++)
            assert_int_equal(blocks[i][j], i);
    unsigned char *zero = arena_zero(a, 1500, 1, &err);
    for (size_t i = 0; i < 1500; i++)
        assert_int_equal(zero[i], 0);
    arena_free(a);
    arena_free(NULL);
}

/* What was seen once is served again without asking the system. */
static void test_arena_steady(void **state)
{
    struct error err = { 0 };
    struct arena *a = arena_new("test", 4096, &err);
    void *keep = arena_alloc(a, 100, 1, &err);
    struct arena_mark mark = arena_mark(a);
    size_t n_chunks = 0, n_bytes = 0;

    (void)state;
    memset(keep, 0xA5, 100);
    for (int round = 0; round < 10; round++) {
        for (size_t i = 1; i < 30; i++)
            memset(arena_alloc(a, i * 100, 3, &err), 0, i * 300);
        if (round == 0) {
            n_chunks = arena_n_chunks(a);
            n_bytes = arena_bytes(a);
        }
        arena_rewind(a, mark);
    }
    assert_int_equal(arena_n_chunks(a), n_chunks);
    assert_int_equal(arena_bytes(a), n_bytes);
    assert_true(n_chunks > 1);
    for (int i = 0; i < 100; i++)
        assert_int_equal(((unsigned char *)keep)[i], 0xA5);
    arena_reset(a);
    assert_ptr_equal(arena_alloc(a, 100, 1, &err), keep);
    arena_free(a);
}

/* AddressSanitizer's malloc refuses like the system's, instead of ending the program. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static void test_arena_refuses(void **state)
{
    struct error err = { 0 };
    struct arena *a = arena_new("step", 4096, &err);

    (void)state;
    assert_null(arena_alloc(a, SIZE_MAX / 2, 4, &err));     /* the product wraps round to 2^63 * 4 = 0 */
    assert_int_equal(err.code, ERROR_INFERENCE);
    assert_non_null(strstr(err.text, "step"));
    err = (struct error){ 0 };
    assert_null(arena_alloc(a, SIZE_MAX, 1, &err));
    assert_int_equal(err.code, ERROR_INFERENCE);
    err = (struct error){ 0 };
    assert_null(arena_alloc(a, SIZE_MAX / 4, 1, &err));     /* more than an address space */
    assert_non_null(strstr(err.text, "4611686018427387903"));
    assert_non_null(arena_alloc(a, 10, 10, &err));          /* still usable */
    arena_free(a);
}

/* ---- UTF-8 --------------------------------------------------------------------- */

static void test_utf8_round_trip(void **state)
{
    (void)state;
    for (uint32_t code = 0; code <= 0x10FFFF; code++) {
        char text[4];
        uint32_t back;
        if (code >= 0xD800 && code < 0xE000)
            continue;
        size_t n = utf8_encode(code, text);
        if (utf8_decode(text, n, &back) != n || back != code || !utf8_valid(text, n))
            fail_msg("U+%04X", code);
        for (size_t cut = 1; cut < n; cut++)
            if (utf8_decode(text, cut, &back) != 0 || utf8_complete(text, cut) != 0)
                fail_msg("U+%04X cut after %zu", code, cut);
    }
}

/* The Unicode Standard 15, table 3-8 and its text: maximal ill-formed subparts. */
static void test_utf8_ill_formed(void **state)
{
    static const struct { const char *bytes; size_t n, used; } cases[] = {
        { "\x80", 1, 1 }, { "\xC0\xAF", 2, 1 }, { "\xC1\xBF", 2, 1 }, { "\xF5\x80", 2, 1 }, { "\xFF", 1, 1 },
        { "\xE0\x80\x80", 3, 1 },           /* overlong */
        { "\xED\xA0\x80", 3, 1 },           /* surrogate */
        { "\xF4\x90\x80\x80", 4, 1 },       /* beyond U+10FFFF */
        { "\xF0\x8F\xBF\xBF", 4, 1 },
        { "\xE2\x82x", 3, 2 }, { "\xF0\x9F\x98x", 4, 3 }, { "\xC3x", 2, 1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t code = 0;
        assert_int_equal(utf8_decode(cases[i].bytes, cases[i].n, &code), cases[i].used);
        assert_int_equal(code, UTF8_REPLACEMENT);
        assert_false(utf8_valid(cases[i].bytes, cases[i].n));
    }
    assert_true(utf8_valid("\xEF\xBF\xBD", 3));     /* U+FFFD itself is text */
    assert_false(utf8_valid("a\xE2\x82", 3));
    assert_int_equal(utf8_complete("a\xE2\x82", 3), 1);
    assert_int_equal(utf8_complete("a\xE2\x82\xAC", 4), 4);
    assert_int_equal(utf8_complete("\x80\x80\x80\x80", 4), 4);     /* broken, not cut: waits for nothing */
    assert_int_equal(utf8_complete("", 0), 0);
}

static void test_utf8_width(void **state)
{
    (void)state;
    assert_int_equal(utf8_width('a'), 1);
    assert_int_equal(utf8_width(0x1B), 0);
    assert_int_equal(utf8_width(0x85), 0);
    assert_int_equal(utf8_width(0xD55C), 2);        /* Hangul */
    assert_int_equal(utf8_width(0x0301), 0);        /* combining acute */
    assert_int_equal(utf8_width(0x1F600), 2);
}

/* Boundaries of UAX 29: forwards they are listed, backwards they are found again. */
static void test_graphemes(void **state)
{
    static const char *const clusters[] = {
        "a", "e\xCC\x81", "\xED\x95\x9C", "\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB",      /* conjoining jamo */
        "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB",                                /* joined by ZWJ */
        "\xF0\x9F\x87\xB0\xF0\x9F\x87\xB7", "\xF0\x9F\x87\xAB\xF0\x9F\x87\xB7",        /* two flags */
        "\r\n", "\n", "b", "\n", "\xFF", "z",
    };
    char text[200] = "";
    size_t ends[20], n = 0, n_clusters = sizeof clusters / sizeof *clusters, at = 0;

    (void)state;
    for (size_t i = 0; i < n_clusters; i++) {
        strcat(text, clusters[i]);
        ends[i] = n = strlen(text);
    }
    for (size_t i = 0; i < n_clusters; i++) {
        size_t next = utf8_grapheme_next(text, n, at);
        if (next != ends[i])
            fail_msg("cluster %zu ends at %zu, expected %zu", i, next, ends[i]);
        if (utf8_grapheme_previous(text, n, next) != at)
            fail_msg("cluster %zu starts at %zu, expected %zu", i, utf8_grapheme_previous(text, n, next), at);
        at = next;
    }
}

/* ---- files ---------------------------------------------------------------------- */

static char folder[] = "/tmp/mynah-test-XXXXXX";
static char path[100];

static const char *in_folder(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
    static const char *const names[] = { "fifo", "empty", "text", "link", "large", "stamped" };

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(in_folder(names[i]));
    return rmdir(folder);
}

static void write_text(const char *name, const char *text)
{
    FILE *f = fopen(in_folder(name), "w");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void refuse(const char *file, const char *expected)
{
    struct error err = { 0 };
    size_t n = 0;

    assert_null(file_read(file, 100, &n, &err));
    assert_int_equal(err.code, ERROR_INPUT);
    if (strstr(err.text, file) == NULL || strstr(err.text, expected) == NULL)
        fail_msg("%s: expected \"%s\" in \"%s\"", file, expected, err.text);
}

static void test_file_read(void **state)
{
    struct error err = { 0 };
    size_t n = 0;
    char target[100];

    (void)state;
    write_text("text", "hello\n");
    snprintf(target, sizeof target, "%s", in_folder("text"));
    unsigned char *data = file_read(target, 6, &n, &err);
    assert_non_null(data);
    assert_int_equal(n, 6);
    assert_string_equal((char *)data, "hello\n");
    free(data);
    assert_int_equal(symlink(target, in_folder("link")), 0);
    data = file_read(in_folder("link"), 6, &n, &err);
    assert_non_null(data);
    free(data);

    refuse(in_folder("nothing"), "No such file");
    refuse(folder, "directory");
    refuse("/dev/null", "not a regular file");
    write_text("empty", "");
    refuse(in_folder("empty"), "empty");
    assert_int_equal(mkfifo(in_folder("fifo"), 0600), 0);
    refuse(in_folder("fifo"), "not a regular file");
    write_text("large", "");
    assert_int_equal(truncate(in_folder("large"), 101), 0);
    refuse(in_folder("large"), "at most");
}

/* FIPS 180-4's examples. */
static void test_sha256(void **state)
{
    char hex[SHA256_HEX];
    struct error err = { 0 };

    (void)state;
    sha256_bytes("abc", 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha256_bytes("", 0, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    write_text("text", "abc");
    assert_true(sha256_file(in_folder("text"), hex, &err));
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_false(sha256_file(in_folder("nothing"), hex, &err));
    assert_int_equal(err.code, ERROR_INPUT);
    assert_false(sha256_file(folder, hex, &err));
}

/* Another length, another time or another file in its place: another stamp. */
static void test_stamp(void **state)
{
    const struct timespec old[2] = { { 1, 0 }, { 1, 0 } };
    char first[FILE_STAMP], next[FILE_STAMP], other[300];
    struct error err;

    (void)state;
    write_text("stamped", "abc");
    assert_true(file_stamp(in_folder("stamped"), first, &err) && file_stamp(in_folder("stamped"), next, &err));
    assert_string_equal(first, next);
    write_text("stamped", "abcd");
    assert_int_equal(utimensat(AT_FDCWD, in_folder("stamped"), old, 0), 0);
    assert_true(file_stamp(in_folder("stamped"), next, &err));
    assert_string_not_equal(first, next);
    write_text("other", "abcd");
    assert_int_equal(utimensat(AT_FDCWD, in_folder("other"), old, 0), 0);
    snprintf(other, sizeof other, "%s", in_folder("other"));
    assert_int_equal(rename(other, in_folder("stamped")), 0);
    assert_true(file_stamp(in_folder("stamped"), first, &err));
    assert_string_not_equal(first, next);
    assert_false(file_stamp(in_folder("nothing"), first, &err));
    assert_int_equal(err.code, ERROR_INPUT);
}

/* ---- log ------------------------------------------------------------------------ */

static char logged[300];

static void keep_line(void *user, enum log_level level, const char *text)
{
    assert_string_equal(user, "sink");
    snprintf(logged, sizeof logged, "%d %s", (int)level, text);
}

static void test_log(void **state)
{
    static char user[] = "sink";

    (void)state;
    log_info("nobody listens");
    log_to(keep_line, user, LOG_INFO);
    log_debug("below");
    assert_string_equal(logged, "");
    log_warning("took %d ms", 7);
    assert_string_equal(logged, "2 took 7 ms");
    log_to(NULL, NULL, LOG_WARNING);
    log_warning("nobody listens");
    assert_string_equal(logged, "2 took 7 ms");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_error), cmocka_unit_test(test_error_cut), cmocka_unit_test(test_error_without_memory),
        cmocka_unit_test(test_quote), cmocka_unit_test(test_arena_alloc),
        cmocka_unit_test(test_arena_steady), cmocka_unit_test(test_arena_refuses),
        cmocka_unit_test(test_utf8_round_trip), cmocka_unit_test(test_utf8_ill_formed),
        cmocka_unit_test(test_utf8_width), cmocka_unit_test(test_graphemes), cmocka_unit_test(test_file_read),
        cmocka_unit_test(test_sha256), cmocka_unit_test(test_stamp), cmocka_unit_test(test_log),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
