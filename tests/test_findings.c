/* test_findings.c - the rules between both networks, on probabilities and boxes made
 * by hand.  Classes: 207 golden retriever, 208 Labrador retriever, 281 tabby cat
 * (ImageNet); 1 person, 17 cat, 18 dog, 25 giraffe, 52 banana (COCO). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vision/findings.h"
#include "vision/names.h"

enum { PERSON = 1, CAT = 17, DOG = 18, GIRAFFE = 25, BANANA = 52 };
enum { GECKO = 38, VINE_SNAKE = 59, NIGHT_SNAKE = 60, GOLDEN = 207, LABRADOR = 208, LEMON = 951, ZEBRA = 340 };

static void assert_near(double got, double want, double bound)
{
    if (!(fabs(got - want) <= bound))
        fail_msg("%.9g, expected %.9g", got, want);
}

/* Probabilities: what is given, the rest spread evenly. */
struct share { size_t i; float p; };
static const float *shares(const struct share *given, size_t n)
{
    static float p[CLASSIFIER_N_CLASS];
    float rest = 1.0f;

    for (size_t i = 0; i < n; i++)
        rest -= given[i].p;
    for (size_t i = 0; i < CLASSIFIER_N_CLASS; i++)
        p[i] = rest / CLASSIFIER_N_CLASS;
    for (size_t i = 0; i < n; i++)
        p[given[i].i] += given[i].p;
    return p;
}
#define SHARES(...) shares((const struct share[]){ __VA_ARGS__ }, sizeof (struct share[]){ __VA_ARGS__ } / sizeof(struct share))

static struct detection thing(int id, float score, float left, float top, float right, float bottom)
{
    return (struct detection){ id, score, { left, top, right, bottom } };
}

static void test_probabilities(void **state)
{
    float logits[CLASSIFIER_N_CLASS] = { 0 }, p[CLASSIFIER_N_CLASS], sum = 0.0f;
    (void)state;

    logits[7] = 0.6f;               /* exp(0.6 / 0.6) times as likely as each other */
    findings_probabilities(logits, p);
    for (size_t i = 0; i < CLASSIFIER_N_CLASS; i++)
        sum += p[i];
    assert_near((double)sum, 1.0, 1e-4);    /* 1000 roundings */
    assert_near((double)(p[7] / p[8]), exp(1.0), 1e-5);
}

static void test_believed(void **state)
{
    struct detection found[] = {
        thing(DOG, 0.66f, 0, 0, 1, 1), thing(CAT, 0.64f, 0, 0, 1, 1), thing(DOG, 0.55f, 0, 0, 1, 1),
        thing(PERSON, 0.58f, 0, 0, 1, 1), thing(DOG, 0.49f, 0, 0, 1, 1)
    };
    (void)state;

    /* Dogs in the classifier's view: 0.5 is enough for them, nothing else. */
    assert_int_equal(findings_believed(found, 5, SHARES({ GOLDEN, 0.2f }), NULL, 0), 2);
    assert_int_equal(found[0].id, DOG);
    assert_int_equal(found[1].id, DOG);
    assert_near((double)found[1].score, 0.55, 1e-6);
    /* Without its agreement only what is over 0.64. */
    assert_int_equal(findings_believed(found, 2, SHARES({ LEMON, 0.99f }), NULL, 0), 1);
}

/* Words of captions agree as the classifier does; a person is called many things. */
static void test_spoken(void **state)
{
    const struct vision_word dog[] = { { "sitting", 0.9f }, { "dog", 0.15f } }, man[] = { { "man", 0.5f } }, little[] = { { "dog", 0.14f } };
    const struct vision_word many[] = { { "man", 0.08f }, { "woman", 0.08f }, { "dog", 0.05f } };
    struct detection found[] = { thing(DOG, 0.55f, 0, 0, 1, 1), thing(PERSON, 0.58f, 0, 0, 1, 1) };
    (void)state;

    assert_int_equal(findings_believed(found, 2, SHARES({ LEMON, 0.99f }), little, 1), 0);
    assert_int_equal(findings_believed(found, 2, SHARES({ LEMON, 0.99f }), dog, 2), 1);
    assert_int_equal(found[0].id, DOG);
    found[0] = thing(PERSON, 0.58f, 0, 0, 1, 1);
    assert_int_equal(findings_believed(found, 1, SHARES({ LEMON, 0.99f }), man, 1), 1);
    assert_int_equal(findings_believed(found, 1, SHARES({ LEMON, 0.99f }), many, 3), 1);         /* either is a person */
    assert_near((double)findings_spoken(many, 3, PERSON), 0.16, 1e-6);
    assert_near((double)findings_spoken((const struct vision_word[]){ { "table", 0.7f } }, 1, 67), 0.7, 1e-6);
    assert_near((double)findings_spoken((const struct vision_word[]){ { "phone", 0.4f } }, 1, 77), 0.4, 1e-6);
    assert_near((double)findings_spoken((const struct vision_word[]){ { "phone", 0.4f } }, 1, PERSON), 0.0, 1e-6);
}

static void test_support_boundary(void **state)
{
    struct detection found = thing(DOG, 0.55f, 0, 0, 1, 1);
    (void)state;

    /* The rest of the probability, spread evenly, gives dogs some of it too. */
    assert_int_equal(findings_believed(&found, 1, SHARES({ LEMON, 0.995f }), NULL, 0), 0);
    assert_true(findings_support(SHARES({ GOLDEN, 0.03f }, { LABRADOR, 0.03f }, { LEMON, 0.93f }), DOG) >= 0.06f);
    assert_int_equal(findings_believed(&found, 1, SHARES({ GOLDEN, 0.03f }, { LABRADOR, 0.03f }, { LEMON, 0.93f }), NULL, 0), 1);
}

/* One dog seen twice, a second dog beside it, a far one behind, a cat in its place. */
static void test_once(void **state)
{
    struct detection found[] = {
        thing(DOG, 0.9f, 0.0f, 0.2f, 0.5f, 0.8f), thing(DOG, 0.8f, 0.1f, 0.25f, 0.52f, 0.55f), thing(DOG, 0.7f, 0.4f, 0.2f, 0.8f, 0.8f),
        thing(CAT, 0.6f, 0.0f, 0.2f, 0.5f, 0.8f), thing(DOG, 0.55f, 0.1f, 0.3f, 0.2f, 0.4f)
    };
    (void)state;

    assert_int_equal(findings_once(found, 5), 4);
    assert_near((double)found[1].score, 0.7, 1e-6);
    assert_int_equal(found[2].id, CAT);
    assert_near((double)found[3].score, 0.55, 1e-6);
    assert_int_equal(findings_once(found, 0), 0);
}

static void test_group(void **state)
{
    const struct detection found[] = {
        thing(PERSON, 0.9f, 0.1f, 0.1f, 0.2f, 0.3f), thing(DOG, 0.8f, 0.5f, 0.2f, 0.9f, 0.9f),
        thing(PERSON, 0.7f, 0.6f, 0.1f, 0.8f, 0.5f), thing(CAT, 0.6f, 0.0f, 0.4f, 0.1f, 0.5f)
    };
    struct vision_object objects[4];
    (void)state;

    assert_int_equal(findings_group(found, 4, objects), 3);
    assert_string_equal(objects[0].name, "dog");        /* 0.28 of the picture */
    assert_int_equal(objects[0].count, 1);
    assert_string_equal(objects[0].place, "right");
    assert_string_equal(objects[1].name, "person");     /* 0.08 and 0.02: the larger one's box, the better score */
    assert_int_equal(objects[1].count, 2);
    assert_string_equal(objects[1].place, "");
    assert_near((double)objects[1].p, 0.9, 1e-6);
    assert_near((double)objects[1].box[0], 0.6, 1e-6);
    assert_string_equal(objects[2].name, "cat");
    assert_string_equal(objects[2].place, "left");
    assert_string_equal(objects[2].finer, "");
    assert_int_equal(findings_group(found, 0, objects), 0);
}

static void test_place(void **state)
{
    (void)state;
    assert_string_equal(findings_place((const float[4]){ 0.0f, 0.0f, 0.4f, 1.0f }), "left");
    assert_string_equal(findings_place((const float[4]){ 0.5f, 0.0f, 1.0f, 1.0f }), "right");
    assert_string_equal(findings_place((const float[4]){ 0.2f, 0.0f, 0.8f, 0.3f }), "top");
    assert_string_equal(findings_place((const float[4]){ 0.2f, 0.7f, 0.8f, 1.0f }), "bottom");
    assert_string_equal(findings_place((const float[4]){ 0.0f, 0.0f, 1.0f, 1.0f }), "");
    assert_string_equal(findings_place((const float[4]){ 0.0f, 0.8f, 0.2f, 1.0f }), "left");
}

static void test_map_place(void **state)
{
    float map[CLASSIFIER_GRID * CLASSIFIER_GRID] = { 0 };
    (void)state;

    map[4 * CLASSIFIER_GRID + 4] = 1.0f;
    assert_string_equal(findings_map_place(map), "");
    map[4 * CLASSIFIER_GRID + 8] = 2.0f;
    assert_string_equal(findings_map_place(map), "right");
    map[0 * CLASSIFIER_GRID + 4] = 3.0f;
    assert_string_equal(findings_map_place(map), "top");
}

/* Classes of one name count together; kinds sum over theirs. */
static void test_tags(void **state)
{
    struct vision_tag tags[VISION_MAX_TAGS];
    size_t classes[VISION_MAX_TAGS], twin = 0;
    float p;
    (void)state;

    for (size_t i = 0; i < CLASSIFIER_N_CLASS && twin == 0; i++)
        twin = names_imagenet_same(i) != i ? i : 0;
    assert_int_not_equal(twin, 0);
    assert_int_equal(findings_tags(SHARES({ twin, 0.25f }, { names_imagenet_same(twin), 0.2f }, { GOLDEN, 0.4f }), tags, classes), VISION_MAX_TAGS);
    assert_string_equal(tags[0].name, names_imagenet(twin)->name);
    assert_true(tags[0].p > 0.45f);
    assert_int_equal(classes[0], names_imagenet_same(twin));
    assert_string_equal(tags[1].name, "golden retriever");
    assert_string_equal(tags[1].kind, "dog");
    assert_string_equal(tags[1].place, "");

    assert_string_equal(findings_best_kind(SHARES({ GOLDEN, 0.3f }, { LABRADOR, 0.3f }, { GECKO, 0.35f }), &p), "dog");
    assert_true(p >= 0.6f && p < 0.62f);
}

static void test_subject(void **state)
{
    struct findings_subject s;
    (void)state;

    assert_true(findings_subject(SHARES({ GECKO, 0.85f }), &s));
    assert_int_equal(s.i_class, GECKO);
    assert_false(s.by_kind);
    assert_true(s.animal);
    assert_int_equal(s.coco, 0);
    assert_true(findings_subject(SHARES({ VINE_SNAKE, 0.5f }, { NIGHT_SNAKE, 0.45f }), &s));
    assert_true(s.by_kind);
    assert_near((double)findings_subject_share(&s, SHARES({ NIGHT_SNAKE, 1.0f })), 1.0, 1e-5);
    assert_false(findings_subject(SHARES({ GECKO, 0.5f }, { GOLDEN, 0.4f }), &s));
}

/* A gecko that the detector took for a banana; people and giraffes are never doubted. */
static void test_replaced(void **state)
{
    struct detection banana = thing(BANANA, 0.65f, 0, 0, 1, 1), person = thing(PERSON, 0.65f, 0, 0, 1, 1);
    struct detection giraffe = thing(GIRAFFE, 0.65f, 0, 0, 1, 1), dog = thing(DOG, 0.65f, 0, 0, 1, 1);
    struct findings_subject s;
    (void)state;

    assert_true(findings_subject(SHARES({ GECKO, 0.97f }), &s));
    assert_true(findings_doubtful(&banana, SHARES({ GECKO, 0.97f })));
    assert_true(findings_doubtful(&dog, SHARES({ GECKO, 0.97f })));
    assert_false(findings_doubtful(&dog, SHARES({ GECKO, 0.9f }, { GOLDEN, 0.06f })));
    assert_false(findings_doubtful(&person, SHARES({ GECKO, 0.97f })));
    assert_false(findings_doubtful(&giraffe, SHARES({ GECKO, 0.97f })));
    assert_true(findings_replaced(&dog, SHARES({ GECKO, 0.6f }, { LEMON, 0.39f }), &s));
    assert_false(findings_replaced(&dog, SHARES({ GECKO, 0.4f }, { LEMON, 0.59f }), &s));
    assert_false(findings_replaced(&dog, SHARES({ GECKO, 0.6f }, { GOLDEN, 0.39f }), &s));
}

static void test_subject_said(void **state)
{
    struct findings_subject s = { .i_class = LEMON, .coco = 0, .p = 0.9f };
    struct vision_object o;
    const float box[4] = { 0.0f, 0.0f, 0.2f, 0.4f };
    (void)state;

    assert_true(findings_subject_said(&s, 1));
    assert_false(findings_subject_said(&s, 0));
    s.p = 0.96f;
    assert_true(findings_subject_said(&s, 0));
    s.coco = BANANA;                /* the detector knows that class and saw none */
    assert_false(findings_subject_said(&s, 0));
    assert_false(findings_subject_said(&s, 1));
    s.animal = true;
    assert_true(findings_subject_said(&s, 1));

    s = (struct findings_subject){ .i_class = GOLDEN, .animal = true, .coco = DOG, .p = 0.9f };
    o = findings_subject_object(&s, 1, box);
    assert_string_equal(o.name, "dog");
    assert_string_equal(o.finer, "golden retriever");
    assert_string_equal(o.place, "left");
    s.by_kind = true;
    o = findings_subject_object(&s, 2, box);
    assert_string_equal(o.finer, "");
    assert_int_equal(o.count, 2);
    assert_string_equal(o.place, "");
}

static void test_finer(void **state)
{
    float p;
    (void)state;

    assert_string_equal(findings_finer(SHARES({ GOLDEN, 0.5f }, { LABRADOR, 0.3f }), DOG, &p), "golden retriever");
    assert_true(p >= 0.5f && p < 0.51f);
    assert_string_equal(findings_finer(SHARES({ GOLDEN, 0.4f }, { LABRADOR, 0.4f }), DOG, &p), "");     /* none holds most */
    assert_string_equal(findings_finer(SHARES({ GOLDEN, 0.3f }, { LEMON, 0.65f }), DOG, &p), "");       /* not over half */
    assert_near((double)p, 0.0, 0.0);
    assert_string_equal(findings_finer(SHARES({ ZEBRA, 0.9f }), 24, &p), "");       /* says no more than the class */
    assert_true(findings_has_finer(DOG));
    assert_false(findings_has_finer(24));
    assert_false(findings_has_finer(GIRAFFE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_probabilities), cmocka_unit_test(test_believed), cmocka_unit_test(test_spoken), cmocka_unit_test(test_support_boundary),
        cmocka_unit_test(test_once), cmocka_unit_test(test_group), cmocka_unit_test(test_place), cmocka_unit_test(test_map_place),
        cmocka_unit_test(test_tags), cmocka_unit_test(test_subject), cmocka_unit_test(test_replaced),
        cmocka_unit_test(test_subject_said), cmocka_unit_test(test_finer)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
