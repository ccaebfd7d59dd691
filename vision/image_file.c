/* image_file.c - headers of the four formats that are read.
 *
 *   JPEG   ff d8, segments (ff marker, length u16 incl. itself), ... ff d9
 *   PNG    signature, chunks (length u32, type, data, crc u32): IHDR ... IEND
 *   BMP    "BM" size u32 0 offset u32 | header size u32, width, height, planes, bits, compression
 *   WebP   "RIFF" size u32 "WEBP", chunks (type, size u32, data, padding to even)
 *
 * Sources: ITU T.81 annex B; PNG 1.2; BITMAPINFOHEADER; WebP container spec.
 * A file that ends before its end marker is refused: the decoders would fill
 * the rest with grey, and grey would be described. */
#include "vision/image_file.h"

#include <stdint.h>
#include <string.h>
#include <webp/decode.h>

static size_t be16(const unsigned char *p) { return (size_t)p[0] << 8 | p[1]; }
static size_t be32(const unsigned char *p) { return be16(p) << 16 | be16(p + 2); }
static size_t le16(const unsigned char *p) { return (size_t)p[1] << 8 | p[0]; }
static size_t le32(const unsigned char *p) { return le16(p + 2) << 16 | le16(p); }

static bool broken(const char *path, const char *name, const char *why, struct error *err)
{
    return error_set(err, ERROR_INPUT, "%s: the %s is broken: %s", path, name, why);
}

static bool cut_short(const char *path, const char *name, struct error *err)
{
    return error_set(err, ERROR_INPUT, "%s: the %s is cut short: its end is missing; copy or download it again",
                     path, name);
}

static void take_exif(struct image_file *file, const unsigned char *p, size_t n)
{
    static const char prefix[6] = "Exif\0";

    if (file->exif != NULL)
        return;
    if (n > sizeof prefix && memcmp(p, prefix, sizeof prefix) == 0)
        p += sizeof prefix, n -= sizeof prefix;
    file->exif = p;
    file->n_exif = n;
}

/* stb_image 2.27 writes past its table when a Huffman table has more than 256
 * codes (fixed upstream in 2.28). */
static bool huffman_tables_fit(const unsigned char *p, size_t n)
{
    while (n > 0) {
        size_t codes = 0;
        if (n < 17)
            return false;
        for (size_t i = 1; i <= 16; i++)
            codes += p[i];
        if (codes > 256 || 17 + codes > n)
            return false;
        p += 17 + codes, n -= 17 + codes;
    }
    return true;
}

static bool is_frame(unsigned marker)       /* SOF0 .. SOF15 */
{
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

/* After a scan header: the next marker that is neither a stuffed zero nor a restart. */
static size_t skip_scan(const unsigned char *data, size_t n, size_t at)
{
    for (; at + 1 < n; at++)
        if (data[at] == 0xff && data[at + 1] != 0 && data[at + 1] != 0xff && (data[at + 1] & 0xf8) != 0xd0)
            return at;
    return n;
}

/* One segment with a length; p holds its n bytes. */
static bool read_segment(const char *path, unsigned marker, const unsigned char *p, size_t n,
                         struct image_file *file, struct error *err)
{
    if (marker == 0xe1 && n > 6 && memcmp(p, "Exif\0", 6) == 0)
        take_exif(file, p, n);
    if (marker == 0xc4 && !huffman_tables_fit(p, n))
        return broken(path, "JPEG", "a Huffman table is too long", err);
    if (!is_frame(marker))
        return true;
    if (marker > 0xc2)
        return image_refuse(path, marker > 0xc8 ? "an arithmetic-coded JPEG" : "a lossless or hierarchical JPEG",
                            "convert it: convert ", " picture.png", err);
    if (n < 6)
        return broken(path, "JPEG", "its frame header is short", err);
    if (p[0] != 8)
        return image_refuse(path, "a JPEG of 12 bits", "convert it: convert ", " picture.png", err);
    file->height = be16(p + 1);
    file->width = be16(p + 3);
    return true;
}

static bool read_jpeg(const char *path, const unsigned char *data, size_t n, struct image_file *file, struct error *err)
{
    size_t at = 2;

    while (at + 1 < n) {
        const unsigned marker = data[at + 1];
        if (data[at] != 0xff || marker == 0xff || marker == 0) {
            at++;                   /* fill bytes, and junk that decoders pass over */
            continue;
        }
        at += 2;
        if (marker == 0xd9)
            return file->width > 0 && file->height > 0 ? true : broken(path, "JPEG", "it has no frame", err);
        if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8))
            continue;
        if (at + 2 > n || be16(data + at) < 2 || be16(data + at) > n - at)
            break;
        if (!read_segment(path, marker, data + at + 2, be16(data + at) - 2, file, err))
            return false;
        at += be16(data + at);
        if (marker == 0xda)
            at = skip_scan(data, n, at);
    }
    return cut_short(path, "JPEG", err);
}

static bool read_png(const char *path, const unsigned char *data, size_t n, struct image_file *file, struct error *err)
{
    size_t at = 8;

    if (n < 33)
        return cut_short(path, "PNG", err);
    if (be32(data + 8) != 13 || memcmp(data + 12, "IHDR", 4) != 0)
        return broken(path, "PNG", "it does not begin with IHDR", err);
    file->width = be32(data + 16);
    file->height = be32(data + 20);
    while (n - at >= 12) {
        const size_t size = be32(data + at);
        if (size > n - at - 12)
            break;
        if (memcmp(data + at + 4, "eXIf", 4) == 0)
            take_exif(file, data + at + 8, size);
        if (memcmp(data + at + 4, "IEND", 4) == 0)
            return true;
        at += size + 12;
    }
    return cut_short(path, "PNG", err);
}

static bool read_bmp(const char *path, const unsigned char *data, size_t n, struct image_file *file, struct error *err)
{
    if (n < 26)
        return cut_short(path, "BMP", err);
    const size_t offset = le32(data + 10), header = le32(data + 14);
    const bool core = header == 12;

    if (!core && n < 54)
        return cut_short(path, "BMP", err);
    if (!core && header != 40 && header != 56 && header != 108 && header != 124)
        return broken(path, "BMP", "its header is of no known kind", err);
    const int64_t height = core ? (int64_t)le16(data + 20) : (int32_t)le32(data + 22);
    const int64_t width = core ? (int64_t)le16(data + 18) : (int32_t)le32(data + 18);
    const size_t bits = le16(data + (core ? 24 : 28)), packing = core ? 0 : le32(data + 30);
    if (width <= 0 || height == 0 || height < -0x7fffffff)
        return broken(path, "BMP", "its size makes no sense", err);
    if (packing != 0 && packing != 3)
        return image_refuse(path, "a compressed BMP", "convert it: convert ", " picture.png", err);
    if (bits != 1 && bits != 4 && bits != 8 && bits != 16 && bits != 24 && bits != 32)
        return broken(path, "BMP", "its bits per pixel make no sense", err);
    file->width = (size_t)width;
    file->height = (size_t)(height < 0 ? -height : height);
    const size_t row = (file->width * bits + 31) / 32 * 4;
    if (offset < 14 + header || offset > n || row > (n - offset) / file->height)
        return cut_short(path, "BMP", err);
    return true;
}

static bool read_webp(const char *path, const unsigned char *data, size_t n, struct image_file *file, struct error *err)
{
    WebPBitstreamFeatures features;
    const VP8StatusCode status = WebPGetFeatures(data, n, &features);

    if (status == VP8_STATUS_NOT_ENOUGH_DATA || le32(data + 4) > n - 8)
        return cut_short(path, "WebP", err);
    if (status != VP8_STATUS_OK)
        return broken(path, "WebP", "its header makes no sense", err);
    if (features.has_animation)
        return image_refuse(path, "an animated WebP", "take a picture out of it: webpmux -get frame 1 -o picture.webp ",
                            "", err);
    file->width = (size_t)features.width;
    file->height = (size_t)features.height;
    for (size_t at = 12; n - at >= 8;) {
        const size_t size = le32(data + at + 4);
        if (size > n - at - 8)
            break;
        if (memcmp(data + at, "EXIF", 4) == 0)
            take_exif(file, data + at + 8, size);
        at += 8 + size + (size & 1);
        if (at > n)
            break;
    }
    return true;
}

bool image_file_read(const char *path, const unsigned char *data, size_t n_bytes,
                     struct image_file *file, struct error *err)
{
    memset(file, 0, sizeof *file);
    if (n_bytes > 3 && data[0] == 0xff && data[1] == 0xd8 && data[2] == 0xff) {
        file->format = IMAGE_JPEG, file->name = "JPEG";
        return read_jpeg(path, data, n_bytes, file, err);
    }
    if (n_bytes > 8 && memcmp(data, "\x89PNG\r\n\x1a\n", 8) == 0) {
        file->format = IMAGE_PNG, file->name = "PNG";
        return read_png(path, data, n_bytes, file, err);
    }
    if (n_bytes > 12 && memcmp(data, "RIFF", 4) == 0 && memcmp(data + 8, "WEBP", 4) == 0) {
        file->format = IMAGE_WEBP, file->name = "WebP";
        return read_webp(path, data, n_bytes, file, err);
    }
    if (n_bytes > 14 && memcmp(data, "BM", 2) == 0) {
        file->format = IMAGE_BMP, file->name = "BMP";
        return read_bmp(path, data, n_bytes, file, err);
    }
    return image_foreign(path, data, n_bytes, err);
}
