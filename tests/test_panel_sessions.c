/* The drawer of sessions over a real store: what is listed, found, opened, renamed, deleted, exported. */
#include "panel_driver.h"

#include "store/sessions.h"
#include "ui/export.h"
#include "ui/when.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char folder[64];
static struct sessions *store;

static int64_t say(const char *question, const char *answer)
{
    struct session_turn turn = { .text = (char *)question }, facts = { .answer = (char *)answer, .state = TURN_FINISHED };
    struct error err;
    int64_t session, id;

    assert_true(sessions_begin(store, &session, &err));
    assert_true(sessions_ask(store, session, &turn, &id, &err));
    assert_true(sessions_answer(store, id, &facts, &err));
    return session;
}

/* Hours and minutes are said in local time: the clock of the tests is UTC. */
static void date(int64_t session, int64_t changed)
{
    sqlite3 *db;
    char sql[128];

    snprintf(sql, sizeof sql, "UPDATE session SET changed = %lld WHERE id = %lld", (long long)changed, (long long)session);
    assert_int_equal(sqlite3_open("sessions.db", &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static int set_up(void **state)
{
    struct error err;

    (void)state;
    strcpy(folder, "/tmp/mynah-drawer-XXXXXX");
    if (mkdtemp(folder) == NULL || chdir(folder) != 0 || setenv("XDG_DATA_HOME", folder, 1) != 0 || setenv("TZ", "UTC", 1) != 0)
        return -1;
    tzset();
    store = sessions_open("sessions.db", &err);
    return store != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    char command[256];

    (void)state;
    sessions_close(store);
    snprintf(command, sizeof command, "chmod -R u+w %s; rm -rf %s", folder, folder);
    return chdir("/") == 0 && system(command) == 0 ? 0 : -1;
}

static struct panel *open_drawer(int64_t current)
{
    struct error err;
    struct panel *p = panel_sessions_new(store, current, &err);

    assert_non_null(p);
    return p;
}

static void test_drawn(void **state)
{
    int64_t birds = say("What is a mynah?", "A bird of the starling family."), other = say("한국어로 말해 줘", "네."), last = say("Boats", "Float.");
    struct panel *p;

    (void)state;
    (void)birds;
    date(other, 1000000000);                            /* 2001-09-09, as date(1) says */
    p = open_drawer(last);
    const char *screen = shown(p, 5, 48);
    assert_non_null(strstr(screen, "/ type to search what was said\n›• Boats"));
    assert_int_equal(row_of(screen, "한국어로 말해 줘"), 2);
    assert_non_null(strstr(screen, " 9 Sep 2001\n"));
    assert_int_equal(row_of(screen, "   What is a mynah?"), 3);
    assert_non_null(strstr(screen, "today "));
    assert_int_equal(style_at(1, 20), STYLE_SELECTED);
    assert_int_equal(style_at(2, 47), STYLE_DIM);
    /* Too narrow for dates: titles stay. */
    assert_string_equal(shown(p, 4, 20), "/ type to search wh…\n›• Boats\n   한국어로 말해 줘\n   What is a mynah?\n");
    p->free(p);
    p = open_drawer(other);
    assert_non_null(strstr(shown(p, 5, 20), "›• 한국어로 말해 줘"));
    p->free(p);
}

static void test_searched(void **state)
{
    (void)state;
    int64_t birds = say("What is a mynah?", "A bird of the starling family.\nIt talks.");
    say("Boats", "They float.");
    struct panel *p = open_drawer(0);
    shown(p, 6, 60);
    assert_int_equal(typed(p, "STARL").act, PANEL_NOTHING);
    const char *screen = shown(p, 6, 60);
    assert_int_equal(row_of(screen, "›  What is a mynah?"), 1);
    assert_int_equal(row_of(screen, "   A bird of the starling family."), 2);
    assert_int_equal(row_of(screen, "Boats"), -1);
    assert_int_equal(style_at(2, 16), STYLE_SELECTED);
    assert_int_equal(style_at(2, 17), STYLE_MATCH);     /* "starl" */
    assert_int_equal(style_at(2, 21), STYLE_MATCH);
    assert_int_equal(style_at(2, 22), STYLE_SELECTED);
    struct panel_outcome o = typed(p, ENTER);
    assert_int_equal(o.act, PANEL_OPEN_SESSION);
    assert_int_equal(o.id, birds);
    typed(p, "x");
    assert_string_equal(shown(p, 3, 30), "/ STARLx\n   no session\n\n");
    assert_int_equal(typed(p, ENTER "\x04\x12\x05").act, PANEL_NOTHING);
    typed(p, "\x15" "bOAT");
    assert_int_equal(row_of(shown(p, 4, 60), "›  Boats"), 1);
    typed(p, "\x15");
    assert_int_equal(row_of(shown(p, 4, 60), "›  Boats"), 1);
    assert_int_equal(row_of(shown(p, 4, 60), "   What is a mynah?"), 2);
    assert_int_equal(typed(p, ESCAPE).act, PANEL_CLOSE);
    assert_int_equal(typed(p, "\x07").act, PANEL_CLOSE);
    p->free(p);
}

static void test_opened(void **state)
{
    (void)state;
    int64_t birds = say("Birds", "Fly."), boats = say("Boats", "Float.");
    struct panel *p = open_drawer(boats);
    shown(p, 5, 40);
    assert_int_equal(typed(p, ENTER).act, PANEL_CLOSE);     /* it is open already */
    struct panel_outcome o = typed(p, DOWN ENTER);
    assert_int_equal(o.act, PANEL_OPEN_SESSION);
    assert_int_equal(o.id, birds);
    o = clicked(p, MOUSE_LEFT, 2, 10);
    assert_int_equal(o.act, PANEL_OPEN_SESSION);
    p->free(p);
}

/* A second program with the same store: another open of it holds the lock. */
static void test_in_use_elsewhere(void **state)
{
    (void)state;
    int64_t birds = say("Birds", "Fly."), boats = say("Boats", "Float.");
    int ready[2], end[2];
    char c;

    assert_int_equal(pipe(ready) | pipe(end), 0);
    pid_t child = fork();
    if (child == 0) {
        struct stored_session session;
        struct error err;
        bool in_use;
        struct sessions *other = sessions_open("sessions.db", &err);
        bool ok = other != NULL && sessions_resume(other, birds, &session, &in_use, &err);
        close(end[1]);
        _exit(write(ready[1], ok ? "y" : "n", 1) != 1 || read(end[0], &c, 1) != 0);
    }
    close(end[0]);
    assert_int_equal(read(ready[0], &c, 1), 1);
    assert_int_equal(c, 'y');
    struct panel *p = open_drawer(boats);
    assert_int_equal(row_of(shown(p, 5, 40), " ! Birds"), 2);
    assert_int_equal(style_at(2, 4), STYLE_DIM);
    for (int i = 0; i < 2; i++) {
        struct panel_outcome o = typed(p, i == 0 ? DOWN ENTER : "\x04");
        assert_int_equal(o.act, PANEL_HINT);
        assert_true(o.warns);
        assert_string_equal(o.text, "this one is open in another mynah; close it there first");
    }
    assert_int_equal(typed(p, "y").act, PANEL_NOTHING);      /* it was searched for, not agreed to */
    p->free(p);
    close(end[1]);
    close(ready[0]);
    close(ready[1]);
}

static void test_renamed(void **state)
{
    (void)state;
    int64_t birds = say("Birds", "Fly.");
    struct panel *p = open_drawer(0);
    say("Boats", "Float.");
    shown(p, 5, 40);
    typed(p, "\x12");
    assert_non_null(strstr(shown(p, 5, 40), "\n›  Birds\n"));
    assert_int_equal(driven.cursor_row, 1);
    assert_int_equal(driven.cursor_col, 8);
    assert_int_equal(style_at(1, 30), STYLE_PLAIN);
    typed(p, "\x15" "새 이름" BACKSPACE "릉");
    struct panel_outcome o = typed(p, ENTER);
    assert_int_equal(o.act, PANEL_SESSION_RENAMED);
    assert_int_equal(o.id, birds);
    assert_int_equal(row_of(shown(p, 5, 40), "›  새 이릉"), 2);
    assert_int_equal(row_of(shown(p, 5, 40), "   Boats"), 1);
    /* Esc keeps the name; it closes nothing. */
    assert_int_equal(typed(p, "\x12xx").act, PANEL_NOTHING);
    assert_non_null(strstr(shown(p, 5, 40), "새 이릉xx"));
    assert_int_equal(typed(p, ESCAPE).act, PANEL_NOTHING);
    assert_non_null(strstr(shown(p, 5, 40), "›  새 이릉"));
    /* What was stored need not be well formed: it is edited all the same, and its bytes stay. */
    struct error err;
    assert_true(sessions_rename(store, birds, "bird \xE1\x84", &err));
    typed(p, "x" BACKSPACE DOWN "\x12\x1B" "b\x1B" "b\x1B" "u\x1B" "u" ENTER);
    assert_non_null(strstr(shown(p, 5, 40), "›  BIRD \xEF\xBF\xBD"));
    /* An empty name is the first question again. */
    assert_int_equal(typed(p, "\x12\x15" ENTER).act, PANEL_SESSION_RENAMED);
    assert_non_null(strstr(shown(p, 5, 40), "›  Birds"));
    p->free(p);
}

static void test_deleted(void **state)
{
    struct session_entry *entries;
    size_t n;
    struct error err;

    (void)state;
    int64_t birds = say("Birds", "Fly."), boats = say("Boats", "Float.");
    struct panel *p = open_drawer(boats);
    shown(p, 5, 40);
    typed(p, DOWN "\x04");
    assert_non_null(strstr(shown(p, 5, 40), "\ndelete? y/n Birds\n"));
    assert_int_equal(style_at(2, 0), STYLE_WARNING);
    static const char *const refusals[] = { "n", ESCAPE, ENTER, "yes", "\x04", DOWN };
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        assert_string_equal(typed(p, refusals[i]).text, "kept");
        assert_non_null(strstr(shown(p, 5, 40), "›  Birds"));
        typed(p, "\x04");
    }
    struct panel_outcome o = typed(p, "y");
    assert_int_equal(o.act, PANEL_SESSION_GONE);
    assert_int_equal(o.id, birds);
    assert_string_equal(shown(p, 3, 10), "/ type to…\n›• Boats\n\n");
    o = typed(p, "\x04Y");
    assert_int_equal(o.id, boats);
    assert_string_equal(shown(p, 3, 15), "/ type to sear…\n   no session\n\n");
    assert_int_equal(typed(p, "\x04").act, PANEL_NOTHING);
    p->free(p);
    assert_true(sessions_list(store, NULL, &entries, &n, &err));
    assert_int_equal(n, 0);
    session_entries_free(entries, n);
}

static char *contents(const char *name)
{
    static char text[4096];
    FILE *f = fopen(name, "r");

    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    return text;
}

static void test_exported(void **state)
{
    (void)state;
    say("What/is: a ..mynah? 새", "A **bird**.");
    struct panel *p = open_drawer(0);
    shown(p, 5, 40);
    struct panel_outcome o = typed(p, "\x05");
    assert_int_equal(o.act, PANEL_HINT);
    assert_false(o.warns);
    assert_string_equal(o.text, "written to What-is-a-mynah-새.md in this folder");
    assert_non_null(strstr(contents("What-is-a-mynah-새.md"), "A **bird**."));
    FILE *f = fopen("What-is-a-mynah-새.md", "w");
    assert_true(f != NULL && fputs("mine", f) >= 0 && fclose(f) == 0);
    assert_string_equal(typed(p, "\x05").text, "written to What-is-a-mynah-새-2.md in this folder");
    assert_string_equal(contents("What-is-a-mynah-새.md"), "mine");
    assert_non_null(strstr(contents("What-is-a-mynah-새-2.md"), "A **bird**."));
    assert_int_equal(symlink("nowhere", "What-is-a-mynah-새-3.md"), 0);      /* nor is a link followed */
    assert_string_equal(typed(p, "\x05").text, "written to What-is-a-mynah-새-4.md in this folder");
    assert_int_equal(access("nowhere", F_OK), -1);
    p->free(p);
}

static void test_export_names(void **state)
{
    static const struct { const char *title, *name; } cases[] = {
        { "", "conversation.md" }, { "...", "conversation-2.md" }, { "../../etc/passwd", "etc-passwd.md" },
        { "-rf *", "rf.md" }, { ".hidden", "hidden.md" }, { "a\x1B[2Jb\nc", "a-2Jb-c.md" }, { "x \xFF y", "x-y.md" },
    };
    struct error err = { 0 };
    struct buffer title = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *name = export_markdown(cases[i].title, "x", &err);
        assert_non_null(name);
        assert_string_equal(name, cases[i].name);
        free(name);
    }
    for (int i = 0; i < 200; i++)
        buffer_print(&title, "글");
    char *name = export_markdown(title.s, "x", &err);
    assert_non_null(name);
    assert_int_equal(strlen(name), 26 * 3 + 3);         /* whole characters */
    free(name);
    buffer_free(&title);
    /* A folder that takes no file, and one that is full. */
    assert_true(mkdir("closed", 0500) == 0);
    if (geteuid() != 0) {
        assert_int_equal(chdir("closed"), 0);
        assert_null(export_markdown("x", "x", &err));
        assert_non_null(strstr(err.text, "x.md: cannot be written here: Permission denied"));
    }
    assert_int_equal(chdir("/proc/self"), 0);
    assert_null(export_markdown("x", "x", &err));
    assert_non_null(strstr(err.text, "x.md: cannot be written here: "));
    assert_int_equal(chdir(folder), 0);
}

/* date(1): 1760303700 is Sun 2025-10-12 21:15 UTC. */
static void test_when(void **state)
{
    enum { DAY = 86400 };
    const int64_t now = 1760303700;
    static const struct { int64_t ago; const char *said; } cases[] = {
        { 0, "today 21:15" }, { 21 * 3600 + 15 * 60, "today 0:00" }, { 21 * 3600 + 15 * 60 + 1, "yesterday 23:59" },
        { DAY, "yesterday 21:15" }, { 45 * 3600 + 16 * 60, "Fri 10 Oct" }, { 6 * DAY, "Mon 6 Oct" }, { 300 * DAY, "16 Dec 2024" },
        { -DAY, "Mon 13 Oct" },
    };
    char out[WHEN_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        when_said(now - cases[i].ago, now, out);
        assert_string_equal(out, cases[i].said);
    }
    when_said(1735689600 - 60, 1735689600 + 60, out);   /* over the new year */
    assert_string_equal(out, "yesterday 23:59");
    when_said(INT64_MAX, now, out);
    assert_string_equal(out, "");
}

static void test_inside_and_random(void **state)
{
    static const char letters[] = "abynk/? 한글漢字👍é\xCC\x81.~";

    (void)state;
    for (uint32_t seed = 1; seed <= 3; seed++) {
        for (int i = 0; i < 8; i++)
            say(i % 2 ? "한국어 질문은 이렇게 길 수도 있다" : "a\x1B[2J question\nof two lines", "the answer is, at length, that bananas are yellow");
        struct panel *p = open_drawer(0);
        check_every_size(p);
        typed(p, "an");
        check_every_size(p);
        typed(p, "\x12");
        check_every_size(p);
        typed(p, ESCAPE "\x04");
        check_every_size(p);
        check_random(p, letters, seed, 300);
        check_every_size(p);
        p->free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_drawn, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_searched, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_opened, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_in_use_elsewhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_renamed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_deleted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_exported, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_export_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_when, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_inside_and_random, set_up, tear_down),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    screen_free(&driven);
    return failed;
}
