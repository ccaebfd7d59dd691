/* sound.c - a sound file to mono at 16 kHz, block by block.
 *
 *   first bytes -> kind (container.c) -> libsndfile -> one channel -> soxr -> samples
 *
 * Refused: no sound, rates and channel counts that no recorder makes, files that
 * were cut short, more than MAX_SECONDS. */
#include "audio/audio.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <sndfile.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audio/container.h"
#include "audio/divert.h"
#include "audio/resample.h"
#include "base/file.h"
#include "base/quote.h"

#define BLOCK_FRAMES 8192
#define MAX_CHANNELS 64
#define MIN_HZ 1000
#define MAX_HZ 768000
#define MAX_SECONDS (24 * 3600)
#define HEADER_BYTES 65536          /* of a WAV file, in which its data chunk is looked for */
#define CUT_BYTES 4096              /* writers' sizes are off by less */

static bool refuse_kind(const char *path, const struct container *kind, struct error *err)
{
    if (kind == NULL)
        return error_set(err, ERROR_INPUT, "%s: is not a sound file that is read here (WAV, FLAC, Ogg, MP3)", path);
    if (kind->use == CONTAINER_NOT_SOUND)
        return error_set(err, ERROR_INPUT, "%s: is a %s, a sound file was expected (WAV, FLAC, Ogg, MP3)", path, kind->name);
    char quoted[QUOTED_BYTES];
    quote_path(path, quoted);
    return error_set(err, ERROR_INPUT, "%s: %s is not read here; convert it first: ffmpeg -i %s -vn -ar %d -ac 1 clip.wav",
                     path, kind->name, quoted, AUDIO_HZ);
}

/* Decides from the first bytes whether libsndfile gets to see the file. */
static const struct container *check_kind(const char *path, int fd, size_t n_bytes, struct error *err)
{
    uint8_t *head = malloc(HEADER_BYTES);
    const struct container *kind = NULL;

    if (head == NULL) {
        error_set(err, ERROR_INFERENCE, "%s: no memory to read it", path);
        return NULL;
    }
    ssize_t got = pread(fd, head, HEADER_BYTES, 0);
    size_t n = got < 0 ? 0 : (size_t)got;
    if (n == 0)
        error_set(err, ERROR_INPUT, "%s: is empty", path);
    else if ((kind = container_find(head, n < CONTAINER_HEAD ? n : CONTAINER_HEAD)) == NULL || kind->use != CONTAINER_READ) {
        refuse_kind(path, kind, err);
        kind = NULL;
    }
    char quoted[QUOTED_BYTES];
    quote_path(path, quoted);
    struct wav_extent extent = container_wav_extent(head, n, n_bytes);
    if (kind != NULL && extent.promised > extent.present + CUT_BYTES) {
        error_set(err, ERROR_INPUT, "%s: is cut short: %llu bytes of sound of %llu are there; what is there can be saved: "
                  "ffmpeg -i %s clip.wav", path, (unsigned long long)extent.present,
                  (unsigned long long)extent.promised, quoted);
        kind = NULL;
    }
    free(head);
    return kind;
}

/* ---- where blocks come from ---------------------------------------------------- */

struct sound {
    struct sound_facts facts;
    size_t channel;
    uint64_t n_samples;             /* handed out since the start */
    double sum;                     /* of their squares */

    const struct clip *clip;        /* instead of a file */

    char *path;
    int fd;
    const struct container *kind;
    SNDFILE *file;
    SF_INFO info;
    sf_count_t n_read;              /* frames of the file */
    struct resampler *resampler;
    float *block;                   /* [BLOCK_FRAMES][channels], then mono in its front */
    struct samples out;
    bool ended;
};

/* libmpg123 warns on standard error. */
static struct diversion quiet_begin(const struct sound *s)
{
    return strcmp(s->kind->name, "MP3") == 0 ? divert_begin() : (struct diversion){ -1, -1 };
}

static void quiet_end(const struct sound *s, struct diversion d)
{
    if (d.saved >= 0 || d.file >= 0)
        divert_end(d, s->path);
}

/* The mean of the channels or one of them, in place; what is no number becomes silence. */
static void mix(float *x, size_t n, size_t n_channels, size_t channel)
{
    for (size_t i = 0; i < n; i++) {
        float sum = 0.0f;
        for (size_t j = 0; j < n_channels; j++)
            sum += channel == 0 || channel == j + 1 ? x[i * n_channels + j] : 0.0f;
        x[i] = !isfinite(sum) ? 0.0f : channel == 0 ? sum / (float)n_channels : sum;
    }
}

static void file_close(struct sound *s)
{
    struct diversion d = quiet_begin(s);

    if (s->file != NULL)
        sf_close(s->file);
    quiet_end(s, d);
    resampler_free(s->resampler);
    free(s->block);
    s->file = NULL;
    s->resampler = NULL;
    s->block = NULL;
}

static bool check_info(const char *path, const SF_INFO *info, struct error *err)
{
    if (info->channels < 1 || info->channels > MAX_CHANNELS)
        return error_set(err, ERROR_INPUT, "%s: has %d channels, 1 to %d are read", path, info->channels, MAX_CHANNELS);
    if (info->samplerate < MIN_HZ || info->samplerate > MAX_HZ)
        return error_set(err, ERROR_INPUT, "%s: has %d samples a second, %d to %d are read", path,
                         info->samplerate, MIN_HZ, MAX_HZ);
    return true;
}

/* Opens the file at its first frame. */
static bool file_start(struct sound *s, struct error *err)
{
    if (lseek(s->fd, 0, SEEK_SET) != 0)
        return error_set(err, ERROR_INPUT, "%s: %s", s->path, strerror(errno));
    struct diversion d = quiet_begin(s);
    s->info = (SF_INFO){ 0 };
    s->file = sf_open_fd(s->fd, SFM_READ, &s->info, SF_FALSE);
    quiet_end(s, d);
    if (s->file == NULL)
        return error_set(err, ERROR_INPUT, "%s: this %s file is broken: %s", s->path, s->kind->name, sf_strerror(NULL));
    if (!check_info(s->path, &s->info, err) || (s->resampler = resampler_new(s->info.samplerate, err)) == NULL)
        return false;
    s->block = malloc((size_t)(BLOCK_FRAMES * s->info.channels) * sizeof *s->block);
    if (s->block == NULL)
        return error_set(err, ERROR_INFERENCE, "%s: no memory to read it", s->path);
    s->n_read = 0;
    s->ended = false;
    return true;
}

/* Lossless files say how long they are. */
static bool check_length(const struct sound *s, struct error *err)
{
    const SF_INFO *info = &s->info;
    bool lossless = (info->format & SF_FORMAT_TYPEMASK) == SF_FORMAT_FLAC;

    if (s->n_read == 0)
        return error_set(err, ERROR_INPUT, "%s: holds no sound (0 samples)", s->path);
    if (lossless && s->n_read < info->frames && info->frames < SF_COUNT_MAX)
        return error_set(err, ERROR_INPUT, "%s: is cut short: %.1f s of %.1f s are there", s->path,
                         (double)s->n_read / info->samplerate, (double)info->frames / info->samplerate);
    if (s->n_samples + s->out.n == 0)
        return error_set(err, ERROR_INPUT, "%s: is too short (%lld samples)", s->path, (long long)s->n_read);
    return true;
}

static bool too_long(const struct sound *s, struct error *err)
{
    char quoted[QUOTED_BYTES];

    quote_path(s->path, quoted);
    return error_set(err, ERROR_INPUT, "%s: is longer than %d hours; cut it first: "
                     "ffmpeg -i %s -f segment -segment_time 3600 part%%03d.wav", s->path, MAX_SECONDS / 3600, quoted);
}

/* What is left of the file's next frames in s->out: more than none unless it has ended. */
static bool file_next(struct sound *s, struct error *err)
{
    s->out.n = 0;
    while (s->out.n == 0 && !s->ended) {
        struct diversion d = quiet_begin(s);
        sf_count_t n = sf_readf_float(s->file, s->block, BLOCK_FRAMES);
        quiet_end(s, d);
        s->ended = n <= 0;
        n = n < 0 ? 0 : n;
        mix(s->block, (size_t)n, (size_t)s->info.channels, s->channel);
        if (!resampler_feed(s->resampler, s->block, (size_t)n, &s->out, err))
            return false;
        s->n_read += n;
        if (s->n_read / s->info.samplerate > MAX_SECONDS)
            return too_long(s, err);
    }
    return !s->ended || check_length(s, err);
}

/* ---- any sound ------------------------------------------------------------------- */

static void clip_next(struct sound *s, const float **samples, size_t *n)
{
    size_t left = s->clip->n_samples - (size_t)s->n_samples;

    *n = left < BLOCK_FRAMES ? left : BLOCK_FRAMES;
    *samples = s->clip->samples + s->n_samples;
}

/* Resampling overshoots, and float files hold what they like: kept in -1..1. */
static void clamp(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = fminf(fmaxf(x[i], -1.0f), 1.0f);
}

static void measure(struct sound *s, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        s->facts.peak = fmaxf(s->facts.peak, fabsf(x[i]));
        s->sum += (double)x[i] * (double)x[i];
    }
    s->n_samples += n;
    if (s->n_samples > 0)
        s->facts.rms = (float)sqrt(s->sum / (double)s->n_samples);
}

bool sound_read(struct sound *s, const float **samples, size_t *n, struct error *err)
{
    if (s->clip != NULL) {
        clip_next(s, samples, n);
    } else {
        if (!file_next(s, err))
            return false;
        clamp(s->out.data, s->out.n);
        *samples = s->out.data;
        *n = s->out.n;
    }
    measure(s, *samples, *n);
    if (*n == 0)
        s->facts.seconds = (double)s->n_samples / AUDIO_HZ;
    return true;
}

bool sound_rewind(struct sound *s, size_t channel, struct error *err)
{
    assert(channel <= (size_t)s->facts.file_channels);
    s->channel = channel;
    s->n_samples = 0;
    s->sum = 0.0;
    s->facts.peak = s->facts.rms = 0.0f;
    if (s->clip != NULL)
        return true;
    file_close(s);
    return file_start(s, err);
}

struct sound_facts sound_facts(const struct sound *s)
{
    return s->facts;
}

struct sound *sound_of_clip(const struct clip *clip, struct error *err)
{
    struct sound *s = calloc(1, sizeof *s);

    if (s == NULL)
        error_set(err, ERROR_INFERENCE, "no memory to read a clip");
    else
        *s = (struct sound){ .clip = clip, .fd = -1, .facts = { .format = clip->format, .file_hz = clip->file_hz,
            .file_channels = clip->file_channels, .seconds = (double)clip->n_samples / AUDIO_HZ } };
    return s;
}

static bool open_file(struct sound *s, const char *path, struct error *err)
{
    size_t n_bytes = 0;

    if ((s->path = strdup(path)) == NULL)
        return error_set(err, ERROR_INFERENCE, "%s: no memory to read it", path);
    if ((s->fd = file_open(path, &n_bytes, err)) < 0 || (s->kind = check_kind(path, s->fd, n_bytes, err)) == NULL ||
        !file_start(s, err))
        return false;
    s->facts = (struct sound_facts){ .format = s->kind->name, .file_hz = s->info.samplerate, .file_channels = s->info.channels };
    if (s->info.frames > 0 && s->info.frames / s->info.samplerate <= MAX_SECONDS)
        s->facts.seconds = (double)s->info.frames / s->info.samplerate;
    return true;
}

struct sound *sound_open(const char *path, struct error *err)
{
    struct sound *s = calloc(1, sizeof *s);

    if (s == NULL) {
        error_set(err, ERROR_INFERENCE, "%s: no memory to read it", path);
        return NULL;
    }
    s->fd = -1;
    if (open_file(s, path, err))
        return s;
    sound_close(s);
    return NULL;
}

void sound_close(struct sound *s)
{
    if (s == NULL)
        return;
    if (s->kind != NULL)
        file_close(s);
    if (s->fd >= 0)
        close(s->fd);
    free(s->out.data);
    free(s->path);
    free(s);
}
