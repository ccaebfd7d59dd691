/* decode.c - a sound file to mono at 16 kHz, in blocks, so that memory follows the
 * sound that is there and never what a header claims.
 *
 *   first bytes -> kind (container.c) -> libsndfile -> mix -> soxr -> samples
 *
 * Refused: no sound, rates and channel counts that no recorder makes, files that
 * were cut short, more than MAX_SECONDS. */
#include "audio/audio.h"

#include <math.h>
#include <sndfile.h>
#include <stdio.h>
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
#define MAX_SECONDS (4 * 3600)
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

static bool check_info(const char *path, const SF_INFO *info, struct error *err)
{
    if (info->channels < 1 || info->channels > MAX_CHANNELS)
        return error_set(err, ERROR_INPUT, "%s: has %d channels, 1 to %d are read", path, info->channels, MAX_CHANNELS);
    if (info->samplerate < MIN_HZ || info->samplerate > MAX_HZ)
        return error_set(err, ERROR_INPUT, "%s: has %d samples a second, %d to %d are read", path,
                         info->samplerate, MIN_HZ, MAX_HZ);
    return true;
}

/* The mean of the channels, in place; what is no number becomes silence. */
static void mix(float *x, size_t n, size_t n_channels)
{
    for (size_t i = 0; i < n; i++) {
        float sum = 0.0f;
        for (size_t j = 0; j < n_channels; j++)
            sum += x[i * n_channels + j];
        x[i] = isfinite(sum) ? sum / (float)n_channels : 0.0f;
    }
}

static bool read_blocks(const char *path, SNDFILE *file, const SF_INFO *info, struct resampler *resampler,
                        float *block, struct samples *out, sf_count_t *n_read, struct error *err)
{
    sf_count_t n;

    while ((n = sf_readf_float(file, block, BLOCK_FRAMES)) > 0) {
        mix(block, (size_t)n, (size_t)info->channels);
        if (!resampler_feed(resampler, block, (size_t)n, out, err))
            return false;
        *n_read += n;
        if (*n_read / info->samplerate > MAX_SECONDS) {
            char quoted[QUOTED_BYTES];
            quote_path(path, quoted);
            return error_set(err, ERROR_INPUT, "%s: is longer than %d hours; cut it first: "
                             "ffmpeg -i %s -f segment -segment_time 3600 part%%03d.wav", path, MAX_SECONDS / 3600, quoted);
        }
    }
    return resampler_feed(resampler, NULL, 0, out, err);
}

/* Lossless files say how long they are. */
static bool check_length(const char *path, const SF_INFO *info, sf_count_t n_read, struct error *err)
{
    bool lossless = (info->format & SF_FORMAT_TYPEMASK) == SF_FORMAT_FLAC;

    if (n_read == 0)
        return error_set(err, ERROR_INPUT, "%s: holds no sound (0 samples)", path);
    if (lossless && n_read < info->frames && info->frames < SF_COUNT_MAX)
        return error_set(err, ERROR_INPUT, "%s: is cut short: %.1f s of %.1f s are there", path,
                         (double)n_read / info->samplerate, (double)info->frames / info->samplerate);
    return true;
}

/* Resampling overshoots, and float files hold what they like: kept in -1..1. */
static void finish(struct clip *clip)
{
    double sum = 0.0;

    for (size_t i = 0; i < clip->n_samples; i++) {
        float x = fminf(fmaxf(clip->samples[i], -1.0f), 1.0f);
        clip->samples[i] = x;
        clip->peak = fmaxf(clip->peak, fabsf(x));
        sum += (double)x * (double)x;
    }
    clip->rms = (float)sqrt(sum / (double)clip->n_samples);
    clip->seconds = (double)clip->n_samples / AUDIO_HZ;
}

static bool decode(const char *path, SNDFILE *file, const SF_INFO *info, struct samples *out, struct error *err)
{
    struct resampler *resampler = resampler_new(info->samplerate, err);
    float *block = malloc((size_t)(BLOCK_FRAMES * info->channels) * sizeof *block);
    sf_count_t n_read = 0;
    bool ok = false;

    if (block == NULL)
        error_set(err, ERROR_INFERENCE, "%s: no memory to read it", path);
    else if (resampler != NULL)
        ok = read_blocks(path, file, info, resampler, block, out, &n_read, err) &&
             check_length(path, info, n_read, err);
    free(block);
    resampler_free(resampler);
    if (ok && out->n == 0)
        return error_set(err, ERROR_INPUT, "%s: is too short (%lld samples)", path, (long long)n_read);
    return ok;
}

static struct clip *load(const char *path, int fd, const struct container *kind, struct error *err)
{
    SF_INFO info = { 0 };
    struct samples samples = { 0 };
    struct clip *clip = calloc(1, sizeof *clip);
    SNDFILE *file = sf_open_fd(fd, SFM_READ, &info, SF_FALSE);
    bool ok = false;

    if (file == NULL)
        error_set(err, ERROR_INPUT, "%s: this %s file is broken: %s", path, kind->name, sf_strerror(NULL));
    else if (clip == NULL)
        error_set(err, ERROR_INFERENCE, "%s: no memory to read it", path);
    else
        ok = check_info(path, &info, err) && decode(path, file, &info, &samples, err);
    if (file != NULL)
        sf_close(file);
    if (!ok) {
        free(samples.data);
        free(clip);
        return NULL;
    }
    clip->samples = samples.data;
    clip->n_samples = samples.n;
    clip->file_hz = info.samplerate;
    clip->file_channels = info.channels;
    clip->format = kind->name;
    finish(clip);
    return clip;
}

struct clip *clip_load(const char *path, struct error *err)
{
    size_t n_bytes = 0;
    struct clip *clip = NULL;
    int fd = file_open(path, &n_bytes, err);

    if (fd < 0)
        return NULL;
    const struct container *kind = check_kind(path, fd, n_bytes, err);
    if (kind != NULL && strcmp(kind->name, "MP3") == 0) {
        struct diversion diversion = divert_begin();    /* libmpg123 warns there */
        clip = load(path, fd, kind, err);
        divert_end(diversion, path);
    } else if (kind != NULL) {
        clip = load(path, fd, kind, err);
    }
    close(fd);
    return clip;
}

void clip_free(struct clip *clip)
{
    if (clip == NULL)
        return;
    free(clip->samples);
    free(clip);
}
