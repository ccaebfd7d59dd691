/* vision.h - what is in a picture, found by small networks.
 *
 *   file -> decode, orient, composite -> pixels [h][w][3] u8
 *        -> patch encoder + classifier (EfficientNet-Lite2) -> tags
 *        -> detector (SSD-MobileNetV3, COCO)                 -> objects
 *        -> a head of our own on both (concepts.gguf)        -> words
 *        -> a projector on both, when one is given           -> rows [n_rows][n_embd]
 *        -> OCR (tesseract) -> text;  Lab clustering -> colours
 *
 * A struct vision never changes after vision_open.  Models, rules and measured
 * thresholds: docs/models.md. */
#ifndef VISION_VISION_H
#define VISION_VISION_H

#include "base/error.h"
#include "tensor/compute.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- pictures ------------------------------------------------------------- */

struct image {
    size_t width, height;           /* pixels, after orientation */
    uint8_t *rgb;                   /* [height][width][3], sRGB; alpha over white */
    const char *format;             /* "JPEG", "PNG", "BMP", "WebP" */
    size_t file_width, file_height; /* before orientation */
    int orientation;                /* EXIF 1-8; 1 when absent */
    bool had_alpha;
    size_t n_mapped;                /* rgb: so many bytes of its own from mmap; 0: malloc'd */
};

/* Bytes of a file; `path` is for messages only.  Area and format are checked
 * before decoding.  ERROR_INPUT names the file, the reason, and for a format that
 * is not read (HEIC, AVIF, GIF, PDF, ...) the command that converts it. */
struct image *image_decode(const char *path, const unsigned char *data, size_t n_bytes, struct error *err);
struct image *image_load(const char *path, struct error *err);
/* A copy that has at most `most` pixels a side (a smaller picture keeps its size), each the mean of
 * the area it covers.  NULL and *err when memory ran out. */
struct image *image_shrink(const struct image *image, size_t most, struct error *err);
void image_free(struct image *image);                       /* NULL is fine */

/* ---- a projector ------------------------------------------------------------ */

/* Turns what the networks saw into rows of one text model's embedding space (the file:
 * vision/projector.h).  Never changes once open. */
struct projector;

/* A file, or bytes at a multiple of GGUF_ALIGN that the caller keeps, with a name for messages.
 * c: whose kernels read the weights.  ERROR_MODEL when missing or wrong, ERROR_INFERENCE without memory. */
struct projector *projector_open(const char *path, const struct compute *c, struct error *err);
struct projector *projector_open_bytes(const char *name, const void *bytes, size_t n_bytes, const struct compute *c, struct error *err);
void projector_close(struct projector *p);                  /* NULL is fine */
size_t projector_n_embd(const struct projector *p);         /* width of a row */
const char *projector_text_model(const struct projector *p);    /* general.name of what it was made for; borrowed */
const char *projector_id(const struct projector *p);        /* sha256; borrowed */

/* ---- looking -------------------------------------------------------------- */

struct vision;

/* Paths of the converted GGUF files; the head comes from the program itself, if it
 * carries one.  projector: NULL, or whose rows reports are to have, for longer than the result.
 * ERROR_MODEL when missing or wrong, also when the projector wants other inputs. */
struct vision *vision_open(const char *classifier_path, const char *detector_path, const struct projector *projector, struct error *err);
void vision_close(struct vision *v);                        /* NULL is fine */
/* Identity of the weights, also the projector's, for cache keys; borrowed. */
const char *vision_id(const struct vision *v);

#define VISION_MAX_TAGS 5
#define VISION_MAX_COLOURS 2
#define VISION_MAX_WORDS 24
#define VISION_LEAST_SIDE 16        /* below, both networks name what nobody could */

struct vision_tag {                 /* of the whole picture, best first */
    const char *name;               /* readable, "golden retriever"; borrowed, static */
    const char *kind;               /* "dog"; "" when it has none */
    float p;                        /* calibrated probability (temperature 0.6) */
    const char *place;              /* where the class map peaks: "left", ... or "" */
};

struct vision_object {              /* a group of one class, largest area first; before them a
                                     * subject that the classifier knows better than the detector */
    const char *name;               /* COCO class, "person"; of such a subject its kind, "lizard", or name */
    size_t count;
    const char *place;              /* when single and off-centre: "left", "right", "top", "bottom"; else "" */
    float p;                        /* best score of the group */
    const char *colour;             /* of the largest one's box; "" when mixed */
    const char *finer;              /* "miniature pinscher" when the crop is clear, else "" */
    float finer_p;
    float box[4];                   /* largest one: left, top, right, bottom in 0..1 */
};

struct vision_word {                /* of the whole picture: what a caption may say */
    const char *word;               /* one of the head's; borrowed until vision_close */
    float p;                        /* at least 0.05 */
};

struct vision_report {
    size_t width, height;
    bool too_small;                 /* under VISION_LEAST_SIDE pixels on a side: nothing is named */
    struct vision_tag tags[VISION_MAX_TAGS];
    size_t n_tags;
    const char *best_kind;          /* kind with the largest summed probability, "" if none */
    float best_kind_p;
    struct vision_object *objects;  /* only what the agreement rule lets through */
    size_t n_objects;
    struct vision_word words[VISION_MAX_WORDS];     /* best first; none without a head */
    size_t n_words;
    float *rows;                    /* [n_rows][projector_n_embd]; NULL without a projector, and when too_small */
    size_t n_rows;
    char *text;                     /* OCR, lines kept; "" when none is believed */
    float text_confidence;          /* mean word confidence of it, 0-100 */
    const char *colours[VISION_MAX_COLOURS];    /* of the picture as a whole */
    size_t n_colours;
    const char *note;               /* what could not be done ("text is not read: tesseract has no language data"), or "" */
    double decode_ms, classify_ms, detect_ms, project_ms, ocr_ms;
};

/* NULL and *err on failure or cancel. */
struct vision_report *vision_look(const struct vision *v, const struct compute *c,
                                  const struct image *image, struct error *err);
void vision_report_free(struct vision_report *r);           /* NULL is fine */

/* Grammar of the names: "a pair of scissors", "two people", "several cars" (four
 * and more: the detector does not count further well).  out is always terminated.
 * Any class of either network is known; other words follow the plain rules. */
void vision_name_with_count(const char *name, size_t count, char *out, size_t n_out);
/* Korean noun for a class of either network, a kind or a colour ("person" ->
 * "사람"); NULL when unknown.  "orange" is the fruit there. */
const char *vision_name_korean(const char *name);
const char *vision_colour_korean(const char *name);
/* Word that counts things of a detector's class in Korean ("명", "마리"); "개" for others. */
const char *vision_counter_korean(const char *name);

#endif
