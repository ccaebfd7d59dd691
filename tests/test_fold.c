/* Search whatever the case, against python's unicodedata. */
#include "store/fold.h"

#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* "at-end" of the first find, "" when there is none. */
static void check_find(const char *text, const char *query, const char *expected)
{
    char *folded = fold_query(query), found[64] = "";
    size_t n = strlen(text), at = 0, end = 0;
    char *exact = malloc(n > 0 ? n : 1);            /* without the NUL, so that a sanitizer sees a read past the end */

    memcpy(exact, text, n);
    assert_non_null(folded);
    if (fold_find(exact, n, folded, &at, &end))
        snprintf(found, sizeof found, "%zu-%zu", at, end);
    free(exact);
    free(folded);
    if (strcmp(found, expected) != 0)
        fail_msg("\"%s\" in \"%s\": \"%s\", \"%s\" was expected", query, text, found, expected);
}

static void test_find(void **state)
{
    (void)state;
    check_find("Hello World", "WORLD", "6-11");
    check_find("aab", "AB", "1-3");
    check_find("", "a", "");
    check_find("a", "ab", "");
    check_find("[\x5C]^", "{|}~", "");              /* only letters have case */
    check_find("STRASSE", "straße", "0-7");
    check_find("Straße", "STRASSE", "0-7");
    check_find("ß", "s", "");                       /* not half of it */
    check_find("ΟΔΟΣ", "οδος", "0-8");              /* final sigma */
    check_find("İstanbul", "i\xCC\x87stanbul", "0-9");
    check_find("\xC3\xA9t\xC3\xA9", "E\xCC\x81T", "0-3");
    check_find("e\xCC\x81t", "\xC3\x89", "0-3");
    check_find("e\xCC\x81t", "e", "");
    check_find("강물", "강", "0-3");
    check_find("강물", "가", "");
    check_find("\xE1\x84\x80\xE1\x85\xA1\xE1\x86\xBC" "2", "강2", "0-10");      /* jamo */
    check_find("\xEA\xB0\x80\xE1\x86\xBC", "강", "0-6");                        /* 가 and a final jamo */
    check_find("강", "\xE1\x84\x80\xE1\x85\xA1\xE1\x86\xBC", "0-3");
    check_find("か\xE3\x82\x99き", "がき", "0-9");
    check_find("a\xFF\xC3z", "\xFF\xC3Z", "1-4");
    check_find("a\xE2\x82", "\xE2\x82", "1-3");
    check_find("\xE2\x82\xAC", "\xE2\x82", "");
}

/* Every character against itself as python folds it: NFC of the case-folded NFD. */
static void test_every_character(void **state)
{
    static const char script[] = "python3 -c \"import unicodedata as u\n"
        "for c in range(1, 0x20000):\n"
        "    s = chr(c)\n"
        "    if u.category(s) in ('Cs', 'Cn') or u.combining(s): continue\n"
        "    f = u.normalize('NFC', u.normalize('NFD', s).casefold())\n"
        "    if f != s and len(f) == 1: print(s.encode().hex(), f.encode().hex())\"";
    char left[64], right[64], text[32], query[32];
    FILE *python = popen(script, "r");
    int n = 0;

    (void)state;
    while (fscanf(python, "%63s %63s", left, right) == 2) {
        for (size_t i = 0; i <= strlen(left) / 2; i++)
            text[i] = (char)(i < strlen(left) / 2 ? strtol((char[]){ left[2 * i], left[2 * i + 1], '\0' }, NULL, 16) : 0);
        for (size_t i = 0; i <= strlen(right) / 2; i++)
            query[i] = (char)(i < strlen(right) / 2 ? strtol((char[]){ right[2 * i], right[2 * i + 1], '\0' }, NULL, 16) : 0);
        char expected[16];
        snprintf(expected, sizeof expected, "0-%zu", strlen(text));
        check_find(text, query, expected);
        snprintf(expected, sizeof expected, "0-%zu", strlen(query));
        check_find(query, text, expected);
        n++;
    }
    assert_int_equal(pclose(python), 0);
    assert_true(n > 1000);
}

/* Random bytes: what is there is found where it is, and nothing reads past the end. */
static void test_random_bytes(void **state)
{
    uint32_t random = 99;
    char text[65], query[65];

    (void)state;
    for (int i = 0; i < 20000; i++) {
        size_t n = 0, at, end;
        for (n = 0; n < sizeof text - 1; n++) {
            random = random * 1664525 + 1013904223;
            text[n] = (char)(random >> 24);
            if (text[n] == '\0' || (random >> 16) % 40 == 0)
                break;
        }
        text[n] = '\0';
        if (n == 0)
            continue;
        memcpy(query, text, n + 1);
        char *folded = fold_query(query);
        assert_non_null(folded);
        assert_true(fold_find(text, n, folded, &at, &end));
        assert_int_equal(at, 0);
        assert_int_equal(end, n);
        free(folded);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_every_character),
        cmocka_unit_test(test_random_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
