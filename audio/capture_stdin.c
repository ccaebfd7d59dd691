/* capture_stdin.c - a capture source over a stream of bytes: WAV or raw samples through a pipe.
 *
 * Its thread reads while words are decoded, so that a recorder at the other end is not
 * held up; when the ring is full it waits, so that a file is not lost. */
#include "audio/capture_source.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "audio/live.h"
#include "audio/wav_stream.h"
#include "base/log.h"

#define BLOCK_BYTES 16384
#define WAIT_MS 50                  /* until it is looked at whether to stop */

struct stream_source {
    struct capture_source source;
    struct ring *ring;
    int fd;
    struct wav_stream wav;
    unsigned char block[BLOCK_BYTES];       /* what was read and is not written: less than a frame, or behind the header */
    size_t n_block;
    float mono[BLOCK_BYTES];
    pthread_t thread;
    atomic_bool stop, ended;
};

/* Bytes read, 0 at the end or when it is closed; -1 and *err when it fails or cancel, if not NULL, is set. */
static ssize_t read_more(struct stream_source *s, const atomic_bool *cancel, struct error *err)
{
    struct pollfd from = { .fd = s->fd, .events = POLLIN };

    while (!atomic_load(&s->stop)) {
        int ready = poll(&from, 1, WAIT_MS);
        ssize_t n = ready > 0 ? read(s->fd, s->block + s->n_block, sizeof s->block - s->n_block) : ready;

        if (cancel != NULL && atomic_load(cancel)) {
            error_set(err, ERROR_CANCELLED, "stopped");
            return -1;
        }
        if (n < 0 && errno != EINTR && errno != EAGAIN) {
            error_set(err, ERROR_INPUT, "standard input cannot be read: %s", strerror(errno));
            return -1;
        }
        if (ready > 0 && n >= 0)
            return n;
    }
    return 0;
}

static void write_all(struct stream_source *s, const float *x, size_t n)
{
    const struct timespec pause = { 0, WAIT_MS * 1000000L };

    for (size_t done = 0; done < n && !atomic_load(&s->stop); ) {
        size_t k = ring_write(s->ring, x + done, n - done);
        done += k;
        if (k == 0)
            nanosleep(&pause, NULL);
    }
}

/* The whole frames of the block. */
static void write_block(struct stream_source *s)
{
    size_t frame = (size_t)(s->wav.channels * s->wav.bits / 8);
    size_t n_bytes = s->wav.left < s->n_block ? (size_t)s->wav.left : s->n_block, n = n_bytes / frame;

    wav_stream_mono(&s->wav, s->block, n, s->mono);
    write_all(s, s->mono, n);
    if (s->wav.left != UINT64_MAX)
        s->wav.left -= n * frame;
    s->n_block -= n * frame;
    memmove(s->block, s->block + n * frame, s->n_block);
}

static void *run(void *user)
{
    struct stream_source *s = user;
    size_t frame = (size_t)(s->wav.channels * s->wav.bits / 8);
    struct error err = { 0 };
    ssize_t n = 1;

    for (;;) {
        write_block(s);
        if (s->wav.left < frame || (n = read_more(s, NULL, &err)) <= 0)
            break;
        s->n_block += (size_t)n;
    }
    if (n < 0)
        log_warning("%s", err.text);
    else if (s->wav.left != UINT64_MAX && s->wav.left >= frame && !atomic_load(&s->stop))
        log_warning("standard input: ends %llu bytes before its header says", (unsigned long long)s->wav.left);
    atomic_store(&s->ended, true);
    return NULL;
}

static bool stream_ended(struct capture_source *source)
{
    return atomic_load(&((struct stream_source *)source)->ended);
}

static void stream_close(struct capture_source *source)
{
    struct stream_source *s = (struct stream_source *)source;

    atomic_store(&s->stop, true);
    pthread_join(s->thread, NULL);
    free(s);
}

/* Until samples begin; what was read of them stays in the block. */
static bool read_header(struct stream_source *s, const atomic_bool *cancel, struct error *err)
{
    struct error reason = { 0 };
    size_t n_used = 0;

    while (!s->wav.in_data) {
        ssize_t n = read_more(s, cancel, err);
        if (n < 0)
            return false;
        if (n == 0 && !s->wav.in_riff && s->wav.n_part == 0)
            return error_set(err, ERROR_INPUT, "standard input is empty: a WAV file was expected, or raw samples with --raw");
        if (n == 0)
            return error_set(err, ERROR_INPUT, "standard input ends before its samples: is the WAV file cut?");
        s->n_block = (size_t)n;
        if (!wav_stream_header(&s->wav, s->block, s->n_block, &n_used, &reason))
            return error_set(err, ERROR_INPUT, "standard input is no sound that can be listened to: %s; samples without a header "
                             "take --raw (s16le), other formats ffmpeg: ffmpeg -i FILE -f wav - | mynah listen -", reason.text);
        s->n_block -= n_used;
        memmove(s->block, s->block + n_used, s->n_block);
    }
    return true;
}

struct capture_source *capture_stream_open(int fd, const struct raw_format *raw, const atomic_bool *cancel, struct ring *ring, struct error *err)
{
    struct stream_source *s = calloc(1, sizeof *s);

    if (s == NULL) {
        error_set(err, ERROR_INFERENCE, "no memory to listen");
        return NULL;
    }
    s->source = (struct capture_source){ 0, stream_ended, stream_close };
    s->ring = ring;
    s->fd = fd;
    if (raw != NULL)
        s->wav = (struct wav_stream){ .hz = raw->hz, .channels = raw->channels, .bits = 16, .in_data = true, .left = UINT64_MAX };
    if (read_header(s, cancel, err)) {
        s->source.hz = s->wav.hz;
        if (pthread_create(&s->thread, NULL, run, s) == 0)
            return &s->source;
        error_set(err, ERROR_INFERENCE, "cannot start a thread to listen");
    }
    free(s);
    return NULL;
}
