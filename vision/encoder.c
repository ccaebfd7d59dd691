#include "vision/encoder_parts.h"

#include <stdlib.h>
#include <string.h>

#include "tensor/mmproj.h"
#include "tensor/ops.h"

#define MOST_SIDE 4096              /* pixels of a tile; the processors' own limit for a whole picture, too */
#define MOST_TILES 8                /* a side */
#define MOST_MERGE 16

static const struct image_family families[] = {
    { .type = "idefics3", .splits = true, .stacks = true, .filter = RESIZE_LANCZOS, .merge = 2,
      .begin = "<fake_token_around_image><global-img>", .end = "<fake_token_around_image>", .matrix = "mm.model.fc.weight" },
    { .type = "gemma3", .filter = RESIZE_BILINEAR, .both_ways = true, .merge = 4,
      .begin = "\n\n<start_of_image>", .end = "<end_of_image>\n\n",
      .matrix = "mm.input_projection.weight", .matrix_is_turned = true, .norm = "mm.soft_emb_norm.weight" },
};
#define N_FAMILIES (sizeof families / sizeof *families)

static bool find_family(struct image_encoder *e, struct error *err)
{
    const char *type = mmproj_projector_type(e->file, MMPROJ_VISION, err);

    if (type == NULL)
        return false;
    for (size_t i = 0; i < N_FAMILIES; i++)
        if (strcmp(type, families[i].type) == 0) {
            e->family = &families[i];
            return true;
        }
    return error_set(err, ERROR_MODEL, "%s: clip.projector_type is %s; idefics3, gemma3 and mynah-eyes are read", gguf_path(e->file), type);
}

/* ---- keys ---------------------------------------------------------------------------------- */

static bool take_sizes(struct image_encoder *e, struct error *err)
{
    const struct gguf *g = e->file;

    if (!mmproj_count(g, MMPROJ_VISION, "image_size", 1, MOST_SIDE, &e->image_size, err)
        || !mmproj_count(g, MMPROJ_VISION, "patch_size", 1, e->image_size, &e->patch, err)
        || !mmproj_count_or(g, MMPROJ_VISION, "projector.scale_factor", 1, MOST_MERGE, e->family->merge, &e->merge, err)
        || !mmproj_floats3(g, MMPROJ_VISION, "image_mean", -10.0f, 10.0f, e->mean, err)
        || !mmproj_floats3(g, MMPROJ_VISION, "image_std", 0.0f, 10.0f, e->std, err) || !mmproj_n_embd(g, MMPROJ_VISION, &e->n_embd, err))
        return false;
    if (e->image_size % (e->patch * e->merge) != 0)
        return error_set(err, ERROR_MODEL, "%s: tiles of %zu pixels are no whole number of %zu x %zu patches of %zu",
                         gguf_path(g), e->image_size, e->merge, e->merge, e->patch);
    e->longest = e->image_size;
    return !e->family->splits || mmproj_count_or(g, MMPROJ_VISION, "preproc_image_size", e->image_size, MOST_TILES * e->image_size,
                                                 e->image_size, &e->longest, err);
}

/* ---- weights -------------------------------------------------------------------------------- */

/* Stored as a convolution has it, [d][3][patch][patch]. */
static bool bind_patches(struct image_encoder *e, struct error *err)
{
    const struct tensor *t = gguf_tensor(e->file, "v.patch_embd.weight");

    if (t == NULL)
        return error_set(err, ERROR_MODEL, "%s: tensor v.patch_embd.weight is missing", gguf_path(e->file));
    if (t->dim[0] != e->patch || t->dim[1] != e->patch || t->dim[2] != 3 || t->dim[3] != e->d || (t->type != TENSOR_F32 && t->type != TENSOR_F16))
        return error_set(err, ERROR_MODEL, "%s: tensor v.patch_embd.weight is %s %zu x %zu x %zu x %zu, F32 or F16 %zu x %zu x 3 x %zu was expected",
                         gguf_path(e->file), tensor_type_name(t->type), t->dim[0], t->dim[1], t->dim[2], t->dim[3], e->patch, e->patch, e->d);
    e->patch_embd = *t;
    e->patch_embd.n_dims = 2;
    e->patch_embd.dim[0] = 3 * e->patch * e->patch;
    e->patch_embd.dim[1] = e->d;
    e->patch_embd.dim[2] = e->patch_embd.dim[3] = 1;
    return true;
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

static bool bind_weights(struct image_encoder *e, const struct compute *c, struct error *err)
{
    const struct image_family *f = e->family;
    size_t n_in = f->stacks ? e->d * e->merge * e->merge : e->d;
    const struct gguf_binding vectors[] = {
        { "v.patch_embd.bias", offsetof(struct image_encoder, patch_bias), e->d, 0, true },
        { f->norm, offsetof(struct image_encoder, norm), n_in, 0, false },
    };
    const struct gguf_binding matrices[] = {
        { "v.position_embd.weight", offsetof(struct image_encoder, position), e->d, image_n_patches(e), false },
        { f->matrix, offsetof(struct image_encoder, matrix), f->matrix_is_turned ? e->n_embd : n_in, f->matrix_is_turned ? n_in : e->n_embd, false },
    };

    return ops_bind(e->file, c, e->arena, vectors, f->norm != NULL ? 2 : 1, 0, e, err) && gguf_bind(e->file, matrices, 2, 0, e, err)
        && ops_as_f32(c, e->arena, &e->position, err) && (!f->matrix_is_turned || turn_matrix(e, c, err)) && bind_patches(e, err);
}

/* ---- opening -------------------------------------------------------------------------------- */

static bool open_all(struct image_encoder *e, const struct compute *c, struct error *err)
{
    struct encoder_params params;

    e->arena = arena_new("image encoder", 1 << 16, err);
    if (e->arena == NULL || !mmproj_check_kind(e->file, MMPROJ_VISION, err) || !find_family(e, err)
        || !mmproj_encoder(e->file, MMPROJ_VISION, &params, err) || !take_sizes(e, err))
        return false;
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
    e->file = gguf_open(path, err);
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

size_t image_encoder_n_embd(const struct image_encoder *e)
{
    return e->n_embd;
}
