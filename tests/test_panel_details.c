/* Details of attachments: headings, pictures that scroll with their lines, pixels only when whole. */
#include "panel_driver.h"

#include "fusion/session.h"

enum { WIDTH = 64, HEIGHT = 32 };

static unsigned char pixels[WIDTH * HEIGHT * 3];
static float peaks[PREVIEW_PEAKS];
static struct preview image = { .kind = ATTACHMENT_IMAGE, .summary = (char *)"", .width = WIDTH, .height = HEIGHT, .rgb = pixels };
static struct preview clip = { .kind = ATTACHMENT_AUDIO, .summary = (char *)"", .n_peaks = PREVIEW_PEAKS, .peaks = peaks, .seconds = 3 };

static int set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (unsigned char)(i / 3 / WIDTH * 8);         /* brighter downwards: no two rows of it look the same */
    for (size_t i = 0; i < PREVIEW_PEAKS; i++)
        peaks[i] = (float)i / PREVIEW_PEAKS;
    driven.takes_picture = false;
    return 0;
}

static struct panel *two(size_t first)
{
    const struct panel_detail details[] = {
        { "image sea.jpg", "objects:\n  1 x boat\n\nafter an empty line\n", &image, NULL, 0, 0 },
        { "clip sea.wav", "transcript:\n  0:00.0 - 0:07.0  waves and wind and waves again", &clip, NULL, 0, 0 },
    };

    return panel_details_new(details, 2, first);
}

static bool is_picture(int row)
{
    return driven.cells[row * driven.cols].foreground >= 0 || driven.cells[row * driven.cols].background >= 0;
}

static bool is_wave(int row)
{
    return strstr("▁▂▃▄▅▆▇█", driven.cells[row * driven.cols].text) != NULL && style_at(row, 0) == STYLE_ACCENT;
}

static void test_drawn(void **state)
{
    struct panel *p = two(0);

    (void)state;
    const char *screen = shown(p, 30, 40);          /* 64x32 pixels in 40 columns: 40x10 cells; a wave is 8 rows high */
    assert_string_equal(p->title, "what was perceived");
    assert_int_equal(row_of(screen, "image sea.jpg"), 0);
    for (int row = 1; row <= 10; row++)
        assert_true(is_picture(row));
    assert_int_equal(row_of(screen, "objects:"), 11);
    assert_int_equal(row_of(screen, "  1 x boat"), 12);
    assert_int_equal(row_of(screen, "after an empty line"), 14);
    assert_int_equal(row_of(screen, "clip sea.wav"), 16);
    assert_true(is_wave(24));
    assert_string_equal(driven.cells[24 * driven.cols + 39].text, "█");
    assert_int_equal(row_of(screen, "transcript:"), 25);
    assert_int_equal(row_of(screen, "  0:00.0 - 0:07.0  waves and wind and\n                   waves again\n"), 26);
    for (int row = 0; row < 28; row++)
        assert_int_equal(style_at(row, 0) == STYLE_HEADING, row == 0 || row == 16);
    p->free(p);
}

/* Two clips; the second's second line is chosen, opened, changed. */
static void test_corrected(void **state)
{
    static const char *const one[] = { "waves" }, *const two_lines[] = { "wind", "sea" };
    const struct panel_detail details[] = {
        { "clip a.wav", "heard:\n  0:00  waves\ntime: 1\n", NULL, one, 1, 7 },
        { "clip b.wav", "heard:\n  0:00  wind\n  0:02  Speaker 1: sea\ntime: 1\n", NULL, two_lines, 2, 7 },
    };
    struct panel *p = panel_details_new(details, 2, 0);
    struct panel_outcome o;
    (void)state;

    shown(p, 12, 40);
    assert_int_equal(typed(p, "e").act, PANEL_HINT);
    shown(p, 12, 40);
    assert_int_equal(style_at(2, 2), STYLE_SELECTED);
    typed(p, "\x1B[B");
    typed(p, "j");
    typed(p, "j");                                  /* there is no further one */
    const char *screen = shown(p, 12, 40);
    assert_int_equal(style_at(row_of(screen, "  0:02  Speaker 1: sea"), 2), STYLE_SELECTED);
    typed(p, "\r");
    typed(p, "q/e!");                               /* letters are letters here */
    screen = shown(p, 12, 40);
    assert_int_equal(row_of(screen, "> seaq/e!"), 11);
    o = typed(p, "\r");
    assert_int_equal(o.act, PANEL_CORRECT);
    assert_int_equal(o.choice, 1);
    assert_int_equal(o.id, 1);
    assert_string_equal(o.text, "seaq/e!");

    typed(p, "e");
    typed(p, "\r");
    for (int i = 0; i < 20; i++)
        typed(p, "\x7F");
    screen = shown(p, 12, 40);
    assert_int_equal(row_of(screen, "> empty: what was heard"), 11);
    o = typed(p, "\r");
    assert_int_equal(o.act, PANEL_CORRECT);
    assert_null(o.text);

    typed(p, "e");
    typed(p, "\r");
    typed(p, "x");
    assert_int_equal(typed(p, "\x07").act, PANEL_NOTHING);      /* C-g: given up, the panel stays */
    assert_int_equal(typed(p, "\x07").act, PANEL_CLOSE);
    p->free(p);
}

static void test_shown_line(void **state)
{
    struct buffer lines = { 0 };
    const char *said[50];
    (void)state;

    for (int i = 0; i < 50; i++) {
        buffer_print(&lines, "line %d\n", i);
        said[i] = "line";
    }
    const struct panel_detail detail = { "clip", lines.s, NULL, said, 50, 0 };
    struct panel *p = panel_details_new(&detail, 1, 0);
    panel_details_show(p, 0, 30);                   /* before it is drawn */
    const char *screen = shown(p, 10, 40);
    assert_int_equal(row_of(screen, "line 30"), 0);
    assert_int_equal(style_at(0, 0), STYLE_SELECTED);
    panel_details_show(p, 0, 5);
    screen = shown(p, 10, 40);
    assert_int_equal(row_of(screen, "line 5"), 0);
    p->free(p);
    buffer_free(&lines);
}

static void test_nothing(void **state)
{
    struct panel *p = panel_details_new(NULL, 0, 0);

    (void)state;
    assert_string_equal(shown(p, 2, 40), "Nothing was attached yet.\n\n");
    assert_int_equal(typed(p, RIGHT LEFT DOWN).act, PANEL_NOTHING);
    p->free(p);
}

/* A small panel and a terminal that shows no pictures have the words alone. */
static void test_no_room(void **state)
{
    static const char words[] = "image sea.jpg\nobjects:\n  1 x boat\n\nafter an empty line\n";
    struct panel *p = two(0);

    (void)state;
    assert_string_equal(shown(p, 5, 20), words);
    assert_string_equal(shown(p, 3, 20), "image sea.jpg\nobjects:\n  1 x boat\n");
    p->n_colors = -1;
    assert_memory_equal(shown(p, 40, 60), words, strlen(words));
    p->n_colors = 256;
    shown(p, 40, 60);
    assert_true(is_picture(1));
    p->free(p);
}

/* Row for row, what was seen below comes up, the picture too. */
static void test_scrolled(void **state)
{
    struct panel *p = two(0);
    struct cell before[9 * 40];

    (void)state;
    shown(p, 10, 40);
    assert_true(is_picture(1) && is_picture(5) && !is_picture(6));      /* half of the rows */
    for (int i = 0; i < 10; i++) {
        memcpy(before, &driven.cells[40], sizeof before);
        typed(p, DOWN);
        shown(p, 10, 40);
        assert_memory_equal(driven.cells, before, sizeof before);
    }
    assert_true(row_of(shown(p, 10, 40), "waves again") == 9);
    typed(p, HOME);
    assert_int_equal(row_of(shown(p, 10, 40), "image sea.jpg"), 0);
    p->free(p);
}

static void test_pixels(void **state)
{
    struct panel *p = two(0);

    (void)state;
    shown(p, 30, 40);
    driven.takes_picture = true;
    shown(p, 30, 40);
    assert_ptr_equal(driven.picture, &image);
    assert_int_equal(driven.picture_at.row, 1);
    assert_int_equal(driven.picture_at.rows, 10);
    assert_int_equal(driven.picture_at.cols, 40);
    assert_false(is_picture(1));
    assert_true(is_wave(24));                       /* a waveform is no pixels */
    shown(p, 14, 40);                               /* 7 rows of picture below the heading */
    assert_ptr_equal(driven.picture, &image);
    typed(p, DOWN);
    shown(p, 14, 40);
    assert_int_equal(driven.picture_at.row, 0);
    typed(p, DOWN);
    shown(p, 14, 40);                               /* its first row is out of sight: cells */
    assert_null(driven.picture);
    assert_true(is_picture(0));
    assert_true(is_picture(5) && !is_picture(6));
    p->free(p);
}

/* Two images: the terminal is left one, the other is drawn in cells. */
static void test_one_of_two_in_pixels(void **state)
{
    const struct panel_detail details[] = { { "one", "1", &image, NULL, 0, 0 }, { "two", "2", &image, NULL, 0, 0 } };
    struct panel *p = panel_details_new(details, 2, 0);

    (void)state;
    shown(p, 40, 40);
    driven.takes_picture = true;
    shown(p, 40, 40);
    assert_int_equal(driven.picture_at.row, 1);
    assert_false(is_picture(1));
    assert_true(is_picture(14));
    p->free(p);
}

static void test_jumps(void **state)
{
    struct panel *p = two(0);

    (void)state;
    shown(p, 12, 40);
    typed(p, RIGHT);
    assert_int_equal(row_of(shown(p, 12, 40), "clip sea.wav"), 0);
    assert_int_equal(row_of(shown(p, 12, 40), "transcript:"), 7);
    typed(p, RIGHT);
    assert_int_equal(row_of(shown(p, 12, 40), "clip sea.wav"), 0);
    typed(p, UP);
    typed(p, LEFT);
    assert_int_equal(row_of(shown(p, 12, 40), "image sea.jpg"), 0);
    shown(p, 6, 40);
    typed(p, RIGHT DOWN);
    assert_int_equal(row_of(shown(p, 6, 40), "clip sea.wav"), -1);
    typed(p, LEFT);                                 /* first to where this one begins */
    assert_int_equal(row_of(shown(p, 6, 40), "clip sea.wav"), 0);
    p->free(p);
    /* All fits, and yet a jump is seen; Up comes back. */
    p = two(1);
    assert_int_equal(row_of(shown(p, 40, 40), "clip sea.wav"), 0);
    typed(p, DOWN);
    assert_int_equal(row_of(shown(p, 40, 40), "clip sea.wav"), 0);
    typed(p, UP);
    assert_int_equal(row_of(shown(p, 40, 40), "clip sea.wav"), 1);
    typed(p, UP);
    assert_int_equal(row_of(shown(p, 20, 80), "after an empty line"), 0);   /* what is on top stays */
    p->free(p);
}

static struct panel *long_one(void)
{
    struct buffer lines = { 0 };

    for (int i = 0; i < 5000; i++)
        buffer_print(&lines, "  %d:%02d.0 - %d:%02d.9  sentence %d of them%s\n", i / 60, i % 60, i / 60, i % 60, i, i == 4000 ? ", the needle" : "");
    const struct panel_detail details[] = { { "image sea.jpg", "seen", &image, NULL, 0, 0 }, { "clip long.wav", lines.s, &clip, NULL, 0, 0 },
                                              { "image last.jpg", "end", &image, NULL, 0, 0 } };
    struct panel *p = panel_details_new(details, 3, 0);
    buffer_free(&lines);
    return p;
}

/* A transcript of hours: each line is there once, in order, page by page and row by row. */
static void test_long(void **state)
{
    struct panel *p = long_one();
    int next = 0;

    (void)state;
    shown(p, 20, 60);
    for (int page = 0; page < 260; page++, typed(p, PAGE_DOWN))
        for (const char *at = shown(p, 20, 60); next < 5000;) {
            char wanted[32];
            snprintf(wanted, sizeof wanted, "sentence %d ", next);
            if ((at = strstr(at, wanted)) == NULL)
                break;
            next++;
        }
    assert_int_equal(next, 5000);
    assert_true(row_of(shown(p, 20, 60), "image last.jpg") >= 0);
    assert_int_equal(row_of(shown(p, 20, 60), "end\n"), 19);
    typed(p, LEFT);
    assert_int_equal(row_of(shown(p, 20, 60), "clip long.wav"), 0);
    typed(p, "/needle" ENTER);
    assert_int_equal(row_of(shown(p, 20, 60), "sentence 4000 of them, the needle"), 2);
    typed(p, RIGHT);
    assert_int_equal(row_of(shown(p, 20, 60), "image last.jpg"), 0);
    typed(p, LEFT LEFT);
    assert_int_equal(row_of(shown(p, 20, 60), "image sea.jpg"), 0);
    p->free(p);
}

/* Space plays the clip that is in sight; the arrows belong to it while it is played. */
static void test_plays(void **state)
{
    struct panel *p = two(0);
    struct panel_outcome o;

    (void)state;
    shown(p, 10, 40);
    o = typed(p, " ");
    assert_int_equal(o.act, PANEL_HINT);            /* only the image is seen */
    typed(p, RIGHT);
    shown(p, 10, 40);
    o = typed(p, " ");
    assert_int_equal(o.act, PANEL_PLAY);
    assert_int_equal(o.id, 1);
    p->plays = true;
    o = typed(p, LEFT);
    assert_int_equal(o.act, PANEL_SEEK);
    assert_int_equal(o.choice, -1);
    assert_int_equal(typed(p, RIGHT).choice, 1);
    assert_int_equal(typed(p, "/wa ves" ENTER).act, PANEL_HINT);    /* a blank of what is searched for plays nothing */
    p->plays = false;
    typed(p, LEFT);
    assert_int_equal(row_of(shown(p, 10, 40), "image sea.jpg"), 0);
    assert_int_equal(row_of(shown(p, 40, 40), "clip sea.wav"), 16);
    assert_int_equal(typed(p, " ").act, PANEL_PLAY);
    p->free(p);
}

static void test_untrusted_text(void **state)
{
    const struct panel_detail detail = { "a\x1B[2J.png", "seen\x1B]0;t\a", NULL, NULL, 0, 0 };
    struct panel *p = panel_details_new(&detail, 1, 0);

    (void)state;
    assert_string_equal(shown(p, 3, 40), "a␛[2J.png\nseen␛]0;t␇\n\n");
    p->free(p);
}

static void test_inside_and_random(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 6; seed++) {
        struct panel *panels[] = { two(seed % 2), long_one() };
        for (size_t i = 0; i < 2; i++) {
            driven.takes_picture = seed % 2 == 0;
            check_every_size(panels[i]);
            check_random(panels[i], "nNjkgG/ bsea boat", seed, 200);
            check_every_size(panels[i]);
            panels[i]->free(panels[i]);
        }
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, set_up)
    const struct CMUnitTest tests[] = {
        TEST(test_drawn), TEST(test_corrected), TEST(test_shown_line), TEST(test_nothing), TEST(test_no_room), TEST(test_scrolled), TEST(test_pixels),
        TEST(test_one_of_two_in_pixels), TEST(test_jumps), TEST(test_long), TEST(test_plays), TEST(test_untrusted_text), TEST(test_inside_and_random),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    screen_free(&driven);
    return failed;
}
