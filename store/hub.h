/* hub.h - the sha256 that the hub itself names for a file, where the list of models has none.
 *
 *   headers of an answer, all hops -> the first byte of its body: is it named, and the size the expected one? -> kept
 *
 * Hugging Face sends to where the bytes lie, and names them with it: X-Linked-ETag ("<64 hexadecimal digits>") and
 * X-Linked-Size.  The first hop that names them counts: those behind it are not the hub. */
#ifndef STORE_HUB_H
#define STORE_HUB_H

#include "base/error.h"
#include "base/file.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HUB_KEPT "sha256"           /* the file of the work folder in which it is kept */

struct hub {
    int work_fd;                    /* the caller's */
    char sha256[SHA256_HEX];        /* of what is fetched, as it is kept; "": nothing is */
    char etag[96], size[32];        /* as this answer says them, cut; "": it does not */
};

void hub_init(struct hub *h, int work_fd);                  /* reads what is kept */
void hub_new_answer(struct hub *h);
void hub_take_header(struct hub *h, const char *line, size_t n);

/* What this answer names for a file of that size.  ERROR_PULL: nothing, no sha256, or another size. */
bool hub_named(const struct hub *h, uint64_t bytes, char sha256[SHA256_HEX], struct error *err);
bool hub_keep(struct hub *h, const char *sha256, struct error *err);

#endif
