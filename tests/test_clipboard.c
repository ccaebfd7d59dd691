/* The clipboard through stand-ins for wl-copy, wl-paste and xclip on a PATH of the test's own. */
#include "ui/clipboard.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

static char folder[] = "/tmp/mynah-clipboard-XXXXXX";

static const char *in_folder(const char *name)
{
    static char path[600];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* A program of this name; NULL takes it away.  PATH has nothing else, so it names /bin itself. */
static void program(const char *name, const char *script)
{
    char path[600];

    snprintf(path, sizeof path, "%s", in_folder("bin/"));
    snprintf(path + strlen(path), sizeof path - strlen(path), "%s", name);
    unlink(path);
    if (script == NULL)
        return;
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "#!/bin/sh\nPATH=/usr/bin:/bin\ncd '%s' || exit 9\n%s\n", folder, script);
    fclose(file);
    assert_int_equal(chmod(path, 0700), 0);
}

static char *contents(const char *path, size_t *n)
{
    static char bytes[1 << 20];
    FILE *file = fopen(path, "rb");

    *n = 0;
    if (file == NULL)
        return NULL;
    *n = fread(bytes, 1, sizeof bytes - 1, file);
    bytes[*n] = '\0';
    fclose(file);
    return bytes;
}

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL || mkdir(in_folder("bin"), 0700) != 0 || setenv("PATH", in_folder("bin"), 1) != 0
        || setenv("XDG_DATA_HOME", in_folder("data"), 1) != 0;
}

static int tear_down(void **state)
{
    char command[700];

    (void)state;
    snprintf(command, sizeof command, "/bin/rm -rf '%s'", folder);
    return system(command);
}

static int fresh(void **state)
{
    (void)state;
    program("wl-copy", NULL);
    program("wl-paste", NULL);
    program("xclip", NULL);
    unsetenv("WAYLAND_DISPLAY");
    unsetenv("DISPLAY");
    return 0;
}

static void refused(const char *expected)
{
    struct error err = { 0 };
    char *path = clipboard_image(&err);

    assert_null(path);
    assert_int_equal(err.code, ERROR_INPUT);
    if (strstr(err.text, expected) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.text, expected);
}

static void test_what_is_missing_is_named(void **state)
{
    (void)state;
    refused("neither WAYLAND_DISPLAY nor DISPLAY");
    setenv("DISPLAY", ":9", 1);
    refused("install xclip");
    setenv("WAYLAND_DISPLAY", "wayland-9", 1);
    refused("install wl-clipboard");
    program("wl-paste", "exit 1");
    refused("holds no image");
}

static void saved_as(const char *ending, const char *bytes, size_t n_bytes)
{
    struct error err = { 0 };
    char *path = clipboard_image(&err);
    struct stat st;
    size_t n;

    if (path == NULL)
        fail_msg("%s", err.text);
    assert_int_equal(strncmp(path, in_folder("data/mynah/clipboard/clipboard-"), strlen(in_folder("data/mynah/clipboard/clipboard-"))), 0);
    assert_string_equal(strrchr(path, '.'), ending);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    const char *found = contents(path, &n);
    assert_int_equal(n, n_bytes);
    assert_memory_equal(found, bytes, n_bytes);
    free(path);
}

static void test_an_image_is_saved(void **state)
{
    static const char png[] = "\x89PNG\r\n\x1a\nmore", jpeg[] = "\xFF\xD8\xFF\xE0more", webp[] = "RIFF1234WEBPmore";

    (void)state;
    setenv("WAYLAND_DISPLAY", "wayland-9", 1);
    program("wl-paste", "case \"$*\" in *image/png) printf '\\211PNG\\r\\n\\032\\nmore' ;; *) exit 1 ;; esac");
    saved_as(".png", png, sizeof png - 1);
    program("wl-paste", "case \"$*\" in *image/jpeg) printf '\\377\\330\\377\\340more' ;; *) exit 1 ;; esac");
    saved_as(".jpg", jpeg, sizeof jpeg - 1);
    program("wl-paste", "case \"$*\" in *image/webp) printf RIFF1234WEBPmore ;; *) exit 1 ;; esac");
    saved_as(".webp", webp, sizeof webp - 1);
    setenv("DISPLAY", ":9", 1);                 /* XWayland: the other is asked when the first has none */
    program("wl-paste", "exit 1");
    program("xclip", "case \"$*\" in *clipboard*image/png*-out) printf '\\211PNG\\r\\n\\032\\nmore' ;; *) exit 1 ;; esac");
    saved_as(".png", png, sizeof png - 1);
    unsetenv("WAYLAND_DISPLAY");
    saved_as(".png", png, sizeof png - 1);
}

/* xclip gives text, too, when asked for an image by some programs. */
static void test_other_bytes_are_refused(void **state)
{
    (void)state;
    setenv("DISPLAY", ":9", 1);
    program("xclip", "echo GIF89a and words");
    refused("holds no image");
    program("xclip", "printf '\\211PNG\\r\\n\\032\\nmore'; exit 1");
    refused("holds no image");
    program("xclip", "exit 0");
    refused("holds no image");
}

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* One that hangs, and one that never ends to write, are left after the deadline and gone. */
static void test_bounds(void **state)
{
    size_t n;

    (void)state;
    setenv("DISPLAY", ":9", 1);
    program("xclip", "echo $$ >>pid; sleep 60");        /* one line: those asked after it begin too late to write */
    double start = seconds();
    refused("holds no image");
    assert_true(seconds() - start < 10);        /* 3 s, and what a busy machine adds */
    const char *pid = contents(in_folder("pid"), &n);
    assert_true(atoi(pid) > 1);
    assert_int_equal(kill(atoi(pid), 0), -1);
    program("xclip", "printf '\\211PNG\\r\\n\\032\\n'; cat /dev/zero");
    start = seconds();
    refused("holds no image");
    assert_true(seconds() - start < 10);
}

static void test_text_is_handed_over(void **state)
{
    static char text[300000];
    size_t n;

    (void)state;
    memset(text, 'x', sizeof text);
    memcpy(text, "\xEA\xB0\x95 $(id)", 9);
    assert_false(clipboard_copy(text, sizeof text));                    /* no display */
    setenv("DISPLAY", ":9", 1);
    assert_false(clipboard_copy(text, sizeof text));                    /* no program */
    program("xclip", "case \"$*\" in *clipboard*-in) cat >copied ;; *) exit 1 ;; esac");
    assert_true(clipboard_copy(text, sizeof text));
    const char *copied = contents(in_folder("copied"), &n);
    assert_int_equal(n, sizeof text);
    assert_memory_equal(copied, text, n);
    setenv("WAYLAND_DISPLAY", "wayland-9", 1);
    program("wl-copy", "cat >by-wayland");
    assert_true(clipboard_copy("", 0));
    assert_non_null(contents(in_folder("by-wayland"), &n));
    assert_int_equal(n, 0);
    program("wl-copy", "exit 1");                                       /* the other one is tried */
    assert_true(clipboard_copy("short", 5));
    assert_string_equal(contents(in_folder("copied"), &n), "short");
}

/* A program that stays behind with its files open is not waited for; one that reads nothing does no harm. */
static void test_one_that_stays_behind(void **state)
{
    size_t n;

    (void)state;
    setenv("WAYLAND_DISPLAY", "wayland-9", 1);
    program("wl-copy", "cat >copied; sleep 20 & echo $! >behind; exit 0");
    double start = seconds();
    assert_true(clipboard_copy("kept", 4));
    assert_true(seconds() - start < 2.5);
    pid_t behind = atoi(contents(in_folder("behind"), &n));
    assert_int_equal(kill(behind, SIGTERM), 0);
    program("wl-copy", "exec <&-; exit 0");
    static char large[1 << 19];
    memset(large, 'y', sizeof large);
    assert_true(clipboard_copy(large, sizeof large));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_what_is_missing_is_named, fresh), cmocka_unit_test_setup(test_an_image_is_saved, fresh),
        cmocka_unit_test_setup(test_other_bytes_are_refused, fresh), cmocka_unit_test_setup(test_bounds, fresh),
        cmocka_unit_test_setup(test_text_is_handed_over, fresh), cmocka_unit_test_setup(test_one_that_stays_behind, fresh),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
