/* eyes_command.h - /eyes: how pictures are told, and who looks at them for a text model that does not see. */
#ifndef UI_EYES_COMMAND_H
#define UI_EYES_COMMAND_H

#include "ui/buffer.h"
#include "ui/engine.h"

/* "" lists; "words", "rows", "auto", a pair's name, or its file and perhaps its projector's, asks the engine: *request is its
 * number, and SESSION_EYES follows.  Without a request *said is what to say; false: it is why nothing was done. */
bool eyes_command(struct engine *e, const char *argument, uint32_t *request, struct buffer *said);
/* What SESSION_EYES says. */
void eyes_told(const char *how, struct buffer *said);

#endif
