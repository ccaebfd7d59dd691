/* image_pixels.c - stb_image and libwebp to RGB, libexif for the orientation.
 *
 * EXIF 2.32, tag 0x0112: where row 0 and column 0 of the stored picture belong.
 *   1 as it is  2 mirrored   3 turned by 180    4 upside down
 *   5 transposed  6 turned right  7 transposed the other way  8 turned left */
#include "vision/image_pixels.h"

#include <libexif/exif-data.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <webp/decode.h>

#define STBI_NO_STDIO
#include <stb_image.h>

#define N_CHANNELS 4                /* of what the decoders give: RGB and alpha */

static int read_orientation(const struct image_file *file)
{
    enum { MAX_EXIF = 1 << 16 };    /* a JPEG segment holds no more */
    static const char prefix[6] = "Exif\0";
    int orientation = 1;

    if (file->exif == NULL || file->n_exif > MAX_EXIF)
        return 1;
    unsigned char *block = malloc(sizeof prefix + file->n_exif);
    ExifData *exif = exif_data_new();
    if (block != NULL && exif != NULL) {
        memcpy(block, prefix, sizeof prefix);
        memcpy(block + sizeof prefix, file->exif, file->n_exif);
        exif_data_load_data(exif, block, (unsigned)(sizeof prefix + file->n_exif));
        const ExifEntry *entry = exif_content_get_entry(exif->ifd[EXIF_IFD_0], EXIF_TAG_ORIENTATION);
        if (entry != NULL && entry->format == EXIF_FORMAT_SHORT && entry->size >= 2)
            orientation = exif_get_short(entry->data, exif_data_get_byte_order(exif));
    }
    if (exif != NULL)
        exif_data_unref(exif);
    free(block);
    return orientation >= 1 && orientation <= 8 ? orientation : 1;
}

/* Where pixel (x, y) of the stored picture goes: out_at + x * step_x + y * step_y. */
static void orient_steps(int orientation, ptrdiff_t w, ptrdiff_t h, ptrdiff_t *start, ptrdiff_t *step_x, ptrdiff_t *step_y)
{
    const bool turned = orientation >= 5;
    const ptrdiff_t row = turned ? h : w;
    const bool flip_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    const bool flip_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;

    *step_x = turned ? row : 1;
    *step_y = turned ? 1 : row;
    *start = 0;
    if (flip_x)
        *start += (w - 1) * *step_x, *step_x = -*step_x;
    if (flip_y)
        *start += (h - 1) * *step_y, *step_y = -*step_y;
}

static uint8_t over_white(uint8_t colour, uint8_t alpha)
{
    return (uint8_t)((colour * alpha + 255 * (255 - alpha) + 127) / 255);
}

/* Upright and opaque: whole pixels are stored, whose fourth byte the next one replaces. */
static void pack(const uint8_t *rgba, size_t n_pixels, uint8_t *rgb)
{
    for (size_t i = 0; i + 1 < n_pixels; i++)
        memcpy(rgb + 3 * i, rgba + 4 * i, 4);
    memcpy(rgb + 3 * (n_pixels - 1), rgba + 4 * (n_pixels - 1), 3);
}

/* Turned pictures go in tiles, so that neither side leaves the cache. */
static bool place(const uint8_t *in, size_t width, size_t height, int orientation, uint8_t *rgb)
{
    enum { TILE = 64 };
    ptrdiff_t start, step_x, step_y;
    uint8_t least_alpha = 255;

    orient_steps(orientation, (ptrdiff_t)width, (ptrdiff_t)height, &start, &step_x, &step_y);
    for (size_t y0 = 0; y0 < height; y0 += TILE)
        for (size_t x0 = 0; x0 < width; x0 += TILE)
            for (size_t y = y0; y < height && y < y0 + TILE; y++)
                for (size_t x = x0; x < width && x < x0 + TILE; x++) {
                    const uint8_t *from = in + (y * width + x) * N_CHANNELS;
                    uint8_t *to = rgb + 3 * (start + (ptrdiff_t)x * step_x + (ptrdiff_t)y * step_y);
                    const uint8_t alpha = from[3];
                    least_alpha = alpha < least_alpha ? alpha : least_alpha;
                    for (size_t i = 0; i < 3; i++)
                        to[i] = alpha == 255 ? from[i] : over_white(from[i], alpha);
                }
    return least_alpha < 255;
}

/* Four channels of a JPEG too: stb_image has SIMD for those only. */
static uint8_t *decode_stb(const unsigned char *data, size_t n_bytes, const struct image_file *file, char *why, size_t n_why)
{
    int width = 0, height = 0, in_file;
    uint8_t *pixels = stbi_load_from_memory(data, (int)n_bytes, &width, &height, &in_file, N_CHANNELS);

    if (pixels == NULL)
        snprintf(why, n_why, "%s", stbi_failure_reason() != NULL ? stbi_failure_reason() : "no memory");
    else if ((size_t)width == file->width && (size_t)height == file->height)
        return pixels;
    else
        snprintf(why, n_why, "it has two sizes");
    stbi_image_free(pixels);
    return NULL;
}

static uint8_t *decode_webp(const unsigned char *data, size_t n_bytes, const struct image_file *file,
                            char *why, size_t n_why)
{
    const size_t n = file->width * file->height * N_CHANNELS;
    uint8_t *pixels = malloc(n);

    if (pixels == NULL)
        snprintf(why, n_why, "no memory for %zu bytes", n);
    else if (WebPDecodeRGBAInto(data, n_bytes, pixels, n, (int)file->width * N_CHANNELS) != NULL)
        return pixels;
    else
        snprintf(why, n_why, "its data makes no sense");
    free(pixels);
    return NULL;
}

void image_pixels_decode(const unsigned char *data, size_t n_bytes, const struct image_file *file,
                         struct image_pixels *result, uint8_t *rgb)
{
    memset(result, 0, sizeof *result);
    result->orientation = read_orientation(file);
    uint8_t *pixels = file->format == IMAGE_WEBP
        ? decode_webp(data, n_bytes, file, result->why, sizeof result->why)
        : decode_stb(data, n_bytes, file, result->why, sizeof result->why);
    if (pixels == NULL)
        return;
    if (file->format == IMAGE_JPEG && result->orientation == 1)
        pack(pixels, file->width * file->height, rgb);
    else
        result->had_alpha = place(pixels, file->width, file->height, result->orientation, rgb);
    free(pixels);
    result->ok = true;
}
