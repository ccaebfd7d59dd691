/* divert.h - keeps libraries from writing to standard error, into the middle of the chat.
 *
 * Descriptor 2 leads to a file in memory between begin and end; what was written
 * is logged.  It is the whole process's: for short stretches only. */
#ifndef AUDIO_DIVERT_H
#define AUDIO_DIVERT_H

struct diversion { int saved, file; };

struct diversion divert_begin(void);
void divert_end(struct diversion d, const char *who);       /* who: for the log */

#endif
