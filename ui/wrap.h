/* wrap.h - text into lines of a given width, by grapheme cluster.
 *
 * Breaks at spaces, between wide characters that are not Hangul (Korean breaks at
 * its spaces), and inside a word only when it is longer than a line.  Lines of
 * the text itself are kept; inside ``` fences spaces are not break places.  The
 * result is a memo for text that only grows: what is wrapped stays wrapped. */
#ifndef UI_WRAP_H
#define UI_WRAP_H

#include <stdbool.h>
#include <stddef.h>

struct wrap_line {
    size_t start, end;              /* bytes; the newline or the spaces of the break left out */
    int indent;                     /* columns before it: goes on below an indented line or a list's item */
};

struct wrap {                       /* all zero: nothing wrapped yet */
    struct wrap_line *lines;        /* [n], at least one after an update */
    size_t n, capacity;
    int width;
    size_t n_bytes;                 /* of the text, wrapped so far */
    size_t paragraph, n_before;     /* start of the last line of the text, lines before it */
    bool code;                      /* that line stands inside a fence */
};

/* text[0..n) begins with what was given before, or the width differs, or
 * wrap_reset was called in between. */
void wrap_update(struct wrap *w, const char *text, size_t n, int width);
void wrap_reset(struct wrap *w);
void wrap_free(struct wrap *w);

/* The rules alone: adds the lines of text[from..to), which holds no newline, at w->width.
 * Lines after the first go on at column `hang`; code breaks only where the line is full. */
void wrap_line_of(struct wrap *w, const char *text, size_t from, size_t to, int hang, bool code);

/* Line that holds byte `at` (a cursor), and its column there. */
size_t wrap_find(const struct wrap *w, const char *text, size_t at, int *column);
/* Byte of a line at or before a column. */
size_t wrap_byte(const struct wrap *w, const char *text, size_t i_line, int column);

/* A line that opens or closes a block of code. */
bool wrap_is_fence(const char *line, size_t n);

#endif
