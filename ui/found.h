/* found.h - a query found in a text as people mean it, and drawn where it was found.
 *
 * Any case, and composed or not (a name from macOS is decomposed, what is typed is not):
 * both sides are compared code point by code point after full case folding and canonical
 * decomposition (Unicode 15 ch. 3.13 D145; utf8proc).  So the first two letters of a Hangul
 * syllable find it while it is being typed.  Ill-formed UTF-8 is compared as U+FFFD. */
#ifndef UI_FOUND_H
#define UI_FOUND_H

#include "ui/screen.h"

#include <stdbool.h>
#include <stddef.h>

/* The first place at or after text[from] that holds the query: bytes [*start, *end), whole
 * characters.  False: there is none, or the query is empty. */
bool found_next(const char *text, size_t n, size_t from, const char *query, size_t *start, size_t *end);

/* screen_put of text[from..to), with every place of text[0..n) that holds the query in STYLE_MATCH. */
int found_put(struct screen *s, int row, int col, int end, const char *text, size_t n, size_t from, size_t to,
              const char *query, enum style style);

#endif
