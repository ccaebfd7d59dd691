/* Completion: candidates of text and cursor, and Tab on an editor. */
#include "ui/complete.h"

#include "ui/paths.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static char folder[] = "/tmp/mynah-complete-XXXXXX";

static const struct complete_command *command(size_t i)
{
    static const struct complete_command commands[] = {
        { "/attach", COMPLETE_FILE, NULL }, { "/clear", COMPLETE_NONE, NULL }, { "/copy", COMPLETE_NONE, NULL },
        { "/eyes", COMPLETE_EYES, NULL }, { "/model", COMPLETE_MODEL, NULL }, { "/mouse", COMPLETE_WORDS, "on off" }, { "/set", COMPLETE_SETTING, NULL },
    };

    return i < sizeof commands / sizeof commands[0] ? &commands[i] : NULL;
}

static const char *model_name(void *self, size_t i, bool *present)
{
    static const char *const names[] = { "default", "small", "smollm", "tiny" };

    (void)self;
    if (i >= 4)
        return NULL;
    *present = i != 1;
    return names[i];
}

static const char *pair_name(void *self, size_t i, bool *present)
{
    (void)self;
    *present = i == 1;
    return i == 0 ? "seer" : i == 1 ? "smolvlm" : NULL;
}

static const struct config_row rows[] = {
    { .name = "eyes" }, { .name = "model" }, { .name = "mouse", .values = "on off" }, { .name = "system" }, { .name = "theme", .values = "auto dark light 16 mono" }, { 0 },
};
static const struct engine engine = { .model_name = model_name, .pair_name = pair_name };
static const struct complete_sources sources = { command, rows, &engine };

static void make(const char *name)
{
    FILE *file = fopen(name, "w");

    assert_non_null(file);
    fclose(file);
}

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL || chdir(folder) != 0 || setenv("HOME", folder, 1) != 0)
        return -1;
    make("cat.png");
    make("cats.png");
    make("a b'c.png");
    make("a b\"d.png");
    make(".hidden.png");
    make("new\nline");
    make("bad\xFF");
    make("\xEA\xB0\x95.png");
    make("\xEA\xB0\x91.png");
    mkdir("photos", 0700);
    make("photos/sea.jpg");
    make("photos/sun.jpg");
    mkdir("my dir", 0700);
    make("my dir/one");
    mkdir(".two", 0700);
    make(".two/\xEA\xB0\x95.png");           /* 강, 갑: they share two of three bytes */
    make(".two/\xEA\xB0\x91.png");
    return 0;
}

static int tear_down(void **state)
{
    char cmd[700];

    (void)state;
    snprintf(cmd, sizeof cmd, "rm -rf '%s'", folder);
    return system(cmd);
}

/* "shared: candidate candidate" with what stands before the replaced part; ^ in the text is the cursor. */
static const char *found(const char *marked)
{
    static char out[2000];
    struct complete c = { 0 };
    char text[400];
    const char *cursor = strchr(marked, '^');
    size_t at = (size_t)(cursor - marked), n;

    snprintf(text, sizeof text, "%.*s%s", (int)at, marked, cursor + 1);
    complete_find(&c, text, at, &sources);
    if (c.n == 0) {
        complete_close(&c);
        return "";
    }
    n = (size_t)snprintf(out, sizeof out, "%.*s{%s}%s:", (int)c.from, text, buffer_text(&c.common), text + c.to);
    for (size_t i = 0; i < c.n; i++)
        n += (size_t)snprintf(out + n, sizeof out - n, " %s", c.items[i].shown);
    complete_close(&c);
    return out;
}

static void test_commands(void **state)
{
    (void)state;
    assert_string_equal(found("/^"), "{/}: /attach /clear /copy /eyes /model /mouse /set");
    assert_string_equal(found("/c^"), "{/c}: /clear /copy");
    assert_string_equal(found("/mo^ x"), "{/mo} x: /model /mouse");
    assert_string_equal(found("/cl^"), "{/clear}: /clear");
    assert_string_equal(found("/at^"), "{/attach }: /attach");
    assert_string_equal(found("/x^"), "");
    assert_string_equal(found("^/cl"), "");
    assert_string_equal(found("see /cl^"), "");
    assert_string_equal(found("^"), "");
    assert_string_equal(found("hello^"), "");
    assert_string_equal(found("/clear ^"), "");
}

static void test_words_settings_models(void **state)
{
    (void)state;
    assert_string_equal(found("/mouse ^"), "/mouse {o}: on off");
    assert_string_equal(found("/mouse of^"), "/mouse {off}: off");
    assert_string_equal(found("/mouse off^"), "/mouse {off}: off");
    assert_string_equal(found("/mouse offf^"), "");
    assert_string_equal(found("/set ^"), "/set {}: eyes model mouse system theme temperature top-k top-p min-p typical-p repetition-penalty frequency-penalty presence-penalty dry dry-base dry-length dry-range mirostat mirostat-eta seed max-tokens image-rows");
    assert_string_equal(found("/set mo^"), "/set {mo}: model mouse");
    assert_string_equal(found("/set rep^"), "/set {repetition-penalty }: repetition-penalty");
    assert_string_equal(found("/set th^"), "/set {theme }: theme");
    assert_string_equal(found("/set theme ^"), "/set theme {}: auto dark light 16 mono");
    assert_string_equal(found("/set theme l^"), "/set theme {light}: light");
    assert_string_equal(found("/set system ^"), "");                    /* free */
    assert_string_equal(found("/set nothing ^"), "");
    assert_string_equal(found("/set theme ^  light"), "");
    assert_string_equal(found("/set model sm^"), "/set model {sm}: smollm small (not here)");
    assert_string_equal(found("/model ^"), "/model {}: default smollm tiny small (not here)");
    assert_string_equal(found("/model t^"), "/model {tiny}: tiny");
    assert_string_equal(found("/eyes ^"), "/eyes {}: auto words rows smolvlm seer (not here)");
    assert_string_equal(found("/eyes s^"), "/eyes {s}: smolvlm seer (not here)");
    assert_string_equal(found("/eyes wo^"), "/eyes {words}: words");
    assert_string_equal(found("/eyes ./ph^"), "/eyes ./{photos/}: photos/");
    assert_string_equal(found("/set eyes sm^"), "/set eyes {smolvlm}: smolvlm");
    assert_string_equal(found("/model ./ph^"), "/model ./{photos/}: photos/");
}

static void test_files(void **state)
{
    (void)state;
    assert_string_equal(found("/attach c^"), "/attach {cat}: cat.png cats.png");
    assert_string_equal(found("/attach cat.png cats^"), "/attach cat.png {cats.png}: cats.png");
    assert_string_equal(found("/attach ^"), "/attach {}: a b\"d.png a b'c.png cat.png cats.png my dir/ photos/ \xEA\xB0\x91.png \xEA\xB0\x95.png");
    assert_string_equal(found("/attach .h^"), "/attach {.hidden.png}: .hidden.png");
    assert_string_equal(found("/attach photos/^"), "/attach photos/{s}: sea.jpg sun.jpg");
    assert_string_equal(found("/attach ~/photos/se^"), "/attach ~/photos/{sea.jpg}: sea.jpg");
    assert_string_equal(found("/attach nowhere/^"), "");
    assert_string_equal(found("/attach photos/s^ more"), "/attach photos/{s} more: sea.jpg sun.jpg");
    assert_string_equal(found("photos/s^"), "");
    assert_string_equal(found("~/photos/se^"), "~/photos/{sea.jpg}: sea.jpg");  /* alone: Enter attaches it */
    assert_string_equal(found("I saw ~/photos/se^"), "");
}

static void test_quotes_and_escapes(void **state)
{
    (void)state;
    assert_string_equal(found("/attach a^"), "/attach {a\\ b}: a b\"d.png a b'c.png");
    assert_string_equal(found("/attach a\\ b\\'^"), "/attach {a\\ b\\'c.png}: a b'c.png");
    assert_string_equal(found("/attach \"a b^"), "/attach \"{a b}: a b\"d.png a b'c.png");
    assert_string_equal(found("/attach \"a b\\\"^"), "/attach \"{a b\\\"d.png\"}: a b\"d.png");
    assert_string_equal(found("/attach 'a b\"^"), "/attach '{a b\"d.png'}: a b\"d.png");
    assert_string_equal(found("/attach 'cats^'"), "/attach '{cats.png'}: cats.png");
    assert_string_equal(found("/attach 'a^"), "/attach '{a b}: a b\"d.png a b'c.png");
    assert_string_equal(found("/attach my\\ dir/^"), "/attach my\\ dir/{one}: one");
    assert_string_equal(found("/attach 'my dir/^"), "/attach 'my dir/{one'}: one");
    assert_string_equal(found("/attach \"my^"), "/attach \"{my dir/}: my dir/");
    assert_string_equal(found("/attach file://~^"), "");
    assert_string_equal(found("/attach .two/^"), "/attach .two/{}: \xEA\xB0\x91.png \xEA\xB0\x95.png");    /* whole characters are shared */
    assert_string_equal(found("/attach \xEA\xB0\x95^"), "/attach {\xEA\xB0\x95.png}: \xEA\xB0\x95.png");
}

/* Whatever is put is read back as the file that it is. */
static void test_what_is_put_names_the_file(void **state)
{
    static const char *const begun[] = { "/attach ", "/attach \"", "/attach '" };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct complete c = { 0 };
        complete_find(&c, begun[i], strlen(begun[i]), &sources);
        assert_int_equal(c.n, 8);
        for (size_t k = 0; k < c.n; k++) {
            char word[200];
            struct paths paths;
            bool is_folder = strchr(c.items[k].text, '/') != NULL;
            snprintf(word, sizeof word, "%.1s%s%.1s", begun[i] + 8, c.items[k].text, is_folder ? begun[i] + 8 : "");
            paths_parse(word, &paths);
            assert_int_equal(paths.n, 1);
            assert_string_equal(paths.items[0], c.items[k].shown);
            paths_free(&paths);
        }
        complete_close(&c);
    }
}

static void test_mentions(void **state)
{
    (void)state;
    assert_string_equal(found("what is in @ca^ there?"), "what is in @{cat} there?: cat.png cats.png");
    assert_string_equal(found("it's @\"my d^"), "it's @\"{my dir/}: my dir/");
    assert_string_equal(found("@my\\ dir/^"), "@my\\ dir/{one}: one");
    assert_string_equal(found("@photos/se^"), "@photos/{sea.jpg}: sea.jpg");
    assert_string_equal(found("/clear @cats^"), "/clear @{cats.png}: cats.png");
    assert_string_equal(found("me@ca^"), "");
    assert_string_equal(found("@cat.png is ca^"), "");
    assert_string_equal(found("@'cat.png' ca^"), "");
    assert_string_equal(found("@ ca^"), "");
    assert_non_null(strstr(found("see @^"), "@{}: a b"));
}

/* ---- Tab ---------------------------------------------------------------------------- */

static struct editor editor;
static struct complete list;

static bool press(enum press_kind kind)
{
    return complete_press(&list, &editor, &(struct press){ .kind = kind }, &sources);
}

static void shows(const char *text)
{
    assert_string_equal(buffer_text(&editor.text), text);
}

static void test_tab_walks(void **state)
{
    (void)state;
    editor_set(&editor, "/attach c");
    assert_false(press(PRESS_BACKTAB));
    assert_false(press(PRESS_ENTER));
    assert_true(press(PRESS_TAB));
    shows("/attach cat");
    assert_true(press(PRESS_TAB));
    shows("/attach cat.png");
    assert_true(press(PRESS_TAB));
    shows("/attach cats.png");
    assert_true(press(PRESS_TAB));
    shows("/attach cat");
    assert_true(press(PRESS_BACKTAB));
    shows("/attach cats.png");
    assert_true(press(PRESS_BACKTAB));
    shows("/attach cat.png");
    assert_int_equal(editor.at, editor.text.n);
    assert_true(press(PRESS_ENTER));        /* takes it; does not send */
    shows("/attach cat.png");
    assert_int_equal(complete_rows(&list, 80), 0);
    assert_false(press(PRESS_ENTER));
}

static void test_escape_and_others(void **state)
{
    (void)state;
    editor_set(&editor, "/attach c");
    press(PRESS_TAB);
    press(PRESS_TAB);
    assert_true(press(PRESS_ESCAPE));
    shows("/attach c");
    assert_false(press(PRESS_ESCAPE));
    press(PRESS_TAB);
    assert_false(press(PRESS_ENTER));       /* none was chosen: it is for the chat */
    press(PRESS_TAB);
    press(PRESS_TAB);
    assert_false(press(PRESS_TEXT));        /* typing goes on behind the chosen one */
    shows("/attach cat.png");
    assert_int_equal(complete_rows(&list, 80), 0);
}

static void test_one_and_none(void **state)
{
    (void)state;
    editor_set(&editor, "see @pho");
    assert_true(press(PRESS_TAB));
    shows("see @photos/");
    assert_true(press(PRESS_TAB));
    shows("see @photos/s");
    complete_close(&list);
    editor_set(&editor, "nothing");
    assert_false(press(PRESS_TAB));
    shows("nothing");
    editor_set(&editor, "see @cats there");
    editor.at = 9;
    assert_true(press(PRESS_TAB));
    shows("see @cats.png there");
    assert_int_equal(editor.at, 13);
}

static const char *drawn(int n_rows, int cols)
{
    static char out[2000];
    struct screen s = { 0 };
    size_t n = 0;

    screen_resize(&s, n_rows, cols);
    complete_draw(&list, &s, (struct rect){ 0, 0, n_rows, cols });
    for (int row = 0; row < n_rows; row++) {
        char *text = screen_row(&s, row);
        n += (size_t)snprintf(out + n, sizeof out - n, "%s|", text);
        free(text);
    }
    screen_free(&s);
    return out;
}

static void test_the_list_is_drawn(void **state)
{
    struct screen s = { 0 };

    (void)state;
    editor_set(&editor, "/");
    assert_int_equal(complete_rows(&list, 80), 0);
    press(PRESS_TAB);
    assert_int_equal(complete_rows(&list, 80), 1);
    assert_string_equal(drawn(1, 80), "/attach  /clear   /copy    /eyes    /model   /mouse   /set|");
    assert_int_equal(complete_rows(&list, 20), 4);
    assert_string_equal(drawn(4, 20), "/attach  /clear|/copy    /eyes|/model   /mouse|/set|");
    assert_int_equal(complete_rows(&list, 8), 4);                       /* at most; the rest is counted */
    assert_string_equal(drawn(4, 12), "/attach|/clear|/copy|/eyes     +3|");
    for (int i = 0; i < 6; i++)
        press(PRESS_TAB);
    assert_string_equal(drawn(2, 12), "/model|/mouse    +1|");          /* the chosen one is in sight */
    screen_resize(&s, 2, 12);
    complete_draw(&list, &s, (struct rect){ 0, 0, 2, 12 });
    assert_int_equal(s.cells[0].style, STYLE_DIM);
    assert_int_equal(s.cells[12].style, STYLE_SELECTED);
    screen_free(&s);
    assert_string_equal(drawn(1, 3), "/mo|");
}

static int close_all(void **state)
{
    (void)state;
    complete_close(&list);
    editor_free(&editor);
    return 0;
}

#define TEST(f) cmocka_unit_test_teardown(f, close_all)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_commands), TEST(test_words_settings_models), TEST(test_files), TEST(test_quotes_and_escapes), TEST(test_what_is_put_names_the_file), TEST(test_mentions),
        TEST(test_tab_walks), TEST(test_escape_and_others), TEST(test_one_and_none), TEST(test_the_list_is_drawn),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
