/* fold.h - finds words in text whatever the case, and however accents and Hangul are put together.
 *
 * Text is compared unit by unit: a character with what combines with it (accents, jamo),
 * case-folded and composed (Unicode 15, D144 and NFC, by utf8proc).  So "ÉCOLE" finds
 * "e" + U+0301 + "cole", and jamo find the syllable, but one half of a unit is never found:
 * "가" is not in "강".  Bytes that are no UTF-8 stand for themselves. */
#ifndef STORE_FOLD_H
#define STORE_FOLD_H

#include <stdbool.h>
#include <stddef.h>

/* For fold_find; malloc'd, NULL without memory. */
char *fold_query(const char *query);

/* Where text[0..n) holds what was folded: the bytes [*at, *end). */
bool fold_find(const char *text, size_t n, const char *folded, size_t *at, size_t *end);

#endif
