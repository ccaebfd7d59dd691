/* Findings to words: what is said, in which order, with which doubt - and nothing else. */
#include "fusion/evidence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/expect_words.h"

static struct vision_object object(const char *name, size_t count, const char *place)
{
    return (struct vision_object){ .name = name, .count = count, .place = place, .p = 0.8f, .colour = "", .finer = "" };
}

static struct vision_report report(struct vision_object *objects, size_t n)
{
    return (struct vision_report){ .best_kind = "", .objects = objects, .n_objects = n, .text = (char *)"", .note = "" };
}

static void add_tag(struct vision_report *r, const char *name, const char *kind, float p)
{
    r->tags[r->n_tags++] = (struct vision_tag){ name, kind, p, "" };
}

/* ---- things ------------------------------------------------------------------------ */

static void test_objects(void **state)
{
    struct vision_object one[] = { object("umbrella", 1, "") };
    struct vision_object two[] = { object("person", 2, ""), object("dog", 1, "left") };
    struct vision_object many[] = { object("elephant", 3, ""), object("person", 7, ""), object("scissors", 1, "top"),
                                    object("broccoli", 1, "bottom") };
    struct vision_report r = report(one, 1);

    (void)state;
    expect_words(evidence_sentence, &r, "The image shows an umbrella.");
    r = report(two, 2);
    expect_words(evidence_sentence, &r, "The image shows two people and a dog on the left.");
    two[1].finer = "miniature pinscher";
    two[1].place = "right";
    two[0].colour = "red";                      /* a person's clothes, perhaps; never "a red person" */
    two[1].colour = "grey";                     /* as likely the light as the dog */
    expect_words(evidence_sentence, &r,
                 "The image shows two people and a dog (perhaps a miniature pinscher) on the right.");
    two[1] = object("umbrella", 1, "");
    two[1].colour = "blue";
    two[0].finer = "baseball player";
    expect_words(evidence_sentence, &r, "The image shows two people (one perhaps a baseball player) and a blue umbrella.");
    two[1].colour = "orange";
    expect_words(evidence_sentence, &r, "The image shows two people (one perhaps a baseball player) and an orange umbrella.");
    r = report(many, 4);
    expect_words(evidence_sentence, &r, "The image shows three elephants, several people, a pair of scissors at the top "
                                        "and broccoli at the bottom.");
}

/* A scene is added only when the classifier is sure; no other name of its is. */
static void test_scene(void **state)
{
    struct vision_object cakes[] = { object("cake", 4, "") };
    struct vision_report r = report(cakes, 1);

    (void)state;
    add_tag(&r, "bakery", "", 0.7f);
    expect_words(evidence_sentence, &r, "The image shows several cakes in a bakery.");
    r.tags[0].p = 0.5f;
    expect_words(evidence_sentence, &r, "The image shows several cakes.");
    r.tags[0] = (struct vision_tag){ "gown", "", 0.99f, "" };
    expect_words(evidence_sentence, &r, "The image shows several cakes.");
}

/* ---- one subject that only the classifier names ------------------------------------------- */

static void test_subject(void **state)
{
    struct vision_report r = report(NULL, 0);

    (void)state;
    expect_words(evidence_sentence, &r, "The image shows something that could not be identified.");
    add_tag(&r, "abacus", "", 0.61f);
    expect_words(evidence_sentence, &r, "The image shows an abacus.");
    r.tags[0].p = 0.5f;
    add_tag(&r, "violin", "", 0.3f);
    add_tag(&r, "cello", "", 0.079f);           /* under the least that is said */
    expect_words(evidence_sentence, &r, "The image shows an abacus or a violin.");
    r.tags[2].p = 0.08f;
    expect_words(evidence_sentence, &r, "The image shows an abacus or a violin or a cello.");
    r.tags[0].p = r.tags[1].p = 0.19f;
    expect_words(evidence_sentence, &r, "The image shows something that could not be identified.");
}

/* No name, and why. */
static void test_too_small(void **state)
{
    struct vision_report r = report(NULL, 0);
    struct words b = { 0 };

    (void)state;
    r.too_small = true;
    expect_words(evidence_sentence, &r, "The image shows something too small to be identified.");
    expect_words(evidence_sentence_korean, &r, "이 사진에는 너무 작아서 무엇인지 알아볼 수 없는 것이 있습니다.");
    evidence_facts(&b, &r, false);
    assert_non_null(strstr(b.text, "too small"));
    words_done(&b);
}

static void test_kind(void **state)
{
    struct vision_report r = report(NULL, 0);

    (void)state;
    add_tag(&r, "langur", "monkey", 0.9f);
    r.best_kind = "monkey";
    r.best_kind_p = 0.95f;
    expect_words(evidence_sentence, &r, "The image shows a langur, a kind of monkey.");
    r.tags[0] = (struct vision_tag){ "vine snake", "snake", 0.9f, "" };     /* the name says its kind */
    expect_words(evidence_sentence, &r, "The image shows a vine snake.");

    r.tags[0] = (struct vision_tag){ "beagle", "dog", 0.45f, "" };
    add_tag(&r, "abacus", "", 0.1f);            /* not of the kind: not said */
    add_tag(&r, "basset", "dog", 0.09f);
    r.best_kind = "dog";
    r.best_kind_p = 0.71f;
    expect_words(evidence_sentence, &r, "The image shows a dog, perhaps a beagle or a basset.");
    r.tags[0].p = 0.58f;                        /* g - a <= 0.15: the names alone */
    expect_words(evidence_sentence, &r, "The image shows a beagle or an abacus or a basset.");
}

/* Names that repeat (there are two "sunglasses") are said once. */
static void test_repeated_name(void **state)
{
    struct vision_report r = report(NULL, 0);

    (void)state;
    add_tag(&r, "violin", "", 0.4f);
    add_tag(&r, "violin", "", 0.3f);
    expect_words(evidence_sentence, &r, "The image shows a violin.");
}

/* ---- text in the image ------------------------------------------------------------------------ */

static void test_text(void **state)
{
    struct vision_object sign[] = { object("stop sign", 1, "") };
    struct vision_report r = report(sign, 1);

    (void)state;
    r.text = (char *)"STOP\nALL WAY\n";
    expect_words(evidence_sentence, &r, "The image shows a stop sign, with the text \"STOP ALL WAY\".");
    r = report(NULL, 0);
    r.text = (char *)"Not Found";
    expect_words(evidence_sentence, &r, "The image shows text that reads \"Not Found\".");
    assert_true(evidence_is_text(&r));
    add_tag(&r, "book cover", "", 0.9f);
    assert_false(evidence_is_text(&r));
}

static void test_quote(void **state)
{
    struct words b = { 0 };

    (void)state;
    evidence_quote(&b, "one two three", 7);
    assert_string_equal(b.text, "\"one two ...\"");
    words_done(&b);
    evidence_quote(&b, "한국어글자", 8);         /* no space to cut at: between characters */
    assert_string_equal(b.text, "\"한국 ...\"");
    words_done(&b);
    evidence_quote(&b, "exact \n", 5);
    assert_string_equal(b.text, "\"exact\"");
    words_done(&b);
}

/* ---- for questions -------------------------------------------------------------------------------- */

static void test_facts(void **state)
{
    struct vision_object bus[] = { object("bus", 1, "") };
    struct vision_report r = report(bus, 1);

    (void)state;
    bus[0].colour = "red";
    bus[0].place = "left";
    r.colours[0] = "grey";
    r.colours[1] = "blue";
    r.n_colours = 2;
    r.text = (char *)"Line 7\nDepot";
    struct words b = { 0 };
    evidence_facts(&b, &r, false);
    assert_non_null(strstr(b.text, "a red bus on the left."));
    assert_null(strstr(b.text, "grey"));
    assert_non_null(strstr(b.text, "\"Line 7 Depot\""));
    words_done(&b);
    evidence_facts(&b, &r, true);
    assert_non_null(strstr(b.text, "grey and blue"));
    words_done(&b);
    r = report(NULL, 0);
    evidence_facts(&b, &r, false);
    assert_non_null(strstr(b.text, "could not be identified"));
    assert_non_null(strstr(b.text, "No text"));
    assert_null(strstr(b.text, "olour"));
    words_done(&b);
}

/* ---- Korean ------------------------------------------------------------------------------------------- */

/* 명, 마리, 대, 개 end in a consonant or a vowel: the particle follows. */
static void test_korean(void **state)
{
    struct vision_object two[] = { object("person", 2, ""), object("dog", 1, "left") };
    struct vision_object cup[] = { object("cup", 1, "") };
    struct vision_object man[] = { object("person", 5, "") };
    struct vision_report r = report(two, 2);

    (void)state;
    expect_words(evidence_sentence_korean, &r, "이 사진에는 사람 두 명, 왼쪽에 개 한 마리가 있습니다.");
    r = report(cup, 1);
    expect_words(evidence_sentence_korean, &r, "이 사진에는 컵 하나가 있습니다.");      /* not 한 개: 개 is a dog too */
    cup[0].count = 2;
    expect_words(evidence_sentence_korean, &r, "이 사진에는 컵 둘이 있습니다.");
    r = report(man, 1);
    expect_words(evidence_sentence_korean, &r, "이 사진에는 사람 여러 명이 있습니다.");
    r = report(NULL, 0);
    expect_words(evidence_sentence_korean, &r, "이 사진에는 무엇인지 알아볼 수 없는 것이 있습니다.");
    add_tag(&r, "beagle", "dog", 0.45f);
    r.best_kind = "dog";
    r.best_kind_p = 0.8f;
    expect_words(evidence_sentence_korean, &r, "이 사진에는 개(아마도 비글)가 있습니다.");
    r = report(NULL, 0);
    add_tag(&r, "quux", "", 0.9f);              /* no Korean noun: English, and both particles */
    expect_words(evidence_sentence_korean, &r, "이 사진에는 quux이(가) 있습니다.");
    r = report(NULL, 0);
    r.text = (char *)"출구";
    expect_words(evidence_sentence_korean, &r, "이 사진에는 \"출구\"라는 글이 있습니다.");
}

/* ---- clips ---------------------------------------------------------------------------------------------- */

static void test_clip(void **state)
{
    struct segment segments[] = { { .start = 0, .end = 7.6, .text = (char *)"And so my fellow Americans" },
                                  { .start = 67.9, .end = 70, .text = (char *)"ask not" },
                                  { .start = 3700.2, .end = 3702, .text = (char *)"thank you" } };
    struct transcript t = { .segments = segments, .n_segments = 3, .language = "en", .seconds = 3705 };
    struct words b = { 0 };

    (void)state;
    evidence_clip(&b, &t, SIZE_MAX, NULL);
    assert_non_null(strstr(b.text, "nglish"));
    assert_non_null(strstr(b.text, "\n[0:00] And so my fellow Americans\n[1:07] ask not\n[1:01:40] thank you"));
    assert_null(strstr(b.text, "left out"));
    words_done(&b);
    evidence_clip(&b, &t, 1, NULL);
    assert_non_null(strstr(b.text, "Americans\n(What is said after 1:07 is left out here, up to 1:01:45.)"));
    assert_null(strstr(b.text, "ask not"));
    words_done(&b);
    struct clip_spans parts = { .span = { { 68, 68, 0, 0 } }, .n = 1 };
    clip_spans_fit(&parts, &t);
    segments[1].channel = 2;
    evidence_clip(&b, &t, SIZE_MAX, &parts);
    assert_string_equal(b.text, "Length: 3705 seconds. Language: English. What is said in it from 1:07 to 1:10, with times:\n[1:07] Speaker 2: ask not");
    words_done(&b);
    evidence_clip_korean(&b, &t, SIZE_MAX, &parts);
    assert_string_equal(b.text, "길이: 3705초. 녹음에서 1:07부터 1:10까지 한 말과 시각:\n[1:07] 화자 2: ask not");
    words_done(&b);
    t.n_segments = 0;
    evidence_clip(&b, &t, SIZE_MAX, NULL);
    assert_non_null(strstr(b.text, "No speech"));
    words_done(&b);
    evidence_clip_korean(&b, &t, SIZE_MAX, NULL);
    assert_non_null(strstr(b.text, "들리는 말이 없습니다"));
    words_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_objects), cmocka_unit_test(test_scene), cmocka_unit_test(test_subject),
        cmocka_unit_test(test_kind), cmocka_unit_test(test_too_small), cmocka_unit_test(test_repeated_name), cmocka_unit_test(test_text),
        cmocka_unit_test(test_quote), cmocka_unit_test(test_facts), cmocka_unit_test(test_korean),
        cmocka_unit_test(test_clip),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
