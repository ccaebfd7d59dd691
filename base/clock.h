/* clock.h - monotonic time for measuring. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

double clock_ms(void);              /* milliseconds since an arbitrary moment */

#endif
