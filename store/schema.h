/* schema.h - the tables of sessions.db, and how each version came from the one before.
 *
 * PRAGMA application_id says that the file is ours, user_version which steps it has had. */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

enum {
    SCHEMA_APPLICATION = 0x6D796E68,    /* "mynh" */
    SCHEMA_VERSION = 2
};

extern const char *const schema_steps[SCHEMA_VERSION];     /* [i]: SQL from version i to i + 1 */

#endif
