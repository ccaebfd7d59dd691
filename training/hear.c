/* hear.c - what Whisper's encoder says of many clips: what a projector of our own is trained on.
 *
 *   hear OUT < paths               one path a line; OUT is an existing folder
 *
 *   OUT/rows.f16     [sum of n][n_state]   rows of all clips, as halfs, as audio/encoder.h has them for own ears
 *   OUT/clips.txt    n lines               path, number of its rows, with a tab between
 *
 * Numbers are little-endian.  A clip that cannot be read, or is longer than a window, is reported and is in none of
 * the files.  The network is the program's, from `mynah pull`. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audio/audio.h"
#include "audio/ears.h"
#include "audio/whisper_model.h"
#include "store/models.h"
#include "tensor/ops.h"

struct run {
    struct compute compute;
    struct whisper *whisper;
    struct arena *scratch;
    FILE *rows, *clips;
};

static bool open_network(struct run *r, struct error *err)
{
    struct models *m = models_open(err);
    char *path = m == NULL ? NULL : models_path(m, "whisper-base", err);

    if (path != NULL)
        r->whisper = whisper_open(path, &r->compute, err);
    free(path);
    models_close(m);
    return r->whisper != NULL;
}

static FILE *open_output(const char *folder, const char *name, struct error *err)
{
    char *path = NULL;

    if (asprintf(&path, "%s/%s", folder, name) < 0) {
        error_set(err, ERROR_INFERENCE, "no memory for a path");
        return NULL;
    }
    FILE *f = fopen(path, "wb");
    if (f == NULL)
        error_set(err, ERROR_INPUT, "%s: %s", path, strerror(errno));
    free(path);
    return f;
}

static bool write_clip(struct run *r, const char *path, const struct clip *clip, struct error *err)
{
    size_t n = ears_n_positions(clip->n_samples), size = n * r->whisper->n_state;

    arena_reset(r->scratch);
    float *x = arena_alloc(r->scratch, size, sizeof *x, err);
    uint16_t *half = x == NULL ? NULL : arena_alloc(r->scratch, size, sizeof *half, err);
    if (half == NULL || !ears_listen(r->whisper, &r->compute, r->scratch, clip->samples, clip->n_samples, x, err))
        return false;
    ops_f32_to_f16(&r->compute, x, half, size);
    return (fwrite(half, sizeof *half, size, r->rows) == size && fprintf(r->clips, "%s\t%zu\n", path, n) > 0)
        || error_set(err, ERROR_INPUT, "rows.f16: %s", strerror(errno));
}

static bool write_all(struct run *r, struct error *err)
{
    char *path = NULL;
    size_t n_path = 0, n_done = 0, n_skipped = 0;
    bool ok = true;

    for (ssize_t n; ok && (n = getline(&path, &n_path, stdin)) > 0;) {
        struct error unread = { 0 };

        if (path[n - 1] == '\n')
            path[n - 1] = '\0';
        struct clip *clip = clip_load(path, &unread);
        if (clip != NULL && clip->n_samples > EARS_WINDOW_SAMPLES)
            error_set(&unread, ERROR_INPUT, "%s: %.1f s are more than a window", path, clip->seconds);
        if (clip == NULL || clip->n_samples > EARS_WINDOW_SAMPLES) {
            fprintf(stderr, "hear: skipped: %s\n", unread.text);
            n_skipped++;
        } else
            ok = write_clip(r, path, clip, err);
        clip_free(clip);
        if (ok && ++n_done % 500 == 0)
            fprintf(stderr, "hear: %zu\n", n_done);
    }
    free(path);
    fprintf(stderr, "hear: %zu clips, %zu skipped\n", n_done, n_skipped);
    return ok;
}

static bool close_all(struct run *r, struct error *err)
{
    bool ok = (r->rows == NULL || fclose(r->rows) == 0) & (r->clips == NULL || fclose(r->clips) == 0);

    arena_free(r->scratch);
    whisper_close(r->whisper);
    compute_done(&r->compute);
    return ok || error_set(err, ERROR_INPUT, "the files could not be written: %s", strerror(errno));
}

int main(int argc, char **argv)
{
    struct error err = { 0 };
    struct run r = { 0 };
    bool ok;

    if (argc != 2) {
        fprintf(stderr, "usage: hear OUT < paths\n");
        return 2;
    }
    ok = compute_init(&r.compute, 0, NULL, &err) && open_network(&r, &err) && (r.scratch = arena_new("hear", (size_t)16 << 20, &err)) != NULL
      && (r.rows = open_output(argv[1], "rows.f16", &err)) != NULL && (r.clips = open_output(argv[1], "clips.txt", &err)) != NULL
      && write_all(&r, &err);
    ok = close_all(&r, ok ? &err : NULL) && ok;
    if (!ok)
        fprintf(stderr, "hear: %s\n", err.text);
    return ok ? 0 : 1;
}
