/* record.h - a take from the microphone, as the chat sees it.
 *
 * The chat's files may not include audio/audio.h; cmd_record.c, which may, puts
 * its capture calls behind these.  Takes stand in $XDG_DATA_HOME/mynah/recordings, beside the sessions:
 *
 *   take-20261128-201533-123.flac      kept
 *   unfinished-...                     being recorded, or left by a program that ended meanwhile */
#ifndef UI_RECORD_H
#define UI_RECORD_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct buffer;
struct record;

struct record_level { double seconds; float peak, rms; bool clipped, ended; };

/* file: a clip to play in place of the microphone, or NULL; device: a part of the microphone's name,
 * as in the settings; NULL or "" for the default one. */
struct record *record_start(const char *file, const char *device, struct error *err);
struct record_level record_level(const struct record *r);
/* Up to n samples of the take, mono at 16 kHz, that were not read yet. */
size_t record_read(struct record *r, float *x, size_t n);
/* It ended by itself: why, and what is kept of it, if record_finish then says so.  False: it did not. */
bool record_end(const struct record *r, struct buffer *text);
/* Completes the take and frees r: its path, malloc'd.  NULL and *err when it
 * cannot be written, or is silent: its level is named. */
char *record_finish(struct record *r, struct error *err);
void record_abandon(struct record *r);                      /* NULL is fine */

/* A take that a crash left behind gets its name and is told: its path, malloc'd; NULL when there is none (more). */
char *record_left(void);

/* Names of microphones, a line each, the default one first; malloc'd.  ERROR_INPUT: there are none. */
char *record_devices(struct error *err);

#endif
