/* quote.h - a file name as a word of a shell command, for messages that say what to type. */
#ifndef BASE_QUOTE_H
#define BASE_QUOTE_H

#include <stddef.h>

#define QUOTED_BYTES 520

/* Plain names stay as they are; others are put in single quotes (POSIX 2.2.2), and one that
 * looks like an option begins with "./".  FILE stands for one too long for a message. */
void quote_path(const char *path, char out[QUOTED_BYTES]);

#endif
