/* echo_say.h - what the echo engine answers to what was typed (the words it knows: ui/engine.h).
 *
 *   prompt -> struct said -> pieces, one a tick
 */
#ifndef UI_ECHO_SAY_H
#define UI_ECHO_SAY_H

#include "fusion/session.h"

struct said {                       /* starts as { 0 } */
    char *bytes;                    /* [n] and a NUL: all that there is to say */
    size_t n;
    size_t n_first;                 /* bytes after which the answer is cut; n: none */
    bool raw;                       /* in pieces of 1, 2, 3, 1, ... bytes; otherwise in words */
    bool fails, waits;              /* bytes: the error; until it is stopped */
    bool notes;                     /* bytes are said as a note first */
};

/* files: "(a.png) (b.wav) ", said before a prompt that is no word of the script. */
void said_init(struct said *s, const char *prompt, const char *files, const struct session_settings *settings);
void said_done(struct said *s);

/* Length of the piece that starts at `at`, the i_piece-th; 0 at the end. */
size_t said_piece(const struct said *s, size_t at, size_t i_piece);

/* Words between blanks: what the echo engine calls tokens. */
size_t said_words(const char *text);

#endif
