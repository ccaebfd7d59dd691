/* The settings file: reading, telling what is wrong in it, changing one line of it. */
#include "ui/config.h"

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

static char folder[] = "/tmp/mynah-config-XXXXXX";
static char path[64];

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/config", folder);
    return 0;
}

static int tear_down(void **state)
{
    char command[80];

    (void)state;
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

static int no_file(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

static void put(const char *text, size_t n)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, n, file), n);
    fclose(file);
}

static const char *got(void)
{
    static char text[16384];
    FILE *file = fopen(path, "r");

    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static struct config loaded(const char *text)
{
    struct config c;

    put(text, strlen(text));
    config_init(&c);
    config_load(&c, path);
    return c;
}

static void assert_value(const struct config *c, const char *name, const char *want)
{
    char *value = config_value(c, name);

    assert_non_null(value);
    assert_string_equal(value, want);
    free(value);
}

static void test_defaults(void **state)
{
    struct config c;

    (void)state;
    config_init(&c);
    config_load(&c, path);                          /* there is none */
    assert_int_equal(c.n_problems, 0);
    assert_string_equal(c.model, "default");
    assert_string_equal(c.mode, "full");
    assert_string_equal(c.system, "");
    assert_true(c.markdown);
    assert_false(c.mouse);
    assert_true(c.temperature < 0);
    assert_int_equal(c.n_ctx, 0);
    assert_null(config_value(&c, "frob"));
    config_done(&c);
}

/* A value other than the default, for each row. */
static const char *other_value(const struct config_row *row)
{
    static char word[32];
    const char *last;

    switch (row->kind) {
    case CONFIG_NUMBER: return "0.25";
    case CONFIG_COUNT: return "4096";
    case CONFIG_TEXT: return "a b=c # d \xEA\xB0\x95";
    case CONFIG_WORD:
    case CONFIG_SWITCH:
        break;
    }
    last = strrchr(row->values, ' ') + 1;
    if (strcmp(last, row->fallback) != 0)
        return last;
    snprintf(word, sizeof word, "%.*s", (int)strcspn(row->values, " "), row->values);
    return word;
}

/* Every row: set, read back by another struct, and every word that it lists. */
static void test_every_row(void **state)
{
    struct error err;

    (void)state;
    for (const struct config_row *row = config_rows(); row->name != NULL; row++) {
        struct config c, again;
        const char *value = other_value(row);

        config_init(&c);
        assert_value(&c, row->name, row->fallback);
        assert_string_not_equal(value, row->fallback);
        assert_true(config_set(&c, path, row->name, value, &err));
        assert_value(&c, row->name, value);
        config_init(&again);
        config_load(&again, path);
        assert_int_equal(again.n_problems, 0);
        assert_value(&again, row->name, value);
        assert_true(config_set(&again, path, row->name, row->fallback, &err));
        assert_value(&again, row->name, row->fallback);
        config_done(&again);
        config_done(&c);
    }
}

static void test_the_written_file_is_the_defaults(void **state)
{
    struct config c;
    struct stat st;
    struct error err;
    char text[16384], *at;

    (void)state;
    assert_true(config_write_new(path, &err));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    snprintf(text, sizeof text, "%s", got());
    for (const struct config_row *row = config_rows(); row->name != NULL; row++)
        assert_non_null(strstr(text, row->summary));
    /* Uncommented, every line is understood and changes nothing. */
    for (at = text; (at = strstr(at, "\n# ")) != NULL; at++)
        if (strchr(at, '=') != NULL && strchr(at, '=') < strchr(at + 1, '\n') && strchr(at + 3, ' ') == strchr(at, '=') - 1)
            at[1] = ' ';
    c = loaded(text);
    assert_int_equal(c.n_problems, 0);
    for (const struct config_row *row = config_rows(); row->name != NULL; row++)
        assert_value(&c, row->name, row->fallback);
    config_done(&c);
    put("mine\n", 5);
    assert_true(config_write_new(path, &err));
    assert_string_equal(got(), "mine\n");
}

static void test_forms(void **state)
{
    struct config c = loaded("\xEF\xBB\xBFtheme=light\r\n\t mode \t=\t plain \t\n  # keys = vi\nmodel = /a b/c.gguf\n\n"
                             "theme = 16\nsystem = Speak # plainly = yes\nlanguage =\nmouse = on");

    (void)state;
    assert_int_equal(c.n_problems, 0);
    assert_string_equal(c.theme, "16");
    assert_string_equal(c.mode, "plain");
    assert_string_equal(c.keys, "emacs");
    assert_string_equal(c.model, "/a b/c.gguf");
    assert_string_equal(c.system, "Speak # plainly = yes");
    assert_string_equal(c.language, "");
    assert_true(c.mouse);
    config_done(&c);
}

static void test_problems(void **state)
{
    static const struct { const char *line, *told; } cases[] = {
        { "nmae = x", "'nmae' is no setting; there are model, " },
        { "themes = dark", "'themes' is no setting" },
        { "theme", "'theme' is no setting: `name = value`" },
        { "= dark", "'' is no setting" },
        { "theme = blue", "theme takes one of auto dark light 16 mono, not 'blue'" },
        { "theme = dark light", "not 'dark light'" },
        { "theme = aut", "not 'aut'" },
        { "theme =", "not ''" },
        { "mouse = yes", "mouse takes one of on off, not 'yes'" },
        { "model =", "model takes a value" },
        { "temperature = warm", "temperature takes a number of 0 or more or auto, not 'warm'" },
        { "temperature = -1", "not '-1'" },
        { "temperature = nan", "not 'nan'" },
        { "context = 0", "context takes a whole number of 1 or more or auto, not '0'" },
        { "context = 1.5", "not '1.5'" },
        { "threads = 99999999999", "not '99999999999'" },
        { "threads = 2 # cores", "not '2 # cores'" },
    };
    char text[128], place[96];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(text, sizeof text, "# one\nkeys = vi\n%s\npreview = off\nfrob = 1\n", cases[i].line);
        struct config c = loaded(text);
        assert_int_equal(c.n_problems, 2);
        assert_int_equal(c.problems.code, ERROR_USAGE);
        snprintf(place, sizeof place, "%s:3: ", path);
        assert_non_null(strstr(c.problems.text, place));
        assert_non_null(strstr(c.problems.text, cases[i].told));
        assert_string_equal(c.keys, "vi");          /* the rest is used */
        assert_string_equal(c.preview, "off");
        assert_value(&c, "theme", "auto");
        config_done(&c);
    }
}

static void test_hostile(void **state)
{
    struct config c;
    char big[5000];

    (void)state;
    put("theme = da\0rk\nkeys = vi\n", 24);
    config_init(&c);
    config_load(&c, path);
    assert_int_equal(c.n_problems, 1);
    assert_non_null(strstr(c.problems.text, ":1: "));
    assert_non_null(strstr(c.problems.text, "NUL"));
    assert_string_equal(c.keys, "vi");
    config_done(&c);
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    c = loaded(big);
    assert_int_equal(c.n_problems, 1);
    config_done(&c);
    c = loaded("");
    assert_int_equal(c.n_problems, 0);
    config_done(&c);
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    config_init(&c);
    config_load(&c, path);
    assert_int_equal(c.n_problems, 1);
    assert_non_null(strstr(c.problems.text, "is a directory"));
    config_done(&c);
    rmdir(path);
}

static void test_set_keeps_the_rest(void **state)
{
    static const char before[] = "# mine\n\nkeys = vi\n  # theme = dark\n#theme = light\nfrob = 1\n# end";
    struct error err;
    struct config c = loaded(before);

    (void)state;
    assert_true(config_set(&c, path, "theme", "mono", &err));           /* the first comment */
    assert_string_equal(got(), "# mine\n\nkeys = vi\ntheme = mono\n#theme = light\nfrob = 1\n# end");
    assert_true(config_set(&c, path, "theme", "16", &err));             /* the line that counts */
    assert_true(config_set(&c, path, "keys", "emacs", &err));
    assert_true(config_set(&c, path, "mouse", " on ", &err));           /* at the end */
    assert_true(config_set(&c, path, "language", "", &err));
    assert_string_equal(got(), "# mine\n\nkeys = emacs\ntheme = 16\n#theme = light\nfrob = 1\n# end\nmouse = on\nlanguage =\n");
    assert_true(c.mouse);
    config_done(&c);
    c = loaded("theme = dark\ntheme = light\n# theme = 16\n");          /* the last that counts */
    assert_true(config_set(&c, path, "theme", "mono", &err));
    assert_string_equal(got(), "theme = dark\ntheme = mono\n# theme = 16\n");
    config_done(&c);
}

static void test_set_refuses(void **state)
{
    struct error err;
    struct config c = loaded("theme = dark\n");

    (void)state;
    assert_false(config_set(&c, path, "theme", "blue", &err));
    assert_int_equal(err.code, ERROR_USAGE);
    assert_false(config_set(&c, path, "frob", "1", &err));
    assert_false(config_set(&c, path, "system", "two\nlines", &err));
    assert_non_null(strstr(err.text, "one line"));
    assert_false(config_set(&c, path, "context", "many", &err));
    assert_string_equal(got(), "theme = dark\n");
    assert_string_equal(c.theme, "dark");
    assert_string_equal(c.system, "");
    config_done(&c);
}

/* The file is never seen half written: the old one keeps its inode, what is new has another. */
static void test_set_replaces_the_file(void **state)
{
    struct error err;
    struct stat before, after;
    struct config c = loaded("theme = dark\n");
    FILE *reader = fopen(path, "r");
    char line[64] = "";

    (void)state;
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(stat(path, &before), 0);
    assert_true(config_set(&c, path, "theme", "light", &err));
    assert_int_equal(stat(path, &after), 0);
    assert_int_not_equal(before.st_ino, after.st_ino);
    assert_int_equal(after.st_mode & 07777, 0600);
    assert_non_null(fgets(line, sizeof line, reader));
    assert_string_equal(line, "theme = dark\n");
    fclose(reader);
    config_done(&c);
}

static void test_links(void **state)
{
    struct error err;
    struct stat st;
    struct config c;
    char target[96];

    (void)state;
    snprintf(target, sizeof target, "%s/dotfiles", folder);
    assert_int_equal(mkdir(target, 0700), 0);
    strcat(target, "/mynah");
    assert_int_equal(symlink("dotfiles/mynah", path), 0);
    config_init(&c);
    assert_false(config_set(&c, path, "theme", "light", &err));         /* it points to nothing */
    assert_int_equal(err.code, ERROR_INPUT);
    assert_non_null(strstr(err.text, "link"));
    assert_string_equal(c.theme, "light");                              /* for this run */
    put("keys = vi\n", 10);
    assert_true(config_set(&c, path, "theme", "mono", &err));
    assert_int_equal(lstat(path, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(lstat(target, &st), 0);
    assert_true(S_ISREG(st.st_mode));
    assert_string_equal(got(), "keys = vi\ntheme = mono\n");
    assert_true(config_write_new(path, &err));
    config_done(&c);
}

/* In a folder that cannot be written the old file stays whole, and nothing is left beside it. */
static void test_unwritable(void **state)
{
    struct error err;
    struct config c;
    char nowhere[96];

    (void)state;
    snprintf(nowhere, sizeof nowhere, "%s/none/config", folder);
    config_init(&c);
    assert_false(config_set(&c, nowhere, "theme", "light", &err));
    assert_int_equal(err.code, ERROR_INPUT);
    assert_non_null(strstr(err.text, nowhere));
    config_done(&c);
}

static void test_place(void **state)
{
    struct error err;
    struct config c;
    char want[96], *place;

    (void)state;
    assert_int_equal(setenv("XDG_CONFIG_HOME", folder, 1), 0);
    place = config_path(&err);
    snprintf(want, sizeof want, "%s/mynah/config", folder);
    assert_string_equal(place, want);
    config_init(&c);
    assert_true(config_set(&c, NULL, "keys", "vi", &err));
    config_done(&c);
    config_init(&c);
    config_load(&c, NULL);
    assert_string_equal(c.keys, "vi");
    assert_int_equal(access(place, F_OK), 0);
    config_done(&c);
    free(place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_defaults, no_file),
        cmocka_unit_test_setup(test_every_row, no_file),
        cmocka_unit_test_setup(test_the_written_file_is_the_defaults, no_file),
        cmocka_unit_test_setup(test_forms, no_file),
        cmocka_unit_test_setup(test_problems, no_file),
        cmocka_unit_test_setup(test_hostile, no_file),
        cmocka_unit_test_setup(test_set_keeps_the_rest, no_file),
        cmocka_unit_test_setup(test_set_refuses, no_file),
        cmocka_unit_test_setup(test_set_replaces_the_file, no_file),
        cmocka_unit_test_setup(test_links, no_file),
        cmocka_unit_test_setup(test_unwritable, no_file),
        cmocka_unit_test_setup(test_place, no_file),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
