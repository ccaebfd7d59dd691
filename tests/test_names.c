/* test_names.c - the tables of class names are whole, and counting is English. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/utf8.h"
#include "vision/names.h"
#include "vision/vision.h"

/* Hangul syllables among what is there: a row whose Korean slipped would hold Latin. */
static void check_korean(const char *of, const char *text)
{
    const size_t n = text != NULL ? strlen(text) : 0;
    size_t n_hangul = 0;

    if (n == 0 || !utf8_valid(text, n))
        fail_msg("%s has no Korean name", of);
    for (size_t at = 0; at < n;) {
        uint32_t code;
        at += utf8_decode(text + at, n - at, &code);
        n_hangul += code >= 0xac00 && code <= 0xd7a3;
    }
    if (n_hangul == 0)
        fail_msg("%s: '%s' is not Korean", of, text);
}

static void test_imagenet(void **state)
{
    static const struct { size_t index; const char *name; } known[] = {
        { 0, "tench" }, { 1, "goldfish" }, { 151, "Chihuahua" }, { 207, "golden retriever" }, { 281, "tabby cat" },
        { 340, "zebra" }, { 397, "puffer" }, { 398, "abacus" }, { 404, "airliner" }, { 500, "cliff dwelling" },
        { 620, "laptop" }, { 700, "paper towel" }, { 817, "sports car" }, { 900, "water tower" },
        { 954, "banana" }, { 980, "volcano" }, { 999, "toilet paper" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        assert_string_equal(names_imagenet(known[i].index)->name, known[i].name);
    for (size_t i = 0; i < NAMES_N_IMAGENET; i++) {
        const struct names_class *c = names_imagenet(i);
        assert_non_null(c->name);
        assert_true(strlen(c->name) > 1 && strlen(c->name) < 40);
        check_korean(c->name, c->korean);
        if (c->coco != 0)
            assert_non_null(names_coco(c->coco));
        else
            assert_false(c->finer);
        assert_string_not_equal(c->kind, c->name);
        if (c->kind[0] != '\0')
            check_korean(c->kind, vision_name_korean(c->kind));
    }
}

static void test_articles(void **state)
{
    (void)state;
    for (size_t i = 0; i < NAMES_N_IMAGENET; i++) {
        const char *name = names_imagenet(i)->name, *article = names_imagenet(i)->article;
        const int vowel = strchr("aeiouAEIOU", name[0]) != NULL;
        const int an = (vowel && strcmp(name, "unicycle") != 0 && strncmp(name, "European", 8) != 0) ||
                       strcmp(name, "hourglass") == 0;
        if (strcmp(article, "") != 0 && strcmp(article, "a pair of") != 0 && strcmp(article, an ? "an" : "a") != 0)
            fail_msg("'%s %s'", article, name);
    }
}

static void test_duplicates(void **state)
{
    size_t n_merged = 0;
    (void)state;
    assert_int_equal(names_imagenet_same(27), 26);      /* two newts */
    assert_int_equal(names_imagenet_same(876), 435);    /* two bathtubs */
    assert_int_equal(names_imagenet_same(837), 836);    /* sunglasses */
    assert_int_equal(names_imagenet_same(436), 436);
    for (size_t i = 0; i < NAMES_N_IMAGENET; i++) {
        const size_t same = names_imagenet_same(i);
        n_merged += same != i;
        assert_string_equal(names_imagenet(i)->name, names_imagenet(same)->name);
        assert_int_equal(names_imagenet(i)->coco, names_imagenet(same)->coco);
        assert_string_equal(names_imagenet(i)->kind, names_imagenet(same)->kind);
    }
    assert_int_equal(n_merged, 8);
}

static size_t n_of(int coco)
{
    size_t n = 0;

    for (size_t i = 0; i < NAMES_N_IMAGENET; i++)
        n += names_imagenet(i)->coco == coco;
    return n;
}

/* The agreement rule was measured with these groups (docs/models.md). */
static void test_mapping(void **state)
{
    (void)state;
    assert_int_equal(n_of(18), 126);    /* dogs and their wild kin */
    assert_int_equal(n_of(16), 59);     /* birds */
    assert_int_equal(n_of(17), 13);     /* cats, big ones too */
    assert_int_equal(n_of(22), 3);
    assert_int_equal(n_of(37), 9);
    assert_int_equal(names_imagenet(817)->coco, 3);
    assert_int_equal(names_imagenet(21)->coco, 16);     /* the kite that is a bird */
    assert_int_equal(names_imagenet(976)->coco, 0);
}

static void test_coco(void **state)
{
    static const int left_out[] = { 0, 12, 26, 29, 30, 45, 66, 68, 69, 71, 83, 91, -1 };
    (void)state;
    for (size_t i = 0; i < sizeof left_out / sizeof *left_out; i++)
        assert_null(names_coco(left_out[i]));
    for (size_t i = 0; i < NAMES_N_COCO; i++) {
        const struct names_coco *c = names_coco_at(i);
        assert_ptr_equal(names_coco(c->id), c);
        assert_ptr_equal(names_coco_find(c->name), c);
        assert_true(i == 0 || c->id > names_coco_at(i - 1)->id);
        assert_true(strlen(c->one) > 2 && strlen(c->plural) > 2);
        check_korean(c->name, c->korean);
        check_korean(c->name, c->counter);
        assert_string_equal(vision_name_korean(c->name), c->korean);
    }
    assert_int_equal(names_coco_at(0)->id, 1);
    assert_int_equal(names_coco_at(NAMES_N_COCO - 1)->id, 90);
}

static void test_counting(void **state)
{
    static const struct { const char *name; size_t count; const char *want; } cases[] = {
        { "person", 1, "a person" },            { "person", 2, "two people" },
        { "person", 3, "three people" },        { "person", 4, "several people" },
        { "person", 70, "several people" },     { "scissors", 1, "a pair of scissors" },
        { "scissors", 2, "two pairs of scissors" }, { "broccoli", 1, "broccoli" },
        { "sheep", 2, "two sheep" },            { "knife", 3, "three knives" },
        { "umbrella", 1, "an umbrella" },       { "tv", 1, "a TV" },
        { "dining table", 1, "a table" },       { "bus", 2, "two buses" },
        { "golden retriever", 1, "a golden retriever" }, { "hay", 1, "hay" },
        { "sunglasses", 1, "a pair of sunglasses" }, { "sunglasses", 2, "two pairs of sunglasses" },
        { "unicycle", 1, "a unicycle" },        { "hourglass", 1, "an hourglass" },
        { "red fox", 2, "two red foxes" },      { "ox", 2, "two oxen" },
        { "goldfish", 2, "two goldfish" },      { "timber wolf", 2, "two timber wolves" },
        { "monkey", 2, "two monkeys" },         { "daisy", 2, "two daisies" },
        { "iguana", 1, "an iguana" },           { "teapot", 0, "no teapots" },
        { "island", 1, "an island" },           { "", 1, "a " },
    };
    char out[64];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        vision_name_with_count(cases[i].name, cases[i].count, out, sizeof out);
        assert_string_equal(out, cases[i].want);
    }
    vision_name_with_count("person", 2, out, 5);
    assert_string_equal(out, "two ");
}

static void test_korean(void **state)
{
    (void)state;
    assert_string_equal(vision_name_korean("person"), "사람");
    assert_string_equal(vision_name_korean("golden retriever"), "골든 리트리버");
    assert_string_equal(vision_name_korean("musical instrument"), "악기");
    assert_string_equal(vision_name_korean("blue"), "파란색");
    assert_string_equal(vision_name_korean("orange"), "오렌지");
    assert_string_equal(vision_colour_korean("orange"), "주황색");
    assert_null(vision_colour_korean("person"));
    assert_null(vision_name_korean("xyzzy"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_imagenet),   cmocka_unit_test(test_articles), cmocka_unit_test(test_duplicates),
        cmocka_unit_test(test_mapping),    cmocka_unit_test(test_coco),     cmocka_unit_test(test_counting),
        cmocka_unit_test(test_korean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
