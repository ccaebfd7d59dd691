/* download.h - one file over HTTP, resumed where it stopped. */
#ifndef STORE_DOWNLOAD_H
#define STORE_DOWNLOAD_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct hub;

/* Called now and then with the bytes that are there; false cancels. */
typedef bool download_tick(void *user, uint64_t done);

/* Fills the file (open for writing) up to `bytes`; what it already holds is not fetched
 * again.  hub (may be NULL): what each answer must name, by which what the file holds is told from another one's part;
 * it starts anew then.  A server that does not begin to answer within answer_ms fails with *silent set.
 * What was fetched stays in the file.  ERROR_PULL names host and cause. */
bool download_file(const char *url, int fd, uint64_t bytes, struct hub *hub, unsigned answer_ms, download_tick *tick, void *user,
                   bool *silent, struct error *err);

#endif
