/* attachment.h - a file that was looked at or listened to (the public part is
 * in fusion/session.h).
 *
 *   path -> what was perceived (shared by equal bytes) -> summary, details
 */
#ifndef FUSION_ATTACHMENT_H
#define FUSION_ATTACHMENT_H

#include "audio/audio.h"
#include "fusion/glance.h"
#include "fusion/picture_rows.h"
#include "fusion/session.h"
#include "tensor/media_rows.h"
#include "vision/vision.h"

/* What the encoders found in some bytes; never changes once made. */
struct perception {
    char *key;                      /* sha256 of the bytes, "+", identity of the encoder, of a clip "+" and how it was heard */
    enum attachment_kind kind;
    char format[16];                /* "JPEG", "WAV" */
    size_t file_bytes;
    double ms;                      /* spent on it in all */
    struct preview *preview;
    const char *projector;          /* whose rows there are, as the user named it; borrowed; NULL: told in words */
    struct media_rows *media;       /* of an encoder with its markers; NULL: the report's, or words */
    size_t n_rows_whole;            /* a picture that was encoded smaller would have so many; else 0 */
    size_t n_tiles, n_tiles_whole;  /* likewise */
    enum picture_limit limit;       /* why */
    bool rows_kept;                 /* media was made another day (rows_cache.h) */
    bool own_media;                 /* they are of a projector of our own, not of a pair */
    size_t n_rows_too_many;         /* a clip is told in words since it would have so many; else 0 */

    /* an image */
    struct vision_report *report;
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
size_t perception_n_rows(const struct perception *p);       /* that it is told as; 0: in words */

struct attachment {
    uint32_t id;
    char *path;
    const char *name;               /* inside path */
    const struct perception *seen;  /* `heard`, or `corrected` */
    const struct perception *heard; /* as it was perceived; borrowed from the senses */
    struct perception *corrected;   /* with lines that a person corrected; its transcript is its own; NULL: none are */
    struct glances glances;         /* what eyes said of a picture, in the order in which they were asked */
    char sha256[65];
    char *details;
    bool in_words;                  /* though it has rows: so the last question about it was told */
    size_t said_at;                 /* byte of details where the lines of what is said begin */
    size_t n_tokens;
};

/* glances are copied; NULL: none. */
struct attachment *attachment_new(uint32_t id, const char *path, const struct perception *seen, const struct glances *glances,
                                  struct error *err);
void attachment_free(struct attachment *a);                 /* NULL is fine */
/* The same attachment with another text of segment i; text NULL: what was heard. */
struct attachment *attachment_corrected(const struct attachment *a, size_t i, const char *text, struct error *err);

/* The same attachment with one more glance, which is copied. */
struct attachment *attachment_looked(const struct attachment *a, const struct glance *g, struct error *err);
/* What eyes said is in it; NULL: nothing. */
const struct glance *attachment_description(const struct attachment *a);

/* The text of attachment_details, malloc'd (details.c); *said_at: where a line for each segment begins. */
char *details_text(const char *path, const struct perception *seen, const struct glances *glances, size_t *said_at, struct error *err);

#endif
