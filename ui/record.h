/* record.h - a take from the microphone, as the chat sees it.
 *
 * The chat's files may not include audio/audio.h; cmd_record.c, which may, puts
 * its capture calls behind these. */
#ifndef UI_RECORD_H
#define UI_RECORD_H

#include "base/error.h"

#include <stdbool.h>

struct record;

struct record_level { double seconds; float peak; bool clipped, ended; };

/* file: a clip to play in place of the microphone, or NULL; device: a part of the microphone's name,
 * as in the settings; NULL or "" for the default one. */
struct record *record_start(const char *file, const char *device, struct error *err);
struct record_level record_level(const struct record *r);
/* Writes the take to a new file of the data folder and frees r: its path, malloc'd.  NULL and *err when it
 * cannot be written, or is silent: its level is named. */
char *record_finish(struct record *r, struct error *err);
void record_abandon(struct record *r);                      /* NULL is fine */

#endif
