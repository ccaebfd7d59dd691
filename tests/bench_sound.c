/* bench_sound.c - encoding a whole window: bench_sound WHISPER FILE THREADS KERNELS, a file of 30 s. */
#include "audio/audio.h"
#include "tests/bench_rows.h"

#include <math.h>

enum { N_ROUNDS = 3 };

int main(int argc, char **argv)
{
    struct error err;
    struct compute c;
    struct whisper_params params = whisper_params_default();
    double ms = INFINITY;

    if (argc != 5)
        return 2;
    bench_must(compute_init(&c, (size_t)atoi(argv[3]), *argv[4] != '\0' ? argv[4] : NULL, &err), &err);
    struct whisper *w = whisper_open(argv[1], &c, &err);
    struct clip *clip = w != NULL ? clip_load(argv[2], &err) : NULL;
    bench_must(clip != NULL, &err);
    params.language = "en";
    for (int round = 0; round < N_ROUNDS; round++) {
        struct transcript *t = whisper_transcribe(w, &c, clip, &params, &err);
        bench_must(t != NULL, &err);
        ms = fmin(ms, t->encode_ms / (double)t->n_windows);
        transcript_free(t);
    }
    bench_row("whisper-base", "encode of a 30 s window", ms, "ms", "%s", "");
    clip_free(clip);
    whisper_close(w);
    compute_done(&c);
    return 0;
}
