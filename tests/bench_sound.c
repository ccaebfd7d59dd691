/* bench_sound.c - encoding a window that is sound to its end, up to where decoding may begin:
 * bench_sound WHISPER THREADS KERNELS */
#include "audio/audio.h"
#include "audio/whisper_decoder.h"
#include "audio/whisper_encoder.h"
#include "base/arena.h"
#include "base/clock.h"
#include "tests/bench_rows.h"

#include <math.h>

enum { N_ROUNDS = 5 };

int main(int argc, char **argv)
{
    struct error err;
    struct compute c;
    double least = INFINITY;

    if (argc != 4)
        return 2;
    bench_must(compute_init(&c, (size_t)atoi(argv[2]), *argv[3] != '\0' ? argv[3] : NULL, &err), &err);
    struct whisper *w = whisper_open(argv[1], &c, &err);
    bench_must(w != NULL, &err);
    struct arena *scratch = arena_new("bench", (size_t)1 << 20, &err);
    size_t n = 2 * w->n_audio_ctx * w->n_mels;
    float *mel = scratch != NULL ? arena_alloc(scratch, n, sizeof *mel, &err) : NULL;
    bench_must(mel != NULL, &err);
    for (size_t i = 0; i < n; i++)                      /* as loud as speech; what it is does not matter */
        mel[i] = 0.5f * (float)sin((double)i * 0.7);
    struct whisper_rows rows = {
        .x = arena_alloc(scratch, w->n_audio_ctx * w->n_state, sizeof *rows.x, &err),
        .bias = arena_alloc(scratch, w->n_audio_ctx, sizeof *rows.bias, &err),
    };
    struct whisper_decoder *d = whisper_decoder_new(w, &c, 1, &err);
    bench_must(rows.x != NULL && rows.bias != NULL && d != NULL, &err);
    for (int round = 0; round < N_ROUNDS; round++) {
        double start = clock_ms();
        bench_must(whisper_encode(w, &c, scratch, mel, 2 * w->n_audio_ctx, &rows, &err)
                   && whisper_decoder_start(d, &rows, &err), &err);
        least = fmin(least, clock_ms() - start);
    }
    bench_row("whisper-base", "encode of a 30 s window", least, "ms", "%s", "all of it sound");
    whisper_decoder_free(d);
    arena_free(scratch);
    whisper_close(w);
    compute_done(&c);
    return 0;
}
