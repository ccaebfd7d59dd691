#include "vision/encoder_parts.h"

#include <stdlib.h>
#include <string.h>

#include "tensor/mmproj.h"
#include "tensor/ops.h"

#define MOST_SIDE 4096              /* pixels of a tile; the processors' own limit for a whole picture, too */
#define MOST_TILES 8                /* a side */
#define USUAL_TILES 4               /* of SmolVLM's processors, for files that were written before there was a key for it */
#define USUAL_SHAPED 12             /* in all, of InternVL's, likewise */
#define MOST_MERGE 16
#define WINDOW_PIXELS 112           /* a side; no key says so */
#define MOST_FEATURES 8             /* layers that a file names */

static const struct image_family families[] = {
    { .type = "idefics3", .layout = LAYOUT_SPLIT, .stacks = true, .filter = RESIZE_LANCZOS, .merge = 2,
      .begin = "<fake_token_around_image><global-img>", .end = "<fake_token_around_image>", .matrix = "mm.model.fc.weight" },
    { .type = "gemma3", .filter = RESIZE_BILINEAR, .both_ways = true, .merge = 4,
      .begin = "\n\n<start_of_image>", .end = "<end_of_image>\n\n",
      .matrix = "mm.input_projection.weight", .matrix_is_turned = true, .norm = "mm.soft_emb_norm.weight" },
    { .type = "qwen2vl_merger", .layout = LAYOUT_FREE, .stacks = true, .filter = RESIZE_BICUBIC, .merge = 2,
      .begin = "<|vision_start|>", .end = "<|vision_end|>",
      .matrix = "mm.2.weight", .bias = "mm.2.bias", .up = "mm.0.weight", .up_bias = "mm.0.bias" },
    { .type = "qwen2.5vl_merger", .layout = LAYOUT_FREE, .windows = true, .stacks = true, .filter = RESIZE_BICUBIC, .merge = 2,
      .begin = "<|vision_start|>", .end = "<|vision_end|>",
      .matrix = "mm.2.weight", .bias = "mm.2.bias", .up = "mm.0.weight", .up_bias = "mm.0.bias" },
    { .type = "qwen2.5o", .layout = LAYOUT_FREE, .windows = true, .stacks = true, .filter = RESIZE_BICUBIC, .merge = 2,
      .begin = "<|vision_bos|>", .end = "<|vision_eos|>",
      .matrix = "mm.2.weight", .bias = "mm.2.bias", .up = "mm.0.weight", .up_bias = "mm.0.bias" },
    { .type = "mlp", .layout = LAYOUT_PADDED, .class_first = true, .stops = true, .gelu_erf = true, .stacks = true, .filter = RESIZE_BICUBIC,
      .merge = 1, .begin = "", .end = "\n",
      .matrix = "mm.2.weight", .bias = "mm.2.bias", .up = "mm.0.weight", .up_bias = "mm.0.bias" },
    { .type = "internvl", .layout = LAYOUT_SHAPED, .either_norm = true, .class_first = true, .gelu_erf = true, .stacks = true, .filter = RESIZE_BICUBIC,
      .merge = 2, .begin = "<img>", .end = "</img>\n", .norm = "mm.model.mlp.0.weight", .norm_bias = "mm.model.mlp.0.bias",
      .matrix = "mm.model.mlp.3.weight", .bias = "mm.model.mlp.3.bias", .up = "mm.model.mlp.1.weight", .up_bias = "mm.model.mlp.1.bias" },
};
#define N_FAMILIES (sizeof families / sizeof *families)

/* Files from before there were several types have that of LLaVA. */
static bool is_untold(const struct gguf *g)
{
    return !gguf_has(g, "clip.projector_type") && !gguf_has(g, "clip.vision.projector_type") && gguf_tensor(g, "mm.0.weight") != NULL;
}

static bool find_family(struct image_encoder *e, struct error *err)
{
    const char *type = is_untold(e->file) ? "mlp" : mmproj_projector_type(e->file, MMPROJ_VISION, err);

    if (type == NULL)
        return false;
    for (size_t i = 0; i < N_FAMILIES; i++)
        if (strcmp(type, families[i].type) == 0) {
            e->family = &families[i];
            return true;
        }
    return error_set(err, ERROR_MODEL, "%s: clip.projector_type is %s; idefics3, gemma3, qwen2vl_merger, qwen2.5vl_merger, qwen2.5o, mlp, internvl and mynah-eyes are read",
                     gguf_path(e->file), type);
}

/* Files of LLaVA 1.6 have the type of 1.5. */
static bool check_version(const struct image_encoder *e, struct error *err)
{
    return !e->family->stops || !gguf_has(e->file, "clip.vision.image_grid_pinpoints")
        || error_set(err, ERROR_MODEL, "%s: clip.vision.image_grid_pinpoints is of LLaVA 1.6, which is not read; LLaVA 1.5 is", gguf_path(e->file));
}

/* ---- keys ---------------------------------------------------------------------------------- */

static bool take_windows(struct image_encoder *e, size_t n_layer, struct error *err)
{
    if (!e->family->windows)
        return true;
    e->window = WINDOW_PIXELS / (e->patch * e->merge);
    if (e->window == 0)
        return error_set(err, ERROR_MODEL, "%s: patches of %zu pixels, %zu x %zu in one, do not fit in a window of %d", gguf_path(e->file), e->patch,
                         e->merge, e->merge, WINDOW_PIXELS);
    return mmproj_count(e->file, MMPROJ_VISION, "n_wa_pattern", 1, n_layer, &e->full_every, err);
}

/* The layer whose output is taken; *n_layer is what the file has. */
static bool take_stop(const struct image_encoder *e, size_t *n_layer, struct error *err)
{
    const struct gguf *g = e->file;
    int32_t layers[MOST_FEATURES];
    size_t n;

    if (!e->family->stops)
        return true;
    if (!mmproj_counts(g, MMPROJ_VISION, "feature_layer", 1, (int32_t)*n_layer, MOST_FEATURES, layers, &n, err))
        return false;
    if (n > 1)
        return error_set(err, ERROR_MODEL, "%s: clip.vision.feature_layer names %zu layers, one was expected", gguf_path(g), n);
    if (n == 1)
        *n_layer = (size_t)layers[0];
    return true;
}

static bool take_width(struct image_encoder *e, struct error *err)
{
    const struct tensor *last = e->family->stops ? gguf_tensor(e->file, e->family->matrix) : NULL;

    if (!e->family->stops)
        return mmproj_n_embd(e->file, MMPROJ_VISION, &e->n_embd, err);
    e->n_embd = last != NULL ? last->dim[1] : 0;
    return last != NULL || error_set(err, ERROR_MODEL, "%s: tensor %s is missing, the projector's last", gguf_path(e->file), e->family->matrix);
}

static bool take_tiles(struct image_encoder *e, struct error *err)
{
    const struct gguf *g = e->file;

    e->longest = e->image_size;
    if (e->family->layout == LAYOUT_SPLIT)
        return mmproj_count_or(g, MMPROJ_VISION, "preproc_image_size", e->image_size, MOST_TILES * e->image_size, USUAL_TILES * e->image_size,
                               &e->longest, err);
    return e->family->layout != LAYOUT_SHAPED
        || (mmproj_count_or(g, MMPROJ_VISION, "preproc_min_tiles", 1, MOST_TILES * MOST_TILES, 1, &e->least_tiles, err)
            && mmproj_count_or(g, MMPROJ_VISION, "preproc_max_tiles", e->least_tiles, MOST_TILES * MOST_TILES,
                               e->least_tiles > USUAL_SHAPED ? e->least_tiles : USUAL_SHAPED, &e->most_tiles, err));
}

static bool take_sizes(struct image_encoder *e, struct error *err)
{
    const struct gguf *g = e->file;

    if (!mmproj_count(g, MMPROJ_VISION, "image_size", 1, MOST_SIDE, &e->image_size, err)
        || !mmproj_count(g, MMPROJ_VISION, "patch_size", 1, e->image_size, &e->patch, err)
        || !mmproj_count_or(g, MMPROJ_VISION, "projector.scale_factor", 1, MOST_MERGE, e->family->merge, &e->merge, err)
        || !mmproj_floats3(g, MMPROJ_VISION, "image_mean", -10.0f, 10.0f, e->mean, err)
        || !mmproj_floats3(g, MMPROJ_VISION, "image_std", 0.0f, 10.0f, e->std, err) || !take_width(e, err))
        return false;
    if (e->family->layout != LAYOUT_FREE && e->image_size / e->patch % e->merge != 0)    /* pixels beyond the last patch are not seen */
        return error_set(err, ERROR_MODEL, "%s: tiles of %zu pixels have %zu patches of %zu a side, which are not put together by %zu x %zu",
                         gguf_path(g), e->image_size, e->image_size / e->patch, e->patch, e->merge, e->merge);
    return take_tiles(e, err);
}

/* ---- weights -------------------------------------------------------------------------------- */

static bool check_patches(const struct image_encoder *e, const char *name, const struct tensor *t, struct error *err)
{
    if (t == NULL)
        return error_set(err, ERROR_MODEL, "%s: tensor %s is missing", gguf_path(e->file), name);
    if (t->dim[0] != e->patch || t->dim[1] != e->patch || t->dim[2] != 3 || t->dim[3] != e->d || (t->type != TENSOR_F32 && t->type != TENSOR_F16))
        return error_set(err, ERROR_MODEL, "%s: tensor %s is %s %zu x %zu x %zu x %zu, F32 or F16 %zu x %zu x 3 x %zu was expected",
                         gguf_path(e->file), name, tensor_type_name(t->type), t->dim[0], t->dim[1], t->dim[2], t->dim[3], e->patch, e->patch, e->d);
    return true;
}

/* Both pictures that a film's patch is of are the same one: their weights are added. */
static bool add_second_patches(struct image_encoder *e, const struct compute *c, const struct tensor *first, struct error *err)
{
    const char *name = "v.patch_embd.weight.1";
    const struct tensor *second = gguf_tensor(e->file, name);
    size_t n = first->dim[0] * first->dim[1] * first->dim[2] * first->dim[3];
    float *sum = arena_alloc(e->arena, n, sizeof *sum, err);

    if (sum == NULL || !check_patches(e, name, second, err))
        return false;
    const float *a = ops_to_f32(c, e->arena, first, err), *b = a != NULL ? ops_to_f32(c, e->arena, second, err) : NULL;
    if (b == NULL)
        return false;
    for (size_t i = 0; i < n; i++)
        sum[i] = a[i] + b[i];
    e->patch_embd.type = TENSOR_F32;
    e->patch_embd.data = sum;
    e->patch_embd.n_bytes = n * sizeof *sum;
    return true;
}

/* Stored as a convolution has it, [d][3][patch][patch]. */
static bool bind_patches(struct image_encoder *e, const struct compute *c, struct error *err)
{
    const char *name = "v.patch_embd.weight";
    const struct tensor *t = gguf_tensor(e->file, name);

    if (!check_patches(e, name, t, err))
        return false;
    e->patch_embd = *t;
    e->patch_embd.n_dims = 2;
    e->patch_embd.dim[0] = 3 * e->patch * e->patch;
    e->patch_embd.dim[1] = e->d;
    e->patch_embd.dim[2] = e->patch_embd.dim[3] = 1;
    return e->family->layout != LAYOUT_FREE || add_second_patches(e, c, t, err);
}

/* In place of a matrix [n_in][n_embd] its transpose, as floats. */
static bool turn_matrix(struct image_encoder *e, const struct compute *c, struct error *err)
{
    size_t n_in = e->matrix->dim[1], n_out = e->matrix->dim[0];
    struct tensor *turned = arena_alloc(e->arena, 1, sizeof *turned, err);
    float *to = turned != NULL ? arena_alloc(e->arena, n_in * n_out, sizeof *to, err) : NULL;
    float *row = to != NULL ? arena_alloc(e->arena, n_out, sizeof *row, err) : NULL;

    if (row == NULL)
        return false;
    for (size_t i = 0; i < n_in; i++) {
        ops_dequantize_row(c, e->matrix, i, row);
        for (size_t o = 0; o < n_out; o++)
            to[o * n_in + i] = row[o];
    }
    *turned = (struct tensor){ .name = e->matrix->name, .type = TENSOR_F32, .n_dims = 2, .dim = { n_in, n_out, 1, 1 }, .data = to,
                               .n_bytes = n_in * n_out * sizeof *to };
    e->matrix = turned;
    return true;
}

static bool bind_one(struct image_encoder *e, const struct compute *c, const char *name, size_t field, size_t dim0, size_t dim1, struct error *err)
{
    const struct gguf_binding row = { name, field, dim0, dim1, false };

    return name == NULL || ops_bind(e->file, c, e->arena, &row, 1, 0, e, err);
}
#define BIND(name, field, dim0, dim1) bind_one(e, c, name, offsetof(struct image_encoder, field), dim0, dim1, err)

/* The projector's layer before its last; *n: what that is given. */
static bool bind_up(struct image_encoder *e, const struct compute *c, size_t n_in, size_t *n, struct error *err)
{
    const struct tensor *up = e->family->up != NULL ? gguf_tensor(e->file, e->family->up) : NULL;

    *n = e->family->up == NULL ? n_in : up != NULL ? up->dim[1] : 0;
    return BIND(e->family->up, up, n_in, *n) && BIND(e->family->up_bias, up_bias, *n, 0);
}

static bool bind_weights(struct image_encoder *e, const struct compute *c, struct error *err)
{
    const struct image_family *f = e->family;
    size_t n_in = f->stacks ? e->d * e->merge * e->merge : e->d, n_last, side = e->image_size / e->patch;
    size_t n_position = side * side + (f->class_first ? 1 : 0);
    const struct gguf_binding patch_bias = { "v.patch_embd.bias", offsetof(struct image_encoder, patch_bias), e->d, 0, true };

    return ops_bind(e->file, c, e->arena, &patch_bias, 1, 0, e, err) && bind_patches(e, c, err)
        && BIND(f->class_first ? "v.class_embd" : NULL, class_embd, e->d, 0)
        && BIND(f->layout == LAYOUT_FREE ? NULL : "v.position_embd.weight", position, e->d, n_position)
        && ops_as_f32(c, e->arena, &e->position, err) && BIND(f->norm, norm, n_in, 0) && BIND(f->norm_bias, norm_bias, n_in, 0) && bind_up(e, c, n_in, &n_last, err)
        && BIND(f->matrix, matrix, f->matrix_is_turned ? e->n_embd : n_last, f->matrix_is_turned ? n_last : e->n_embd)
        && BIND(f->bias, bias, e->n_embd, 0) && (!f->matrix_is_turned || turn_matrix(e, c, err));
}

/* ---- opening -------------------------------------------------------------------------------- */

static bool open_all(struct image_encoder *e, const struct compute *c, struct error *err)
{
    struct encoder_params params;

    e->arena = arena_new("image encoder", 1 << 16, err);
    if (e->arena == NULL || !mmproj_check_kind(e->file, MMPROJ_VISION, err) || !find_family(e, err) || !check_version(e, err)
        || !mmproj_encoder(e->file, MMPROJ_VISION, &params, err) || !take_sizes(e, err) || !take_windows(e, params.n_layer, err)
        || !take_stop(e, &params.n_layer, err))
        return false;
    if (e->family->layout == LAYOUT_FREE && params.head_dim % 4 != 0)
        return error_set(err, ERROR_MODEL, "%s: heads of %zu numbers have no quarters, which rows and columns turn", gguf_path(e->file), params.head_dim);
    if (e->family->windows || (e->family->either_norm && gguf_tensor(e->file, "v.blk.0.ln1.bias") == NULL))
        params.norm = ENCODER_NORM_RMS;
    if (e->family->gelu_erf && params.activation == ENCODER_GELU_TANH)
        params.activation = ENCODER_GELU;
    e->d = params.n_embd;
    e->eps = params.eps;
    if (!bind_weights(e, c, err))
        return false;
    e->encoder = encoder_open(e->file, c, &params, e->arena, err);
    return e->encoder != NULL;
}

struct image_encoder *image_encoder_open(const char *path, const struct compute *c, struct error *err)
{
    struct image_encoder *e = calloc(1, sizeof *e);

    if (e == NULL) {
        error_set(err, ERROR_INFERENCE, "%s: no memory to open it", path);
        return NULL;
    }
    e->file = file_stamp(path, e->id, err) ? gguf_open(path, err) : NULL;
    if (e->file != NULL && open_all(e, c, err))
        return e;
    image_encoder_close(e);
    return NULL;
}

void image_encoder_close(struct image_encoder *e)
{
    if (e == NULL)
        return;
    arena_free(e->arena);
    gguf_close(e->file);
    free(e);
}

const char *image_encoder_type(const struct image_encoder *e)
{
    return e->family->type;
}

const char *image_encoder_id(const struct image_encoder *e)
{
    return e->id;
}

size_t image_encoder_n_embd(const struct image_encoder *e)
{
    return e->n_embd;
}
