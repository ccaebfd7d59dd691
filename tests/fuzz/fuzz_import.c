/* A first release's file with anything in it: taken over without an error, as one line of turns. */
#include "store/sessions_private.h"

#include "tests/fuzz/replay.h"

static struct sessions *sessions;
static char folder[64], old[96];

static void remove_folder(void)
{
    char command[128];

    sessions_close(sessions);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command) != 0)
        fprintf(stderr, "%s stays\n", folder);
}

static void set_up(void)
{
    struct error err = { 0 };
    char path[96];

    strcpy(folder, "/tmp/mynah-fuzz-XXXXXX");
    if (mkdtemp(folder) == NULL)
        abort();
    snprintf(path, sizeof path, "%s/sessions.db", folder);
    snprintf(old, sizeof old, "%s/sessions", folder);
    sessions = sessions_open(path, &err);
    if (sessions == NULL || mkdir(old, 0700) != 0)
        abort();
    atexit(remove_folder);
}

static void must(bool ok, const struct error *err)
{
    if (ok)
        return;
    fprintf(stderr, "%s\n", err->text);
    abort();
}

/* What was taken over, if anything was, is one branch. */
static void check_session(void)
{
    struct stored_session session;
    struct error err = { 0 };
    bool in_use;

    must(sessions_resume(sessions, 0, &session, &in_use, &err), &err);
    for (size_t i = 0; i < session.n_turns; i++)
        if (session.turns[i].parent != (i > 0 ? session.turns[i - 1].id : 0) || session.turns[i].text == NULL)
            abort();
    if (session.n_turns > 0 && session.head != session.turns[session.n_turns - 1].id)
        abort();
    if (session.id != 0) {
        char *markdown = sessions_markdown(sessions, session.id, &err);
        must(markdown != NULL && sessions_delete(sessions, session.id, &err), &err);
        free(markdown);
    }
    stored_session_done(&session);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static int i;
    char path[128];
    struct error err = { 0 };

    if (sessions == NULL)
        set_up();
    snprintf(path, sizeof path, "%s/%d.jsonl", old, i++);
    FILE *file = fopen(path, "w");
    if (file == NULL || fwrite(data, 1, n, file) != n || fclose(file) != 0)
        abort();
    must(sessions_import(sessions, old, &err), &err);
    check_session();
    unlink(path);
    return 0;
}
