/* What people would call it: who, doing what, where - only over the thresholds, and only where the
 * things found bear it out. */
#include "fusion/caption.h"
#include "fusion/evidence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct vision_object thing(const char *name, size_t count)
{
    return (struct vision_object){ .name = name, .count = count, .place = "", .p = 0.8f, .colour = "", .finer = "" };
}

static struct vision_report report(struct vision_object *objects, size_t n)
{
    return (struct vision_report){ .best_kind = "", .objects = objects, .n_objects = n, .text = (char *)"", .note = "" };
}

static void word(struct vision_report *r, const char *text, float p)
{
    r->words[r->n_words++] = (struct vision_word){ text, p };
}

static void expect(void (*tell)(struct words *b, const struct vision_report *r), const struct vision_report *r, const char *want)
{
    struct words b = { 0 };
    struct error err = { 0 };

    tell(&b, r);
    char *text = words_take(&b, &err);
    assert_non_null(text);
    assert_string_equal(text, want);
    free(text);
}

static void test_who(void **state)
{
    struct vision_object one[] = { thing("person", 1), thing("car", 1) }, two[] = { thing("person", 2) };
    struct vision_report r = report(one, 2);
    (void)state;

    one[0].colour = "red";                              /* of the clothes */
    word(&r, "man", 0.46f);
    expect(evidence_sentence, &r, "The image shows a man and a car.");
    expect(evidence_sentence_korean, &r, "이 사진에는 남자 한 명, 자동차 한 대가 있습니다.");
    word(&r, "woman", 0.24f);                           /* over half as many say so */
    expect(evidence_sentence, &r, "The image shows a person and a car.");
    r.n_words = 0;
    word(&r, "man", 0.44f);
    expect(evidence_sentence, &r, "The image shows a person and a car.");
    r.n_words = 0;
    word(&r, "girl", 0.6f);                             /* captions disagree about children */
    expect(evidence_sentence, &r, "The image shows a child and a car.");
    r.words[0].p = 0.66f;
    expect(evidence_sentence, &r, "The image shows a girl and a car.");
    r = report(two, 1);
    word(&r, "man", 0.9f);                              /* which of the two? */
    expect(evidence_sentence, &r, "The image shows two people.");
}

static void test_doing(void **state)
{
    struct vision_object rider[] = { thing("horse", 1), thing("person", 1), thing("dog", 1) };
    struct vision_object walker[] = { thing("person", 1), thing("dog", 1) }, alone[] = { thing("zebra", 2) };
    struct vision_object seats[] = { thing("person", 1), thing("bench", 1) }, birds[] = { thing("bird", 4), thing("kite", 1) };
    struct vision_report r = report(rider, 3);
    (void)state;

    word(&r, "riding", 0.5f);
    word(&r, "man", 0.5f);
    expect(evidence_sentence, &r, "The image shows a man riding a horse and a dog.");
    expect(evidence_sentence_korean, &r, "이 사진에는 말을 타는 남자 한 명, 개 한 마리가 있습니다.");
    rider[0].count = 2;                                 /* on which? */
    expect(evidence_sentence, &r, "The image shows two horses, a man and a dog.");
    r = report(walker, 2);
    word(&r, "riding", 0.9f);                           /* nothing to ride on */
    expect(evidence_sentence, &r, "The image shows a person and a dog.");
    word(&r, "sitting", 0.6f);                          /* the person's, not the dog's */
    expect(evidence_sentence, &r, "The image shows a person sitting and a dog.");
    r = report(alone, 1);
    word(&r, "standing", 0.46f);
    expect(evidence_sentence, &r, "The image shows two zebras standing.");
    r.words[0].p = 0.44f;
    expect(evidence_sentence, &r, "The image shows two zebras.");
    r = report(seats, 2);
    word(&r, "sitting", 0.36f);
    expect(evidence_sentence, &r, "The image shows a person sitting on a bench.");
    r = report(birds, 2);
    word(&r, "flying", 0.9f);                           /* either could */
    expect(evidence_sentence, &r, "The image shows several birds and a kite.");
}

static void test_where(void **state)
{
    struct vision_object cup[] = { thing("cup", 1) }, table[] = { thing("dining table", 1) };
    struct vision_report r = report(cup, 1);
    (void)state;

    word(&r, "room", 0.5f);
    word(&r, "kitchen", 0.6f);                          /* the likeliest */
    expect(evidence_sentence, &r, "The image shows a cup in a kitchen.");
    expect(evidence_sentence_korean, &r, "이 사진에는 부엌에 컵 하나가 있습니다.");
    r = report(table, 1);
    word(&r, "table", 0.9f);                            /* told already */
    expect(evidence_sentence, &r, "The image shows a table.");
    r = report(NULL, 0);
    word(&r, "beach", 0.36f);                           /* nothing else was recognised */
    expect(evidence_sentence, &r, "The image shows a beach.");
    expect(evidence_sentence_korean, &r, "이 사진에는 해변이 있습니다.");
    r.words[0].p = 0.34f;
    expect(evidence_sentence, &r, "The image shows something that could not be identified.");
    word(&r, "plate", 0.9f);                            /* no picture of its own */
    expect(evidence_sentence, &r, "The image shows something that could not be identified.");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_who), cmocka_unit_test(test_doing), cmocka_unit_test(test_where) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
