/* heard.h - files in which long recordings' transcripts are kept while they grow, and after.
 *
 *   $XDG_CACHE_HOME/mynah/heard/SHA256 of the program, the recording, the model and how it is heard
 */
#ifndef FUSION_HEARD_H
#define FUSION_HEARD_H

#include "audio/audio.h"

/* The journal for a recording whose bytes have this hash, heard as `how` says (hearing.h), for
 * whisper_params.journal, malloc'd; NULL for one that is heard again soon enough, and where none can
 * be kept.  Old ones are removed. */
char *heard_path(const char *hash, double seconds, const struct whisper *w, const char *how);

#endif
