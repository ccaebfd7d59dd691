#include "tensor/mmproj.h"

#include <stdio.h>
#include <string.h>

#define KEY_BYTES 80
#define MOST_EMBD (1u << 16)        /* numbers a row: no encoder has a tenth of it */

static const char *const names[] = { [MMPROJ_VISION] = "vision", [MMPROJ_AUDIO] = "audio" };
static const char *const purposes[] = { [MMPROJ_VISION] = "pictures", [MMPROJ_AUDIO] = "sound" };

static const char *full_key(enum mmproj_kind kind, const char *key, char full[KEY_BYTES])
{
    snprintf(full, KEY_BYTES, "clip.%s.%s", names[kind], key);
    return full;
}

/* ---- what kind of file it is --------------------------------------------------------- */

static bool check_architecture(const struct gguf *g, struct error *err)
{
    const char *architecture = gguf_string(g, "general.architecture");

    return (architecture != NULL && strcmp(architecture, "clip") == 0)
        || error_set(err, ERROR_MODEL, "%s: architecture is %s, a projector (clip) was expected; -m takes text models",
                     gguf_path(g), architecture == NULL ? "missing" : architecture);
}

bool mmproj_has(const struct gguf *g, enum mmproj_kind kind)
{
    char key[KEY_BYTES];
    bool has = false;

    snprintf(key, sizeof key, "clip.has_%s_encoder", names[kind]);
    return gguf_bool(g, key, &has) && has;
}

bool mmproj_check(const struct gguf *g, struct error *err)
{
    return check_architecture(g, err)
        && (mmproj_has(g, MMPROJ_VISION) || mmproj_has(g, MMPROJ_AUDIO)
            || error_set(err, ERROR_MODEL, "%s: has no encoder: neither clip.has_vision_encoder nor clip.has_audio_encoder is set",
                         gguf_path(g)));
}

bool mmproj_check_kind(const struct gguf *g, enum mmproj_kind kind, struct error *err)
{
    return check_architecture(g, err)
        && (mmproj_has(g, kind)
            || error_set(err, ERROR_MODEL, "%s: is not for %s (clip.has_%s_encoder)", gguf_path(g), purposes[kind], names[kind]));
}

const char *mmproj_projector_type(const struct gguf *g, enum mmproj_kind kind, struct error *err)
{
    char key[KEY_BYTES];
    const char *type = gguf_string(g, "clip.projector_type");

    if (type == NULL || *type == '\0')
        type = gguf_string(g, full_key(kind, "projector_type", key));
    if (type != NULL && *type != '\0')
        return type;
    error_set(err, ERROR_MODEL, "%s: clip.projector_type is missing, and so is %s", gguf_path(g), full_key(kind, "projector_type", key));
    return NULL;
}

/* ---- values --------------------------------------------------------------------------- */

bool mmproj_count(const struct gguf *g, enum mmproj_kind kind, const char *key, size_t least, size_t most, size_t *to,
                  struct error *err)
{
    char full[KEY_BYTES];
    uint32_t value;

    if (!gguf_u32(g, full_key(kind, key, full), &value))
        return error_set(err, ERROR_MODEL, "%s: %s is missing, or no number", gguf_path(g), full);
    if (value < least || value > most)
        return error_set(err, ERROR_MODEL, "%s: %s is %u, %zu to %zu are possible", gguf_path(g), full, (unsigned)value, least, most);
    *to = value;
    return true;
}

bool mmproj_count_or(const struct gguf *g, enum mmproj_kind kind, const char *key, size_t least, size_t most, size_t otherwise,
                     size_t *to, struct error *err)
{
    char full[KEY_BYTES];

    if (gguf_has(g, full_key(kind, key, full)))
        return mmproj_count(g, kind, key, least, most, to, err);
    *to = otherwise;
    return true;
}

bool mmproj_float(const struct gguf *g, enum mmproj_kind kind, const char *key, float above, float below, float *to,
                  struct error *err)
{
    char full[KEY_BYTES];
    float value;

    if (!gguf_f32(g, full_key(kind, key, full), &value) || !(value > above && value < below))
        return error_set(err, ERROR_MODEL, "%s: %s is missing, or not between %g and %g", gguf_path(g), full, (double)above, (double)below);
    *to = value;
    return true;
}

bool mmproj_floats3(const struct gguf *g, enum mmproj_kind kind, const char *key, float above, float below, float to[3],
                    struct error *err)
{
    char full[KEY_BYTES];
    const float *values;
    size_t n = gguf_f32s(g, full_key(kind, key, full), &values);

    if (n != 3)
        return error_set(err, ERROR_MODEL, "%s: %s has %zu floats, 3 were expected", gguf_path(g), full, n);
    for (size_t i = 0; i < 3; i++)
        if (!(values[i] > above && values[i] < below))
            return error_set(err, ERROR_MODEL, "%s: %s holds %g, each is to be between %g and %g", gguf_path(g), full,
                             (double)values[i], (double)above, (double)below);
    memcpy(to, values, 3 * sizeof *to);
    return true;
}

bool mmproj_counts(const struct gguf *g, enum mmproj_kind kind, const char *key, int32_t least, int32_t most, size_t n_most,
                   int32_t *to, size_t *n, struct error *err)
{
    char full[KEY_BYTES];
    const int32_t *values = NULL;
    size_t n_values = gguf_i32s(g, full_key(kind, key, full), &values);

    if (n_values == 0 && gguf_has(g, full))
        return error_set(err, ERROR_MODEL, "%s: %s is no list of integers", gguf_path(g), full);
    if (n_values > n_most)
        return error_set(err, ERROR_MODEL, "%s: %s has %zu numbers, at most %zu are possible", gguf_path(g), full, n_values, n_most);
    for (size_t i = 0; i < n_values; i++)
        if (values[i] < least || values[i] > most)
            return error_set(err, ERROR_MODEL, "%s: %s holds %d, %d to %d are possible", gguf_path(g), full, (int)values[i],
                             (int)least, (int)most);
    if (n_values > 0)
        memcpy(to, values, n_values * sizeof *to);
    *n = n_values;
    return true;
}

bool mmproj_n_embd(const struct gguf *g, enum mmproj_kind kind, size_t *n_embd, struct error *err)
{
    return mmproj_count(g, kind, "projection_dim", 1, UINT32_MAX, n_embd, err);
}

/* ---- the encoder ----------------------------------------------------------------------- */

/* A key that is there holds a bool. */
static bool take_flag(const struct gguf *g, const char *key, bool *to, struct error *err)
{
    *to = false;
    return !gguf_has(g, key) || gguf_bool(g, key, to) || error_set(err, ERROR_MODEL, "%s: %s is no bool", gguf_path(g), key);
}

static bool take_activation(const struct gguf *g, enum encoder_activation *to, struct error *err)
{
    bool gelu, silu;

    if (!take_flag(g, "clip.use_gelu", &gelu, err) || !take_flag(g, "clip.use_silu", &silu, err))
        return false;
    if (gelu && silu)
        return error_set(err, ERROR_MODEL, "%s: both clip.use_gelu and clip.use_silu are set", gguf_path(g));
    *to = gelu ? ENCODER_GELU_TANH : silu ? ENCODER_SILU : ENCODER_GELU_QUICK;
    return true;
}

bool mmproj_encoder(const struct gguf *g, enum mmproj_kind kind, struct encoder_params *params, struct error *err)
{
    struct encoder_params p = { .norm = ENCODER_NORM_LAYER };

    snprintf(p.prefix, sizeof p.prefix, "%c", names[kind][0]);
    /* No more blocks than tensors, no more heads than numbers. */
    if (!mmproj_count(g, kind, "embedding_length", 1, MOST_EMBD, &p.n_embd, err)
        || !mmproj_count(g, kind, "attention.head_count", 1, p.n_embd, &p.n_head, err)
        || !mmproj_count_or(g, kind, "attention.head_dim", 1, MOST_EMBD / p.n_head, 0, &p.head_dim, err)
        || !mmproj_count(g, kind, "block_count", 1, gguf_n_tensors(g), &p.n_layer, err)
        || !mmproj_float(g, kind, "attention.layer_norm_epsilon", 0.0f, 1.0f, &p.eps, err) || !take_activation(g, &p.activation, err))
        return false;
    if (p.head_dim == 0 && p.n_embd % p.n_head != 0)
        return error_set(err, ERROR_MODEL, "%s: %zu heads do not divide a width of %zu", gguf_path(g), p.n_head, p.n_embd);
    if (p.head_dim == 0)
        p.head_dim = p.n_embd / p.n_head;
    *params = p;
    return true;
}
