/* sanitise.h - the display edge: what may reach the terminal of any text.
 *
 * Text of models, files, names and pastes is stored as it is; whatever is drawn
 * goes through sanitise_next, one unit at a time:
 *
 *   C0, DEL            its picture, U+2400 + code (ESC is one glyph, harmless)
 *   C1, bidi controls, invisible format and tag characters    <U+202E>
 *   ill-formed UTF-8   U+FFFD for each maximal subpart
 *   tab                four spaces
 *   grapheme cluster   composed (NFC); joiners, variation selectors and skin tones
 *                      are left out, because terminals disagree on their width
 *
 * No state is kept between units, so a sequence split over two pieces of a stream
 * is drawn no differently.  Classes: Unicode 15 ch. 23;
 * Trojan Source (CVE-2021-42574) for the bidi controls. */
#ifndef UI_SANITISE_H
#define UI_SANITISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define GLYPH_BYTES 48

struct glyph {
    size_t n_bytes;                 /* of the text, > 0: what this unit stands for */
    int width;                      /* columns, > 0 */
    uint32_t code;                  /* first code point of the text */
    char text[GLYPH_BYTES];         /* printable UTF-8 */
};

/* The unit that starts at text[at], at < n. */
void sanitise_next(const char *text, size_t n, size_t at, struct glyph *glyph);

/* Columns of text[0..n); a newline counts as a unit like any other control. */
int sanitise_width(const char *text, size_t n);

/* For the command line: text as it is, newlines and tabs too, but what could steer
 * the terminal in the form above.  A piece may end inside a cluster, not inside a
 * character. */
void sanitise_write(FILE *to, const char *text, size_t n);

#endif
