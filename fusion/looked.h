/* looked.h - files in which it is kept what eyes said is in a picture, so that a conversation that is opened again does not
 * look again.
 *
 *   $XDG_CACHE_HOME/mynah/looked/SHA256 of the picture, the pair and what it was asked
 *       {"words":"A red barn by a lake.","ms":9120}
 */
#ifndef FUSION_LOOKED_H
#define FUSION_LOOKED_H

#include "fusion/glance.h"

/* Of the parts, in order; malloc'd, NULL where nothing can be kept. */
char *looked_path(const char *picture, const char *pair, const char *question);

/* Words, trouble and time; false: nothing is kept, or nothing that can be told. */
bool looked_load(const char *path, struct glance *g);
/* Old ones are removed.  What cannot be written is not kept. */
void looked_save(const char *path, const struct glance *g);

#endif
