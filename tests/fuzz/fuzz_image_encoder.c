/* fuzz_image_encoder.c - a published encoder's file that opens can encode a picture. */
#include "replay.h"
#include "vision/encoder.h"
#include "vision/vision.h"

static void encode(const struct image_encoder *e, const struct compute *c, size_t n_most)
{
    static uint8_t rgb[5 * 3 * 3];
    const struct image image = { .width = 5, .height = 3, .rgb = rgb };
    struct image_plan plan;
    struct error err = { 0 };

    if (!image_encoder_plan(e, image.width, image.height, n_most, &plan, &err))
        __builtin_trap();
    struct media_rows *rows = image_encoder_encode(e, c, &image, n_most, NULL, NULL, &err);
    if (rows != NULL ? rows->n_rows != plan.n_rows : *err.text == '\0')
        __builtin_trap();
    media_rows_free(rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct compute c;
    struct error err = { 0 };
    char path[REPLAY_PATH_BYTES];

    if (c.pool == NULL && !compute_init(&c, 1, NULL, &err))
        exit(1);
    int fd = replay_open(data, n, path);
    struct image_encoder *e = image_encoder_open(path, &c, &err);
    if (e != NULL) {
        encode(e, &c, 0);
        encode(e, &c, 1);
    } else if (err.code != ERROR_MODEL || *err.text == '\0')
        __builtin_trap();
    image_encoder_close(e);
    close(fd);
    return 0;
}
