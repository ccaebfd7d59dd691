/* outputs.h - files in a folder, one for each input and ending: DIR/NAME.srt of NAME.mp3. */
#ifndef UI_OUTPUTS_H
#define UI_OUTPUTS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct outputs {
    const char *folder;             /* borrowed */
    char **names;                   /* [n_names] without ending; no two are equal */
    size_t n_names;
    bool overwrites;
};

/* Makes the folder and what it lies in, where they are not there.  Inputs of the same name get
 * "name", "name-2", ... in their order. */
bool outputs_init(struct outputs *o, const char *folder, const char *const *inputs, size_t n_inputs, bool overwrites, struct error *err);
void outputs_done(struct outputs *o);

/* Where the transcript of input i goes: malloc'd; NULL without memory. */
char *outputs_path(const struct outputs *o, size_t i, const char *ending);
/* ERROR_INPUT when the file is there and is not to be written over. */
bool outputs_free(const struct outputs *o, const char *path, struct error *err);
/* The whole file or none: one that is there stays until the new one is complete. */
bool outputs_write(const struct outputs *o, const char *path, const char *text, struct error *err);

#endif
