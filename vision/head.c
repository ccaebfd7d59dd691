#include "vision/head.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/gguf.h"
#include "tensor/kernels.h"
#include "tensor/pool.h"

#define ARCHITECTURE "mynah-head"
#define MOST 6.0f                   /* standard deviations that an input may be from its mean */
#define PIECE 256                   /* weights dequantised at a time: whole blocks, and a KiB of stack */
#define ROWS_CHUNK 16               /* claimed at a time: some 20 microseconds of 2528 weights each */

struct head {
    struct gguf *file;
    const struct tensor *mean, *scale, *hidden, *hidden_bias, *out, *out_bias;
    const char *const *words;
    size_t n_in, n_hidden, n_word;
};

/* ---- the file ----------------------------------------------------------------------- */

static bool bind_sizes(struct head *h, struct error *err)
{
    const struct tensor *mean = gguf_tensor(h->file, "mean"), *bias = gguf_tensor(h->file, "hidden.bias");
    const char *path = gguf_path(h->file);

    if (mean == NULL || bias == NULL)
        return error_set(err, ERROR_MODEL, "%s: tensor %s is missing", path, mean == NULL ? "mean" : "hidden.bias");
    h->n_in = mean->dim[0];
    h->n_hidden = bias->dim[0];
    if (h->n_in % 32 != 0 || h->n_hidden % 32 != 0)
        return error_set(err, ERROR_MODEL, "%s: %zu inputs and %zu hidden units, both must be multiples of 32", path, h->n_in, h->n_hidden);
    return true;
}

static bool bind_words(struct head *h, struct error *err)
{
    const struct tensor *bias = gguf_tensor(h->file, "out.bias");
    const size_t *n_bytes = NULL;

    h->n_word = gguf_strings(h->file, "head.words", &h->words, &n_bytes);
    if (h->n_word == 0)
        return error_set(err, ERROR_MODEL, "%s: head.words is missing, or no strings", gguf_path(h->file));
    if (bias != NULL && bias->dim[0] != h->n_word)
        return error_set(err, ERROR_MODEL, "%s: head.words has %zu words for %zu outputs", gguf_path(h->file), h->n_word, bias->dim[0]);
    for (size_t i = 0; i < h->n_word; i++)
        if (n_bytes[i] == 0 || strlen(h->words[i]) != n_bytes[i])
            return error_set(err, ERROR_MODEL, "%s: word %zu of head.words is empty or holds a NUL byte", gguf_path(h->file), i);
    return true;
}

static bool check_type(const struct head *h, const struct tensor *t, enum tensor_type type, struct error *err)
{
    return t->type == type
        || error_set(err, ERROR_MODEL, "%s: tensor %s: expected %s, found %s", gguf_path(h->file), t->name,
                     tensor_type_name(type), tensor_type_name(t->type));
}

static bool bind(struct head *h, struct error *err)
{
    const char *architecture = gguf_string(h->file, "general.architecture");

    if (architecture == NULL || strcmp(architecture, ARCHITECTURE) != 0)
        return error_set(err, ERROR_MODEL, "%s: architecture is %s, expected " ARCHITECTURE, gguf_path(h->file),
                         architecture == NULL ? "missing" : architecture);
    if (!bind_sizes(h, err) || !bind_words(h, err))
        return false;
    const struct gguf_binding table[] = {
        { "mean", offsetof(struct head, mean), h->n_in, 0, false },
        { "scale", offsetof(struct head, scale), h->n_in, 0, false },
        { "hidden.weight", offsetof(struct head, hidden), h->n_in, h->n_hidden, false },
        { "hidden.bias", offsetof(struct head, hidden_bias), h->n_hidden, 0, false },
        { "out.weight", offsetof(struct head, out), h->n_hidden, h->n_word, false },
        { "out.bias", offsetof(struct head, out_bias), h->n_word, 0, false },
    };
    return gguf_bind(h->file, table, sizeof table / sizeof *table, 0, h, err)
        && check_type(h, h->mean, TENSOR_F32, err) && check_type(h, h->scale, TENSOR_F32, err)
        && check_type(h, h->hidden, TENSOR_Q8_0, err) && check_type(h, h->hidden_bias, TENSOR_F32, err)
        && check_type(h, h->out, TENSOR_Q8_0, err) && check_type(h, h->out_bias, TENSOR_F32, err);
}

struct head *head_open(const char *name, const void *bytes, size_t n_bytes, struct error *err)
{
    struct head *h = calloc(1, sizeof *h);

    if (h == NULL) {
        error_set(err, ERROR_INFERENCE, "%s: no memory to open it", name);
        return NULL;
    }
    h->file = gguf_open_bytes(name, bytes, n_bytes, err);
    if (h->file == NULL || !bind(h, err)) {
        head_close(h);
        return NULL;
    }
    return h;
}

void head_close(struct head *h)
{
    if (h == NULL)
        return;
    gguf_close(h->file);
    free(h);
}

size_t head_n_in(const struct head *h)
{
    return h->n_in;
}

size_t head_n_words(const struct head *h)
{
    return h->n_word;
}

const char *head_word(const struct head *h, size_t i)
{
    return h->words[i];
}

/* ---- forward ------------------------------------------------------------------------ */

struct layer {
    const struct kernels *kernels;
    const struct tensor *weight;
    const float *bias, *x;
    float *y;
};

/* y = weight x + bias, a row at a time and that by pieces, always in one order. */
static void layer_rows(void *user, size_t first, size_t last, size_t i_thread)
{
    const struct layer *l = user;
    size_t n = l->weight->dim[0], block = tensor_type_block_elements(TENSOR_Q8_0), block_bytes = tensor_type_block_bytes(TENSOR_Q8_0);
    float piece[PIECE];

    (void)i_thread;
    for (size_t row = first; row < last; row++) {
        const unsigned char *w = (const unsigned char *)l->weight->data + row * (n / block) * block_bytes;
        float sum = l->bias[row];

        for (size_t i = 0; i < n; i += PIECE) {
            size_t m = n - i < PIECE ? n - i : PIECE;

            l->kernels->dequantize[TENSOR_Q8_0](w + i / block * block_bytes, piece, m);
            sum += l->kernels->dot(piece, l->x + i, m);
        }
        l->y[row] = sum;
    }
}

static void layer_run(const struct compute *c, const struct tensor *weight, const struct tensor *bias, const float *x, float *y)
{
    struct layer l = { c->kernels, weight, bias->data, x, y };

    pool_run(c->pool, weight->dim[1], ROWS_CHUNK, layer_rows, &l);
}

bool head_run(const struct head *h, const struct compute *c, struct arena *scratch, const float *x, float *y, struct error *err)
{
    struct arena_mark mark = arena_mark(scratch);
    const float *mean = h->mean->data, *scale = h->scale->data;
    float *in = arena_alloc(scratch, h->n_in, sizeof *in, err), *hidden = arena_alloc(scratch, h->n_hidden, sizeof *hidden, err);
    bool ok = in != NULL && hidden != NULL;

    if (ok) {
        for (size_t i = 0; i < h->n_in; i++)
            in[i] = fminf(fmaxf((x[i] - mean[i]) * scale[i], -MOST), MOST);
        layer_run(c, h->hidden, h->hidden_bias, in, hidden);
        c->kernels->gelu(hidden, h->n_hidden);
        layer_run(c, h->out, h->out_bias, hidden, y);
        for (size_t i = 0; i < h->n_word; i++)
            y[i] = 1.0f / (1.0f + expf(-y[i]));
    }
    arena_rewind(scratch, mark);
    return ok;
}
