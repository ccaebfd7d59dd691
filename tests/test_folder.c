/* The user's folders, as the XDG specification places them. */
#include "base/folder.h"

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

static char home[64];

static int set_up(void **state)
{
    (void)state;
    strcpy(home, "/tmp/mynah-folder-XXXXXX");
    if (mkdtemp(home) == NULL)
        return -1;
    unsetenv("XDG_DATA_HOME");
    unsetenv("XDG_CONFIG_HOME");
    return setenv("HOME", home, 1);
}

static int tear_down(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", home);
    return system(command);
}

static void check_folder(char *path, const char *base, const char *rest)
{
    char expected[256];
    struct stat st;

    assert_non_null(path);
    snprintf(expected, sizeof expected, "%s%s", base, rest);
    assert_string_equal(path, expected);
    assert_int_equal(stat(path, &st), 0);
    assert_true(S_ISDIR(st.st_mode));
    assert_int_equal(st.st_mode & 0777, 0700);
    free(path);
}

static void test_places(void **state)
{
    struct error err;
    char data[128], config[128];

    (void)state;
    check_folder(folder_data("", &err), home, "/.local/share/mynah");
    check_folder(folder_data("a/b", &err), home, "/.local/share/mynah/a/b");
    check_folder(folder_config("", &err), home, "/.config/mynah");
    snprintf(data, sizeof data, "%s/data", home);
    snprintf(config, sizeof config, "%s/config", home);
    setenv("XDG_DATA_HOME", data, 1);
    setenv("XDG_CONFIG_HOME", config, 1);
    check_folder(folder_data("sessions", &err), data, "/mynah/sessions");
    check_folder(folder_config("", &err), config, "/mynah");
    setenv("XDG_DATA_HOME", "relative", 1);         /* is to be ignored */
    check_folder(folder_data("", &err), home, "/.local/share/mynah");
    setenv("XDG_DATA_HOME", "", 1);
    check_folder(folder_data("", &err), home, "/.local/share/mynah");
}

static void test_umask(void **state)
{
    struct error err;
    mode_t before = umask(0277);

    (void)state;
    check_folder(folder_data("x", &err), home, "/.local/share/mynah/x");
    umask(0);
    check_folder(folder_data("y", &err), home, "/.local/share/mynah/y");
    umask(before);
}

static void test_refused(void **state)
{
    struct error err = { 0 };
    char file[128];

    (void)state;
    snprintf(file, sizeof file, "%s/.config", home);
    fclose(fopen(file, "w"));
    assert_null(folder_config("x", &err));
    assert_int_equal(err.code, ERROR_INPUT);
    assert_non_null(strstr(err.text, file));
    assert_non_null(strstr(err.text, "a file has that name"));
    unsetenv("HOME");
    assert_null(folder_data("x", &err));
    assert_non_null(strstr(err.text, "neither XDG_DATA_HOME nor HOME"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_places, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_umask, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
