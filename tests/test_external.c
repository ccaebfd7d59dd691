/* The draft in an editor: scripts in the place of editors, a terminal that counts. */
#include "ui/external.h"

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static char folder[] = "/tmp/mynah-external-XXXXXX";
static char calls[64];                      /* "suspend resume " */

static void suspend(void) { strcat(calls, "suspend "); }
static void resume(void) { strcat(calls, "resume "); }
static const struct external_terminal terminal = { suspend, resume };

static const char *in_folder(const char *name)
{
    static char path[600];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void program(const char *name, const char *script)
{
    FILE *file = fopen(in_folder(name), "w");

    assert_non_null(file);
    fprintf(file, "#!/bin/sh\n%s\n", script);
    fclose(file);
    assert_int_equal(chmod(in_folder(name), 0700), 0);
}

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    return mkdir(in_folder("bin"), 0700) != 0 || mkdir(in_folder("tmp"), 0700) != 0 || setenv("TMPDIR", in_folder("tmp"), 1) != 0;
}

static int tear_down(void **state)
{
    char command[700];

    (void)state;
    setenv("PATH", "/usr/bin:/bin", 1);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static int fresh(void **state)
{
    char path[700];

    (void)state;
    unsetenv("VISUAL");
    unsetenv("EDITOR");
    snprintf(path, sizeof path, "%s:/usr/bin:/bin", in_folder("bin"));
    setenv("PATH", path, 1);
    calls[0] = '\0';
    return 0;
}

/* What came of it: the new text, "(unchanged)" or the error. Nothing is left behind. */
static const char *edited(const char *text)
{
    static char out[600];
    struct error err = { 0 };
    char *result;
    bool good = external_edit(text, &terminal, &result, &err);
    DIR *dir = opendir(in_folder("tmp"));
    int n = 0;

    while (readdir(dir) != NULL)
        n++;
    closedir(dir);
    assert_int_equal(n, 2);                 /* . and .. */
    assert_string_equal(calls, "suspend resume ");
    calls[0] = '\0';
    if (!good) {
        assert_null(result);
        assert_int_equal(err.code, ERROR_INPUT);
    }
    snprintf(out, sizeof out, "%s", !good ? err.text : result == NULL ? "(unchanged)" : result);
    free(result);
    return out;
}

static void test_text_comes_back(void **state)
{
    (void)state;
    program("bin/ed1", "printf ' and \\352\\260\\225\\n\\n' >>\"$1\"");
    setenv("EDITOR", "ed1", 1);
    assert_string_equal(edited("what"), "what and \xEA\xB0\x95");
    program("bin/ed1", ": >\"$1\"");
    assert_string_equal(edited("what"), "");
    program("bin/ed1", "echo draft >\"$1.new\"; mv \"$1.new\" \"$1\"; echo >\"$1~\"");     /* as vim and others write */
    assert_string_equal(edited("what"), "draft");
}

static void test_unchanged(void **state)
{
    (void)state;
    setenv("EDITOR", "true", 1);
    assert_string_equal(edited("one\ntwo"), "(unchanged)");
    assert_string_equal(edited("ends with a newline\n"), "(unchanged)");
    assert_string_equal(edited(""), "(unchanged)");
    program("bin/ed1", "echo >>\"$1\"");    /* vi ends the last line */
    setenv("EDITOR", "ed1", 1);
    assert_string_equal(edited("one"), "(unchanged)");
}

/* The variable is read by sh, the file's name never. */
static void test_arguments(void **state)
{
    (void)state;
    program("bin/ed1", "{ for a; do case $a in */draft.md) echo FILE; stat -c %a \"$a\" \"${a%/*}\" ;; *) echo \"$a\" ;; esac; done; } >\"$0.args\"; cat \"$0.args\" >\"$3\"");
    setenv("VISUAL", "ed1 -w 'two words'", 1);
    setenv("EDITOR", "false", 1);           /* VISUAL comes first */
    assert_string_equal(edited("x"), "-w\ntwo words\nFILE\n600\n700");
    setenv("VISUAL", "", 1);
    assert_non_null(strstr(edited("x"), "\"false\" ended with status 1"));
}

static void test_a_folder_with_a_strange_name(void **state)
{
    char *result;
    struct error err;

    (void)state;
    mkdir(in_folder("$(touch hurt) x"), 0700);
    setenv("TMPDIR", in_folder("$(touch hurt) x"), 1);
    program("bin/ed1", "echo good >\"$1\"");
    setenv("EDITOR", "ed1", 1);
    assert_true(external_edit("x", &terminal, &result, &err));
    assert_string_equal(result, "good");
    free(result);
    assert_int_equal(access("hurt", F_OK), -1);
    setenv("TMPDIR", in_folder("missing"), 1);
    calls[0] = '\0';
    assert_false(external_edit("x", &terminal, &result, &err));
    assert_non_null(strstr(err.text, "TMPDIR"));
    assert_string_equal(calls, "");         /* the terminal was never given away */
    setenv("TMPDIR", in_folder("tmp"), 1);
}

static void test_failures_leave_the_draft(void **state)
{
    (void)state;
    program("bin/ed1", "echo changed >\"$1\"; exit 3");
    setenv("EDITOR", "ed1", 1);
    assert_non_null(strstr(edited("x"), "\"ed1\" ended with status 3; the draft stays"));
    program("bin/ed1", "kill -TERM $$");
    assert_non_null(strstr(edited("x"), "status 143"));
    setenv("EDITOR", "no-such-editor -w", 1);
    assert_non_null(strstr(edited("x"), "\"no-such-editor -w\" was not found: VISUAL or EDITOR"));
    program("bin/ed1", "printf 'a\\377b' >\"$1\"");
    setenv("EDITOR", "ed1", 1);
    assert_non_null(strstr(edited("x"), "not UTF-8"));
    program("bin/ed1", "printf 'a\\000b' >\"$1\"");
    assert_non_null(strstr(edited("x"), "not UTF-8"));
    program("bin/ed1", "rm \"$1\"");
    assert_non_null(strstr(edited("x"), "left no file"));
    program("bin/ed1", "rm \"$1\"; ln -s /etc/passwd \"$1\"");
    assert_non_null(strstr(edited("x"), "left no file"));
    program("bin/ed1", "head -c 20000000 /dev/zero | tr '\\0' x >\"$1\"");
    assert_non_null(strstr(edited("x"), "larger than 16 MB"));
}

static void test_without_a_variable(void **state)
{
    (void)state;
    setenv("PATH", in_folder("bin"), 1);
    assert_non_null(strstr(edited("x"), "no editor was found: VISUAL or EDITOR"));
    program("bin/vi", "echo by vi >\"$1\"");
    assert_string_equal(edited("x"), "by vi");
    program("bin/nano", "echo by nano >\"$1\"");
    assert_string_equal(edited("x"), "by nano");
    program("bin/editor", "echo by editor >\"$1\"");
    assert_string_equal(edited("x"), "by editor");
}

/* C-c in the editor is the editor's: this process, which gets it, too, goes on. */
static void test_interrupts_are_the_editors(void **state)
{
    (void)state;
    program("bin/ed1", "trap 'echo caught >\"$1\"' INT; kill -INT $PPID; kill -INT $$");
    setenv("VISUAL", "exec ed1", 1);
    assert_string_equal(edited("x"), "caught");
}

/* C-z stops the editor and the program with it, so that the shell has the terminal; fg continues both. */
static void test_a_stopped_editor(void **state)
{
    int status;

    (void)state;
    program("bin/ed1", "kill -STOP $$; echo continued >\"$1\"");
    setenv("VISUAL", "exec ed1", 1);
    pid_t child = fork();
    if (child == 0) {
        char *result;
        struct error err;
        setpgid(0, 0);
        _exit(external_edit("x", &terminal, &result, &err) && result != NULL && strcmp(result, "continued") == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, WUNTRACED), child);
    assert_true(WIFSTOPPED(status));
    assert_int_equal(kill(-child, SIGCONT), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_text_comes_back, fresh), cmocka_unit_test_setup(test_unchanged, fresh),
        cmocka_unit_test_setup(test_arguments, fresh), cmocka_unit_test_setup(test_a_folder_with_a_strange_name, fresh),
        cmocka_unit_test_setup(test_failures_leave_the_draft, fresh), cmocka_unit_test_setup(test_without_a_variable, fresh),
        cmocka_unit_test_setup(test_interrupts_are_the_editors, fresh),
        cmocka_unit_test_setup(test_a_stopped_editor, fresh),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
