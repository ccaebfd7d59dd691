#include "vision/convnet.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "tensor/ops.h"
#include "tensor/pool.h"

/* Eight channels at once.  The loops that matter are compiled twice, and the processor's is taken
 * when the program starts; products are not contracted, so that both give the same bits. */
typedef float vec __attribute__((vector_size(32), aligned(4), may_alias));
typedef int32_t vec_bits __attribute__((vector_size(32)));

#if defined(__x86_64__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif
#define INLINE static inline __attribute__((always_inline))

#define VEC 8                       /* floats in a vec */
#define QUAD 4                      /* neighbouring pixels computed together */
#define MAX_KERNEL 5                /* depthwise, in both networks */
#define CHUNK_ELEMENTS 16384        /* of output a thread claims at once: 64 KiB */

/* ---- weights ------------------------------------------------------------------ */

bool convnet_bind(const struct gguf *g, const char *name, size_t n_columns, size_t n_rows, size_t n_bias,
                  struct convnet_layer *layer, struct error *err)
{
    char weight[64], bias[64];
    const struct gguf_binding table[] = {
        { weight, offsetof(struct convnet_layer, weight), n_columns, n_rows, false },
        { bias, offsetof(struct convnet_layer, bias), n_bias, 0, false }
    };

    snprintf(weight, sizeof weight, "%s.weight", name);
    snprintf(bias, sizeof bias, "%s.bias", name);
    if (!gguf_bind(g, table, 2, 0, layer, err))
        return false;
    if (layer->weight->type != TENSOR_F32 || layer->bias->type != TENSOR_F32)
        return error_set(err, ERROR_MODEL, "%s: tensor %s is %s, expected F32; pull the model again",
                         gguf_path(g), weight, tensor_type_name(layer->weight->type));
    return true;
}

/* ---- activations ---------------------------------------------------------------- */

INLINE vec vec_all(float v) { return (vec){ v, v, v, v, v, v, v, v }; }
INLINE vec vec_pick(vec_bits mask, vec yes, vec no)
{
    return (vec)(((vec_bits)yes & mask) | ((vec_bits)no & ~mask));
}
INLINE vec vec_relu(vec x) { return vec_pick(x > vec_all(0.0f), x, vec_all(0.0f)); }
INLINE vec vec_relu6(vec x)
{
    x = vec_relu(x);
    return vec_pick(x < vec_all(6.0f), x, vec_all(6.0f));
}

INLINE vec vec_activate(vec x, enum activation activation)
{
    switch (activation) {
    case ACTIVATION_RELU: return vec_relu(x);
    case ACTIVATION_RELU6: return vec_relu6(x);
    case ACTIVATION_HARD_SWISH: return x * vec_relu6(x + vec_all(3.0f)) * vec_all(1.0f / 6.0f);
    case ACTIVATION_NONE: break;
    }
    return x;
}

INLINE float activate(float x, enum activation activation)
{
    return vec_activate(vec_all(x), activation)[0];
}

static size_t chunk_of(size_t row_elements)
{
    return row_elements >= CHUNK_ELEMENTS ? 1 : CHUNK_ELEMENTS / row_elements;
}

/* ---- 1x1 ------------------------------------------------------------------------- */

struct finish {                     /* y = activation(y + bias) + add, for rows of y */
    float *y;
    const float *bias, *add;        /* add: like y, or NULL */
    size_t n;
    enum activation activation;
};

WIDE static void finish_rows(void *user, size_t first, size_t last, size_t i_thread)
{
    const struct finish *f = user;

    (void)i_thread;
    for (size_t row = first; row < last; row++) {
        float *y = f->y + row * f->n;
        const float *add = f->add == NULL ? NULL : f->add + row * f->n;
        size_t i = 0;

        for (; i + VEC <= f->n; i += VEC) {
            vec v = vec_activate(*(const vec *)(y + i) + *(const vec *)(f->bias + i), f->activation);

            if (add != NULL)
                v += *(const vec *)(add + i);
            *(vec *)(y + i) = v;
        }
        for (; i < f->n; i++)
            y[i] = activate(y[i] + f->bias[i], f->activation) + (add == NULL ? 0.0f : add[i]);
    }
}

/* y[row][o] = activation(sum_i weight[o][i] x[row][i] + bias[o]) + add[row][o] */
static void linear(const struct compute *c, const struct convnet_layer *layer, enum activation activation,
                   const float *x, size_t n, const float *add, float *y)
{
    size_t n_in = layer->weight->dim[0], n_out = layer->weight->dim[1];
    struct finish finish = { .y = y, .bias = layer->bias->data, .add = add, .n = n_out, .activation = activation };

    ops_sgemm(c, true, n, n_out, n_in, 1.0f, x, n_in, layer->weight->data, n_in, y, n_out);
    pool_run(c->pool, n, chunk_of(n_out), finish_rows, &finish);
}

struct convnet_map convnet_pointwise(const struct compute *c, const struct convnet_layer *layer, enum activation activation,
                                     struct convnet_map in, float *to)
{
    assert(in.n_channel == layer->weight->dim[0]);
    linear(c, layer, activation, in.x, in.height * in.width, NULL, to);
    return (struct convnet_map){ to, in.height, in.width, layer->weight->dim[1] };
}

/* ---- depthwise ------------------------------------------------------------------- */

size_t convnet_same(size_t n, size_t kernel, size_t stride, size_t *before)
{
    size_t n_out = (n + stride - 1) / stride, span = (n_out - 1) * stride + kernel;

    *before = span > n ? (span - n) / 2 : 0;
    return n_out;
}

struct depthwise {
    struct convnet_map in, out;
    const float *weight, *bias;     /* [kernel * kernel][n], [n] */
    size_t kernel, stride, top, left;   /* top, left: padding before */
    enum activation activation;
};

struct taps {                       /* of one output pixel, those inside the picture */
    const float *x[MAX_KERNEL * MAX_KERNEL], *w[MAX_KERNEL * MAX_KERNEL];
    size_t n;
};

static void taps_of(const struct depthwise *d, size_t y, size_t x, struct taps *taps)
{
    size_t n = d->in.n_channel;

    taps->n = 0;
    for (size_t ky = 0; ky < d->kernel; ky++) {
        size_t in_y = y * d->stride + ky - d->top;      /* wraps to huge above the picture */

        if (in_y >= d->in.height)
            continue;
        for (size_t kx = 0; kx < d->kernel; kx++) {
            size_t in_x = x * d->stride + kx - d->left;

            if (in_x >= d->in.width)
                continue;
            taps->x[taps->n] = d->in.x + (in_y * d->in.width + in_x) * n;
            taps->w[taps->n] = d->weight + (ky * d->kernel + kx) * n;
            taps->n++;
        }
    }
}

INLINE vec vec_at(const float *x) { return *(const vec *)x; }
INLINE void vec_put(float *y, vec sum, enum activation activation) { *(vec *)y = vec_activate(sum, activation); }

/* A vector of channels of four neighbours, which share the weights they load; sums are
 * variables of their own so that they stay in registers. */
INLINE void depthwise_quad(const struct depthwise *d, const struct taps *taps, size_t i, float *y)
{
    size_t n = d->in.n_channel, step = d->stride * n;
    vec a = vec_at(d->bias + i), b = a, c = a, e = a;

    for (size_t t = 0; t < taps->n; t++) {
        const float *x = taps->x[t] + i;
        vec w = vec_at(taps->w[t] + i);

        a += vec_at(x) * w;
        b += vec_at(x + step) * w;
        c += vec_at(x + 2 * step) * w;
        e += vec_at(x + 3 * step) * w;
    }
    vec_put(y + i, a, d->activation);
    vec_put(y + n + i, b, d->activation);
    vec_put(y + 2 * n + i, c, d->activation);
    vec_put(y + 3 * n + i, e, d->activation);
}

/* Four vectors of channels of one pixel. */
INLINE void depthwise_one(const struct depthwise *d, const struct taps *taps, size_t i, float *y)
{
    const float *bias = d->bias + i;
    vec a = vec_at(bias), b = vec_at(bias + VEC), c = vec_at(bias + 2 * VEC), e = vec_at(bias + 3 * VEC);

    for (size_t t = 0; t < taps->n; t++) {
        const float *x = taps->x[t] + i, *w = taps->w[t] + i;

        a += vec_at(x) * vec_at(w);
        b += vec_at(x + VEC) * vec_at(w + VEC);
        c += vec_at(x + 2 * VEC) * vec_at(w + 2 * VEC);
        e += vec_at(x + 3 * VEC) * vec_at(w + 3 * VEC);
    }
    vec_put(y + i, a, d->activation);
    vec_put(y + i + VEC, b, d->activation);
    vec_put(y + i + 2 * VEC, c, d->activation);
    vec_put(y + i + 3 * VEC, e, d->activation);
}

INLINE void depthwise_tail(const struct depthwise *d, const struct taps *taps, size_t n_pixels, size_t i, float *y)
{
    size_t n = d->in.n_channel;

    for (size_t p = 0; p < n_pixels; p++)
        for (size_t j = i; j < n; j++) {
            float sum = d->bias[j];

            for (size_t t = 0; t < taps->n; t++)
                sum += taps->x[t][p * d->stride * n + j] * taps->w[t][j];
            y[p * n + j] = activate(sum, d->activation);
        }
}

/* Whether the kernel lies inside the picture's width for this pixel. */
static bool inside(const struct depthwise *d, size_t x)
{
    return x * d->stride >= d->left && x * d->stride - d->left + d->kernel <= d->in.width;
}

WIDE static void depthwise_rows(void *user, size_t first, size_t last, size_t i_thread)
{
    const struct depthwise *d = user;
    size_t n = d->in.n_channel;

    (void)i_thread;
    for (size_t row = first; row < last; row++)
        for (size_t x = 0, n_pixels; x < d->out.width; x += n_pixels) {
            float *y = d->out.x + (row * d->out.width + x) * n;
            struct taps taps;
            size_t i = 0;

            n_pixels = inside(d, x) && inside(d, x + QUAD - 1) ? QUAD : 1;
            taps_of(d, row, x, &taps);
            if (n_pixels == QUAD)
                for (; i + VEC <= n; i += VEC)
                    depthwise_quad(d, &taps, i, y);
            else
                for (; i + 4 * VEC <= n; i += 4 * VEC)
                    depthwise_one(d, &taps, i, y);
            depthwise_tail(d, &taps, n_pixels, i, y);
        }
}

struct convnet_map convnet_depthwise(const struct compute *c, const struct convnet_layer *layer, size_t kernel, size_t stride,
                                     enum activation activation, struct convnet_map in, float *to)
{
    struct depthwise d = {
        .in = in, .out = { .x = to, .n_channel = in.n_channel }, .weight = layer->weight->data, .bias = layer->bias->data,
        .kernel = kernel, .stride = stride, .activation = activation
    };

    assert(kernel <= MAX_KERNEL && layer->weight->dim[0] == in.n_channel && layer->weight->dim[1] == kernel * kernel);
    d.out.height = convnet_same(in.height, kernel, stride, &d.top);
    d.out.width = convnet_same(in.width, kernel, stride, &d.left);
    pool_run(c->pool, d.out.height, chunk_of(d.out.width * in.n_channel), depthwise_rows, &d);
    return d.out;
}

/* ---- any convolution --------------------------------------------------------------- */

struct gather {                     /* im2col: the pixels under the kernel, row by row */
    struct convnet_map in;
    float *columns;
    size_t kernel, stride, top, left, width;
};

static void gather_rows(void *user, size_t first, size_t last, size_t i_thread)
{
    const struct gather *g = user;
    size_t n = g->in.n_channel;

    (void)i_thread;
    for (size_t row = first; row < last; row++)
        for (size_t x = 0; x < g->width; x++)
            for (size_t ky = 0; ky < g->kernel; ky++)
                for (size_t kx = 0; kx < g->kernel; kx++) {
                    float *to = g->columns + (((row * g->width + x) * g->kernel + ky) * g->kernel + kx) * n;
                    size_t in_y = row * g->stride + ky - g->top, in_x = x * g->stride + kx - g->left;

                    if (in_y < g->in.height && in_x < g->in.width)
                        memcpy(to, g->in.x + (in_y * g->in.width + in_x) * n, n * sizeof *to);
                    else
                        memset(to, 0, n * sizeof *to);
                }
}

struct convnet_map convnet_full(const struct compute *c, const struct convnet_layer *layer, size_t kernel, size_t stride,
                                enum activation activation, struct convnet_map in, float *columns, float *to)
{
    struct gather g = { .in = in, .columns = columns, .kernel = kernel, .stride = stride };
    size_t height = convnet_same(in.height, kernel, stride, &g.top), n = kernel * kernel * in.n_channel;

    g.width = convnet_same(in.width, kernel, stride, &g.left);
    pool_run(c->pool, height, chunk_of(g.width * n), gather_rows, &g);
    return convnet_pointwise(c, layer, activation, (struct convnet_map){ columns, height, g.width, n }, to);
}

/* ---- squeeze and excite ------------------------------------------------------------ */

void convnet_mean(struct convnet_map in, float *out)
{
    size_t n = in.height * in.width;

    memset(out, 0, in.n_channel * sizeof *out);
    for (size_t row = 0; row < n; row++) {
        const float *x = in.x + row * in.n_channel;
        size_t i = 0;

        for (; i + VEC <= in.n_channel; i += VEC)
            *(vec *)(out + i) += *(const vec *)(x + i);
        for (; i < in.n_channel; i++)
            out[i] += x[i];
    }
    for (size_t i = 0; i < in.n_channel; i++)
        out[i] /= (float)n;
}

struct gate { float *x; const float *factor; size_t n; };

static void gate_rows(void *user, size_t first, size_t last, size_t i_thread)
{
    const struct gate *g = user;

    (void)i_thread;
    for (size_t row = first; row < last; row++) {
        float *x = g->x + row * g->n;
        size_t i = 0;

        for (; i + VEC <= g->n; i += VEC)
            *(vec *)(x + i) *= *(const vec *)(g->factor + i);
        for (; i < g->n; i++)
            x[i] *= g->factor[i];
    }
}

void convnet_squeeze_excite(const struct compute *c, const struct convnet_layer *squeeze,
                            const struct convnet_layer *excite, struct convnet_map x, float *work)
{
    float *mean = work, *factor = work + x.n_channel, *squeezed = work + 2 * x.n_channel;
    struct gate gate = { .x = x.x, .factor = factor, .n = x.n_channel };

    convnet_mean(x, mean);
    linear(c, squeeze, ACTIVATION_RELU, mean, 1, NULL, squeezed);
    linear(c, excite, ACTIVATION_NONE, squeezed, 1, NULL, factor);
    for (size_t i = 0; i < x.n_channel; i++)
        factor[i] = activate(factor[i] + 3.0f, ACTIVATION_RELU6) * 0.16667f;
    pool_run(c->pool, x.height * x.width, chunk_of(x.n_channel), gate_rows, &gate);
}

/* ---- blocks ------------------------------------------------------------------------ */

/* The squeeze's work lies behind the filtered map: at most three vectors of channels. */
size_t convnet_block_elements(const struct convnet_block *block, size_t height, size_t width)
{
    return (height * width + 3) * block->depthwise.weight->dim[0];
}

struct convnet_map convnet_block(const struct compute *c, const struct convnet_block *block, struct convnet_map in,
                                 float *expanded, float *filtered, float *to)
{
    struct convnet_map x = in;
    size_t n_out = block->project.weight->dim[1];
    bool residual = block->stride == 1 && n_out == in.n_channel;

    if (block->expand.weight != NULL)
        x = convnet_pointwise(c, &block->expand, block->activation, x, expanded);
    x = convnet_depthwise(c, &block->depthwise, block->kernel, block->stride, block->activation, x, filtered);
    if (block->squeeze.weight != NULL)
        convnet_squeeze_excite(c, &block->squeeze, &block->excite, x, filtered + x.height * x.width * x.n_channel);
    linear(c, &block->project, ACTIVATION_NONE, x.x, x.height * x.width, residual ? in.x : NULL, to);
    return (struct convnet_map){ to, x.height, x.width, n_out };
}

struct convnet_map convnet_pixels(const uint8_t *rgb, size_t height, size_t width, float centre, float scale, float *to)
{
    for (size_t i = 0; i < height * width * 3; i++)
        to[i] = ((float)rgb[i] - centre) / scale;
    return (struct convnet_map){ to, height, width, 3 };
}
