/* ocr_lines.h - which recognised lines are text, and which are leaves and tiles.
 *
 * A recogniser reports words with a confidence, 0-100, and is sure of junk now and
 * then.  A line is believed when something in it can hardly be junk (an anchor:
 * a word of several letters, or several Hangul syllables) and its mean is high;
 * lines without one only in the company of two that have. */
#ifndef VISION_OCR_LINES_H
#define VISION_OCR_LINES_H

#include "base/arena.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct ocr_word {
    const char *text;               /* UTF-8 */
    float confidence;
};

struct ocr_line {
    char *text;                     /* spaced, ends trimmed */
    float box[4];                   /* left, top, right, bottom: parts of the picture */
    float confidence;               /* mean over letters */
    size_t n_letters, n_hangul;     /* letters and digits in all; Hangul syllables of them */
    bool anchored;
};

#define OCR_MAX_LINES 500           /* what comes after is not kept */

struct ocr_lines {
    struct arena *arena;            /* holds all of it */
    struct ocr_line *at;            /* [OCR_MAX_LINES] */
    size_t n;
};

bool ocr_lines_init(struct ocr_lines *lines, struct arena *arena, struct error *err);

/* A line of n words; `text` is the same line with its spaces. */
bool ocr_lines_add(struct ocr_lines *lines, const struct ocr_word *words, size_t n, const char *text,
                   const float box[4], struct error *err);

void ocr_lines_believe(struct ocr_lines *lines);            /* drops the others */

/* Adds those lines of `more` that lie where `lines` has none; reading order after. */
void ocr_lines_merge(struct ocr_lines *lines, const struct ocr_lines *more);

size_t ocr_lines_n_letters(const struct ocr_lines *lines);
bool ocr_lines_are_korean(const struct ocr_lines *lines);   /* hardly anything else */

/* malloc'd, a line feed between lines; the mean over letters. */
char *ocr_lines_text(const struct ocr_lines *lines, float *confidence, struct error *err);

#endif
