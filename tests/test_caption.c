/* What people would call it: who, doing what, where - only over the thresholds, and only where the
 * things found bear it out. */
#include "base/asset.h"
#include "fusion/caption.h"
#include "fusion/evidence.h"
#include "vision/head.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/expect_words.h"

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

static void test_who(void **state)
{
    struct vision_object one[] = { thing("person", 1), thing("car", 1) }, two[] = { thing("person", 2) };
    struct vision_report r = report(one, 2);
    (void)state;

    one[0].colour = "red";                              /* of the clothes */
    word(&r, "man", 0.46f);
    expect_words(evidence_sentence, &r, "The image shows a man and a car.");
    expect_words(evidence_sentence_korean, &r, "이 사진에는 남자 한 명, 자동차 한 대가 있습니다.");
    word(&r, "woman", 0.31f);                           /* over half as many say so */
    expect_words(evidence_sentence, &r, "The image shows a person and a car.");
    r.n_words = 0;
    word(&r, "man", 0.39f);
    expect_words(evidence_sentence, &r, "The image shows a person and a car.");
    r.n_words = 0;
    word(&r, "girl", 0.6f);                             /* captions disagree about children */
    expect_words(evidence_sentence, &r, "The image shows a child and a car.");
    r.words[0].p = 0.66f;
    expect_words(evidence_sentence, &r, "The image shows a girl and a car.");
    word(&r, "woman", 0.2f);
    r.words[0] = (struct vision_word){ "baby", 0.5f };
    expect_words(evidence_sentence, &r, "The image shows a baby and a car.");
    r.words[1].p = 0.35f;                               /* a baby elephant, perhaps */
    expect_words(evidence_sentence, &r, "The image shows a person and a car.");
    r.words[0] = (struct vision_word){ "player", 0.46f };
    expect_words(evidence_sentence, &r, "The image shows a player and a car.");
    r = report(two, 1);
    word(&r, "man", 0.9f);                              /* which of the two? */
    expect_words(evidence_sentence, &r, "The image shows two people.");
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
    expect_words(evidence_sentence, &r, "The image shows a dog and a man riding a horse.");
    expect_words(evidence_sentence_korean, &r, "이 사진에는 말을 타는 남자 한 명, 개 한 마리가 있습니다.");
    rider[0].colour = "red";
    rider[0].finer = "sorrel";
    rider[1].place = "left";
    expect_words(evidence_sentence, &r, "The image shows a dog and a man riding a red horse (perhaps a sorrel) on the left.");
    expect_words(evidence_sentence_korean, &r, "이 사진에는 왼쪽에 말을 타는 남자 한 명, 개 한 마리가 있습니다.");
    rider[0] = thing("horse", 2);                       /* on which?  Then nothing lesser is going on either */
    rider[1].place = "";
    word(&r, "standing", 0.46f);
    expect_words(evidence_sentence, &r, "The image shows two horses, a man and a dog.");
    r = report(walker, 2);
    word(&r, "riding", 0.4f);                           /* nothing to ride on */
    expect_words(evidence_sentence, &r, "The image shows a person and a dog.");
    word(&r, "sitting", 0.6f);                          /* the person's, not the dog's */
    expect_words(evidence_sentence, &r, "The image shows a dog and a person sitting.");
    r = report(alone, 1);
    word(&r, "standing", 0.46f);
    expect_words(evidence_sentence, &r, "The image shows two zebras standing.");
    r.words[0].p = 0.39f;
    expect_words(evidence_sentence, &r, "The image shows two zebras.");
    r = report(seats, 2);
    word(&r, "sitting", 0.36f);
    expect_words(evidence_sentence, &r, "The image shows a person sitting on a bench.");
    r = report(birds, 2);
    word(&r, "flying", 0.9f);                           /* either could */
    expect_words(evidence_sentence, &r, "The image shows several birds and a kite.");
}

static void test_where(void **state)
{
    struct vision_object cup[] = { thing("cup", 1) }, table[] = { thing("dining table", 1) };
    struct vision_report r = report(cup, 1);
    (void)state;

    word(&r, "room", 0.5f);
    word(&r, "kitchen", 0.6f);                          /* the likeliest */
    expect_words(evidence_sentence, &r, "The image shows a cup in a kitchen.");
    expect_words(evidence_sentence_korean, &r, "이 사진에는 컵 하나가 있습니다. 장소는 부엌입니다.");
    r.text = (char *)"STOP";
    expect_words(evidence_sentence_korean, &r, "이 사진에는 \"STOP\"라는 글과 컵 하나가 있습니다. 장소는 부엌입니다.");
    r.text = (char *)"";
    r.tags[r.n_tags++] = (struct vision_tag){ "restaurant", "", 0.6f, "" };         /* the classifier is surer */
    expect_words(evidence_sentence, &r, "The image shows a cup in a restaurant.");
    r.tags[0] = (struct vision_tag){ "abacus", "", 0.7f, "" };
    r.n_objects = 0;
    expect_words(evidence_sentence, &r, "The image shows an abacus in a kitchen.");
    struct vision_object bird[] = { thing("bird", 1) }, man[] = { thing("person", 1) };
    r = report(cup, 1);
    word(&r, "food", 0.6f);                             /* no place */
    expect_words(evidence_sentence, &r, "The image shows a cup with food.");
    expect_words(evidence_sentence_korean, &r, "이 사진에는 컵 하나가 있습니다. 음식도 있습니다.");
    r = report(bird, 1);
    word(&r, "flying", 0.5f);
    word(&r, "field", 0.9f);                            /* it is above it */
    expect_words(evidence_sentence, &r, "The image shows a bird flying.");
    expect_words(evidence_sentence_korean, &r, "이 사진에는 날고 있는 새 한 마리가 있습니다.");
    r = report(man, 1);
    word(&r, "table", 0.9f);                            /* he is at it, not on it */
    expect_words(evidence_sentence, &r, "The image shows a person.");
    r = report(table, 1);
    word(&r, "table", 0.9f);                            /* told already */
    expect_words(evidence_sentence, &r, "The image shows a table.");
    r = report(NULL, 0);
    word(&r, "beach", 0.36f);                           /* nothing else was recognised */
    expect_words(evidence_sentence, &r, "The image shows a beach.");
    expect_words(evidence_sentence_korean, &r, "이 사진에는 해변이 있습니다.");
    r.words[0].p = 0.24f;
    expect_words(evidence_sentence, &r, "The image shows something that could not be identified.");
    word(&r, "plate", 0.9f);                            /* no picture of its own */
    expect_words(evidence_sentence, &r, "The image shows something that could not be identified.");
}

/* What is looked for the head can say. */
static void test_the_head_has_the_words(void **state)
{
    const struct asset *a = asset_find("concepts.gguf");
    struct head *h = head_open("concepts.gguf", a->data, a->n_bytes, NULL);
    (void)state;

    assert_non_null(h);
    assert_string_equal(caption_word(0), "man");
    for (size_t i = 0; caption_word(i) != NULL; i++) {
        size_t k = 0;
        while (k < head_n_words(h) && strcmp(head_word(h, k), caption_word(i)) != 0)
            k++;
        if (k == head_n_words(h))
            fail_msg("the head has no word %s", caption_word(i));
    }
    head_close(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_who), cmocka_unit_test(test_doing), cmocka_unit_test(test_where),
                                        cmocka_unit_test(test_the_head_has_the_words) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
