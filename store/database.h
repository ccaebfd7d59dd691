/* database.h - our SQLite database: opened, checked, brought to the present schema.
 *
 * A statement is prepared, bound and stepped by SQLite's own functions, which take the
 * NULL of a failed prepare; database_done tells in the end whether all of it went well:
 *
 *   sqlite3_stmt *q = database_prepare(d, "SELECT a FROM t WHERE b = ?1", err);
 *   sqlite3_bind_int64(q, 1, b);
 *   while (sqlite3_step(q) == SQLITE_ROW)
 *       use(sqlite3_column_int64(q, 0));
 *   return database_done(d, q, err);
 *
 * Errors are ERROR_INPUT: path, cause, what to do.  A damaged database is never moved,
 * emptied or mended here: the error says how the user can put it aside. */
#ifndef STORE_DATABASE_H
#define STORE_DATABASE_H

#include "base/error.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

struct database {
    char *path;
    sqlite3 *sqlite;
};

/* Makes the file (0600, whatever the umask is) and its tables where they are missing.
 * Refuses what is no database, another program's, a newer version's, or not to be
 * written, and leaves it as it is. */
bool database_open(struct database *d, const char *path, struct error *err);
void database_close(struct database *d);                    /* all zero is fine */

bool database_exec(struct database *d, const char *sql, struct error *err);
sqlite3_stmt *database_prepare(struct database *d, const char *sql, struct error *err);
/* NULL is bound as NULL.  The text must stay until database_done. */
void database_bind_text(sqlite3_stmt *q, int i, const char *text);
/* malloc'd copy of a column; NULL is "". *failed is set when there is no memory. */
char *database_text(sqlite3_stmt *q, int column, bool *failed);
bool database_done(struct database *d, sqlite3_stmt *q, struct error *err);
/* One step, then done: for statements without rows. */
bool database_run(struct database *d, sqlite3_stmt *q, struct error *err);

/* All of it or nothing:  ok = database_begin() && ...;  return database_end(d, ok, err); */
bool database_begin(struct database *d, struct error *err);
bool database_end(struct database *d, bool ok, struct error *err);

#endif
