/* encoder_parts.h - what a struct audio_encoder is made of; for encoder*.c and their tests.
 *
 *   encoder.c         the file: types, keys, weights
 *   encoder_windows.c which part of a clip is seen at once, and what of it becomes rows
 *   encoder_run.c     rows and markers */
#ifndef AUDIO_ENCODER_PARTS_H
#define AUDIO_ENCODER_PARTS_H

#include "audio/encoder.h"
#include "base/arena.h"
#include "base/file.h"
#include "tensor/encoder.h"
#include "tensor/gguf.h"

enum audio_padding {
    PAD_NOTHING,                    /* the clip's own frames */
    PAD_LAST_WINDOW,                /* of a clip of several windows the last is filled up, with frames that are no keys */
    PAD_SILENCE                     /* a window's silence behind the clip, which frames at its end touch ... */
};

/* What tells one projector type from another. */
struct audio_family {
    const char *type;
    bool own;                       /* Whisper's encoder, not the file's */
    size_t part_seconds;            /* so much has a spectrogram, and a maximum, of its own; 0: see window_parts */
    bool window_parts;              /* each window has; else the whole clip has one */
    enum audio_padding padding;
    bool hears_silence;             /* ... and which has positions and rows, too */
    size_t chunk;                   /* frames that are convolved, and see each other, alone; 0: those of a window */
    bool pairs;                     /* of positions are averaged, before post_ln */
    size_t stack;                   /* positions side by side in a row, unless the file says otherwise; 1: one */
    bool gated;                     /* RMS norm, a layer of two halves, RMS norm before the matrix */
    const char *up;                 /* name of the layer before the matrix; or NULL */
    const char *matrix, *bias;      /* names of the projector's; bias may be NULL */
    const char *begin, *end;        /* markers around the rows; or NULL */
    size_t least_frames;            /* shorter clips are filled up with silence */
};

struct audio_encoder {
    struct gguf *file;
    struct arena *arena;
    const struct audio_family *family;
    char id[FILE_STAMP];            /* "": of bytes */
    const char *text_model;         /* of own ones */
    struct encoder *encoder;        /* NULL: own */
    size_t d, n_mels, n_position, stack, n_embd;
    float *filters;                 /* [n_mels][MEL_BINS] */
    const struct tensor *conv1, *conv2;             /* [d][3][n_mels], [d][3][d] */
    const float *conv1_bias, *conv2_bias;           /* [d] */
    const struct tensor *position;  /* [n_position][d] */
    const struct tensor *norm_pre, *up, *norm_mid, *matrix, *bias;  /* [n_in], [n_up][n_in], [n_up or half], [n_embd][..], [n_embd] */
};

/* ---- encoder_windows.c ------------------------------------------------------------------------ */

/* A part of a clip that has a spectrogram of its own. */
struct audio_part {
    size_t first, n_samples;        /* of the clip */
    size_t n_padded;                /* samples, with silence */
    size_t n_frames;                /* that the clip has */
    size_t n_windows;
};
size_t audio_n_parts(const struct audio_encoder *e, size_t n_samples);
struct audio_part audio_part(const struct audio_encoder *e, size_t n_samples, size_t i);

struct audio_window {
    size_t first;                   /* frame of the part */
    size_t n_frames;                /* that convolutions see: from `first`, zeros when the part has no more */
    size_t n_positions, n_keys;     /* computed; seen by others */
    size_t n_rows;
};
struct audio_window audio_window(const struct audio_encoder *e, const struct audio_part *part, size_t i);

#endif
