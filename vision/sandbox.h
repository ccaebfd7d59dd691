/* sandbox.h - a function that reads hostile bytes, in a process of its own.
 *
 * The child can compute, allocate and write to memory it shares with its caller
 * (mmap MAP_SHARED), no more: no files, no network, no signals (seccomp), a
 * limit on memory and time.  What breaks in there ends as an error here. */
#ifndef VISION_SANDBOX_H
#define VISION_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

enum sandbox_end {
    SANDBOX_DONE,                   /* work returned */
    SANDBOX_BROKE,                  /* it crashed, or a limit on memory ended it */
    SANDBOX_LATE,                   /* more than max_ms */
    SANDBOX_NONE                    /* no process could be made */
};

/* work may allocate, and must not lock, log or use other threads' data: the
 * other threads are not there.  meanwhile (may be NULL) is called here while the child
 * works, again until it returns false.  max_bytes: memory beyond what the caller has. */
enum sandbox_end sandbox_run(void (*work)(void *user), bool (*meanwhile)(void *user), void *user, size_t max_bytes, int max_ms);

#endif
