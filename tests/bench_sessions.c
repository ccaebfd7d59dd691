/* bench_sessions - what the store takes of a person's time, with 5,000 turns in one conversation.
 *
 *   bench_sessions [FOLDER]      a place on the disk that is to be measured (/tmp) */
#include "base/clock.h"
#include "store/sessions.h"
#include "tests/bench_rows.h"

#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

enum { TURNS = 5000, OTHERS = 200, OTHER_TURNS = 25, REPEATS = 9 };

struct bench {
    struct sessions *s;
    struct error err;
    char folder[256], path[300];
};

static void must(const struct bench *b, bool ok)
{
    bench_must(ok, &b->err);
}

/* Paragraphs of 1,200 bytes, every second one Korean. */
static const char *answer_of(int i)
{
    static char text[2][1300];
    const char *words = i % 2 == 0 ? "A small model answers in a few sentences, " : "작은 모델은 몇 문장으로 대답합니다, ";

    text[i % 2][0] = '\0';
    while (strlen(text[i % 2]) + strlen(words) < 1200)
        strcat(text[i % 2], words);
    return text[i % 2];
}

static void add_turns(struct bench *b, int64_t session, int n)
{
    char question[64];
    int64_t turn = 0;

    for (int i = 0; i < n; i++) {
        snprintf(question, sizeof question, "question number %d, 질문", i);
        struct session_turn asked = { .parent = turn, .text = question, .answer = (char *)(size_t)answer_of(i), .state = TURN_FINISHED };
        must(b, sessions_ask(b->s, session, &asked, &turn, &b->err) && sessions_answer(b->s, turn, &asked, &b->err));
    }
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

typedef void timed(struct bench *b, const void *argument);

static void measure(struct bench *b, const char *name, timed *work, const void *argument)
{
    double ms[REPEATS];

    for (int i = 0; i < REPEATS; i++) {
        double begun = clock_ms();
        work(b, argument);
        ms[i] = clock_ms() - begun;
    }
    qsort(ms, REPEATS, sizeof *ms, compare);
    bench_row("sessions", name, ms[REPEATS / 2], "ms", "median of %d, at most %.2f ms", REPEATS, ms[REPEATS - 1]);
}

static void open_again(struct bench *b, const void *argument)
{
    (void)argument;
    sessions_close(b->s);
    must(b, (b->s = sessions_open(b->path, &b->err)) != NULL);
}

static void load(struct bench *b, const void *id)
{
    struct stored_session session;
    bool in_use;

    must(b, sessions_resume(b->s, *(const int64_t *)id, &session, &in_use, &b->err));
    if (session.n_turns != TURNS)
        exit(1);
    stored_session_done(&session);
}

static void list(struct bench *b, const void *query)
{
    struct session_entry *entries;
    size_t n;

    must(b, sessions_list(b->s, query, &entries, &n, &b->err));
    session_entries_free(entries, n);
}

static void ask(struct bench *b, const void *id)
{
    int64_t turn;

    must(b, sessions_ask(b->s, *(const int64_t *)id, &(struct session_turn){ .text = "q" }, &turn, &b->err)
         && sessions_remove_turn(b->s, turn, &b->err));
}

static void write_answer(struct bench *b, const void *turn)
{
    must(b, sessions_write(b->s, *(const int64_t *)turn, answer_of(0), &b->err));
}

static void draft(struct bench *b, const void *id)
{
    must(b, sessions_set_draft(b->s, *(const int64_t *)id, "some words that were typed", &b->err));
}

int main(int argc, char **argv)
{
    struct bench b = { 0 };
    int64_t other, session, turn = 1;
    char command[400];

    snprintf(b.folder, sizeof b.folder, "%s/mynah-bench-XXXXXX", argc > 1 ? argv[1] : "/tmp");
    if (mkdtemp(b.folder) == NULL)
        return 1;
    snprintf(b.path, sizeof b.path, "%s/sessions.db", b.folder);
    must(&b, (b.s = sessions_open(b.path, &b.err)) != NULL);
    double begun = clock_ms();
    for (int i = 0; i < OTHERS; i++) {
        must(&b, sessions_begin(b.s, &other, &b.err));
        add_turns(&b, other, OTHER_TURNS);
    }
    must(&b, sessions_begin(b.s, &session, &b.err));
    add_turns(&b, session, TURNS);
    int n = OTHERS * OTHER_TURNS + TURNS;
    bench_row("sessions", "a turn asked and answered, on the disk", (clock_ms() - begun) / n, "ms", "of %d", n);
    measure(&b, "close and open", open_again, NULL);
    measure(&b, "load 5,000 turns", load, &session);
    measure(&b, "list 201 conversations", list, "");
    measure(&b, "search in 10,000 turns, not there", list, "nowhere");
    measure(&b, "search in 10,000 turns, Korean, not there", list, "없는말");
    measure(&b, "search, in every one", list, "대답");
    measure(&b, "ask and remove (flushed)", ask, &session);
    measure(&b, "write 1.2 KB of an answer", write_answer, &turn);
    measure(&b, "draft", draft, &session);
    sessions_close(b.s);
    snprintf(command, sizeof command, "rm -rf '%s'", b.folder);
    return system(command);
}
