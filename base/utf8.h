/* utf8.h - UTF-8 as it comes from models, files and terminals: perhaps broken.
 *
 * Source: The Unicode Standard 15, table 3-7 (well-formed byte sequences) and
 * section 3.9 on replacing maximal ill-formed subparts. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UTF8_REPLACEMENT 0xFFFDu

/* Reads one code point of text[0..n), n > 0, and returns the bytes it takes
 * (1-4).  An ill-formed subpart is consumed whole and gives UTF8_REPLACEMENT.
 * A sequence that is right so far but cut by the end returns 0. */
size_t utf8_decode(const char *text, size_t n, uint32_t *code);

/* Writes a code point (not a surrogate, <= 0x10FFFF) to out[4]; its length. */
size_t utf8_encode(uint32_t code, char out[4]);

/* Length of the longest prefix that does not end inside a character: what may
 * be shown now of a stream whose rest is still to come. */
size_t utf8_complete(const char *text, size_t n);

bool utf8_valid(const char *text, size_t n);

/* Columns a terminal gives this code point: 0, 1 or 2 (utf8proc); 0 for
 * controls. */
int utf8_width(uint32_t code);

/* End of the grapheme cluster that starts at text[at] (UAX 29), at < n; and
 * start of the one that ends at `at`, at > 0. */
size_t utf8_grapheme_next(const char *text, size_t n, size_t at);
size_t utf8_grapheme_previous(const char *text, size_t n, size_t at);

#endif
