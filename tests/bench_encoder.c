/* bench_encoder.c - a picture of one tile, or 30 s of a clip, through an encoder of pairs:  bench_encoder MMPROJ PIXELS|sound FILE THREADS KERNELS */
#include "audio/audio.h"
#include "audio/encoder.h"
#include "base/clock.h"
#include "tensor/compute.h"
#include "tests/bench_rows.h"
#include "vision/encoder.h"
#include "vision/vision.h"

#include <string.h>

enum { N_ROUNDS = 5, N_SAMPLES = 30 * AUDIO_HZ };

struct bench {
    struct compute c;
    struct image_encoder *eyes;
    struct image *image;
    struct audio_encoder *ears;
    float samples[N_SAMPLES];       /* the file over and over */
};

static void open_picture(struct bench *b, char **arguments)
{
    struct error err = { 0 };

    b->eyes = image_encoder_open(arguments[1], &b->c, &err);
    bench_must(b->eyes != NULL, &err);
    b->image = image_load(arguments[3], &err);
    bench_must(b->image != NULL, &err);
}

static void open_sound(struct bench *b, char **arguments)
{
    struct error err = { 0 };
    struct clip *clip = clip_load(arguments[3], &err);

    bench_must(clip != NULL, &err);
    for (size_t i = 0; i < N_SAMPLES; i++)
        b->samples[i] = clip->samples[i % clip->n_samples];
    clip_free(clip);
    b->ears = audio_encoder_open(arguments[1], &b->c, &err);
    bench_must(b->ears != NULL, &err);
}

static double run(const struct bench *b)
{
    struct error err = { 0 };
    double start = clock_ms();
    struct media_rows *rows = b->eyes != NULL ? image_encoder_encode(b->eyes, &b->c, b->image, 0, NULL, NULL, &err)
                                              : audio_encoder_encode(b->ears, NULL, &b->c, b->samples, N_SAMPLES, NULL, NULL, &err);

    bench_must(rows != NULL, &err);
    double ms = clock_ms() - start;
    media_rows_free(rows);
    return ms;
}

int main(int n_arguments, char **arguments)
{
    static struct bench b;
    struct error err = { 0 };
    char what[40];
    double best = 0.0;

    if (n_arguments != 6) {
        fprintf(stderr, "bench_encoder MMPROJ PIXELS|sound FILE THREADS KERNELS\n");
        return 2;
    }
    bench_must(compute_init(&b.c, strtoul(arguments[4], NULL, 10), *arguments[5] != '\0' ? arguments[5] : NULL, &err), &err);
    bool sound = strcmp(arguments[2], "sound") == 0;
    (sound ? open_sound : open_picture)(&b, arguments);
    for (int i = 0; i < N_ROUNDS; i++) {
        double ms = run(&b);
        best = i == 0 || ms < best ? ms : best;
    }
    snprintf(what, sizeof what, sound ? "30 s through 8 of 32 layers" : "ViT-B/16, %s pixels", arguments[2]);
    bench_row(sound ? "sound" : "picture", what, best, "ms", sound ? "Qwen2-Audio's sizes, random weights of Q8_0" : "a tile of SmolVLM's sizes, random weights of Q8_0");
    image_free(b.image);
    image_encoder_close(b.eyes);
    audio_encoder_close(b.ears);
    compute_done(&b.c);
    return 0;
}
