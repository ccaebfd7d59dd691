/* test_transcript.c - the forms of a transcript, its text from doubtful bytes, languages. */
#include "audio/transcript.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audio/language.h"

static struct transcript *sample(void)
{
    struct transcript *t = calloc(1, sizeof *t);

    assert_non_null(t);
    assert_true(transcript_add(t, 0.0, 2.5, " Hello & <b>", 12, -0.3f, 0.1f, NULL));
    assert_true(transcript_add(t, 2.5, 2.5, "  \n", 3, -0.3f, 0.1f, NULL));
    assert_true(transcript_add(t, 3661.0401, 3662.9996, " 안녕", 7, -0.3f, 0.1f, NULL));
    t->text = strdup("Hello & <b> 안녕");
    return t;
}

static void check_form(enum transcript_format format, const char *want)
{
    struct transcript *t = sample();
    char *text = transcript_format(t, format);

    assert_string_equal(text, want);
    free(text);
    transcript_free(t);
}

static void test_forms(void **state)
{
    (void)state;
    check_form(TRANSCRIPT_TXT, "Hello & <b> 안녕\n");
    check_form(TRANSCRIPT_SRT, "1\n00:00:00,000 --> 00:00:02,500\nHello & <b>\n\n"
                               "2\n01:01:01,040 --> 01:01:03,000\n안녕\n\n");
    check_form(TRANSCRIPT_VTT, "WEBVTT\n\n00:00:00.000 --> 00:00:02.500\nHello &amp; &lt;b&gt;\n\n"
                               "01:01:01.040 --> 01:01:03.000\n안녕\n\n");
}

static void test_empty(void **state)
{
    struct transcript *t = calloc(1, sizeof *t);
    const char *const want[] = { "\n", "", "WEBVTT\n\n" };
    (void)state;

    t->text = strdup("");
    for (int i = TRANSCRIPT_TXT; i <= TRANSCRIPT_VTT; i++) {
        char *text = transcript_format(t, (enum transcript_format)i);
        assert_string_equal(text, want[i]);
        free(text);
    }
    transcript_free(t);
    transcript_free(NULL);
}

static void test_clean(void **state)
{
    static const struct { const char *in, *out; } cases[] = {
        { "plain", "plain" }, { "\xED\x95", "\xEF\xBF\xBD" }, { "a\xFFz", "a\xEF\xBF\xBDz" }, { "", "" },
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = transcript_clean(cases[i].in, strlen(cases[i].in), NULL);
        assert_string_equal(text, cases[i].out);
        free(text);
    }
}

/* Places in the order of tokens from the vocabulary of the published models. */
static void test_languages(void **state)
{
    static const struct { size_t i; const char *code; } places[] = {
        { 0, "en" }, { 5, "ko" }, { 7, "ja" }, { 20, "he" }, { 50, "br" }, { 63, "si" }, { 80, "ht" }, { 93, "haw" }, { 98, "su" }, { 99, "yue" },
    };
    const char *code, *english;
    (void)state;

    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        assert_string_equal(language_code(places[i].i), places[i].code);
    for (size_t i = 0; i < LANGUAGE_MAX; i++)
        assert_int_equal(language_find(language_code(i)), i);
    assert_true(whisper_language("KOREAN", &code, &english));
    assert_string_equal(code, "ko");
    assert_string_equal(english, "Korean");
    assert_false(whisper_language("klingon", &code, &english));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms), cmocka_unit_test(test_empty), cmocka_unit_test(test_clean), cmocka_unit_test(test_languages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
