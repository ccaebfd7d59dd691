/* fuzz_audio_encoder.c - a published encoder's file that opens can encode a clip. */
#include "audio/encoder.h"
#include "replay.h"

static void encode(const struct audio_encoder *e, const struct compute *c)
{
    static const float samples[700] = { [3] = 0.5f, [500] = -0.5f };
    struct error err = { 0 };
    struct audio_plan plan = audio_encoder_plan(e, sizeof samples / sizeof *samples);

    if (audio_encoder_text_model(e) != NULL)        /* Whisper's encoder is no part of the file */
        return;
    struct media_rows *rows = audio_encoder_encode(e, NULL, c, samples, sizeof samples / sizeof *samples, NULL, NULL, &err);
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
    struct audio_encoder *e = audio_encoder_open(path, &c, &err);
    if (e != NULL)
        encode(e, &c);
    else if (err.code != ERROR_MODEL || *err.text == '\0')
        __builtin_trap();
    audio_encoder_close(e);
    close(fd);
    return 0;
}
