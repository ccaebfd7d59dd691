#include "audio/encoder_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audio/conv1d.h"
#include "audio/mel.h"
#include "audio/whisper_model.h"
#include "tensor/mmproj.h"
#include "tensor/ops.h"

#define MOST_MELS 1024
#define MOST_STACK 64
#define OWN_TEXT_MODEL "mynah-ears.text_model"
#define WINDOW_SECONDS 30

static const struct audio_family families[] = {
    { .type = "ultravox", .padding = PAD_LAST_WINDOW, .stack = 8, .gated = true, .least_frames = 2,
      .up = "mm.a.mlp.1.weight", .matrix = "mm.a.mlp.2.weight" },
    { .type = "voxtral", .padding = PAD_SILENCE, .hears_silence = true, .stack = 4, .least_frames = 1,
      .up = "mm.a.mlp.1.weight", .matrix = "mm.a.mlp.2.weight", .begin = "[BEGIN_AUDIO]" },
    { .type = "qwen2a", .window_parts = true, .padding = PAD_SILENCE, .pairs = true, .stack = 1, .least_frames = 3,
      .matrix = "mm.a.fc.weight", .bias = "mm.a.fc.bias", .begin = "<|audio_bos|>", .end = "<|audio_eos|>" },
    { .type = "qwen2.5o", .part_seconds = 300, .padding = PAD_SILENCE, .chunk = 200, .pairs = true, .stack = 1, .least_frames = 3,
      .matrix = "mm.a.fc.weight", .bias = "mm.a.fc.bias", .begin = "<|audio_bos|>", .end = "<|audio_eos|>" },
    { .type = "mynah-ears", .own = true, .window_parts = true, .stack = 4, .gated = true, .least_frames = 2,
      .up = "mm.a.mlp.1.weight", .matrix = "mm.a.mlp.2.weight" },
};
#define N_FAMILIES (sizeof families / sizeof *families)

static bool find_family(struct audio_encoder *e, struct error *err)
{
    const char *type = mmproj_projector_type(e->file, MMPROJ_AUDIO, err);

    if (type == NULL)
        return false;
    for (size_t i = 0; i < N_FAMILIES; i++)
        if (strcmp(type, families[i].type) == 0) {
            e->family = &families[i];
            return true;
        }
    return error_set(err, ERROR_MODEL, "%s: the projector type for sound is %s; ultravox, voxtral, qwen2a, qwen2.5o and mynah-ears are read",
                     gguf_path(e->file), type);
}

/* ---- weights -------------------------------------------------------------------------------- */

static bool bind_one(struct audio_encoder *e, const struct compute *c, const char *name, size_t field, size_t dim0, size_t dim1, struct error *err)
{
    const struct gguf_binding row = { name, field, dim0, dim1, false };

    return name == NULL || ops_bind(e->file, c, e->arena, &row, 1, 0, e, err);
}
#define BIND(name, field, dim0, dim1) bind_one(e, c, name, offsetof(struct audio_encoder, field), dim0, dim1, err)

static const struct tensor *find(const struct audio_encoder *e, const char *name, struct error *err)
{
    const struct tensor *t = gguf_tensor(e->file, name);

    if (t == NULL)
        error_set(err, ERROR_MODEL, "%s: tensor %s is missing", gguf_path(e->file), name);
    return t;
}

/* As PyTorch has them, [d][n_in][3]; biases [d], or with a dimension of 1 before. */
static bool bind_convolution(struct audio_encoder *e, const struct compute *c, int i, size_t n_in, const struct tensor **weight, const float **bias,
                             struct error *err)
{
    char name[40];

    snprintf(name, sizeof name, "a.conv1d.%d.weight", i);
    const struct tensor *w = find(e, name, err);
    if (w == NULL)
        return false;
    if (w->dim[0] != 3 || w->dim[1] != n_in || w->dim[2] != e->d || (w->type != TENSOR_F32 && w->type != TENSOR_F16 && w->type != TENSOR_BF16))
        return error_set(err, ERROR_MODEL, "%s: tensor %s is %s %zu x %zu x %zu, F32, F16 or BF16 3 x %zu x %zu was expected", gguf_path(e->file), name,
                         tensor_type_name(w->type), w->dim[0], w->dim[1], w->dim[2], n_in, e->d);
    snprintf(name, sizeof name, "a.conv1d.%d.bias", i);
    const struct tensor *b = find(e, name, err);
    if (b == NULL)
        return false;
    if (b->dim[0] * b->dim[1] != e->d || b->dim[2] * b->dim[3] != 1)
        return error_set(err, ERROR_MODEL, "%s: tensor %s is %zu x %zu, %zu numbers were expected", gguf_path(e->file), name, b->dim[0], b->dim[1], e->d);
    *weight = conv1d_turned(w, e->arena, err);
    return *weight != NULL && (*bias = ops_to_f32(c, e->arena, b, err)) != NULL;
}

static bool bind_encoder(struct audio_encoder *e, const struct compute *c, const struct encoder_params *params, struct error *err)
{
    const struct tensor *position = find(e, "a.position_embd.weight", err);

    if (position == NULL)
        return false;
    e->n_position = position->dim[1];
    if (e->family->chunk != 0 && e->n_position < (e->family->chunk + 1) / 2)
        return error_set(err, ERROR_MODEL, "%s: has %zu positions, %zu are the least", gguf_path(e->file), e->n_position, (e->family->chunk + 1) / 2);
    if (!BIND("a.position_embd.weight", position, e->d, e->n_position) || !ops_as_f32(c, e->arena, &e->position, err)
        || !bind_convolution(e, c, 1, e->n_mels, &e->conv1, &e->conv1_bias, err)
        || !bind_convolution(e, c, 2, e->d, &e->conv2, &e->conv2_bias, err))
        return false;
    e->filters = arena_alloc(e->arena, e->n_mels * MEL_BINS, sizeof *e->filters, err);
    if (e->filters == NULL)
        return false;
    mel_filters(e->n_mels, e->filters);
    e->encoder = encoder_open(e->file, c, params, e->arena, err);
    return e->encoder != NULL;
}

static bool bind_projector(struct audio_encoder *e, const struct compute *c, struct error *err)
{
    const struct audio_family *f = e->family;
    const struct tensor *up = f->up != NULL ? find(e, f->up, err) : NULL;
    size_t n_in = e->d * e->stack, n_up = up != NULL ? up->dim[1] : 0, n_last = f->up == NULL ? n_in : f->gated ? n_up / 2 : n_up;

    if (f->up != NULL && up == NULL)
        return false;
    if (f->gated && n_up % 2 != 0)
        return error_set(err, ERROR_MODEL, "%s: tensor %s has %zu rows, which are no two halves", gguf_path(e->file), f->up, n_up);
    return BIND(f->up, up, n_in, n_up) && BIND(f->gated ? "mm.a.norm_pre.weight" : NULL, norm_pre, n_in, 0)
        && BIND(f->gated ? "mm.a.norm_mid.weight" : NULL, norm_mid, n_last, 0) && BIND(f->matrix, matrix, n_last, e->n_embd)
        && BIND(f->bias, bias, e->n_embd, 0);
}

/* ---- opening -------------------------------------------------------------------------------- */

static bool open_own(struct audio_encoder *e, struct error *err)
{
    e->text_model = gguf_string(e->file, OWN_TEXT_MODEL);
    if (e->text_model == NULL || *e->text_model == '\0')
        return error_set(err, ERROR_MODEL, "%s: " OWN_TEXT_MODEL " is missing, or no name", gguf_path(e->file));
    e->n_position = WINDOW_SECONDS * MEL_FRAMES_PER_SECOND / 2;
    return mmproj_count(e->file, MMPROJ_AUDIO, "embedding_length", 1, UINT16_MAX, &e->d, err);
}

static bool open_published(struct audio_encoder *e, const struct compute *c, struct error *err)
{
    struct encoder_params params;

    if (!mmproj_encoder(e->file, MMPROJ_AUDIO, &params, err) || !mmproj_count(e->file, MMPROJ_AUDIO, "num_mel_bins", 1, MOST_MELS, &e->n_mels, err))
        return false;
    params.activation = ENCODER_GELU;       /* Whisper's, whatever the file says */
    e->d = params.n_embd;
    return bind_encoder(e, c, &params, err);
}

static bool open_all(struct audio_encoder *e, const struct compute *c, struct error *err)
{
    e->arena = arena_new("audio encoder", 1 << 16, err);
    return e->arena != NULL && mmproj_check_kind(e->file, MMPROJ_AUDIO, err) && find_family(e, err) && mmproj_n_embd(e->file, MMPROJ_AUDIO, &e->n_embd, err)
        && (e->family->stack == 1 ? (e->stack = 1) != 0
                                  : mmproj_count_or(e->file, MMPROJ_AUDIO, "projector.stack_factor", 1, MOST_STACK, e->family->stack, &e->stack, err))
        && (e->family->own ? open_own(e, err) : open_published(e, c, err)) && bind_projector(e, c, err);
}

/* Takes the file. */
static struct audio_encoder *open_file(struct gguf *file, const struct compute *c, struct error *err)
{
    struct audio_encoder *e = file != NULL ? calloc(1, sizeof *e) : NULL;

    if (e == NULL) {
        if (file != NULL)
            error_set(err, ERROR_INFERENCE, "%s: no memory to open it", gguf_path(file));
        gguf_close(file);
        return NULL;
    }
    e->file = file;
    if (open_all(e, c, err))
        return e;
    audio_encoder_close(e);
    return NULL;
}

struct audio_encoder *audio_encoder_open(const char *path, const struct compute *c, struct error *err)
{
    char id[FILE_STAMP];
    struct audio_encoder *e = file_stamp(path, id, err) ? open_file(gguf_open(path, err), c, err) : NULL;

    if (e != NULL)
        memcpy(e->id, id, sizeof id);
    return e;
}

struct audio_encoder *audio_encoder_open_bytes(const char *name, const void *bytes, size_t n_bytes, const struct compute *c, struct error *err)
{
    return open_file(gguf_open_bytes(name, bytes, n_bytes, err), c, err);
}

void audio_encoder_close(struct audio_encoder *e)
{
    if (e == NULL)
        return;
    arena_free(e->arena);
    gguf_close(e->file);
    free(e);
}

/* ---- what it is ------------------------------------------------------------------------------- */

const char *audio_encoder_type(const struct audio_encoder *e)
{
    return e->family->type;
}

const char *audio_encoder_id(const struct audio_encoder *e)
{
    return e->id;
}

size_t audio_encoder_n_embd(const struct audio_encoder *e)
{
    return e->n_embd;
}

const char *audio_encoder_text_model(const struct audio_encoder *e)
{
    return e->text_model;
}

bool audio_encoder_suits(const struct audio_encoder *e, const struct whisper *w, struct error *err)
{
    return !e->family->own || (w->n_state == e->d && w->n_audio_ctx >= e->n_position)
        || error_set(err, ERROR_MODEL, "%s was made for an encoder with rows of %zu numbers (whisper-base), %s has %zu", gguf_path(e->file), e->d, w->path,
                     w->n_state);
}
