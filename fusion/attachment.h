/* attachment.h - a file that was looked at or listened to (the public part is
 * in fusion/session.h).
 *
 *   path -> what was perceived (shared by equal bytes) -> summary, details
 */
#ifndef FUSION_ATTACHMENT_H
#define FUSION_ATTACHMENT_H

#include "audio/audio.h"
#include "fusion/session.h"
#include "vision/vision.h"

/* What the encoders found in some bytes; never changes once made. */
struct perception {
    char *key;                      /* sha256 of the bytes, "+", identity of the encoder, of a clip "+" and how it was heard */
    enum attachment_kind kind;
    char format[16];                /* "JPEG", "WAV" */
    size_t file_bytes;
    double ms;                      /* spent on it in all */
    struct preview *preview;

    /* an image */
    struct vision_report *report;
    const char *projector;          /* whose rows the report has, as the user named it; borrowed; NULL: told in words */
    size_t width, height;           /* after orientation */
    int orientation;                /* EXIF 1-8 */
    bool had_alpha;

    /* a clip */
    struct transcript *transcript;
    double seconds;
    int file_hz, file_channels;
    float peak, rms;
};
void perception_free(struct perception *p);                 /* NULL is fine */

struct attachment {
    uint32_t id;
    char *path;
    const char *name;               /* inside path */
    const struct perception *seen;  /* borrowed from the senses */
    char *details;
    size_t n_tokens;
};

struct attachment *attachment_new(uint32_t id, const char *path, const struct perception *seen, struct error *err);
void attachment_free(struct attachment *a);                 /* NULL is fine */

/* The text of attachment_details, malloc'd (details.c). */
char *details_text(const char *path, const struct perception *seen, struct error *err);

#endif
