/* whisper_model.h - the weights of a Whisper model, read from a ggml-*.bin file.
 *
 *   u32 0x67676d6c | 11 x i32 sizes | i32 n_mels, n_bins, f32 filters |
 *   i32 n_tokens, n_tokens x (i32 length, bytes) |
 *   tensors until the end: i32 n_dims, name length, type, n_dims x i32 dims, name, data
 *
 * Sizes and vocabularies are those of tiny to large-v3-turbo: 80 or 128 mels, and 51864
 * (English only), 51865 or, with one language more, 51866 tokens.  Matrices may be F32, F16
 * or quantised, each tensor as its type says; vectors and positions are F32.
 * Nothing in it is aligned, so weights are copied to aligned memory (whisper_weights.h).
 * Everything is checked while it is read; later code trusts it.
 * Format: whisper.cpp, models/convert-pt-to-ggml.py. */
#ifndef AUDIO_WHISPER_MODEL_H
#define AUDIO_WHISPER_MODEL_H

#include "audio/audio.h"
#include "base/arena.h"
#include "base/file.h"
#include "tensor/gguf.h"

#include <stddef.h>
#include <stdint.h>

struct whisper_norm { const float *weight, *bias; };            /* [n_state] */
struct whisper_linear { const struct tensor *weight; const float *bias; };
struct whisper_attention {
    struct whisper_norm norm;
    struct whisper_linear query, key, value, out;               /* key.bias: none */
};
struct whisper_block {
    struct whisper_attention self, cross;                       /* cross: decoder only */
    struct whisper_norm mlp_norm;
    struct whisper_linear mlp_up, mlp_down;                     /* n_state -> 4 n_state -> n_state */
};

/* Ids of the tokens after the ordinary ones, in this order. */
struct whisper_ids {
    int32_t eot, sot, language, translate, transcribe, sot_lm, sot_previous, no_speech, no_timestamps, timestamp;
};

struct whisper {
    char *path, id[SHA256_HEX + 32];
    struct arena *arena;            /* model */
    size_t n_vocab, n_audio_ctx, n_state, n_head, n_audio_layer, n_text_ctx, n_text_head, n_text_layer, n_mels;
    const float *filters;           /* [n_mels][MEL_BINS] */

    size_t n_tokens;                /* ordinary ones, those with bytes */
    const char **token;
    uint32_t *token_bytes;
    struct whisper_ids ids;
    size_t n_languages;
    bool multilingual;
    const int32_t *suppress;        /* never sampled (whisper_rules.c) */
    size_t n_suppress;

    struct whisper_linear conv1, conv2;         /* [n_state][3][n_in]: a row per output, time before channel */
    const float *audio_position;    /* [n_audio_ctx][n_state] */
    struct whisper_block *audio_block;
    struct whisper_norm audio_norm;
    const struct tensor *token_embedding;       /* [n_vocab][n_state] */
    const float *text_position;     /* [n_text_ctx][n_state] */
    struct whisper_block *text_block;
    struct whisper_norm text_norm;
};

#endif
