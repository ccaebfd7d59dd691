/* sessions_private.h - what the files of the session store share.
 *
 *   sessions.c           opening; a session is begun or resumed, and locked
 *   sessions_load.c      a session as it is on disk
 *   sessions_turns.c     what is said in it
 *   sessions_list.c      all of them: list, search, rename, delete
 *   sessions_title.c     what stands for a session in a list
 *   sessions_import.c    the first release's files
 *   sessions_markdown.c  a conversation for other programs
 *   corrections.c        lines of transcripts that a person corrected
 *   history.c            what was typed */
#ifndef STORE_SESSIONS_PRIVATE_H
#define STORE_SESSIONS_PRIVATE_H

#include "store/database.h"
#include "store/sessions.h"

struct sessions {
    struct database database;
    int lock_fd;                    /* STEM.lock; the byte at a session's id */
    int64_t locked;                 /* the session that is ours; 0: none */
};

/* STEM of STEM.db with another ending: malloc'd, NULL without memory. */
char *sessions_beside(const char *path, const char *ending);

/* Room for one more: the array, perhaps elsewhere; NULL without memory, and the old one stays. */
void *sessions_grow(void *array, size_t n, size_t *capacity, size_t size);
bool sessions_no_memory(const struct sessions *s, struct error *err);  /* false */

/* Loads without locking; *found false: there is no such session. */
bool sessions_load(struct sessions *s, int64_t id, struct stored_session *session, bool *found, struct error *err);
/* Inside a transaction: the turn, its files and the new head. */
bool sessions_add_turn(struct sessions *s, int64_t session, const struct session_turn *turn, int64_t *id, struct error *err);
/* Inside a transaction: all facts of the answer. */
bool sessions_put_answer(struct sessions *s, int64_t turn, const struct session_turn *facts, struct error *err);

/* The user's title, else one from the first question and its first file (each may be NULL).
 * malloc'd; NULL without memory. */
char *sessions_title(const char *title, const char *question, const char *file);

/* Takes over STEM/ *.jsonl, each once. */
bool sessions_import(struct sessions *s, const char *folder, struct error *err);

#endif
