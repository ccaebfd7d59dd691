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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms), cmocka_unit_test(test_several), cmocka_unit_test(test_other_spaces_and_forms),
        cmocka_unit_test(test_only_paths),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
