/* bench_encoder.c - a picture of one tile through an encoder of pairs:  bench_encoder MMPROJ PIXELS FILE THREADS KERNELS */
#include "base/clock.h"
#include "tensor/compute.h"
#include "tests/bench_rows.h"
#include "vision/encoder.h"
#include "vision/vision.h"

enum { N_ROUNDS = 5 };

int main(int n_arguments, char **arguments)
{
    struct error err = { 0 };
    struct compute c;
    char what[40];
    double best = 0.0;

    if (n_arguments != 6) {
        fprintf(stderr, "bench_encoder MMPROJ PIXELS FILE THREADS KERNELS\n");
        return 2;
    }
    bench_must(compute_init(&c, strtoul(arguments[4], NULL, 10), *arguments[5] != '\0' ? arguments[5] : NULL, &err), &err);
    struct image_encoder *e = image_encoder_open(arguments[1], &c, &err);
    bench_must(e != NULL, &err);
    struct image *image = image_load(arguments[3], &err);
    bench_must(image != NULL, &err);
    for (int i = 0; i < N_ROUNDS; i++) {
        double start = clock_ms();
        struct media_rows *rows = image_encoder_encode(e, &c, image, NULL, NULL, &err);
        bench_must(rows != NULL, &err);
        double ms = clock_ms() - start;
        best = i == 0 || ms < best ? ms : best;
        media_rows_free(rows);
    }
    snprintf(what, sizeof what, "ViT-B/16, %s pixels", arguments[2]);
    bench_row("picture", what, best, "ms", "a tile of SmolVLM's sizes, random weights of Q8_0");
    image_free(image);
    image_encoder_close(e);
    compute_done(&c);
    return 0;
}
