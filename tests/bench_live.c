/* bench_live.c - captions of a clip as if it were spoken now, on a machine that has nothing else to do.
 *
 *   bench_live MODEL.bin CLIP [CORES]
 *
 * One thread decodes; a pass is counted as its processor time over CORES (2), so the load of the
 * machine does not change the figures.  Prints a JSON object a piece, as `mynah listen --json` does
 * (tests/quality/listen_delay.py takes them), and the cost of the passes on standard error. */
#include "audio/live.h"

#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BLOCK = AUDIO_HZ / 10 };

struct bench {
    double cores, begin, spent;     /* processor seconds when sound began; the clock's offset by waiting */
    size_t n_passes;
};

static double processor_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Seconds since sound began: what was computed, and what was waited. */
static double now(const struct bench *b)
{
    return b->spent + (processor_seconds() - b->begin) / b->cores;
}

static double clock_of(void *user)
{
    return 1000.0 * now(user);
}

static void on_log(void *user, enum log_level level, const char *text)
{
    (void)level;
    fprintf(stderr, "%7.2f %s\n", now(user), text);
}

static void on_piece(void *user, const struct live_piece *piece)
{
    printf("{\"start\":%.3f,\"end\":%.3f,\"committed\":%.3f,\"text\":\"", piece->start, piece->end, now(user));
    for (const char *at = piece->text + strspn(piece->text, " "); *at != '\0'; at++)
        printf(*at == '"' || *at == '\\' ? "\\%c" : "%c", *at);
    printf("\"}\n");
}

static bool play(struct live *l, struct bench *b, const struct clip *clip, struct error *err)
{
    size_t at = 0, n_fed = 0;

    b->begin = processor_seconds();
    while (at < clip->n_samples) {
        size_t n = clip->n_samples - at < BLOCK ? clip->n_samples - at : BLOCK;
        double comes = (double)(at + n) / AUDIO_HZ;
        if (live_wanted(l) > 0 || (comes <= now(b) && n_fed + n <= LIVE_MOST_FEED && !live_is_paused(l))) {
            if (comes > now(b))
                b->spent += comes - now(b);
            if (!live_feed(l, clip->samples + at, n, err))
                return false;
            at += n;
            n_fed += n;
            continue;
        }
        if (!live_pass(l, err))
            return false;
        b->n_passes++;
        n_fed = 0;
    }
    return live_finish(l, err);
}

int main(int argc, char **argv)
{
    struct bench b = { .cores = argc > 3 ? atof(argv[3]) : 2.0 };
    struct live_params p = { .whisper = whisper_params_default(), .on_piece = on_piece, .clock_ms = clock_of, .user = &b };
    struct error err = { 0 };
    struct compute c;

    if (argc < 3 || !(b.cores > 0.0)) {
        fprintf(stderr, "usage: bench_live MODEL.bin CLIP [CORES]\n");
        return 2;
    }
    p.whisper.language = "en";
    if (!compute_init(&c, 1, NULL, &err)) {
        fprintf(stderr, "bench_live: %s\n", err.text);
        return 1;
    }
    struct whisper *w = whisper_open(argv[1], &c, &err);
    log_to(on_log, &b, getenv("VERBOSE") != NULL ? LOG_DEBUG : LOG_WARNING);
    struct live *l = w != NULL ? live_new(w, &c, &p, &err) : NULL;
    struct clip *clip = l != NULL ? clip_load(argv[2], &err) : NULL;
    bool ok = clip != NULL && play(l, &b, clip, &err);
    if (ok)
        fprintf(stderr, "%.1f s of sound, %zu passes, %.2f processor seconds; the slowest pass %.2f s on %.0f cores\n",
                clip->seconds, b.n_passes, processor_seconds() - b.begin, live_slowest(l), b.cores);
    else
        fprintf(stderr, "bench_live: %s\n", err.text);
    clip_free(clip);
    live_free(l);
    whisper_close(w);
    compute_done(&c);
    return ok ? 0 : 1;
}
