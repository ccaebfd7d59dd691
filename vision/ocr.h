/* ocr.h - text in a picture, by libtesseract.
 *
 *   pixels -> enlarged when small -> layout, LSTM (eng + kor) -> words with
 *   confidence -> lines that look like text
 *
 * Photographs make a recogniser see letters in leaves and tiles; only words of
 * high confidence in lines that look like text are kept.  Thresholds and what
 * they were tuned on: ocr.c.  Any thread may call. */
#ifndef VISION_OCR_H
#define VISION_OCR_H

#include "base/error.h"
#include "tensor/compute.h"

struct image;

struct ocr {
    char *text;                     /* malloc'd; lines kept, "" when none is believed */
    float confidence;               /* mean of its words, 0-100; 0 without text */
    const char *note;               /* static: what could not be done, or "" */
};

/* Ends by itself after OCR_MOST_MS of processor time (three times that on the clock,
 * where other programs have the processor) with what was read and a note.  Missing
 * language data is a note, not a failure.  ERROR_CANCELLED when c->cancel is set
 * (c may be NULL), ERROR_INFERENCE without memory. */
#define OCR_MOST_MS 10000
bool ocr_read(const struct compute *c, const struct image *image, struct ocr *result, struct error *err);
void ocr_done(struct ocr *result);                          /* frees the text */

#endif
