/* Conversations on disk: what was said comes back as it was said, in its tree. */
#include "tests/sessions_fixture.h"

#include "store/sessions_private.h"

#include <time.h>

/* ---- what is kept -------------------------------------------------------------------- */

#define HARD_TEXT "what\n\"is\" \x1B[31m\xFF\xC3 이것?\r\n"

static void check_hard_turn(const struct session_turn *turn)
{
    assert_string_equal(turn->text, HARD_TEXT);
    assert_string_equal(turn->answer, "a \\ cat\r\n\x80");
    assert_int_equal(turn->state, TURN_CUT);
    assert_int_equal(turn->n_files, 2);
    assert_string_equal(turn->files[0].path, "/a b/\"강\".png");
    assert_string_equal(turn->files[0].sha256, "0123");
    assert_string_equal(turn->files[1].path, "\xFE.wav");
    assert_string_equal(turn->files[1].sha256, "");
    assert_true(turn->summary);
    assert_string_equal(turn->model, "tiny");
    assert_true(turn->seed == UINT64_MAX - 1);
    assert_int_equal(turn->n_prompt, 11);
    assert_int_equal(turn->n_generated, 22);
    assert_true(turn->encode_ms == 1.5 && turn->prefill_ms == 2.5 && turn->decode_ms == 3.5);
}

static void test_comes_back(void **state)
{
    struct store *t = *state;
    struct session_file files[] = { { "/a b/\"강\".png", "0123" }, { "\xFE.wav", NULL } };
    const struct session_turn turn = { .text = HARD_TEXT, .files = files, .n_files = 2, .summary = true };
    const struct session_turn facts = { .answer = "a \\ cat\r\n\x80", .state = TURN_CUT, .model = "tiny", .seed = UINT64_MAX - 1,
                                        .n_prompt = 11, .n_generated = 22, .encode_ms = 1.5, .prefill_ms = 2.5, .decode_ms = 3.5 };
    int64_t session = store_begin(t), id;

    assert_ok(t, sessions_ask(t->s, session, &turn, &id, &t->err));
    assert_ok(t, sessions_answer(t->s, id, &facts, &t->err));
    assert_ok(t, sessions_set_draft(t->s, session, "draft \xFF", &t->err));
    assert_ok(t, sessions_set_settings(t->s, session, "temp 0.7\nsystem x", &t->err));
    assert_ok(t, sessions_leave_out(t->s, &id, 1, true, &t->err));
    store_reopen(t);
    struct stored_session loaded = store_load(t, 0);
    assert_int_equal(loaded.id, session);
    assert_int_equal(loaded.head, id);
    assert_string_equal(loaded.draft, "draft \xFF");
    assert_string_equal(loaded.settings, "temp 0.7\nsystem x");
    assert_string_equal(loaded.title, "what");
    assert_int_equal(loaded.n_turns, 1);
    assert_int_equal(loaded.turns[0].parent, 0);
    assert_true(loaded.turns[0].left_out);
    check_hard_turn(&loaded.turns[0]);
    stored_session_done(&loaded);
    assert_ok(t, sessions_leave_out(t->s, &id, 1, false, &t->err));
    loaded = store_load(t, session);
    assert_false(loaded.turns[0].left_out);
    stored_session_done(&loaded);
    store_check(t);
}

/* The same file read by python's module: an implementation that shares none of our code. */
static void test_python_reads_it(void **state)
{
    struct store *t = *state;
    char command[512], line[256];
    int64_t session = store_begin(t), id = store_ask(t, session, 0, "\xFF\x1B 강");

    store_answer(t, id, "\xC3(");
    snprintf(command, sizeof command,
             "python3 -c \"import sqlite3; c = sqlite3.connect('%s'); c.text_factory = bytes\n"
             "print(c.execute('PRAGMA integrity_check').fetchone()[0].decode(), c.execute('PRAGMA journal_mode').fetchone()[0].decode(),"
             " *[x.hex() for x in c.execute('SELECT t.text, a.text FROM turn t JOIN answer a ON a.turn = t.id').fetchone()])\"", t->path);
    FILE *python = popen(command, "r");
    assert_non_null(fgets(line, sizeof line, python));
    assert_int_equal(pclose(python), 0);
    assert_string_equal(line, "ok wal ff1b20eab095 c328\n");
}

static void test_answer_grows(void **state)
{
    struct store *t = *state;
    int64_t session = store_begin(t), id = store_ask(t, session, 0, "q");
    struct stored_session loaded = store_load(t, session);

    assert_null(loaded.turns[0].answer);
    assert_int_equal(loaded.turns[0].state, TURN_WAITING);
    stored_session_done(&loaded);
    assert_ok(t, sessions_write(t->s, id, "one", &t->err));
    assert_ok(t, sessions_write(t->s, id, "one two", &t->err));
    store_reopen(t);
    loaded = store_load(t, 0);
    assert_string_equal(loaded.turns[0].answer, "one two");
    assert_int_equal(loaded.turns[0].state, TURN_WRITING);
    stored_session_done(&loaded);
    store_answer(t, id, "one two three");
    loaded = store_load(t, 0);
    assert_string_equal(loaded.turns[0].answer, "one two three");
    assert_int_equal(loaded.turns[0].state, TURN_FINISHED);
    stored_session_done(&loaded);
    /* continued: facts stay until the next ones come */
    assert_ok(t, sessions_answer(t->s, id, &(struct session_turn){ .answer = "cut", .state = TURN_CUT, .model = "m" }, &t->err));
    assert_ok(t, sessions_write(t->s, id, "cut and more", &t->err));
    loaded = store_load(t, 0);
    assert_string_equal(loaded.turns[0].answer, "cut and more");
    assert_string_equal(loaded.turns[0].model, "m");
    stored_session_done(&loaded);
    /* failed before a word came */
    assert_ok(t, sessions_answer(t->s, id, &(struct session_turn){ .state = TURN_STOPPED }, &t->err));
    loaded = store_load(t, 0);
    assert_null(loaded.turns[0].answer);
    assert_int_equal(loaded.turns[0].state, TURN_STOPPED);
    stored_session_done(&loaded);
}

static void check_flushed(struct store *t)
{
    sqlite3_stmt *q = database_prepare(&t->s->database, "PRAGMA synchronous", &t->err);

    assert_int_equal(sqlite3_step(q), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(q, 0), 2);  /* FULL: https://www.sqlite.org/pragma.html#pragma_synchronous */
    assert_ok(t, database_done(&t->s->database, q, &t->err));
}

/* What is written without a flush leaves the next call flushed, also when it fails. */
static void test_flushed(void **state)
{
    struct store *t = *state;
    int64_t session = store_begin(t), id = store_ask(t, session, 0, "q");

    check_flushed(t);
    assert_ok(t, sessions_write(t->s, id, "a", &t->err) && sessions_set_draft(t->s, session, "d", &t->err));
    check_flushed(t);
    assert_refused(t, sessions_write(t->s, 99, "a", &t->err), "not there");
    check_flushed(t);
}

/* ---- the tree ------------------------------------------------------------------------- */

/* "1<0 3<1 *5<1": id<parent of each turn, the head with a star, ids counted from the first. */
static void check_tree(struct store *t, int64_t session, int64_t first, const char *expected)
{
    struct stored_session loaded = store_load(t, session);
    char tree[256] = "";

    for (size_t i = 0; i < loaded.n_turns; i++) {
        const struct session_turn *turn = &loaded.turns[i];
        size_t n = strlen(tree);
        snprintf(tree + n, sizeof tree - n, "%s%s%d<%d", i > 0 ? " " : "", turn->id == loaded.head ? "*" : "",
                 (int)(turn->id - first + 1), turn->parent != 0 ? (int)(turn->parent - first + 1) : 0);
    }
    assert_string_equal(tree, expected);
    stored_session_done(&loaded);
    store_check(t);
}

/* 1 ─ 2 ─ 3      4 beside 2, 5 below it */
static int64_t grow_tree(struct store *t, int64_t session)
{
    int64_t one = store_ask(t, session, 0, "one"), two = store_ask(t, session, one, "two");

    store_ask(t, session, two, "three");
    int64_t four = store_ask(t, session, one, "four");
    store_ask(t, session, four, "five");
    return one;
}

static void test_branches(void **state)
{
    struct store *t = *state;
    int64_t session = store_begin(t), one = grow_tree(t, session);

    check_tree(t, session, one, "1<0 2<1 3<2 4<1 *5<4");
    assert_ok(t, sessions_set_head(t->s, session, one + 2, &t->err));
    check_tree(t, session, one, "1<0 2<1 *3<2 4<1 5<4");
    store_ask(t, session, one + 2, "six");
    check_tree(t, session, one, "1<0 2<1 3<2 4<1 5<4 *6<3");
    store_ask(t, session, 0, "another beginning");
    check_tree(t, session, one, "1<0 2<1 3<2 4<1 5<4 6<3 *7<0");
    assert_ok(t, sessions_set_head(t->s, session, 0, &t->err));
    check_tree(t, session, one, "1<0 2<1 3<2 4<1 5<4 6<3 7<0");
}

static void test_remove(void **state)
{
    struct store *t = *state;
    int64_t session = store_begin(t), one = grow_tree(t, session);

    store_answer(t, one + 1, "of two");
    assert_ok(t, sessions_remove_turn(t->s, one + 1, &t->err));             /* in the middle of another branch */
    check_tree(t, session, one, "1<0 3<1 4<1 *5<4");
    assert_ok(t, sessions_remove_turn(t->s, one + 4, &t->err));             /* the head */
    check_tree(t, session, one, "1<0 3<1 *4<1");
    assert_ok(t, sessions_remove_turn(t->s, one, &t->err));                 /* the root of two branches */
    check_tree(t, session, one, "3<0 *4<0");
    assert_ok(t, sessions_remove_turn(t->s, one + 3, &t->err));             /* a head that is a root */
    check_tree(t, session, one, "3<0");
    assert_refused(t, sessions_remove_turn(t->s, one + 3, &t->err), "no turn");
    assert_ok(t, sessions_remove_turn(t->s, one + 2, &t->err));             /* the last */
    check_tree(t, session, one, "");
    assert_int_equal(store_ask(t, session, 0, "ids are never given twice"), one + 5);
    char n[32];
    store_sql(t, "SELECT count(*) FROM answer", n, sizeof n);
    assert_string_equal(n, "0");
}

static void test_what_is_not_there(void **state)
{
    struct store *t = *state;
    int64_t session = store_begin(t), one = grow_tree(t, session), id = -1;
    const struct session_turn turn = { .parent = one + 77, .text = "q" };
    int64_t other = store_begin(t), elsewhere = store_ask(t, other, 0, "x");
    struct stored_session loaded;
    char left_out[16];
    bool in_use;

    assert_refused(t, sessions_ask(t->s, other, &turn, &id, &t->err), "not there");
    assert_refused(t, sessions_ask(t->s, 99, &(struct session_turn){ .text = "q" }, &id, &t->err), "not there");
    assert_refused(t, sessions_ask(t->s, other, &(struct session_turn){ .parent = one, .text = "q" }, &id, &t->err), "not there");
    assert_int_equal(id, -1);
    assert_refused(t, sessions_write(t->s, 99, "a", &t->err), "not there");
    assert_refused(t, sessions_answer(t->s, 99, &turn, &t->err), "not there");
    assert_refused(t, sessions_leave_out(t->s, (const int64_t[]){ one, 99 }, 2, true, &t->err), "no turn 99");
    store_sql(t, "SELECT sum(left_out) FROM turn", left_out, sizeof left_out);
    assert_string_equal(left_out, "0");             /* all or none */
    assert_refused(t, sessions_set_head(t->s, session, elsewhere, &t->err), "not there");
    assert_refused(t, sessions_set_head(t->s, 99, 0, &t->err), "no conversation 99");
    assert_refused(t, sessions_set_draft(t->s, 99, "", &t->err), "no conversation 99");
    assert_refused(t, sessions_set_settings(t->s, 99, "", &t->err), "no conversation 99");
    assert_refused(t, sessions_rename(t->s, 99, "", &t->err), "no conversation 99");
    assert_refused(t, sessions_delete(t->s, 99, &t->err), "no conversation 99");
    assert_refused(t, sessions_markdown(t->s, 99, &t->err), "no conversation 99");
    assert_refused(t, sessions_resume(t->s, 99, &loaded, &in_use, &t->err), "no conversation 99");
    assert_false(in_use);
    check_tree(t, session, one, "1<0 2<1 3<2 4<1 *5<4");
    store_check(t);
}

/* ---- all sessions ------------------------------------------------------------------------- */

/* "title|found" of each, with newlines between. */
static void check_list(struct store *t, const char *query, const char *expected)
{
    struct session_entry *entries;
    char list[1024] = "";
    size_t n;

    assert_ok(t, sessions_list(t->s, query, &entries, &n, &t->err));
    for (size_t i = 0; i < n; i++) {
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s|%s", i > 0 ? "\n" : "", entries[i].title, entries[i].found);
        assert_true(entries[i].n_turns > 0);
        assert_true(llabs(entries[i].changed - (int64_t)time(NULL)) < 600);
        assert_false(entries[i].in_use);
    }
    session_entries_free(entries, n);
    assert_string_equal(list, expected);
}

static void test_list(void **state)
{
    struct store *t = *state;
    int64_t first = store_begin(t), second = store_begin(t), third = store_begin(t);

    check_list(t, NULL, "");                        /* nothing said, nothing listed */
    int64_t turn = store_ask(t, first, 0, "about birds");
    store_ask(t, second, 0, "about fish");
    check_list(t, "", "about fish|\nabout birds|");
    store_answer(t, turn, "They\nfly, mostly.\nEnd");
    check_list(t, "", "about birds|\nabout fish|"); /* changed last first */
    check_list(t, "MOSTLY", "about birds|fly, mostly.");
    check_list(t, "About", "about birds|\nabout fish|");
    check_list(t, "whale", "");
    assert_ok(t, sessions_rename(t->s, second, "Whales & Co", &t->err));
    check_list(t, "whale", "Whales & Co|");
    check_list(t, "fish", "Whales & Co|about fish");
    check_list(t, "", "about birds|\nWhales & Co|");   /* a new name is no news */
    assert_ok(t, sessions_rename(t->s, second, "", &t->err));
    check_list(t, "fish", "about fish|");
    assert_ok(t, sessions_delete(t->s, first, &t->err));
    check_list(t, "", "about fish|");
    assert_ok(t, sessions_delete(t->s, third, &t->err));    /* our own */
    struct stored_session loaded = store_load(t, 0);
    assert_int_equal(loaded.id, second);
    stored_session_done(&loaded);
    store_check(t);
}

static void test_search_korean(void **state)
{
    struct store *t = *state;
    int64_t session = store_begin(t), turn = store_ask(t, session, 0, "강아지 사진");

    store_answer(t, turn, "두 마리의 개가\nΩμέγα 공원 \xFFÉcole straße");
    check_list(t, "공원", "강아지 사진|Ωμέγα 공원 \xFFÉcole straße");
    check_list(t, "강아지", "강아지 사진|");
    check_list(t, "가지", "");
    check_list(t, "ΩΜΈΓΑ", "강아지 사진|Ωμέγα 공원 \xFFÉcole straße");
    check_list(t, "STRASSE", "강아지 사진|Ωμέγα 공원 \xFFÉcole straße");
    check_list(t, "e\xCC\x81" "cole", "강아지 사진|Ωμέγα 공원 \xFFÉcole straße");
    /* a half syllable is none: 고 is not in 공 */
    check_list(t, "고원", "");
    /* % and _ are no wildcards */
    check_list(t, "%", "");
    check_list(t, "_", "");
}

static void test_found_is_short(void **state)
{
    struct store *t = *state;
    int64_t session = store_begin(t), turn = store_ask(t, session, 0, "long");
    char answer[2048] = "";
    struct session_entry *entries;
    size_t n;

    for (int i = 0; i < 100; i++)
        strcat(answer, "가나다 ");
    strcat(answer, "needle");
    for (int i = 0; i < 50; i++)
        strcat(answer, " 라마바");
    store_answer(t, turn, answer);
    assert_ok(t, sessions_list(t->s, "NEEDLE", &entries, &n, &t->err));
    assert_int_equal(n, 1);
    assert_int_equal(strncmp(entries[0].found, "…가나다 가나다", strlen("…가나다 가나다")), 0);
    assert_non_null(strstr(entries[0].found, "가나다 needle 라마바"));
    assert_true(strlen(entries[0].found) < 3 * 85);
    assert_string_equal(entries[0].found + strlen(entries[0].found) - strlen("…"), "…");
    session_entries_free(entries, n);
}

static void check_title(struct store *t, const char *question, const char *file, const char *title)
{
    struct session_file files[] = { { (char *)(size_t)file, "" } };
    const struct session_turn turn = { .text = (char *)(size_t)question, .files = files, .n_files = file != NULL };
    int64_t session = store_begin(t), id;

    assert_ok(t, sessions_ask(t->s, session, &turn, &id, &t->err));
    struct stored_session loaded = store_load(t, session);
    assert_string_equal(loaded.title, title);
    stored_session_done(&loaded);
    struct session_entry *entries;
    size_t n;
    assert_ok(t, sessions_list(t->s, "", &entries, &n, &t->err));
    assert_string_equal(entries[0].title, title);
    session_entries_free(entries, n);
}

static void check_corrections(struct store *t, const char *sha256, const char *expected)
{
    struct correction *c;
    char told[200] = "";
    size_t n;

    assert_ok(t, corrections_load(t->s, sha256, &c, &n, &t->err));
    for (size_t i = 0; i < n; i++)
        snprintf(told + strlen(told), sizeof told - strlen(told), "%lld %s>%s;", (long long)c[i].start_ms, c[i].heard, c[i].text);
    corrections_free(c, n);
    assert_string_equal(told, expected);
}

static void test_corrections(void **state)
{
    struct store *t = *state;

    check_corrections(t, "ab", "");
    assert_ok(t, corrections_put(t->s, "ab", 7000, "I see", "icy", &t->err));
    assert_ok(t, corrections_put(t->s, "ab", 1000, "it's", "\xEC\x95\x88", &t->err));
    assert_ok(t, corrections_put(t->s, "ab", 7000, "eye sea", "I see", &t->err));      /* heard otherwise: another line */
    assert_ok(t, corrections_put(t->s, "cd", 7000, "I see", "I say", &t->err));
    assert_ok(t, corrections_put(t->s, "ab", 7000, "I see", "icy!", &t->err));
    store_reopen(t);
    check_corrections(t, "ab", "1000 it's>\xEC\x95\x88;7000 I see>icy!;7000 eye sea>I see;");
    assert_ok(t, corrections_put(t->s, "ab", 7000, "I see", NULL, &t->err));
    assert_ok(t, corrections_put(t->s, "ab", 7000, "I see", NULL, &t->err));           /* twice is no harm */
    check_corrections(t, "ab", "1000 it's>\xEC\x95\x88;7000 eye sea>I see;");
    check_corrections(t, "cd", "7000 I see>I say;");
}

static void test_titles(void **state)
{
    struct store *t = *state;
    char accents[1024] = "x";

    check_title(t, "\n \t\n  the first line \r\nthe second", NULL, "the first line");
    check_title(t, "", "/a/b/cat.png", "cat.png");
    check_title(t, " \n", NULL, "");
    check_title(t, "123456789 123456789 123456789 123456789 123456789 1234567890", NULL,
                "123456789 123456789 123456789 123456789 123456789 1234567890");
    check_title(t, "123456789 123456789 123456789 123456789 123456789 1234567890a", NULL,
                "123456789 123456789 123456789 123456789 123456789 1234567890…");
    check_title(t, "가나다라마바사아자차가나다라마바사아자차가나다라마바사아자차가나다라마바사아자차가나다라마바사아자차가나다라마바사아자차카",
                NULL, "가나다라마바사아자차가나다라마바사아자차가나다라마바사아자차가나다라마바사아자차가나다라마바사아자차가나다라마바사아자차…");
    for (int i = 0; i < 400; i++)
        strcat(accents, "\xCC\x81");                /* one character of 801 bytes */
    int64_t session = store_begin(t);
    store_ask(t, session, 0, accents);
    struct stored_session loaded = store_load(t, session);
    assert_int_equal(strlen(loaded.title), 239 + strlen("…"));
    stored_session_done(&loaded);
}

static void test_resume(void **state)
{
    struct store *t = *state;
    struct stored_session loaded = store_load(t, 0);

    assert_int_equal(loaded.id, 0);                 /* none */
    int64_t first = store_begin(t), turn = store_ask(t, first, 0, "first");
    int64_t second = store_begin(t);
    store_ask(t, second, 0, "second");
    store_begin(t);                                 /* nothing is said in it */
    loaded = store_load(t, 0);
    assert_int_equal(loaded.id, second);
    stored_session_done(&loaded);
    store_answer(t, turn, "a");
    loaded = store_load(t, 0);
    assert_int_equal(loaded.id, first);
    stored_session_done(&loaded);
    int64_t asked = store_ask(t, second, 0, "again");
    loaded = store_load(t, 0);
    assert_int_equal(loaded.id, second);
    stored_session_done(&loaded);
    assert_ok(t, sessions_set_head(t->s, first, turn, &t->err));
    loaded = store_load(t, 0);
    assert_int_equal(loaded.id, first);
    stored_session_done(&loaded);
    assert_ok(t, sessions_remove_turn(t->s, asked, &t->err));
    loaded = store_load(t, 0);
    assert_int_equal(loaded.id, second);
    stored_session_done(&loaded);
    int64_t typed = store_begin(t);
    assert_ok(t, sessions_set_draft(t->s, typed, "not sent", &t->err));
    loaded = store_load(t, 0);
    assert_int_equal(loaded.id, typed);
    assert_string_equal(loaded.title, "");
    stored_session_done(&loaded);
    store_begin(t);
    char n[32];
    store_reopen(t);                                /* those in which nothing was said or typed are swept out */
    store_sql(t, "SELECT count(*) FROM session", n, sizeof n);
    assert_string_equal(n, "3");
}

static void test_markdown(void **state)
{
    struct store *t = *state;
    int64_t session = store_begin(t), id;
    struct session_file files[] = { { "/a/b`c.png", "" }, { "new\nline.wav", "" } };
    const struct session_turn turn = { .text = "# what\nis it?", .files = files, .n_files = 2 };

    assert_ok(t, sessions_ask(t->s, session, &turn, &id, &t->err));
    store_answer(t, id, "A **cat**.\n\n```c\nint x;\n```");
    store_ask(t, session, id, "on a branch that is not shown");
    int64_t last = store_ask(t, session, id, "more");
    const struct session_turn facts = { .answer = "half an", .state = TURN_STOPPED, .model = "tiny" };
    assert_ok(t, sessions_answer(t->s, last, &facts, &t->err));
    store_ask(t, session, last, "and");
    char *markdown = sessions_markdown(t->s, session, &t->err);
    assert_non_null(markdown);
    assert_string_equal(markdown,
        "# # what\n\n"
        "## You\n\n- `` /a/b`c.png ``\n- `new line.wav`\n\n> # what\n> is it?\n\n"
        "## mynah\n\nA **cat**.\n\n```c\nint x;\n```\n\n"
        "## You\n\n> more\n\n## `tiny`\n\nhalf an\n\n*(stopped)*\n\n"
        "## You\n\n> and\n\n## mynah\n\n*(no answer)*\n\n");
    free(markdown);
}

static void test_history(void **state)
{
    struct store *t = *state;
    char **texts, expected[16];
    size_t n;

    assert_ok(t, history_load(t->s, 10, &texts, &n, &t->err));
    assert_int_equal(n, 0);
    free(texts);
    for (int i = 0; i < 100; i++) {
        snprintf(expected, sizeof expected, "q\n%d \xFF", i);
        assert_ok(t, history_add(t->s, expected, &t->err));
        assert_ok(t, history_add(t->s, expected, &t->err));
    }
    assert_ok(t, history_add(t->s, "q\n0 \xFF", &t->err));      /* not the last: again */
    store_reopen(t);
    assert_ok(t, history_load(t->s, 50, &texts, &n, &t->err));
    assert_int_equal(n, 50);
    for (int i = 0; i < 50; i++) {
        snprintf(expected, sizeof expected, "q\n%d \xFF", (51 + i) % 100);
        assert_string_equal(texts[i], expected);
        free(texts[i]);
    }
    free(texts);
    assert_ok(t, history_load(t->s, SIZE_MAX, &texts, &n, &t->err));
    assert_int_equal(n, 101);
    for (size_t i = 0; i < n; i++)
        free(texts[i]);
    free(texts);
}

static void test_many_turns(void **state)
{
    struct store *t = *state;
    int64_t session = store_begin(t), turn = 0;
    char text[64];

    for (int i = 0; i < 100; i++) {
        snprintf(text, sizeof text, "question %d", i);
        turn = store_ask(t, session, turn, text);
        store_answer(t, turn, text);
    }
    struct stored_session loaded = store_load(t, session);
    assert_int_equal(loaded.n_turns, 100);
    for (size_t i = 0; i < loaded.n_turns; i++) {
        snprintf(text, sizeof text, "question %d", (int)i);
        assert_string_equal(loaded.turns[i].text, text);
        assert_int_equal(loaded.turns[i].parent, i > 0 ? loaded.turns[i - 1].id : 0);
    }
    stored_session_done(&loaded);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, store_set_up, store_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(test_comes_back),
        WITH_STORE(test_python_reads_it),
        WITH_STORE(test_answer_grows),
        WITH_STORE(test_flushed),
        WITH_STORE(test_branches),
        WITH_STORE(test_remove),
        WITH_STORE(test_what_is_not_there),
        WITH_STORE(test_list),
        WITH_STORE(test_search_korean),
        WITH_STORE(test_found_is_short),
        WITH_STORE(test_titles), WITH_STORE(test_corrections),
        WITH_STORE(test_resume),
        WITH_STORE(test_markdown),
        WITH_STORE(test_history),
        WITH_STORE(test_many_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
