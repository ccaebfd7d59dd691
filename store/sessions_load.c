#include "store/sessions_private.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>

void stored_session_done(struct stored_session *session)
{
    for (size_t i = 0; i < session->n_turns; i++) {
        struct session_turn *turn = &session->turns[i];
        for (size_t k = 0; k < turn->n_files; k++) {
            free(turn->files[k].path);
            free(turn->files[k].sha256);
        }
        free(turn->files);
        free(turn->text);
        free(turn->answer);
        free(turn->model);
    }
    free(session->turns);
    free(session->title);
    free(session->draft);
    free(session->settings);
    *session = (struct stored_session){ 0 };
}

static struct session_turn *find_turn(const struct stored_session *session, size_t n, int64_t id)
{
    size_t low = 0, high = n;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (session->turns[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && session->turns[low].id == id ? &session->turns[low] : NULL;
}

static char *text_or_null(sqlite3_stmt *q, int column, bool *failed)
{
    return sqlite3_column_type(q, column) == SQLITE_NULL ? NULL : database_text(q, column, failed);
}

static enum turn_state state_of(int state)
{
    return state >= TURN_WAITING && state <= TURN_CUT ? (enum turn_state)state : TURN_STOPPED;
}

static void read_turn(sqlite3_stmt *q, struct session_turn *turn, bool *failed)
{
    *turn = (struct session_turn){
        .id = sqlite3_column_int64(q, 0), .parent = sqlite3_column_int64(q, 1),
        .text = database_text(q, 2, failed),
        .summary = sqlite3_column_int(q, 3) != 0, .left_out = sqlite3_column_int(q, 4) != 0,
        .answer = text_or_null(q, 5, failed), .state = state_of(sqlite3_column_int(q, 6)),
        .model = text_or_null(q, 7, failed), .seed = (uint64_t)sqlite3_column_int64(q, 8),
        .n_prompt = (size_t)sqlite3_column_int64(q, 9), .n_generated = (size_t)sqlite3_column_int64(q, 10),
        .encode_ms = sqlite3_column_double(q, 11), .prefill_ms = sqlite3_column_double(q, 12),
        .decode_ms = sqlite3_column_double(q, 13),
    };
}

static bool load_turns(struct sessions *s, struct stored_session *session, struct error *err)
{
    sqlite3_stmt *q = database_prepare(&s->database,
        "SELECT t.id, t.parent, t.text, t.summary, t.left_out, a.text, a.state, a.model, a.seed,"
        " a.n_prompt, a.n_generated, a.encode_ms, a.prefill_ms, a.decode_ms"
        " FROM turn t LEFT JOIN answer a ON a.turn = t.id WHERE t.session = ?1 ORDER BY t.id", err);
    size_t capacity = 0;
    bool failed = false;

    sqlite3_bind_int64(q, 1, session->id);
    while (!failed && sqlite3_step(q) == SQLITE_ROW) {
        struct session_turn *more = sessions_grow(session->turns, session->n_turns, &capacity, sizeof *more);
        failed = more == NULL;
        if (failed)
            break;
        session->turns = more;
        read_turn(q, &more[session->n_turns++], &failed);
    }
    return database_done(&s->database, q, err) && (!failed || sessions_no_memory(s, err));
}

static bool add_file(struct session_turn *turn, sqlite3_stmt *q)
{
    bool failed = false;
    struct session_file *files = realloc(turn->files, (turn->n_files + 1) * sizeof *files);

    if (files == NULL)
        return false;
    turn->files = files;
    files[turn->n_files++] = (struct session_file){ database_text(q, 1, &failed), database_text(q, 2, &failed) };
    return !failed;
}

static bool load_files(struct sessions *s, struct stored_session *session, struct error *err)
{
    sqlite3_stmt *q = database_prepare(&s->database, "SELECT f.turn, f.path, f.sha256 FROM turn t JOIN file f ON f.turn = t.id"
        " WHERE t.session = ?1 ORDER BY f.turn, f.position", err);
    bool ok = true;

    sqlite3_bind_int64(q, 1, session->id);
    while (ok && sqlite3_step(q) == SQLITE_ROW) {
        struct session_turn *turn = find_turn(session, session->n_turns, sqlite3_column_int64(q, 0));
        ok = turn == NULL || add_file(turn, q);
    }
    return database_done(&s->database, q, err) && (ok || sessions_no_memory(s, err));
}

/* The schema forbids it, a damaged file need not obey: whoever walks up the tree shall end,
 * and what there is shall be seen. */
static void mend_tree(struct stored_session *session)
{
    for (size_t i = 0; i < session->n_turns; i++) {
        struct session_turn *turn = &session->turns[i];
        if (turn->parent != 0 && find_turn(session, i, turn->parent) == NULL) {
            log_warning("conversation %lld: turn %lld follows none that is there", (long long)session->id, (long long)turn->id);
            turn->parent = 0;
        }
    }
    if (session->head != 0 && find_turn(session, session->n_turns, session->head) == NULL)
        session->head = session->n_turns > 0 ? session->turns[session->n_turns - 1].id : 0;
}

static bool load_session(struct sessions *s, struct stored_session *session, bool *found, struct error *err)
{
    sqlite3_stmt *q = database_prepare(&s->database, "SELECT title, draft, settings, head FROM session WHERE id = ?1", err);
    bool failed = false;

    sqlite3_bind_int64(q, 1, session->id);
    *found = sqlite3_step(q) == SQLITE_ROW;
    if (*found) {
        session->title = text_or_null(q, 0, &failed);
        session->draft = database_text(q, 1, &failed);
        session->settings = database_text(q, 2, &failed);
        session->head = sqlite3_column_int64(q, 3);
    }
    return database_done(&s->database, q, err) && (!failed || sessions_no_memory(s, err));
}

static bool put_title(struct sessions *s, struct stored_session *session, struct error *err)
{
    const struct session_turn *first = session->n_turns > 0 ? &session->turns[0] : NULL;

    if (session->title == NULL)
        session->title = sessions_title(NULL, first != NULL ? first->text : NULL,
                                        first != NULL && first->n_files > 0 ? first->files[0].path : NULL);
    return session->title != NULL || sessions_no_memory(s, err);
}

bool sessions_load(struct sessions *s, int64_t id, struct stored_session *session, bool *found, struct error *err)
{
    *session = (struct stored_session){ .id = id };
    if (load_session(s, session, found, err)
        && (!*found || (load_turns(s, session, err) && load_files(s, session, err) && put_title(s, session, err)))) {
        mend_tree(session);
        if (*found)
            return true;
        *session = (struct stored_session){ 0 };
        return true;
    }
    stored_session_done(session);
    return false;
}
