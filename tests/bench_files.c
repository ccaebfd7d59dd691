/* bench_files.c - the files that are measured with, made of assets/: bench_files ASSETS FOLDER
 *
 *   clip.wav         the first 10.2 s of speech.flac, to a pause between words, and silence up to 11 s;
 *                    16 kHz mono, 16 bits
 *   window.wav       30 s of it, over and over: one whole window
 *   photograph.jpg   photograph.jpg enlarged to 12 megapixels, 4:2:0, with a camera's grain,
 *                    without which there would be hardly any data to decode */
#include "audio/audio.h"
#include "tests/bench_rows.h"
#include "vision/resize.h"
#include "vision/vision.h"

#include <sndfile.h>

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#include <stb_image_write.h>

enum { WIDTH = 4248, HEIGHT = 2832, GRAIN = 9, QUALITY = 90 };     /* 90 and less: 4:2:0 */

/* So many samples of it, over and over; n_silent more. */
static void write_clip(const struct clip *speech, size_t n_samples, size_t n_silent, const char *path, struct error *err)
{
    SF_INFO info = { .samplerate = AUDIO_HZ, .channels = 1, .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16 };
    SNDFILE *file = sf_open(path, SFM_WRITE, &info);
    bool ok = file != NULL || error_set(err, ERROR_INPUT, "%s: cannot be written", path);

    for (size_t left = n_samples, n; ok && left > 0; left -= n) {
        n = left < speech->n_samples ? left : speech->n_samples;
        ok = sf_write_float(file, speech->samples, (sf_count_t)n) == (sf_count_t)n
             || error_set(err, ERROR_INPUT, "%s: cannot be written", path);
    }
    for (const float silence = 0.0f; ok && n_silent > 0; n_silent--)
        ok = sf_write_float(file, &silence, 1) == 1 || error_set(err, ERROR_INPUT, "%s: cannot be written", path);
    if (file != NULL)
        sf_close(file);
    bench_must(ok, err);
}

/* Sum of four even numbers: near enough to a normal deviation.  Numerical Recipes' generator. */
static void add_grain(uint8_t *rgb, size_t n)
{
    uint32_t state = 1;

    for (size_t i = 0; i < n; i++) {
        int value = rgb[i];
        for (int k = 0; k < 4; k++) {
            state = state * 1664525u + 1013904223u;
            value += (int)(state >> 16) % GRAIN - GRAIN / 2;
        }
        rgb[i] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
    }
}

static void write_photograph(const char *from, const char *path, struct error *err)
{
    struct image *image = image_load(from, err);
    uint8_t *rgb = malloc((size_t)WIDTH * HEIGHT * 3);

    bench_must(image != NULL && (rgb != NULL || error_set(err, ERROR_INPUT, "no memory for a photograph"))
               && resize_rgb(NULL, RESIZE_BICUBIC, resize_view_of(image), WIDTH, HEIGHT, rgb, err), err);
    add_grain(rgb, (size_t)WIDTH * HEIGHT * 3);
    bench_must(stbi_write_jpg(path, WIDTH, HEIGHT, 3, rgb, QUALITY) != 0
               || error_set(err, ERROR_INPUT, "%s: cannot be written", path), err);
    free(rgb);
    image_free(image);
}

int main(int argc, char **argv)
{
    struct error err;
    char from[1024], to[1024];

    if (argc != 3)
        return 2;
    snprintf(from, sizeof from, "%s/speech.flac", argv[1]);
    struct clip *speech = clip_load(from, &err);
    bench_must(speech != NULL, &err);
    snprintf(to, sizeof to, "%s/clip.wav", argv[2]);
    write_clip(speech, AUDIO_HZ * 102 / 10, AUDIO_HZ * 8 / 10, to, &err);
    snprintf(to, sizeof to, "%s/window.wav", argv[2]);
    write_clip(speech, AUDIO_HZ * 30, 0, to, &err);
    clip_free(speech);
    snprintf(from, sizeof from, "%s/photograph.jpg", argv[1]);
    snprintf(to, sizeof to, "%s/photograph.jpg", argv[2]);
    write_photograph(from, to, &err);
    return 0;
}
