/* test_image.c - picture files of every kind that is read, and refusals of the rest.
 *
 * The files of tests/golden/images (make_images.py, Pillow) show one picture of
 * six flat blocks; what a decoder makes of it is checked at the blocks' centres,
 * where neighbours in a lossy file have no influence. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "vision/image_file.h"
#include "vision/image_pixels.h"
#include "vision/sandbox.h"
#include "vision/vision.h"

#define FOLDER "tests/golden/images/"

static const uint8_t colours[2][3][3] = {
    { { 255, 0, 0 }, { 0, 255, 0 }, { 0, 0, 255 } },
    { { 255, 255, 0 }, { 0, 0, 0 }, { 200, 200, 200 } },
};

static struct image *load(const char *name)
{
    char path[256];
    struct error err = { 0 };

    snprintf(path, sizeof path, FOLDER "%s", name);
    struct image *image = image_load(path, &err);
    if (image == NULL)
        fail_msg("%s", err.text);
    return image;
}

static void check_pixel(const char *name, const struct image *image, size_t x, size_t y, const uint8_t want[3], int bound)
{
    const uint8_t *got = image->rgb + 3 * (y * image->width + x);

    for (int i = 0; i < 3; i++)
        if (abs(got[i] - want[i]) > bound)
            fail_msg("%s: pixel (%zu, %zu) is %d %d %d, wanted %d %d %d within %d", name, x, y,
                     got[0], got[1], got[2], want[0], want[1], want[2], bound);
}

/* JPEG at quality 95: the DC coefficient of an 8x8 block is quantised in steps of 2
 * (luma and chroma), that is 1/4 of a level a pixel, then Y, Cb, Cr are rounded to
 * integers (1/2 each); 1.772 * 0.75 + 0.75 < 3.  WebP likewise, with limited-range luma
 * (255/219) and its own step: 2.018 * 0.75 + 1.164 * 0.75 < 3, and a prediction more. */
struct kind {
    const char *name, *format;
    int bound, orientation;
};
static const struct kind in_colour[] = {
    { "rgb.jpg", "JPEG", 3, 1 },         { "progressive.jpg", "JPEG", 3, 1 }, { "full_chroma.jpg", "JPEG", 3, 1 },
    { "cmyk.jpg", "JPEG", 3, 1 },        { "exif1.jpg", "JPEG", 3, 1 },       { "exif2.jpg", "JPEG", 3, 2 },
    { "exif3.jpg", "JPEG", 3, 3 },       { "exif4.jpg", "JPEG", 3, 4 },       { "exif5.jpg", "JPEG", 3, 5 },
    { "exif6.jpg", "JPEG", 3, 6 },       { "exif7.jpg", "JPEG", 3, 7 },       { "exif8.jpg", "JPEG", 3, 8 },
    { "exif6.png", "PNG", 0, 6 },        { "exif8.webp", "WebP", 0, 8 },      { "rgb.png", "PNG", 0, 1 },
    { "palette.png", "PNG", 0, 1 },      { "rgb16.png", "PNG", 0, 1 },        { "interlaced.png", "PNG", 0, 1 },
    { "rgb.bmp", "BMP", 0, 1 },          { "palette.bmp", "BMP", 0, 1 },      { "top_down.bmp", "BMP", 0, 1 },
    { "lossy.webp", "WebP", 4, 1 },      { "lossless.webp", "WebP", 0, 1 },
};

static void test_colour(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof in_colour / sizeof *in_colour; i++) {
        const struct kind *k = &in_colour[i];
        struct image *image = load(k->name);
        assert_string_equal(image->format, k->format);
        assert_int_equal(image->width, 48);
        assert_int_equal(image->height, 32);
        assert_int_equal(image->orientation, k->orientation);
        assert_int_equal(image->file_width, k->orientation >= 5 ? 32 : 48);
        assert_int_equal(image->file_height, k->orientation >= 5 ? 48 : 32);
        assert_false(image->had_alpha);
        for (size_t row = 0; row < 2; row++)
            for (size_t column = 0; column < 3; column++)
                check_pixel(k->name, image, 16 * column + 8, 16 * row + 8, colours[row][column], k->bound);
        image_free(image);
    }
}

/* Every pixel of a lossless picture, turned: nothing is lost at the tiles' edges. */
static void test_every_pixel(void **state)
{
    static const char *const names[] = { "rgb.png", "exif6.png", "exif8.webp", "interlaced.png", "top_down.bmp" };
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct image *image = load(names[i]);
        for (size_t y = 0; y < 32; y++)
            for (size_t x = 0; x < 48; x++)
                check_pixel(names[i], image, x, y, colours[y / 16][x / 16], 0);
        image_free(image);
    }
}

static void test_grey(void **state)
{
    static const char *const names[] = { "grey.jpg", "grey.png", "grey16.png", "grey_alpha.png", "one_bit.png", "one_bit.bmp" };
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        /* ITU-R 601 luma, as Pillow weighs it: (19595 R + 38470 G + 7471 B) >> 16, half added. */
        const uint8_t one_bit = strncmp(names[i], "one_bit", 7) == 0;
        const uint8_t green = one_bit ? 255 : 150, red = one_bit ? 0 : 76;
        struct image *image = load(names[i]);
        assert_int_equal(image->width, 48);
        check_pixel(names[i], image, 8, 8, (uint8_t[3]){ red, red, red }, 1);
        check_pixel(names[i], image, 24, 8, (uint8_t[3]){ green, green, green }, 1);
        image_free(image);
    }
}

/* Transparent is white; the half-transparent grey 200 at alpha 128 is
 * (200 * 128 + 255 * 127) / 255 = 227.4. */
static void test_alpha(void **state)
{
    static const char *const names[] = { "rgba.png", "alpha.webp", "grey_alpha.png", "palette_alpha.png" };
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct image *image = load(names[i]);
        assert_true(image->had_alpha);
        check_pixel(names[i], image, 24, 24, (uint8_t[3]){ 255, 255, 255 }, 0);
        if (i < 3)                  /* a palette entry is transparent or not */
            check_pixel(names[i], image, 40, 24, (uint8_t[3]){ 227, 227, 227 }, 0);
        image_free(image);
    }
}

static void test_one_pixel(void **state)
{
    static const char *const names[] = { "one_pixel.png", "one_pixel.jpg", "one_pixel.bmp", "one_pixel.webp" };
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct image *image = load(names[i]);
        assert_int_equal(image->width, 1);
        assert_int_equal(image->height, 1);
        check_pixel(names[i], image, 0, 0, (uint8_t[3]){ 255, 0, 0 }, 4);
        image_free(image);
    }
}

static void check_refused(const unsigned char *data, size_t n, const char *path, const char *const *texts)
{
    struct error err = { 0 };
    struct image *image = image_decode(path, data, n, &err);

    if (image != NULL)
        fail_msg("%s was read, %s was expected", path, texts[0]);
    assert_int_equal(err.code, ERROR_INPUT);
    assert_memory_equal(err.text, path, strlen(path));
    for (; *texts != NULL; texts++)
        if (strstr(err.text, *texts) == NULL)
            fail_msg("'%s' does not say '%s'", err.text, *texts);
}
#define REFUSED(bytes, path, ...) \
    check_refused((const unsigned char *)(bytes), sizeof(bytes) - 1, path, (const char *const[]){ __VA_ARGS__, NULL })

static void test_foreign_formats(void **state)
{
    (void)state;
    REFUSED("GIF89a\1\0\1\0\0\0\0;", "a.gif", "GIF", "convert a.gif'[0]' picture.png");
    REFUSED("II*\0\10\0\0\0", "a.tif", "TIFF", "convert a.tif");
    REFUSED("MM\0*\0\0\0\10", "a.tif", "TIFF");
    REFUSED("\0\0\0\x18" "ftypheic\0\0\0\0mif1heic", "a.heic", "HEIC", "heif-convert a.heic picture.jpg");
    REFUSED("\0\0\0\x18" "ftypmif1\0\0\0\0mif1heic", "a.heic", "HEIC", "heif-convert");
    REFUSED("\0\0\0\x1c" "ftypmif1\0\0\0\0mif1avifmiaf", "a.avif", "AVIF", "heif-convert a.avif");
    REFUSED("\0\0\0\x1c" "ftypavif\0\0\0\0avifmif1miaf", "a.avif", "AVIF");
    REFUSED("%PDF-1.7\n", "my file.pdf", "PDF", "pdftoppm -png -r 150 -singlefile 'my file.pdf' page");
    REFUSED("<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>", "it's.svg", "SVG", "rsvg-convert", "'it'\\''s.svg'");
    REFUSED("8BPS\0\1", "a.psd", "Photoshop", "convert");
    REFUSED("\xff\x0a\0\0", "a.jxl", "JPEG XL", "djxl a.jxl picture.png");
    REFUSED("\0\0\0\x0cJXL \r\n\x87\n", "a.jxl", "JPEG XL");
    REFUSED("\0\0\0\x0cjP  \r\n\x87\n", "a.jp2", "JPEG 2000");
    REFUSED("P6\n1 1\n255\nabc", "a.ppm", "Netpbm", "pnmtopng a.ppm > picture.png");
    REFUSED("\0\0\0\x20" "ftypM4A \0\0\0\0M4A mp42isom", "a.m4a", "M4A", "ffmpeg -i a.m4a clip.wav");
    REFUSED("\0\0\0\x20" "ftypisom\0\0\2\0isomiso2avc1", "a.mp4", "MP4", "ffmpeg -i a.mp4");
    REFUSED("\0\0\0\x14" "ftypqt  \0\0\0\0qt  ", "a.mov", "QuickTime");
    REFUSED("\x1a\x45\xdf\xa3\x9f", "a.webm", "WebM", "ffmpeg -i a.webm");
    REFUSED("RIFF\x24\0\0\0WAVEfmt ", "a.wav", "WAV", "clip");
    REFUSED("RIFF\x24\0\0\0AVI LIST", "a.avi", "AVI", "ffmpeg");
    REFUSED("fLaC\0\0\0\x22", "a.flac", "FLAC", "clip");
    REFUSED("OggS\0\2", "a.ogg", "Ogg", "clip");
    REFUSED("ID3\4\0\0", "a.mp3", "MP3", "clip");
    REFUSED("hello, this is a text\n", "a.txt", "JPEG, PNG, BMP and WebP");
    REFUSED("x", "a", "no picture");
    REFUSED("GIF89a", "-rf", "convert ./'-rf'");
}

static void test_foreign_files(void **state)
{
    static const char *const names[] = { "refused.gif", "refused.tiff", "animated.webp" };
    static const char *const says[] = { "GIF", "TIFF", "webpmux -get frame 1" };
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        char path[256];
        struct error err = { 0 };
        snprintf(path, sizeof path, FOLDER "%s", names[i]);
        assert_null(image_load(path, &err));
        assert_non_null(strstr(err.text, says[i]));
    }
    struct error err = { 0 };
    assert_null(image_load(FOLDER, &err));
    assert_non_null(strstr(err.text, "directory"));
    assert_null(image_load(FOLDER "missing.png", &err));
    assert_int_equal(err.code, ERROR_INPUT);
}

/* Sizes are refused from the header: in no time, and without a decoder's memory. */
static void test_hostile_headers(void **state)
{
    static const unsigned char jpeg_huffman[] =
        "\xff\xd8\xff\xc0\0\x0b\x08\0\x10\0\x10\1\1\x11\0"
        "\xff\xc4\2\x11\0\xff\xff\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    unsigned char big[600] = { 0 };
    (void)state;

    REFUSED("\xff\xd8\xff\xc0\0\x11\x08\x75\x30\x75\x30\3\1\x22\0\2\x11\1\3\x11\1\xff\xd9", "big.jpg", "30000 x 30000", "megapixels");
    REFUSED("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x75\x30\0\0\x75\x30\x08\2\0\0\0abcd\0\0\0\0IENDabcd", "big.png", "30000 x 30000");
    REFUSED("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\x7f\xff\xff\xff\x7f\xff\xff\xff\x08\2\0\0\0abcd\0\0\0\0IENDabcd", "big.png", "megapixels");
    REFUSED("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\0\0\0\0\1\x08\2\0\0\0abcd\0\0\0\0IENDabcd", "no.png", "no pixels");
    REFUSED("BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x30\x75\0\0\x30\x75\0\0\1\0\x18\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
            "big.bmp", "cut short");
    REFUSED("BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x30\x75\0\0\0\0\0\x80\1\0\x18\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
            "big.bmp", "makes no sense");
    REFUSED("BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x10\0\0\0\x10\0\0\0\1\0\x08\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
            "rle.bmp", "compressed BMP");
    REFUSED("\xff\xd8\xff\xc9\0\x0b\x08\0\x10\0\x10\1\1\x11\0\xff\xd9", "a.jpg", "arithmetic");
    REFUSED("\xff\xd8\xff\xd9", "a.jpg", "no frame");
    REFUSED("\xff\xd8\xff\xe1\0\1", "a.jpg", "cut short");
    memcpy(big, jpeg_huffman, sizeof jpeg_huffman - 1);
    check_refused(big, sizeof big, "huffman.jpg", (const char *const[]){ "Huffman", NULL });
}

/* No file cut anywhere is read, nor breaks anything.  The decoder runs in this
 * process where the header is believed, so that a sanitizer sees it. */
static void test_truncated(void **state)
{
    static const char *const names[] = { "exif6.jpg", "progressive.jpg", "rgba.png", "palette.bmp", "lossy.webp", "alpha.webp" };
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[256];
        struct error err = { 0 };
        struct image_file file;
        size_t n;
        snprintf(path, sizeof path, FOLDER "%s", names[i]);
        unsigned char *data = file_read(path, 1 << 20, &n, &err);
        assert_non_null(data);
        for (size_t cut = 1; cut < n; cut++) {
            unsigned char *part = malloc(cut);      /* exact, so that ASan sees a byte past it */
            memcpy(part, data, cut);
            if (image_file_read(path, part, cut, &file, &err))
                fail_msg("%s: its first %zu of %zu bytes were taken for whole", path, cut, n);
            free(part);
        }
        assert_null(image_decode(path, data, n - 1, &err));
        free(data);
    }
}

/* Bytes of a good file changed at random: read or refused, in this process. */
static void test_corrupted(void **state)
{
    uint8_t *rgb = malloc(3 << 20);
    uint32_t seed = 1;
    (void)state;

    for (size_t i = 0; i < sizeof in_colour / sizeof *in_colour; i++) {
        char path[256];
        struct error err = { 0 };
        size_t n;
        snprintf(path, sizeof path, FOLDER "%s", in_colour[i].name);
        unsigned char *data = file_read(path, 1 << 20, &n, &err);
        assert_non_null(data);
        for (int round = 0; round < 200; round++) {
            struct image_file file;
            struct image_pixels result;
            seed = seed * 1664525u + 1013904223u;
            const size_t at = (seed >> 8) % n;
            const unsigned char before = data[at];
            data[at] ^= (unsigned char)(1u << (seed >> 29));
            if (image_file_read(path, data, n, &file, &err) && file.width > 0 && file.height > 0 &&
                file.width < 1024 && file.height < 1024)
                image_pixels_decode(data, n, &file, &result, rgb);
            data[at] = before;
        }
        free(data);
    }
    free(rgb);
}

/* A scan by Huffman tables that the file does not define must not depend on what
 * freed memory held before. */
static void test_no_huffman_tables(void **state)
{
    static uint8_t rgb[2][48 * 32 * 3];
    struct error err = { 0 };
    size_t n;
    unsigned char *data = file_read(FOLDER "rgb.jpg", 1 << 20, &n, &err);
    (void)state;

    assert_non_null(data);
    for (size_t i = 0; i + 1 < n; i++)
        if (data[i] == 0xff && data[i + 1] == 0xc4)
            data[i + 1] = 0xef;     /* DHT becomes a segment that is skipped */
    for (int i = 0; i < 2; i++) {
        struct image_file file;
        struct image_pixels result;
        mallopt(M_PERTURB, i == 0 ? 0xfa : 0xfc);   /* memory full of 5, of 3: code lengths that are taken */
        assert_true(image_file_read("none.jpg", data, n, &file, &err));
        image_pixels_decode(data, n, &file, &result, rgb[i]);
    }
    mallopt(M_PERTURB, 0);
    assert_memory_equal(rgb[0], rgb[1], sizeof rgb[0]);
    free(data);
}

static void test_too_large(void **state)
{
    struct error err = { 0 };
    (void)state;
    assert_null(image_decode("huge.png", (const unsigned char *)"\x89PNG", (size_t)1 << 40, &err));
    assert_non_null(strstr(err.text, "at most"));
}

/* ---- the process that decodes ------------------------------------------------ */

static void crash(void *user)
{
    char *volatile nowhere = (char *)1;

    *(int *)user = 1;
    *nowhere = 1;
}
static void never_end(void *user) { (void)user; for (;;) pause(); }
static void do_nothing(void *user) { (void)user; }
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { FILTERED = 0 };              /* sandbox.c leaves system calls to the sanitizer's runtime */
#else
enum { FILTERED = 1 };
#endif
static void write_out(void *user)
{
    if (write(*(int *)user, "x", 1) == 1 && FILTERED)
        raise(SIGKILL);
}

static void test_sandbox(void **state)
{
    int mine = 0, fd[2];
    (void)state;

    assert_int_equal(sandbox_run(do_nothing, NULL, NULL, 1 << 20, 5000), SANDBOX_DONE);
    assert_int_equal(sandbox_run(crash, NULL, &mine, 1 << 20, 5000), SANDBOX_BROKE);
    assert_int_equal(mine, 0);
    assert_int_equal(sandbox_run(never_end, NULL, NULL, 1 << 20, 50), SANDBOX_LATE);
    assert_int_equal(pipe(fd), 0);
    assert_int_equal(sandbox_run(write_out, NULL, &fd[1], 1 << 20, 5000), SANDBOX_DONE);
    close(fd[0]);
    close(fd[1]);
}

static void overwrite(void *user) { *(volatile uint8_t *)user = 1; }

/* A decoder that a file has taken over cannot change the pictures before it. */
static void test_pixels_are_ours_alone(void **state)
{
    struct image *image = load("rgb.png");
    (void)state;

    assert_int_equal(image->rgb[0], 255);
    assert_int_equal(sandbox_run(overwrite, NULL, image->rgb, 1 << 20, 5000), SANDBOX_BROKE);
    assert_int_equal(image->rgb[0], 255);
    image_free(image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_colour),          cmocka_unit_test(test_every_pixel),
        cmocka_unit_test(test_grey),            cmocka_unit_test(test_alpha),
        cmocka_unit_test(test_one_pixel),       cmocka_unit_test(test_foreign_formats),
        cmocka_unit_test(test_foreign_files),   cmocka_unit_test(test_hostile_headers),
        cmocka_unit_test(test_truncated),       cmocka_unit_test(test_corrupted),
        cmocka_unit_test(test_no_huffman_tables), cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_sandbox),         cmocka_unit_test(test_pixels_are_ours_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
