/* The file picker over real folders: what is listed, found, looked at, marked, attached, refused. */
#include "panel_driver.h"

#include "fusion/session.h"
#include "ui/listing.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char folder[64];

static void put(const char *name, const char *bytes, size_t n)
{
    FILE *f = fopen(name, "w");

    assert_true(f != NULL && fwrite(bytes, 1, n, f) == n && fclose(f) == 0);
}

static void make_files(void)
{
    static const char png[] = "\x89PNG\r\n\x1A\n0000";

    assert_int_equal(mkdir("zoo", 0700) | mkdir("Birds", 0700) | mkdir(".secret", 0700) | mkdir("home", 0700), 0);
    put("mynah.png", png, sizeof png - 1);
    put("Song.WAV", "RIFFxxxxWAVEfmt ", 16);
    put("notes.txt", "only words", 10);
    put("picture-without-end", png, sizeof png - 1);
    put("Birds/one.jpg", "x", 1);
    put("Birds/two.jpg", "x", 1);
    put(".hidden.png", png, sizeof png - 1);
}

static int set_up(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/mynah-picker-XXXXXX");
    if (mkdtemp(folder) == NULL || chdir(folder) != 0)
        return -1;
    make_files();
    return 0;
}

static int tear_down(void **state)
{
    char command[256];

    (void)state;
    snprintf(command, sizeof command, "chmod -R u+rwx %s; rm -rf %s", folder, folder);
    return chdir("/") == 0 && system(command) == 0 ? 0 : -1;
}

static struct panel *open_picker(const char *where)
{
    struct error err = { 0 };
    struct panel *p = panel_files_new(where, &err);

    if (p == NULL)
        fail_msg("%s", err.text);
    return p;
}

static const char *in_folder(const char *name)
{
    static char path[200];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void test_drawn(void **state)
{
    struct panel *p = open_picker(".");
    char want[400];

    (void)state;
    snprintf(want, sizeof want, "%s\n/ type to filter\n›  Birds/\n   home/\n   zoo/\n   mynah.png                        12 B\n"
             "   Song.WAV                         16 B\n   notes.txt                        10 B\n   picture-without-end              12 B\n\n", folder);
    assert_string_equal(shown(p, 10, 40), want);
    assert_int_equal(style_at(3, 3), STYLE_BOLD);
    assert_int_equal(style_at(5, 3), STYLE_PLAIN);
    assert_int_equal(style_at(7, 3), STYLE_DIM);
    /* The end of the path stays; without room for it, the files. */
    snprintf(want, sizeof want, "…%s\n", folder + strlen(folder) - 19);
    assert_memory_equal(shown(p, 5, 20), want, strlen(want));
    assert_string_equal(shown(p, 3, 20), "/ type to filter\n›  Birds/\n   home/\n");
    assert_int_equal(driven.cursor_row, 0);
    p->free(p);
}

static void check_first(struct panel *p, const char *bytes, const char *want)
{
    typed(p, bytes);
    const char *screen = shown(p, 12, 40), *here = strstr(screen, "›");
    char line[120];

    snprintf(line, sizeof line, "%.*s", here != NULL ? (int)strcspn(here, "\n") : 0, here != NULL ? here : "");
    if (strncmp(line, want, strlen(want)) != 0)
        fail_msg("under the cursor: \"%s\", expected \"%s\"", line, want);
}

static void test_filtered(void **state)
{
    struct panel *p = open_picker(".");

    (void)state;
    shown(p, 12, 40);
    check_first(p, "NO", "›  notes.txt");
    assert_int_equal(style_at(2, 3), STYLE_MATCH);
    assert_int_equal(style_at(2, 5), STYLE_SELECTED);
    check_first(p, "x", "");
    assert_non_null(strstr(shown(p, 12, 40), "no name holds that"));
    assert_int_equal(typed(p, ENTER).act, PANEL_NOTHING);
    assert_int_equal(typed(p, " ").act, PANEL_NOTHING);
    check_first(p, "\x15.", "›  .secret/");             /* with nothing typed it shows the hidden ones */
    check_first(p, "so.w", "");
    check_first(p, "\x15g.w", "›  Song.WAV");            /* with something it is a part of a name */
    check_first(p, "\x15hid", "›  .hidden.png");
    check_first(p, "\x15.", "›  Birds/");
    /* A name from macOS, decomposed. */
    put("\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB\xE1\x84\x80\xE1\x85\xB3\xE1\x86\xAF.png", "x", 1);
    p->free(p);
    p = open_picker(".");
    check_first(p, "한글", "›  한글.png");
    p->free(p);
}

static void test_goes_about(void **state)
{
    struct panel *p = open_picker(".");

    (void)state;
    setenv("HOME", in_folder("home"), 1);
    check_first(p, ENTER, "›  one.jpg");
    assert_non_null(strstr(shown(p, 12, 40), "/Birds\n"));
    check_first(p, BACKSPACE, "›  Birds/");              /* back, on the one that was left */
    check_first(p, DOWN DOWN RIGHT, "");
    assert_non_null(strstr(shown(p, 12, 40), "an empty folder"));
    check_first(p, LEFT, "›  zoo/");
    check_first(p, "bir", "›  Birds/");
    check_first(p, BACKSPACE, "›  Birds/");              /* a letter of the filter */
    assert_non_null(strstr(shown(p, 12, 40), "/ bi\n"));
    check_first(p, RIGHT "\x7F", "›  Birds/");
    check_first(p, "my", "›  mynah.png");
    check_first(p, RIGHT, "›  mynah.png");               /* a file is not entered */
    check_first(p, "\x15~", "");
    assert_non_null(strstr(shown(p, 12, 60), "/home\n"));
    unsetenv("HOME");
    struct panel_outcome o = typed(p, "~");
    assert_int_equal(o.act, PANEL_HINT);
    assert_string_equal(o.text, "~: HOME is not set");
    for (int i = 0; i < 10; i++)
        typed(p, LEFT);
    assert_memory_equal(shown(p, 12, 40), "/\n", 2);
    check_first(p, "etc" ENTER, "›");
    assert_memory_equal(shown(p, 12, 40), "/etc\n", 5);
    assert_int_equal(typed(p, ESCAPE).act, PANEL_CLOSE);
    assert_int_equal(typed(p, "\x07").act, PANEL_CLOSE);
    p->free(p);
}

static void check_attached(struct panel_outcome o, size_t n, const char *first, const char *last)
{
    assert_int_equal(o.act, PANEL_ATTACH);
    assert_int_equal(o.n_paths, n);
    assert_string_equal(o.paths[0], in_folder(first));
    assert_string_equal(o.paths[n - 1], in_folder(last));
}

static void test_attached(void **state)
{
    struct panel *p = open_picker(".");

    (void)state;
    shown(p, 12, 40);
    check_attached(typed(p, "song" ENTER), 1, "Song.WAV", "Song.WAV");
    struct panel_outcome o = typed(p, "\x15notes" ENTER);
    assert_int_equal(o.act, PANEL_HINT);
    assert_true(o.warns);
    assert_non_null(strstr(o.text, "notes.txt: is neither a picture"));
    check_attached(typed(p, "\x15without" ENTER), 1, "picture-without-end", "picture-without-end");    /* by its bytes */
    typed(p, "\x15");
    shown(p, 12, 40);
    assert_int_equal(clicked(p, MOUSE_LEFT, 5, 6).act, PANEL_NOTHING);
    check_attached(clicked(p, MOUSE_LEFT, 5, 6), 1, "mynah.png", "mynah.png");
    p->free(p);
}

static void test_marked(void **state)
{
    struct panel *p = open_picker(".");

    (void)state;
    typed(p, DOWN DOWN DOWN "  ");                       /* a key that was held: two of them */
    const char *screen = shown(p, 12, 60);
    assert_int_equal(row_of(screen, " + mynah.png"), 5);
    assert_int_equal(row_of(screen, " + Song.WAV"), 6);
    assert_non_null(strstr(screen, " 2 marked\n/ type"));
    check_first(p, "", "›  notes.txt");
    struct panel_outcome o = typed(p, " ");              /* what cannot be attached is not marked */
    assert_int_equal(o.act, PANEL_HINT);
    o = typed(p, HOME " ");
    assert_string_equal(o.text, "Birds: is a folder; files are attached");
    typed(p, ENTER " ");                                 /* into Birds; another folder's file goes with them */
    check_attached(typed(p, DOWN ENTER), 3, "mynah.png", "Birds/one.jpg");
    check_first(p, BACKSPACE, "›  Birds/");
    assert_int_equal(row_of(shown(p, 12, 60), " + mynah.png"), 5);
    typed(p, DOWN DOWN DOWN " ");                        /* unmarked */
    check_attached(typed(p, ENTER), 2, "Song.WAV", "Birds/one.jpg");
    p->free(p);
}

static void test_special(void **state)
{
    static const struct { const char *name, *why; } cases[] = {
        { "fifo.png", "fifo.png: is a pipe" }, { "null.png", "null.png: is a device" }, { "gone.png", "gone.png: is a link to nothing" },
        { "loop.png", "loop.png: is a link to itself" },
    };
    time_t start = time(NULL);

    (void)state;
    assert_int_equal(mkfifo("fifo.png", 0600), 0);
    assert_int_equal(symlink("/dev/null", "null.png") | symlink("nowhere", "gone.png") | symlink("loop.png", "loop.png"), 0);
    assert_int_equal(symlink("mynah.png", "link.png") | symlink("..", "zoo/up"), 0);
    struct panel *p = open_picker(".");
    assert_true(row_of(shown(p, 30, 40), "   link.png") < row_of(shown(p, 30, 40), "   notes.txt"));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char keys[40];
        snprintf(keys, sizeof keys, "\x15%s", cases[i].name);
        typed(p, keys);
        shown(p, 30, 80);
        assert_int_equal(style_at(2, 10), STYLE_MATCH);
        struct panel_outcome o = typed(p, ENTER);
        assert_int_equal(o.act, PANEL_HINT);
        assert_string_equal(o.text, cases[i].why);
        assert_int_equal(typed(p, " ").act, PANEL_HINT);
    }
    check_attached(typed(p, "\x15link" ENTER), 1, "link.png", "link.png");
    /* A loop of folders: the path does not grow. */
    typed(p, "\x15zoo");
    for (int i = 0; i < 50; i++)
        typed(p, i % 2 == 0 ? "\x15zoo" ENTER : "\x15up" ENTER);
    char want[80];
    snprintf(want, sizeof want, "%s\n", folder);
    assert_memory_equal(shown(p, 12, 60), want, strlen(want));
    p->free(p);
    assert_true(time(NULL) - start < 20);                /* nothing waited for a pipe */
}

static void test_unreadable(void **state)
{
    struct error err = { 0 };

    (void)state;
    assert_null(panel_files_new("nowhere", &err));
    assert_string_equal(err.text, "nowhere: No such file or directory");
    assert_null(panel_files_new("notes.txt", &err));
    assert_string_equal(err.text, "notes.txt: Not a directory");
    struct panel *p = open_picker(".");
    assert_int_equal(rmdir("zoo"), 0);
    struct panel_outcome o = typed(p, "zoo" ENTER);
    assert_int_equal(o.act, PANEL_HINT);
    assert_true(o.warns);
    char want[260];
    snprintf(want, sizeof want, "%s: No such file or directory", in_folder("zoo"));
    assert_string_equal(o.text, want);
    check_first(p, "\x15", "›  Birds/");                 /* where it was */
    if (geteuid() != 0) {
        assert_int_equal(chmod("Birds", 0), 0);
        o = typed(p, ENTER);
        snprintf(want, sizeof want, "%s: this folder may not be read", in_folder("Birds"));
        assert_string_equal(o.text, want);
    }
    p->free(p);
}

static void test_names(void **state)
{
    (void)state;
    put("a\x1B[2Jb\n\xE2\x80\xAE.png", "x", 1);
    put("bad\xFF.png", "x", 1);
    struct panel *p = open_picker(".");
    const char *screen = shown(p, 14, 58);
    assert_non_null(strstr(screen, "   a␛[2Jb␊<U+202E>.png"));
    assert_non_null(strstr(screen, "   bad\xEF\xBF\xBD.png"));
    check_attached(typed(p, "bad" ENTER), 1, "bad\xFF.png", "bad\xFF.png");
    p->free(p);
}

/* Listed, filtered and gone through without a visible delay; a minute is a hang. */
static void test_thousands(void **state)
{
    char name[40];
    time_t start = time(NULL);

    (void)state;
    assert_int_equal(mkdir("many", 0700), 0);
    for (int i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "many/image-%04d.png", i);
        close(open(name, O_CREAT | O_WRONLY, 0600));
    }
    struct panel *p = open_picker("many");
    check_first(p, END, "›  image-4999.png");
    check_first(p, PAGE_UP, "›  image-4990.png");
    check_first(p, "42", "›  image-0042.png");
    check_first(p, "42", "›  image-4242.png");
    p->free(p);
    assert_true(time(NULL) - start < 60);
}

/* ---- previews ------------------------------------------------------------------------ */

static void test_preview_asked(void **state)
{
    struct panel *p = open_picker(".");

    (void)state;
    shown(p, 20, 80);
    assert_int_equal(typed(p, DOWN DOWN).act, PANEL_NOTHING);       /* folders */
    struct panel_outcome o = typed(p, DOWN);
    assert_int_equal(o.act, PANEL_PREVIEW);
    assert_int_equal(o.n_paths, 1);
    assert_string_equal(o.paths[0], in_folder("mynah.png"));
    assert_non_null(strstr(shown(p, 20, 80), "looking ..."));
    assert_int_equal(typed(p, "\x0B").act, PANEL_NOTHING);          /* the same: not twice */
    o = typed(p, DOWN);
    assert_string_equal(o.paths[0], in_folder("Song.WAV"));
    assert_int_equal(typed(p, DOWN).act, PANEL_NOTHING);            /* neither image nor clip */
    p->preview(p, in_folder("Song.WAV"), NULL, "Song.WAV: the header is cut off");
    assert_int_equal(typed(p, UP).act, PANEL_NOTHING);              /* known */
    assert_non_null(strstr(shown(p, 20, 80), "Song.WAV: the header is cut off"));
    assert_int_equal(typed(p, UP).act, PANEL_PREVIEW);              /* was asked for, but never came */
    /* No room for it: not asked for. */
    shown(p, 20, 50);
    assert_int_equal(typed(p, DOWN UP UP DOWN).act, PANEL_NOTHING);
    p->free(p);
    /* The first file is asked for by a press that means nothing. */
    p = open_picker("Birds");
    o = p->press(p, &(struct press){ .kind = PRESS_REPLY, .text = "[?62c", .n = 5 });
    assert_int_equal(o.act, PANEL_PREVIEW);
    assert_string_equal(o.paths[0], in_folder("Birds/one.jpg"));
    p->free(p);
}

static int n_coloured(int from_col)
{
    int n = 0;

    for (int i = 0; i < driven.rows * driven.cols; i++)
        n += i % driven.cols >= from_col && (driven.cells[i].foreground >= 0 || driven.cells[i].background >= 0);
    return n;
}

static void test_preview_shown(void **state)
{
    struct panel *p = open_picker(".");
    unsigned char rgb[64 * 32 * 3];
    float peaks[16];
    struct preview image = { .kind = ATTACHMENT_IMAGE, .summary = (char *)"640x320 PNG", .width = 64, .height = 32, .rgb = rgb, .expected_ms = 2400 };
    struct preview clip = { .kind = ATTACHMENT_AUDIO, .summary = (char *)"3.0 s WAV", .n_peaks = 16, .peaks = peaks, .seconds = 3, .expected_ms = 10 };

    (void)state;
    for (size_t i = 0; i < sizeof rgb; i++)
        rgb[i] = i % 3 == 0 ? 200 : 10;                             /* red */
    for (int i = 0; i < 16; i++)
        peaks[i] = (float)i / 16;
    p->n_colors = 256;
    shown(p, 20, 80);
    typed(p, "mynah");
    p->preview(p, in_folder("mynah.png"), &image, NULL);
    memset(rgb, 0, sizeof rgb);                                     /* the event's, gone by now */
    const char *screen = shown(p, 20, 80);
    assert_non_null(strstr(screen, "640x320 PNG\n"));
    assert_non_null(strstr(screen, "about 2 s to look at\n"));
    assert_null(strstr(screen, "rows"));
    int with = n_coloured(42);
    assert_true(with > 20);
    assert_int_equal(n_coloured(0), with);                          /* none over the list */
    p->n_colors = -1;
    assert_non_null(strstr(shown(p, 20, 80), "640x320 PNG\n"));
    assert_int_equal(n_coloured(0), 0);
    p->n_colors = 256;
    typed(p, "\x15song");
    p->preview(p, in_folder("Song.WAV"), &clip, NULL);
    screen = shown(p, 20, 80);
    assert_non_null(strstr(screen, "3.0 s WAV"));
    assert_null(strstr(screen, "about"));                           /* under a second is not said */
    assert_non_null(strstr(screen, "█"));
    assert_int_equal(row_of(shown(p, 40, 80), "3.0 s WAV"), 1 + 8);  /* right below the waveform */
    check_every_size(p);
    assert_null(strstr(shown(p, 20, 50), "3.0 s WAV"));             /* narrow: files only */
    p->free(p);
}

/* More than are kept: all are shown again once they came again. */
static void test_previews_give_way(void **state)
{
    char name[40];
    struct preview image = { .kind = ATTACHMENT_IMAGE, .summary = (char *)"1x1 PNG", .width = 1, .height = 1, .rgb = (unsigned char *)"abc",
                             .n_rows = 208, .n_rows_whole = 832, .n_bytes = 240000000, .expected_ms = 8100 };
    int n_asked = 0;

    (void)state;
    assert_int_equal(mkdir("many", 0700), 0);
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "many/%02d.png", i);
        put(name, "x", 1);
    }
    struct panel *p = open_picker("many");
    shown(p, 20, 80);
    for (int round = 0; round < 80; round++) {
        struct panel_outcome o = typed(p, round < 40 ? DOWN : UP);
        if (o.act == PANEL_PREVIEW) {
            char path[300];
            n_asked++;
            snprintf(path, sizeof path, "%s", o.paths[0]);
            p->preview(p, path, &image, NULL);
        }
        assert_non_null(strstr(shown(p, 20, 80), "1x1 PNG"));
        assert_non_null(strstr(shown(p, 20, 80), "208 of 832 rows, "));
        assert_non_null(strstr(shown(p, 20, 80), "about 8 s to look at"));
    }
    assert_int_equal(n_asked, 39 + 8);                              /* down to the last; up again over the 8 that gave way */
    p->free(p);
}

static void test_inside_and_random(void **state)
{
    static const char letters[] = "abmngz/? 한글漢字👍é\xCC\x81~..";

    (void)state;
    setenv("HOME", folder, 1);
    put("漢字と長い名前のファイル、とても長い.png", "x", 1);
    for (uint32_t seed = 1; seed <= 4; seed++) {
        struct panel *p = open_picker(".");
        check_every_size(p);
        check_random(p, letters, seed, 400);
        check_every_size(p);
        p->free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_drawn, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_filtered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_goes_about, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_attached, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_marked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_special, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unreadable, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_thousands, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_preview_asked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_preview_shown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_previews_give_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_inside_and_random, set_up, tear_down),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    screen_free(&driven);
    return failed;
}
