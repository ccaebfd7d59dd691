/* sessions.h - conversations on disk, and what was typed before: one SQLite database.
 *
 *   $XDG_DATA_HOME/mynah/sessions.db   0600 (-wal and -shm too), folder 0700, WAL
 *
 *   session 1 ── n turn 1 ── n file    turns of a session are a tree: `parent` is the turn before,
 *                                      0 at the start; the branch that ends in `head` is shown
 *   history                            questions as they were typed, of all sessions
 *
 * Every call that changes something has it on the disk when it returns, whatever happens
 * then; sessions_write and sessions_set_draft, which come often, only survive the program
 * (kill -9), and a power failure as soon as another call or SQLite flushed them.  A session
 * is locked while a program has it open (a byte of sessions.lock, released by the system
 * however the program ends), so a second one takes another.  Text is stored as it came.
 * One thread.  Errors: ERROR_INPUT with the database's path, the cause and what to do.  A
 * database that is damaged, another program's or a newer version's is left as it is: the
 * error says so, and nothing is saved until the user put it aside. */
#ifndef STORE_SESSIONS_H
#define STORE_SESSIONS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sessions;

/* path: STEM.db, in a folder that is there; NULL for the place above.  Its locks are in
 * STEM.lock.  Conversations of the first release (STEM/ *.jsonl) are taken over, each once;
 * the files stay. */
struct sessions *sessions_open(const char *path, struct error *err);
void sessions_close(struct sessions *s);                    /* NULL is fine */
const char *sessions_path(const struct sessions *s);

/* That what is in the database is whole (PRAGMA integrity_check), and how much that is. */
bool sessions_check(struct sessions *s, size_t *n_sessions, size_t *n_turns, uint64_t *n_bytes, struct error *err);

/* ---- one session ------------------------------------------------------------- */

enum turn_state {
    TURN_WAITING,                   /* asked; no word of an answer yet, or the program ended before one */
    TURN_WRITING,                   /* the answer is being written; the program ended in it when it is read so */
    TURN_FINISHED, TURN_STOPPED, TURN_CUT
};

struct session_file { char *path, *sha256; };      /* sha256 NULL when asked, "" when loaded: unknown */

struct session_turn {
    int64_t id, parent;             /* id > parent; parent 0: the first of a branch */
    char *text;
    struct session_file *files;
    size_t n_files;
    char *answer;                   /* NULL: no word came */
    enum turn_state state;
    bool summary;                   /* its answer sums up turns that are left out */
    bool left_out;                  /* the user agreed that the model is no longer told */
    char *model;                    /* facts of the answer; NULL, 0: unknown */
    uint64_t seed;
    size_t n_prompt, n_generated;
    double encode_ms, prefill_ms, decode_ms;
};

struct stored_session {             /* as loaded; stored_session_done frees what it points to */
    int64_t id;
    char *title;                    /* never NULL; the user's, else from the first question; "" */
    char *draft;                    /* never NULL: what was typed and not sent */
    char *settings;                 /* the chat's own words about sampling and system text; "" */
    int64_t head;                   /* last turn of the branch shown; 0: none */
    struct session_turn *turns;     /* by id */
    size_t n_turns;
};
void stored_session_done(struct stored_session *session);

/* A new session, locked; the lock of the one before is given up.  It is not listed until it
 * has a turn, and not kept without a turn or a draft. */
bool sessions_begin(struct sessions *s, int64_t *id, struct error *err);
/* Loads and locks a session; id 0: of those with a turn or a draft, the one in which something
 * was asked, answered, removed or chosen last (*session is all zero when there is none).
 * *in_use: another program has it; nothing was loaded, the session before stays locked, and
 * false is not an error then: err->code is ERROR_NONE.  Else the lock of the one before is given up. */
bool sessions_resume(struct sessions *s, int64_t id, struct stored_session *session, bool *in_use, struct error *err);

/* Adds a turn below `parent` and makes it the head.  text, files, n_files, parent and summary are read. */
bool sessions_ask(struct sessions *s, int64_t session, const struct session_turn *turn, int64_t *id, struct error *err);
/* What came of the answer so far; cheap enough to be called twice a second. */
bool sessions_write(struct sessions *s, int64_t turn, const char *answer, struct error *err);
/* The answer is complete: answer, state and facts are read. */
bool sessions_answer(struct sessions *s, int64_t turn, const struct session_turn *facts, struct error *err);
bool sessions_leave_out(struct sessions *s, const int64_t *turns, size_t n, bool left_out, struct error *err);  /* all or none */
/* What followed it follows its parent; the head moves to the parent when it was the head. */
bool sessions_remove_turn(struct sessions *s, int64_t turn, struct error *err);
bool sessions_set_head(struct sessions *s, int64_t session, int64_t turn, struct error *err);
bool sessions_set_draft(struct sessions *s, int64_t session, const char *draft, struct error *err);
bool sessions_set_settings(struct sessions *s, int64_t session, const char *settings, struct error *err);

/* ---- all sessions -------------------------------------------------------------- */

struct session_entry {
    int64_t id;
    char *title;                    /* as in struct stored_session */
    char *found;                    /* a line around what was searched for, when it is not in the title; "" */
    int64_t changed;                /* seconds since 1970 */
    size_t n_turns;
    bool in_use;                    /* by another program */
};
/* Those whose title or words hold `query` (any case; "" or NULL: all), changed last first. */
bool sessions_list(struct sessions *s, const char *query, struct session_entry **entries, size_t *n, struct error *err);
void session_entries_free(struct session_entry *entries, size_t n);

/* "" or NULL: the title is the first question's again. */
bool sessions_rename(struct sessions *s, int64_t id, const char *title, struct error *err);
/* ERROR_INPUT when another program has it open. */
bool sessions_delete(struct sessions *s, int64_t id, struct error *err);
/* The branch shown, as Markdown: malloc'd. */
char *sessions_markdown(struct sessions *s, int64_t id, struct error *err);

/* ---- corrections ------------------------------------------------------------------- */

struct correction { int64_t start_ms; char *heard, *text; };    /* of the line of a transcript that begins there */
/* text NULL: what was heard is right. */
bool corrections_put(struct sessions *s, const char *sha256, int64_t start_ms, const char *heard, const char *text, struct error *err);
/* All of a clip, by time; corrections_free frees them. */
bool corrections_load(struct sessions *s, const char *sha256, struct correction **corrections, size_t *n, struct error *err);
void corrections_free(struct correction *corrections, size_t n);

/* ---- history --------------------------------------------------------------------- */

/* Added last; one equal to the last is not added again. */
bool history_add(struct sessions *s, const char *text, struct error *err);
/* The newest n_most, oldest first; the caller frees each and the array. */
bool history_load(struct sessions *s, size_t n_most, char ***texts, size_t *n, struct error *err);

#endif
