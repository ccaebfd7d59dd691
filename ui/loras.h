/* loras.h - /lora: the adapters given with --lora, and how much of each is taken from now on. */
#ifndef UI_LORAS_H
#define UI_LORAS_H

#include "ui/buffer.h"
#include "ui/cli.h"
#include "ui/engine.h"

struct loras { char **names; float *scales; size_t n; };   /* names: the last parts of the paths */

void loras_init(struct loras *l, const struct options *o);
void loras_done(struct loras *l);
/* "" lists them, a line each; "NAME SCALE" or "NUMBER SCALE" tells the engine.  What to say is in *said; false: it
 * is why nothing was done. */
bool loras_command(struct loras *l, struct engine *e, const char *argument, struct buffer *said);

#endif
