/* wav_stream.h - a WAV file as it comes through a pipe, byte by byte.
 *
 *   "RIFF" | u32 size | "WAVE" | chunks: 4 letters, u32 size, data, a byte more when the size is odd
 *   "fmt ": u16 tag, u16 channels, u32 hz, u32 bytes a second, u16 bytes a frame, u16 bits, ...
 *   "data": samples until its size, or until the stream ends when the writer did not know it: 0,
 *           0xFFFFFFFF (ffmpeg) or about 2 GiB (arecord, sox)
 *
 * All little-endian.  Source: Microsoft, Multiple Channel Audio Data and WAVE Files, 2007. */
#ifndef AUDIO_WAV_STREAM_H
#define AUDIO_WAV_STREAM_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

struct wav_stream {                 /* zero-initialised is before the first byte */
    int hz, channels, bits;         /* 0 until the format is known */
    bool is_float;
    bool in_data;                   /* samples follow */
    uint64_t left;                  /* bytes of them; UINT64_MAX: until the end */
    unsigned char part[40];         /* of the header, not yet complete */
    size_t n_part;
    uint64_t skip;
    bool in_riff;
};

/* Reads header bytes from x [n] until samples begin: *n_used were read.  False and ERROR_INPUT, the text
 * without a name, when it is not such a file. */
bool wav_stream_header(struct wav_stream *s, const unsigned char *x, size_t n, size_t *n_used, struct error *err);

/* n_frames of them to mono, -1..1.  channels * bits / 8 bytes each. */
void wav_stream_mono(const struct wav_stream *s, const unsigned char *x, size_t n_frames, float *mono);

#endif
