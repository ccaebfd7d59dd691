/* when.h - a moment as people say it: "today 21:15", "yesterday 9:03", "Mon 12 Oct", "12 Oct 2024". */
#ifndef UI_WHEN_H
#define UI_WHEN_H

#include <stdint.h>

#define WHEN_BYTES 32

/* Both in seconds since 1970; said in local time.  What lies after `now` is given with its date. */
void when_said(int64_t at, int64_t now, char out[WHEN_BYTES]);
/* Now, in local time, for a file's name: "20261128-201533-123", to the millisecond. */
void when_stamp(char out[WHEN_BYTES]);

#endif
