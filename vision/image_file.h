/* image_file.h - a picture file's format and size, read without decoding.
 *
 * Everything here is bounds-checked reading of headers; nothing is allocated. */
#ifndef VISION_IMAGE_FILE_H
#define VISION_IMAGE_FILE_H

#include "base/error.h"

#include <stddef.h>

enum image_format { IMAGE_JPEG, IMAGE_PNG, IMAGE_BMP, IMAGE_WEBP };

struct image_file {
    enum image_format format;
    const char *name;               /* "JPEG" */
    size_t width, height;           /* as stored */
    const unsigned char *exif;      /* TIFF structure inside `data`, NULL when absent */
    size_t n_exif;
};

/* ERROR_INPUT for what is no picture, cut short, or of a kind that is not read
 * (with the command that converts it). */
bool image_file_read(const char *path, const unsigned char *data, size_t n_bytes,
                     struct image_file *file, struct error *err);

/* The refusal of a format known by its first bytes, or of anything else. */
bool image_foreign(const char *path, const unsigned char *data, size_t n_bytes, struct error *err);

/* ERROR_INPUT: "PATH: is WHAT, which is not read; convert it: COMMAND", the path in
 * the command quoted for a shell.  command: printf format with one %s, the path. */
bool image_refuse(const char *path, const char *what, const char *before, const char *after, struct error *err);

#endif
