/* corrections.h - lines of a clip that a person corrected: kept on disk, told to the engine. */
#ifndef UI_CORRECTIONS_H
#define UI_CORRECTIONS_H

#include "store/sessions.h"
#include "ui/engine.h"

/* Tells the engine what was corrected of this clip before; SESSION_CORRECTED follows for each line.  sessions may be
 * NULL.  False and *err when the corrections cannot be read. */
bool corrections_apply(struct engine *engine, struct sessions *sessions, const struct attachment *a, struct error *err);
/* Keeps a correction of line i, text NULL: none, and tells the engine. */
bool corrections_make(struct engine *engine, struct sessions *sessions, const struct attachment *a, size_t i, const char *text,
                      struct error *err);

#endif
