/* test_ocr.c - text is read where there is some, and no junk where there is none.
 *
 * Pictures: golden/make_ocr.py. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vision/ocr.h"
#include "vision/ocr_lines.h"
#include "vision/vision.h"

static struct image *load(const char *name)
{
    char path[256];
    struct error err = { 0 };

    snprintf(path, sizeof path, "tests/golden/%s", name);
    struct image *image = image_load(path, &err);
    if (image == NULL)
        fail_msg("%s", err.text);
    return image;
}

static struct ocr read_text(const char *name)
{
    struct image *image = load(name);
    struct ocr ocr;
    struct error err = { 0 };

    if (!ocr_read(NULL, image, &ocr, &err))
        fail_msg("%s: %s", name, err.text);
    assert_string_equal(ocr.note, "");
    image_free(image);
    return ocr;
}

static void test_page(void **state)
{
    struct ocr ocr = read_text("ocr/page.png");
    (void)state;
    assert_string_equal(ocr.text, "Opening hours of the library\n"
                                  "Monday to Friday from nine in the morning\n"
                                  "until six in the evening.\n"
                                  "Saturday until noon. Closed on Sunday.\n"
                                  "Please return your books before 14 March.");
    assert_true(ocr.confidence > 90.0f && ocr.confidence <= 100.0f);
    ocr_done(&ocr);
}

static void test_screenshot(void **state)
{
    struct ocr ocr = read_text("ocr/screenshot.png");
    (void)state;
    assert_string_equal(ocr.text, "File Edit View Help\n"
                                  "404 Not Found\n"
                                  "The page you asked for does not exist on this server.\n"
                                  "Check the address, or go back to the start page.");
    ocr_done(&ocr);
}

static void test_sign(void **state)
{
    struct ocr ocr = read_text("ocr/sign.png");
    (void)state;
    assert_string_equal(ocr.text, "EXIT ONLY\nNO PARKING");
    ocr_done(&ocr);
}

/* Spacing is Korean's own: none between the syllables of a word. */
static void test_korean(void **state)
{
    struct ocr ocr = read_text("ocr/korean.png");
    (void)state;
    assert_non_null(strstr(ocr.text, "도서관은 오전"));
    assert_non_null(strstr(ocr.text, "시에 문을 엽니다."));    /* with English beside it: "시에 SS 엽니다." */
    assert_non_null(strstr(ocr.text, "일요일에는 쉽니다."));
    assert_non_null(strstr(ocr.text, "삼월까지 돌려주세요."));
    ocr_done(&ocr);
}

/* Page layout takes the board for a part of a photograph; the second pass reads it. */
static void test_korean_sign(void **state)
{
    struct ocr ocr = read_text("ocr/korean_sign.png");
    (void)state;
    assert_string_equal(ocr.text, "출입 금지 구역");
    ocr_done(&ocr);
}

/* Leaves, a photograph-like background, and pictures too small to hold a letter. */
static void test_no_text(void **state)
{
    static const char *const names[] = { "ocr/leaves.png", "images/one_pixel.png", "images/rgb.png" };
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct ocr ocr = read_text(names[i]);
        assert_string_equal(ocr.text, "");
        assert_true(ocr.confidence == 0.0f);
        ocr_done(&ocr);
    }
}

/* The libraries have messages of their own; none may reach the terminal. */
static void test_silence(void **state)
{
    struct image *image = load("ocr/leaves.png");
    struct ocr ocr;
    struct error err = { 0 };
    FILE *caught = tmpfile();
    const int before = dup(STDERR_FILENO);
    (void)state;

    dup2(fileno(caught), STDERR_FILENO);
    const bool ok = ocr_read(NULL, image, &ocr, &err);
    dup2(before, STDERR_FILENO);
    assert_true(ok);
    assert_int_equal(lseek(fileno(caught), 0, SEEK_END), 0);
    fclose(caught);
    close(before);
    ocr_done(&ocr);
    image_free(image);
}

static void test_no_language_data(void **state)
{
    struct image *image = load("ocr/page.png");
    struct ocr ocr;
    struct error err = { 0 };
    (void)state;

    setenv("TESSDATA_PREFIX", "/nowhere", 1);
    assert_true(ocr_read(NULL, image, &ocr, &err));
    unsetenv("TESSDATA_PREFIX");
    assert_string_equal(ocr.text, "");
    assert_non_null(strstr(ocr.note, "tesseract-ocr-eng"));
    ocr_done(&ocr);
    image_free(image);
}

static void test_cancel(void **state)
{
    struct image *image = load("ocr/page.png");
    atomic_bool cancel = true;
    struct compute c;
    struct ocr ocr;
    struct error err = { 0 };
    (void)state;

    assert_true(compute_init(&c, 1, NULL, &err));
    c.cancel = &cancel;
    assert_false(ocr_read(&c, image, &ocr, &err));
    assert_int_equal(err.code, ERROR_CANCELLED);
    compute_done(&c);
    ocr_done(&ocr);
    image_free(image);
}

/* ---- judging lines ------------------------------------------------------------- */

struct case_line {
    const char *text;               /* words at single blanks */
    float confidence[6];
    const char *want;               /* "" when it is not believed alone */
};
static const struct case_line alone[] = {
    { "STOP", { 96 }, "STOP" },                             { "STOP", { 70 }, "" },
    { "Open daily", { 90, 91 }, "Open daily" },             { "SS", { 97 }, "" },
    { "XXXX", { 97 }, "" },                                 { "rfgtl", { 97 }, "" },
    { "1985", { 97 }, "" },                                 { "~ | EXIT ONLY |", { 15, 42, 95, 90, 63 }, "EXIT ONLY" },
    { "aBcDe", { 97 }, "" },                                { "삐", { 97 }, "" },
    { "출입 금지", { 96, 93 }, "출입 금지" },                { "시 에", { 93, 93 }, "" },
    { "도 서 관", { 93, 93, 93 }, "도 서 관" },              { "The", { 96 }, "The" },
    { "The", { 90 }, "" },                                  { "Route 66", { 92, 91 }, "Route 66" },
    { "| 출입 금지", { 90, 96, 93 }, "출입 금지" },
    { "nice qqz xx zz", { 96, 62, 61, 60 }, "" },
};

static size_t split(char *text, const float *confidence, struct ocr_word *words)
{
    size_t n = 0;

    for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " "), n++)
        words[n] = (struct ocr_word){ word, confidence[n] };
    return n;
}

static void add(struct ocr_lines *lines, const struct case_line *line, const float box[4])
{
    char copy[80];
    struct ocr_word words[6];
    struct error err = { 0 };

    snprintf(copy, sizeof copy, "%s", line->text);
    const size_t n = split(copy, line->confidence, words);
    assert_true(ocr_lines_add(lines, words, n, line->text, box, &err));
}

static void test_lines_alone(void **state)
{
    static const float box[4] = { 0, 0, 1, 1 };
    struct error err = { 0 };
    struct arena *arena = arena_new("test", 4096, &err);
    (void)state;

    for (size_t i = 0; i < sizeof alone / sizeof *alone; i++) {
        struct ocr_lines lines;
        float confidence;
        assert_true(ocr_lines_init(&lines, arena, &err));
        add(&lines, &alone[i], box);
        ocr_lines_believe(&lines);
        char *text = ocr_lines_text(&lines, &confidence, &err);
        if (strcmp(text, alone[i].want) != 0)
            fail_msg("'%s' became '%s', wanted '%s'", alone[i].text, text, alone[i].want);
        free(text);
    }
    arena_free(arena);
}

static void test_lines_company(void **state)
{
    static const struct case_line lines_in[] = {
        { "Menu today", { 95, 95 }, "" }, { "42", { 96 }, "" }, { "Coffee", { 95 }, "" }, { "7x", { 60 }, "" },
    };
    struct error err = { 0 };
    struct arena *arena = arena_new("test", 4096, &err);
    struct ocr_lines lines, more;
    float confidence;
    (void)state;

    assert_true(ocr_lines_init(&lines, arena, &err) && ocr_lines_init(&more, arena, &err));
    for (size_t i = 0; i < 4; i++)
        add(&lines, &lines_in[i], (float[4]){ 0, 0.2f * (float)i, 1, 0.2f * (float)i + 0.1f });
    ocr_lines_believe(&lines);
    assert_int_equal(lines.n, 3);
    /* One in the place of "Coffee", two before it (of which one in the same place). */
    add(&more, &(struct case_line){ "Coffees", { 95 }, "" }, (float[4]){ 0.1f, 0.41f, 1, 0.5f });
    add(&more, &(struct case_line){ "Drinks", { 95 }, "" }, (float[4]){ 0, 0.11f, 1, 0.19f });
    add(&more, &(struct case_line){ "Drink", { 95 }, "" }, (float[4]){ 0, 0.12f, 1, 0.18f });
    ocr_lines_merge(&lines, &more);
    char *text = ocr_lines_text(&lines, &confidence, &err);
    assert_string_equal(text, "Menu today\nDrinks\n42\nCoffee");
    assert_false(ocr_lines_are_korean(&lines));
    free(text);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page),        cmocka_unit_test(test_screenshot),       cmocka_unit_test(test_sign),
        cmocka_unit_test(test_korean),      cmocka_unit_test(test_korean_sign),
        cmocka_unit_test(test_no_text),          cmocka_unit_test(test_silence),
        cmocka_unit_test(test_cancel),      cmocka_unit_test(test_no_language_data), cmocka_unit_test(test_lines_alone),
        cmocka_unit_test(test_lines_company),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
