#include "store/schema.h"

/* Ids are never given twice (AUTOINCREMENT): a program may still hold the lock of a session
 * that was deleted.  A parent is older than its turn and of the same session, so there are
 * no cycles.  Answers have their own table: while one is written, only it is written again. */
const char *const schema_steps[SCHEMA_VERSION] = {
    "CREATE TABLE session ("
    "    id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "    title TEXT,"                           /* the user's; NULL: taken from the first question */
    "    draft TEXT NOT NULL DEFAULT '',"
    "    settings TEXT NOT NULL DEFAULT '',"
    "    head INTEGER,"                         /* NULL: no turn is shown */
    "    changed INTEGER NOT NULL,"             /* seconds since 1970 */
    "    rank INTEGER NOT NULL,"                /* order of the changes, whatever the clock does */
    "    FOREIGN KEY (id, head) REFERENCES turn (session, id));"
    "CREATE INDEX session_rank ON session (rank);"
    "CREATE TABLE turn ("
    "    id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "    session INTEGER NOT NULL REFERENCES session ON DELETE CASCADE,"
    "    parent INTEGER CHECK (parent < id),"   /* NULL: the first of a branch */
    "    text TEXT NOT NULL,"
    "    summary INTEGER NOT NULL DEFAULT 0,"
    "    left_out INTEGER NOT NULL DEFAULT 0,"
    "    UNIQUE (session, id),"
    "    FOREIGN KEY (session, parent) REFERENCES turn (session, id));"
    "CREATE INDEX turn_parent ON turn (session, parent);"
    "CREATE TABLE file ("
    "    turn INTEGER NOT NULL REFERENCES turn ON DELETE CASCADE,"
    "    position INTEGER NOT NULL,"
    "    path TEXT NOT NULL,"
    "    sha256 TEXT NOT NULL,"                 /* '': unknown */
    "    PRIMARY KEY (turn, position)) WITHOUT ROWID;"
    "CREATE TABLE answer ("
    "    turn INTEGER PRIMARY KEY REFERENCES turn ON DELETE CASCADE,"
    "    text TEXT,"
    "    state INTEGER NOT NULL,"               /* enum turn_state; no row: TURN_WAITING */
    "    model TEXT,"
    "    seed INTEGER NOT NULL DEFAULT 0,"      /* the 64 bits as a signed number */
    "    n_prompt INTEGER NOT NULL DEFAULT 0,"
    "    n_generated INTEGER NOT NULL DEFAULT 0,"
    "    encode_ms REAL NOT NULL DEFAULT 0,"
    "    prefill_ms REAL NOT NULL DEFAULT 0,"
    "    decode_ms REAL NOT NULL DEFAULT 0);"
    "CREATE TABLE history (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL);"
    "CREATE TABLE imported (name TEXT PRIMARY KEY) WITHOUT ROWID;",

    /* Lines of transcripts that were corrected, of whatever session: the clip's bytes and what was heard name
     * them, so that they are found again wherever that clip is heard so. */
    "CREATE TABLE correction ("
    "    sha256 TEXT NOT NULL,"
    "    start_ms INTEGER NOT NULL,"            /* of the line */
    "    heard TEXT NOT NULL,"
    "    text TEXT NOT NULL,"
    "    PRIMARY KEY (sha256, start_ms, heard)) WITHOUT ROWID;"
};
