/* play.h - an attached clip, or a span of it, is played: as the chat sees it.
 *
 * play.c reads what /play is given; cmd_play.c puts the calls of audio/playback.h behind these. */
#ifndef UI_PLAY_H
#define UI_PLAY_H

#include "ui/buffer.h"
#include "ui/engine.h"

#include <stdbool.h>
#include <stddef.h>

enum { PLAY_STEP_S = 5 };           /* that an arrow key goes on or back */

/* ---- what to play ----------------------------------------------------------------- */

void span_print_time(struct buffer *text, double seconds);  /* "1:05", "1:01:05" */

/* "[ATTACHMENT] [@SPAN]" (fusion/session.h): the last of the clips whose name holds the words, any case; without words, the
 * last; *to_s 0: to the end, from a moment on, too.  NULL and
 * ERROR_USAGE when there is none, or the span is none. */
const struct attachment *play_find(const char *argument, const struct engine *engine, const struct attachment *const *perceived,
                                   size_t n_perceived, double *from_s, double *to_s, struct error *err);

/* ---- playing ------------------------------------------------------------------------ */

struct play;
struct play_state { double at_s, from_s, to_s; bool paused, ended, gone; };     /* as audio/playback.h has it */

/* speaker: a file for what would be heard, or NULL: the default device. */
struct play *play_start(const char *path, double from_s, double to_s, const char *speaker, struct error *err);
struct play_state play_state(const struct play *p);
void play_pause(struct play *p, bool paused);
void play_seek(struct play *p, double to_s);
void play_stop(struct play *p);                             /* NULL is fine */

/* "playing 0:05 of 0:11", "paused at 0:05 of 0:11" */
void play_print(const struct play_state *s, struct buffer *text);

#endif
