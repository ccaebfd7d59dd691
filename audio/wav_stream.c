#include "audio/wav_stream.h"

#include <string.h>

#define MOST_CHANNELS 64
#define MOST_HZ 384000
#define UNKNOWN_SIZE 0x7FFF0000u    /* and above, or 0: the writer could not go back to fill it in */

enum { PCM = 1, FLOAT = 3, EXTENSIBLE = 0xFFFE };

static uint32_t le(const unsigned char *x, size_t n)
{
    uint32_t value = 0;

    while (n-- > 0)
        value = value << 8 | x[n];
    return value;
}

/* x [n] is the start of the "fmt " chunk. */
static bool read_format(struct wav_stream *s, const unsigned char *x, size_t n, struct error *err)
{
    uint32_t tag = le(x, 2), channels = le(x + 2, 2), hz = le(x + 4, 4), bits = le(x + 14, 2);

    if (tag == EXTENSIBLE && n >= 26)
        tag = le(x + 24, 2);
    if (tag != PCM && tag != FLOAT)
        return error_set(err, ERROR_INPUT, "its samples are in the format %u; PCM and 32-bit float are read", (unsigned)tag);
    if (channels < 1 || channels > MOST_CHANNELS || hz < 1000 || hz > MOST_HZ)
        return error_set(err, ERROR_INPUT, "it has %u channels at %u Hz; 1 to %d at 1000 to %d Hz are read", (unsigned)channels, (unsigned)hz, MOST_CHANNELS, MOST_HZ);
    if (tag == FLOAT ? bits != 32 : bits != 8 && bits != 16 && bits != 24 && bits != 32)
        return error_set(err, ERROR_INPUT, "its samples have %u bits; 8, 16, 24, 32 and 32-bit float are read", (unsigned)bits);
    s->hz = (int)hz;
    s->channels = (int)channels;
    s->bits = (int)bits;
    s->is_float = tag == FLOAT;
    return true;
}

/* s->part holds what take_part was asked for. */
static bool read_riff(struct wav_stream *s, struct error *err)
{
    if (memcmp(s->part, "RIFF", 4) != 0 || memcmp(s->part + 8, "WAVE", 4) != 0)
        return error_set(err, ERROR_INPUT, "it is not a WAV file");
    s->in_riff = true;
    s->n_part = 0;
    return true;
}

static size_t format_bytes(uint32_t size)
{
    return size < 32 ? size : 32;
}

/* A chunk's head, for "fmt " with what is read of it. */
static bool read_chunk(struct wav_stream *s, struct error *err)
{
    uint32_t size = le(s->part + 4, 4);

    if (memcmp(s->part, "data", 4) == 0) {
        if (s->hz == 0)
            return error_set(err, ERROR_INPUT, "its samples come before their format");
        s->in_data = true;
        s->left = size == 0 || size >= UNKNOWN_SIZE ? UINT64_MAX : size;
        return true;
    }
    s->skip = (uint64_t)size + size % 2;
    if (memcmp(s->part, "fmt ", 4) == 0) {
        if (!read_format(s, s->part + 8, format_bytes(size), err))
            return false;
        s->skip -= format_bytes(size);
    }
    s->n_part = 0;
    return true;
}

/* How many bytes of the header have to be together before they can be read. */
static bool wanted(const struct wav_stream *s, size_t *n, struct error *err)
{
    *n = s->in_riff ? 8 : 12;
    if (!s->in_riff || s->n_part < 8 || memcmp(s->part, "fmt ", 4) != 0)
        return true;
    uint32_t size = le(s->part + 4, 4);
    *n = 8 + format_bytes(size);
    return size >= 16 || error_set(err, ERROR_INPUT, "its format has %u bytes, 16 are the least", (unsigned)size);
}

bool wav_stream_header(struct wav_stream *s, const unsigned char *x, size_t n, size_t *n_used, struct error *err)
{
    size_t at = 0, whole;

    while (!s->in_data && at < n) {
        if (s->skip > 0) {
            size_t k = s->skip < n - at ? (size_t)s->skip : n - at;
            s->skip -= k;
            at += k;
            continue;
        }
        s->part[s->n_part++] = x[at++];
        if (!wanted(s, &whole, err))
            return false;
        if (s->n_part == whole && !(s->in_riff ? read_chunk(s, err) : read_riff(s, err)))
            return false;
    }
    *n_used = at;
    return true;
}

static float sample(const struct wav_stream *s, const unsigned char *x)
{
    float value;
    uint32_t bits = le(x, (size_t)s->bits / 8);

    if (s->is_float) {
        memcpy(&value, &bits, sizeof value);
        return value >= -8.0f && value <= 8.0f ? value : 0.0f;      /* so that a NaN is silence */
    }
    if (s->bits == 8)               /* the one without a sign */
        return ((float)bits - 128.0f) / 128.0f;
    return (float)(int32_t)(bits << (32 - s->bits)) / 2147483648.0f;
}

void wav_stream_mono(const struct wav_stream *s, const unsigned char *x, size_t n_frames, float *mono)
{
    size_t width = (size_t)s->bits / 8, n_channels = (size_t)s->channels;

    for (size_t i = 0; i < n_frames; i++) {
        float sum = 0.0f;
        for (size_t k = 0; k < n_channels; k++, x += width)
            sum += sample(s, x);
        mono[i] = sum / (float)n_channels;
    }
}
