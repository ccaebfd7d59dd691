/* lock.h - locks of numbered things: a byte of a file for each, held by an open descriptor.
 *
 * Open file description locks (fcntl(2), F_OFD_SETLK): two descriptors of one program are
 * as foreign to each other as two programs, and the system releases what a program that
 * ended held, however it ended. */
#ifndef STORE_LOCK_H
#define STORE_LOCK_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

int lock_open(const char *path, struct error *err);         /* a descriptor to close; -1 and *err */
/* Never waits.  *taken: somebody else has it, which is no error. */
bool lock_take(int fd, int64_t i, bool *taken, struct error *err);
void lock_release(int fd, int64_t i);
bool lock_is_taken(int fd, int64_t i);                      /* by another descriptor */

#endif
