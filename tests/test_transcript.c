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
    strcpy(t->language, "en");
    t->language_p = 0.98704f;
    t->seconds = 3700.5;
    return t;
}

static void check_form(struct transcript *t, enum transcript_format format, const char *want)
{
    char *text = transcript_format(t, format);

    assert_string_equal(text, want);
    free(text);
}

static void test_forms(void **state)
{
    struct transcript *t = sample();
    (void)state;

    check_form(t, TRANSCRIPT_TXT, "Hello & <b> 안녕\n");
    check_form(t, TRANSCRIPT_SRT, "1\n00:00:00,000 --> 00:00:02,500\nHello & <b>\n\n"
                                  "2\n01:01:01,040 --> 01:01:03,000\n안녕\n\n");
    check_form(t, TRANSCRIPT_VTT, "WEBVTT\n\n00:00:00.000 --> 00:00:02.500\nHello &amp; &lt;b&gt;\n\n"
                                  "01:01:01.040 --> 01:01:03.000\n안녕\n\n");
    check_form(t, TRANSCRIPT_LRC, "[00:00.00]Hello & <b>\n[61:01.04]안녕\n");
    check_form(t, TRANSCRIPT_CSV, "start,end,speaker,text\r\n0.000,2.500,,Hello & <b>\r\n3661.040,3663.000,,안녕\r\n");
    check_form(t, TRANSCRIPT_JSON,
               "{\"language\":\"en\",\"language_p\":0.987,\"seconds\":3700.5,\"text\":\"Hello & <b> 안녕\",\"segments\":["
               "{\"start\":0,\"end\":2.5,\"text\":\"Hello & <b>\",\"avg_logprob\":-0.3,\"no_speech_p\":0.1},"
               "{\"start\":3661.04,\"end\":3663,\"text\":\"안녕\",\"avg_logprob\":-0.3,\"no_speech_p\":0.1}]}\n");
    transcript_free(t);
}

static struct word spoken(double start, double end, const char *text)
{
    return (struct word){ .start = start, .end = end, .text = strdup(text), .p = 0.5f };
}

/* Two people, the words of the first line timed: one of them, "&", has a time that lies outside its cue. */
static struct transcript *call(const char *language)
{
    struct transcript *t = calloc(1, sizeof *t);

    assert_non_null(t);
    assert_true(transcript_add(t, 1.0, 2.0, "Yes & \"no\"", 10, 0, 0, NULL));
    assert_true(transcript_add(t, 2.0, 3.0, "Well.", 5, 0, 0, NULL));
    assert_true(transcript_add(t, 3.0, 4.0, "So,\nso", 6, 0, 0, NULL));
    t->segments[0].channel = t->segments[1].channel = 1;
    t->segments[2].channel = 2;
    t->segments[0].words = calloc(3, sizeof(struct word));
    assert_non_null(t->segments[0].words);
    t->segments[0].n_words = 3;
    t->segments[0].words[0] = spoken(1.0, 1.2, " Yes");
    t->segments[0].words[1] = spoken(1.0, 1.3, " &");
    t->segments[0].words[2] = spoken(1.4, 1.9, " \"no\"");
    t->text = strdup("Yes & \"no\" Well. So,\nso");
    strcpy(t->language, language);
    return t;
}

static void test_speakers_and_words(void **state)
{
    struct transcript *t = call("en");
    (void)state;

    check_form(t, TRANSCRIPT_TXT, "Speaker 1: Yes & \"no\" Well.\nSpeaker 2: So, so\n");
    check_form(t, TRANSCRIPT_SRT, "1\n00:00:01,000 --> 00:00:02,000\nSpeaker 1: Yes & \"no\"\n\n"
                                  "2\n00:00:02,000 --> 00:00:03,000\nSpeaker 1: Well.\n\n"
                                  "3\n00:00:03,000 --> 00:00:04,000\nSpeaker 2: So, so\n\n");
    check_form(t, TRANSCRIPT_VTT, "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n<v Speaker 1>Yes &amp;<00:00:01.400> \"no\"\n\n"
                                  "00:00:02.000 --> 00:00:03.000\n<v Speaker 1>Well.\n\n"
                                  "00:00:03.000 --> 00:00:04.000\n<v Speaker 2>So, so\n\n");
    check_form(t, TRANSCRIPT_LRC, "[00:01.00]Speaker 1: Yes & \"no\"\n[00:02.00]Speaker 1: Well.\n[00:03.00]Speaker 2: So, so\n");
    check_form(t, TRANSCRIPT_CSV, "start,end,speaker,text\r\n1.000,2.000,Speaker 1,\"Yes & \"\"no\"\"\"\r\n"
                                  "2.000,3.000,Speaker 1,Well.\r\n3.000,4.000,Speaker 2,\"So,\nso\"\r\n");
    check_form(t, TRANSCRIPT_JSON,
               "{\"language\":\"en\",\"language_p\":0,\"seconds\":0,\"text\":\"Yes & \\\"no\\\" Well. So,\\nso\",\"segments\":["
               "{\"start\":1,\"end\":2,\"text\":\"Yes & \\\"no\\\"\",\"avg_logprob\":0,\"no_speech_p\":0,\"channel\":1,\"words\":["
               "{\"start\":1,\"end\":1.2,\"text\":\" Yes\",\"p\":0.5},{\"start\":1,\"end\":1.3,\"text\":\" &\",\"p\":0.5},"
               "{\"start\":1.4,\"end\":1.9,\"text\":\" \\\"no\\\"\",\"p\":0.5}]},"
               "{\"start\":2,\"end\":3,\"text\":\"Well.\",\"avg_logprob\":0,\"no_speech_p\":0,\"channel\":1},"
               "{\"start\":3,\"end\":4,\"text\":\"So,\\nso\",\"avg_logprob\":0,\"no_speech_p\":0,\"channel\":2}]}\n");
    transcript_free(t);
    t = call("ko");
    check_form(t, TRANSCRIPT_TXT, "화자 1: Yes & \"no\" Well.\n화자 2: So, so\n");
    transcript_free(t);
}

/* What was heard stays beside the correction, words without times would be wrong ones. */
static void test_corrected(void **state)
{
    struct transcript *t = call("en"), *c;
    const char *const texts[] = { "Yes or no", NULL, NULL }, *const none[] = { NULL, NULL, NULL };
    (void)state;

    c = transcript_corrected(t, texts, NULL);
    check_form(c, TRANSCRIPT_LRC, "[00:01.00]Speaker 1: Yes or no\n[00:02.00]Speaker 1: Well.\n[00:03.00]Speaker 2: So, so\n");
    assert_string_equal(c->text, "Yes or no Well. So,\nso");
    assert_string_equal(c->segments[0].heard, "Yes & \"no\"");
    assert_null(c->segments[1].heard);
    assert_int_equal(c->segments[0].n_words, 0);
    char *json = transcript_format(c, TRANSCRIPT_JSON);
    assert_non_null(strstr(json, "\"text\":\"Yes or no\",\"avg_logprob\":0,\"no_speech_p\":0,\"edited\":true,\"heard\":\"Yes & \\\"no\\\"\""));
    free(json);
    transcript_free(c);
    c = transcript_corrected(t, none, NULL);
    assert_int_equal(c->segments[0].n_words, 3);
    assert_string_equal(c->segments[0].words[2].text, " \"no\"");
    transcript_free(t);                             /* the copy has its own */
    assert_string_equal(c->segments[0].words[2].text, " \"no\"");
    transcript_free(c);
}

static void test_names(void **state)
{
    enum transcript_format format;
    (void)state;

    for (int i = 0; i < TRANSCRIPT_N_FORMATS; i++) {
        assert_true(transcript_format_find(transcript_format_name((enum transcript_format)i), &format));
        assert_int_equal(format, i);
    }
    assert_string_equal(transcript_format_name(TRANSCRIPT_LRC), "lrc");
    assert_false(transcript_format_find("doc", &format));
}

static void test_empty(void **state)
{
    struct transcript *t = calloc(1, sizeof *t);
    (void)state;

    t->text = strdup("");
    check_form(t, TRANSCRIPT_TXT, "\n");
    check_form(t, TRANSCRIPT_SRT, "");
    check_form(t, TRANSCRIPT_VTT, "WEBVTT\n\n");
    check_form(t, TRANSCRIPT_LRC, "");
    check_form(t, TRANSCRIPT_CSV, "start,end,speaker,text\r\n");
    check_form(t, TRANSCRIPT_JSON, "{\"language\":\"\",\"language_p\":0,\"seconds\":0,\"text\":\"\",\"segments\":[]}\n");
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
        cmocka_unit_test(test_forms), cmocka_unit_test(test_speakers_and_words), cmocka_unit_test(test_names), cmocka_unit_test(test_corrected),
        cmocka_unit_test(test_empty), cmocka_unit_test(test_clean), cmocka_unit_test(test_languages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
