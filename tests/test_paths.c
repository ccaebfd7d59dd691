/* Paths as terminals hand them over, in a folder made for the test. */
#include "ui/paths.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

static char folder[] = "/tmp/mynah-paths-XXXXXX";

static void make(const char *name)
{
    char path[512];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
}

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL || setenv("HOME", folder, 1) != 0)
        return -1;
    make("plain.png");
    make("a b'c.png");
    make("two.wav");
    make("Screenshot at 1.23\xE2\x80\xAFPM.png");                        /* U+202F, as macOS writes it */
    make("\xE1\x84\x80\xE1\x85\xA1\xE1\x86\xBC.jpg");                    /* 강 in jamo */
    make("\xEA\xB0\x95\xEB\xAC\xBC.jpg");                                /* 강물 composed */
    return 0;
}

static int tear_down(void **state)
{
    char command[600];

    (void)state;
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

/* text with @ for the folder; the paths found, joined by '|', the folder as @. */
static const char *parsed(const char *text, bool only)
{
    static char out[4096];
    char in[2048] = "";
    size_t n = 0;
    struct paths paths;

    for (; *text != '\0'; text++)
        n += (size_t)(*text == '@' ? snprintf(in + n, sizeof in - n, "%s", folder) : snprintf(in + n, sizeof in - n, "%c", *text));
    n = 0;
    out[0] = '\0';
    if (only && !paths_only(in, &paths))
        return "no";
    if (!only)
        paths_parse(in, &paths);
    for (size_t i = 0; i < paths.n; i++) {
        const char *item = paths.items[i];
        bool inside = strncmp(item, folder, strlen(folder)) == 0;
        n += (size_t)snprintf(out + n, sizeof out - n, "%s%s%s", i > 0 ? "|" : "", inside ? "@" : "", inside ? item + strlen(folder) : item);
    }
    paths_free(&paths);
    return out;
}

static void test_forms(void **state)
{
    (void)state;
    assert_string_equal(parsed("@/plain.png", false), "@/plain.png");
    assert_string_equal(parsed("  @/plain.png \r\n", false), "@/plain.png");
    assert_string_equal(parsed("@/a b'c.png", false), "@/a b'c.png");            /* bare, with its space */
    assert_string_equal(parsed("\"@/a b'c.png\"", false), "@/a b'c.png");
    assert_string_equal(parsed("'@/a b'\\''c.png'", false), "@/a b'c.png");
    assert_string_equal(parsed("@/a\\ b\\'c.png", false), "@/a b'c.png");
    assert_string_equal(parsed("~/plain.png", false), "@/plain.png");
    assert_string_equal(parsed("~", false), "@");
    assert_string_equal(parsed("~other/x", false), "~other/x");
    assert_string_equal(parsed("file://@/a%20b%27c.png", false), "@/a b'c.png");
    assert_string_equal(parsed("file://localhost@/plain.png", false), "@/plain.png");
    assert_string_equal(parsed("FILE:@/plain.png", false), "@/plain.png");
    assert_string_equal(parsed("file://@/no%00thing%zz%2", false), "@/no%00thing%zz%2");
    assert_string_equal(parsed("", false), "");
    assert_string_equal(parsed("missing.png", false), "missing.png");
}

static void test_several(void **state)
{
    (void)state;
    assert_string_equal(parsed("@/plain.png @/two.wav", false), "@/plain.png|@/two.wav");
    assert_string_equal(parsed("'@/plain.png' '@/two.wav' ", false), "@/plain.png|@/two.wav");
    assert_string_equal(parsed("file://@/plain.png\r\nfile://@/two.wav\r\n", false), "@/plain.png|@/two.wav");
}

static void test_other_spaces_and_forms(void **state)
{
    (void)state;
    assert_string_equal(parsed("@/Screenshot at 1.23 PM.png", false), "@/Screenshot at 1.23\xE2\x80\xAFPM.png");
    assert_string_equal(parsed("'@/Screenshot at 1.23 PM.png'", false), "@/Screenshot at 1.23\xE2\x80\xAFPM.png");
    assert_string_equal(parsed("'@/Screenshot at 1.23\xC2\xA0PM.png'", false), "@/Screenshot at 1.23\xE2\x80\xAFPM.png");
    assert_string_equal(parsed("@/\xEA\xB0\x95.jpg", false), "@/\xE1\x84\x80\xE1\x85\xA1\xE1\x86\xBC.jpg");
    assert_string_equal(parsed("@/\xE1\x84\x80\xE1\x85\xA1\xE1\x86\xBC\xE1\x84\x86\xE1\x85\xAE\xE1\x86\xAF.jpg", false), "@/\xEA\xB0\x95\xEB\xAC\xBC.jpg");
}

static void test_only_paths(void **state)
{
    (void)state;
    assert_string_equal(parsed("@/plain.png", true), "@/plain.png");
    assert_string_equal(parsed("'@/plain.png' @/two.wav", true), "@/plain.png|@/two.wav");
    assert_string_equal(parsed("@/plain.png what is it?", true), "no");
    assert_string_equal(parsed("@/missing.png", true), "no");
    assert_string_equal(parsed("@", true), "no");                       /* a folder */
    assert_string_equal(parsed("plain.png", true), "no");
    assert_string_equal(parsed("/help", true), "no");
    assert_string_equal(parsed("what is ~/plain.png", true), "no");
    assert_string_equal(parsed("", true), "no");
}

/* What backslashes mean in quotes (POSIX 2.2.3). */
static void test_backslashes_in_quotes(void **state)
{
    (void)state;
    make("back\\slash.png");
    make("a\"b.png");
    assert_string_equal(parsed("\"@/back\\slash.png\"", true), "@/back\\slash.png");
    assert_string_equal(parsed("\"@/back\\\\slash.png\"", true), "@/back\\slash.png");
    assert_string_equal(parsed("\"@/a\\\"b.png\"", true), "@/a\"b.png");
    assert_string_equal(parsed("'@/back\\slash.png'", true), "@/back\\slash.png");
    assert_string_equal(parsed("@/back\\\\slash.png", true), "@/back\\slash.png");
}

/* A file manager's drop, or `ls -d $PWD/NAME` copied: a path a line, blanks and all. */
static void test_a_path_a_line(void **state)
{
    (void)state;
    make("with blanks.png");
    assert_string_equal(parsed("@/with blanks.png\n@/a b'c.png\r\n\n  @/plain.png", true), "@/with blanks.png|@/a b'c.png|@/plain.png");
    assert_string_equal(parsed("@/with blanks.png\n@/plain.png @/two.wav", true), "@/with blanks.png|@/plain.png|@/two.wav");
    assert_string_equal(parsed("@/with blanks.png\nand a word", true), "no");
    assert_string_equal(parsed("@/with blanks.png\n@", true), "no");
}

static void test_this_host(void **state)
{
    char host[256] = "", text[600];

    (void)state;
    gethostname(host, sizeof host - 1);
    snprintf(text, sizeof text, "file://%s@/plain.png", host);
    assert_string_equal(parsed(text, true), "@/plain.png");
    assert_string_equal(parsed("file://elsewhere.invalid@/plain.png", true), "no");
}

/* Text that begins like a path is given up at its first word: stat and readdir for each of
 * 200,000 words would take minutes. */
static void test_long_text_is_cheap(void **state)
{
    enum { WORDS = 200000 };
    char *text = malloc(2 * WORDS + 2);
    struct paths paths;
    clock_t start = clock();

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < WORDS; i++)
        memcpy(text + 2 * i, "/ ", 3);
    text[0] = '~';
    assert_false(paths_only(text, &paths));
    assert_true(clock() - start < CLOCKS_PER_SEC);
    free(text);
}

static void test_whole_and_name(void **state)
{
    char *whole;

    (void)state;
    assert_int_equal(chdir(folder), 0);
    whole = paths_whole("plain.png");
    assert_true(whole[0] == '/');
    assert_string_equal(paths_name(whole), "plain.png");
    free(whole);
    whole = paths_whole("not/there.png");
    assert_string_equal(whole, "not/there.png");
    free(whole);
    assert_string_equal(paths_name("bare"), "bare");
}

static void test_mentions(void **state)
{
    static const struct { const char *text; size_t n_bytes; } cases[] = {
        { "@plain.png", 10 }, { "@plain.png, and", 10 }, { "@plain.png?!", 10 }, { "@plain.png.", 10 }, { "@plain.png)", 10 },
        { "@plain.png\xEC\x9D\x80", 10 }, { "@'plain.png'x", 12 }, { "@\"plain.png\",", 12 }, { "@with\\ blanks.png ", 17 },
        { "@~/plain.png", 12 }, { "@plain.pngx", 0 }, { "@plain", 0 }, { "@plain.png.bak", 0 }, { "@plain.png/x", 0 },
        { "@", 0 }, { "@ plain.png", 0 }, { "@\"plain.png", 0 }, { "@.", 0 }, { "plain.png", 0 }, { "@plain.png\\", 0 },
    };
    char *path;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        path = NULL;
        size_t n = paths_mention(cases[i].text, 0, &path);
        if (n != cases[i].n_bytes)
            fail_msg("%s: %zu bytes, not %zu", cases[i].text, n, cases[i].n_bytes);
        assert_true((n > 0) == (path != NULL));
        free(path);
    }
    assert_int_equal(paths_mention("x@plain.png", 1, &path), 0);        /* an address */
    assert_int_equal(paths_mention("(@plain.png)", 1, &path), 10);
    free(path);
    assert_int_equal(mkfifo("pipe.png", 0600), 0);
    assert_int_equal(paths_mention("@pipe.png", 0, &path), 0);
    make("secret.png");
    if (chmod("secret.png", 0) == 0 && access("secret.png", R_OK) != 0)
        assert_int_equal(paths_mention("@secret.png", 0, &path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms), cmocka_unit_test(test_several), cmocka_unit_test(test_other_spaces_and_forms),
        cmocka_unit_test(test_only_paths), cmocka_unit_test(test_backslashes_in_quotes), cmocka_unit_test(test_a_path_a_line),
        cmocka_unit_test(test_this_host), cmocka_unit_test(test_long_text_is_cheap), cmocka_unit_test(test_whole_and_name),
        cmocka_unit_test(test_mentions),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
