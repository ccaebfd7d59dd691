/* ops.c - plain products, conversion of weights, and what works element by element. */
#include "tensor/ops.h"

#include "tensor/blas.h"
#include "tensor/kernels.h"
#include "tensor/pool.h"
#include "tensor/quant.h"

#include <math.h>

#define ELEMENTS_CHUNK 8192         /* claimed at a time: some microseconds of work */

/* ---- f32 products ------------------------------------------------------------- */

struct sgemm {
    bool b_transposed, by_rows;
    size_t m, n, k, lda, ldb, ldc, block;
    float alpha, *out;
    const float *a, *b;
};

static void sgemm_blocks(void *user, size_t first, size_t last, size_t i_thread)
{
    const struct sgemm *s = user;
    (void)i_thread;

    for (size_t i = first; i < last; i++) {
        size_t at = i * s->block, all = s->by_rows ? s->m : s->n;
        size_t size = all - at < s->block ? all - at : s->block;

        if (s->by_rows)
            blas_sgemm(s->b_transposed, size, s->n, s->k, s->alpha, s->a + at * s->lda, s->lda,
                       s->b, s->ldb, 0.0f, s->out + at * s->ldc, s->ldc);
        else
            blas_sgemm(s->b_transposed, s->m, size, s->k, s->alpha, s->a, s->lda,
                       s->b + (s->b_transposed ? at * s->ldb : at), s->ldb, 0.0f, s->out + at, s->ldc);
    }
}

/* Split along the longer side of the result into up to 16 blocks, a number that
 * must not follow the thread count; each block packs the other factor again, so
 * blocks are not made small. */
void ops_sgemm(const struct compute *c, bool b_transposed, size_t m, size_t n, size_t k,
               float alpha, const float *a, size_t lda, const float *b, size_t ldb,
               float *out, size_t ldc)
{
    size_t all = m >= n ? m : n, block = (all + 15) / 16;

    block = block < 32 ? 32 : (block + 15) / 16 * 16;
    struct sgemm s = { b_transposed, m >= n, m, n, k, lda, ldb, ldc, block, alpha, out, a, b };
    pool_run(c->pool, (all + block - 1) / block, 1, sgemm_blocks, &s);
}

/* ---- weights to f32 ------------------------------------------------------------- */

void ops_dequantize_row(const struct compute *c, const struct tensor *w, size_t row, float *out)
{
    size_t row_bytes = w->dim[0] / tensor_type_block_elements(w->type) * tensor_type_block_bytes(w->type);

    c->kernels->dequantize[w->type]((const unsigned char *)w->data + row * row_bytes, out, w->dim[0]);
}

const float *ops_to_f32(const struct compute *c, struct arena *arena, const struct tensor *t, struct error *err)
{
    size_t n_rows = t->dim[1] * t->dim[2] * t->dim[3];
    float *out = arena_alloc(arena, n_rows * t->dim[0], sizeof *out, err);

    for (size_t row = 0; out != NULL && row < n_rows; row++)
        ops_dequantize_row(c, t, row, out + row * t->dim[0]);
    return out;
}

bool ops_as_f32(const struct compute *c, struct arena *arena, const struct tensor **t, struct error *err)
{
    struct tensor *copy;

    if (*t == NULL || (*t)->type == TENSOR_F32)
        return true;
    copy = arena_alloc(arena, 1, sizeof *copy, err);
    if (copy == NULL)
        return false;
    *copy = **t;
    copy->type = TENSOR_F32;
    copy->lease = NULL;
    copy->data = ops_to_f32(c, arena, *t, err);
    copy->n_bytes = copy->dim[0] * copy->dim[1] * copy->dim[2] * copy->dim[3] * sizeof(float);
    *t = copy;
    return copy->data != NULL;
}

bool ops_bind(const struct gguf *g, const struct compute *c, struct arena *arena, const struct gguf_binding *table, size_t n,
              unsigned i_block, void *object, struct error *err)
{
    if (!gguf_bind(g, table, n, i_block, object, err))
        return false;
    for (size_t i = 0; i < n; i++)
        if (table[i].dim1 == 0 && !ops_as_f32(c, arena, (const struct tensor **)(void *)((char *)object + table[i].field), err))
            return false;
    return true;
}

/* ---- element by element ----------------------------------------------------------- */

struct elements {
    const struct compute *c;
    float *x;
    const float *y;
    uint16_t *half;
    float number;
};

static void to_f16(void *user, size_t first, size_t last, size_t i_thread)
{
    const struct elements *e = user;
    (void)i_thread;
    e->c->kernels->f32_to_f16(e->y + first, e->half + first, last - first);
}

/* silu(w x) / w: for w = 1.702 the quick form of GELU. */
static void silu_mul(void *user, size_t first, size_t last, size_t i_thread)
{
    const struct elements *e = user;
    float factor[256], w = e->number;
    (void)i_thread;

    if (e->y != NULL && w == 1.0f) {
        e->c->kernels->silu_mul(e->x + first, e->y + first, last - first);
        return;
    }
    for (size_t at = first, n; at < last; at += n) {
        n = last - at < 256 ? last - at : 256;
        for (size_t i = 0; i < n; i++) {
            factor[i] = (e->y == NULL ? 1.0f : e->y[at + i]) / w;
            e->x[at + i] *= w;
        }
        e->c->kernels->silu_mul(e->x + at, factor, n);
    }
}

/* (1 + tanh u) / 2 = 1 / (1 + exp(-2 u)), so with 2 u = w x, gelu(x) = silu(w x) / w.  Beyond
 * |x| = 100 that is x or 0 for any large w: its square is bounded, so that nothing overflows. */
static void gelu_mul(void *user, size_t first, size_t last, size_t i_thread)
{
    const struct elements *e = user;
    float factor[256];
    (void)i_thread;

    for (size_t at = first, n; at < last; at += n) {
        float *gate = e->x + at;
        n = last - at < 256 ? last - at : 256;
        for (size_t i = 0; i < n; i++) {
            float square = gate[i] * gate[i], w = 1.59576912f * (1.0f + 0.044715f * (square < 1e4f ? square : 1e4f));
            factor[i] = (e->y == NULL ? 1.0f : e->y[at + i]) / w;
            gate[i] *= w;
        }
        e->c->kernels->silu_mul(gate, factor, n);
    }
}

static void scale(void *user, size_t first, size_t last, size_t i_thread)
{
    const struct elements *e = user;
    (void)i_thread;
    for (size_t i = first; i < last; i++)
        e->x[i] *= e->number;
}

static void soft_cap(void *user, size_t first, size_t last, size_t i_thread)
{
    const struct elements *e = user;
    (void)i_thread;
    for (size_t i = first; i < last; i++)
        e->x[i] = e->number * tanhf(e->x[i] / e->number);
}

static void gelu(void *user, size_t first, size_t last, size_t i_thread)
{
    const struct elements *e = user;
    (void)i_thread;
    e->c->kernels->gelu(e->x + first, last - first);
}

static void add(void *user, size_t first, size_t last, size_t i_thread)
{
    const struct elements *e = user;
    (void)i_thread;
    e->c->kernels->add_scaled(e->x + first, 1.0f, e->y + first, last - first);
}

void ops_f32_to_f16(const struct compute *c, const float *x, uint16_t *y, size_t n)
{
    struct elements e = { .c = c, .y = x, .half = y };
    pool_run(c->pool, n, ELEMENTS_CHUNK, to_f16, &e);
}

struct heads {
    const struct compute *c;
    const float *x;
    size_t n_head, head_dim, head_step;
    uint16_t *y;
};

static void heads_to_f16(void *user, size_t first, size_t last, size_t i_thread)
{
    const struct heads *s = user;
    (void)i_thread;

    for (size_t i = first; i < last; i++)
        for (size_t h = 0; h < s->n_head; h++)
            s->c->kernels->f32_to_f16(s->x + (i * s->n_head + h) * s->head_dim, s->y + h * s->head_step + i * s->head_dim, s->head_dim);
}

void ops_f32_to_f16_heads(const struct compute *c, const float *x, size_t n, size_t n_head, size_t head_dim,
                          uint16_t *y, size_t head_step)
{
    struct heads s = { c, x, n_head, head_dim, head_step, y };
    pool_run(c->pool, n, 32, heads_to_f16, &s);
}

struct blocks {
    const struct compute *c;
    const float *x;
    size_t n_head, head_dim, head_step;
    struct block_q8_0 *y;
};

/* The scale that q was found with, to F16: as GGUF files are quantised. */
static void block_to_q8_0(const struct compute *c, const float *x, struct block_q8_0 *y)
{
    float scale, sum;

    c->kernels->quantize(x, QUANT_BLOCK, 0, y->q, &scale, &sum);
    y->d = quant_f32_to_f16(scale);
}

static void heads_to_q8_0(void *user, size_t first, size_t last, size_t i_thread)
{
    const struct blocks *s = user;
    size_t n_blocks = s->head_dim / QUANT_BLOCK;
    (void)i_thread;

    for (size_t i = first; i < last; i++)
        for (size_t h = 0; h < s->n_head; h++)
            for (size_t b = 0; b < n_blocks; b++)
                block_to_q8_0(s->c, s->x + (i * s->n_head + h) * s->head_dim + b * QUANT_BLOCK,
                              s->y + h * s->head_step / QUANT_BLOCK + i * n_blocks + b);
}

void ops_f32_to_q8_0_heads(const struct compute *c, const float *x, size_t n, size_t n_head, size_t head_dim,
                           struct block_q8_0 *y, size_t head_step)
{
    struct blocks s = { c, x, n_head, head_dim, head_step, y };
    pool_run(c->pool, n, 32, heads_to_q8_0, &s);
}

void ops_silu_mul(const struct compute *c, float *gate, const float *up, size_t n)
{
    struct elements e = { .c = c, .x = gate, .y = up, .number = 1.0f };
    pool_run(c->pool, n, ELEMENTS_CHUNK, silu_mul, &e);
}

void ops_gelu_quick_mul(const struct compute *c, float *gate, const float *up, size_t n)
{
    struct elements e = { .c = c, .x = gate, .y = up, .number = 1.702f };
    pool_run(c->pool, n, ELEMENTS_CHUNK, silu_mul, &e);
}

void ops_gelu_mul(const struct compute *c, float *gate, const float *up, size_t n)
{
    struct elements e = { .c = c, .x = gate, .y = up };
    pool_run(c->pool, n, ELEMENTS_CHUNK, gelu_mul, &e);
}

void ops_scale(const struct compute *c, float *x, float factor, size_t n)
{
    struct elements e = { .x = x, .number = factor };
    pool_run(c->pool, n, ELEMENTS_CHUNK, scale, &e);
}

void ops_soft_cap(const struct compute *c, float *x, float cap, size_t n)
{
    struct elements e = { .x = x, .number = cap };
    pool_run(c->pool, n, ELEMENTS_CHUNK, soft_cap, &e);
}

void ops_gelu(const struct compute *c, float *x, size_t n)
{
    struct elements e = { .c = c, .x = x };
    pool_run(c->pool, n, ELEMENTS_CHUNK, gelu, &e);
}

void ops_add(const struct compute *c, float *x, const float *y, size_t n)
{
    struct elements e = { .c = c, .x = x, .y = y };
    pool_run(c->pool, n, ELEMENTS_CHUNK, add, &e);
}

void ops_softmax(float *x, size_t n)
{
    float max = -INFINITY, sum = 0.0f;

    for (size_t i = 0; i < n; i++)
        max = fmaxf(max, x[i]);
    for (size_t i = 0; i < n; i++)
        sum += x[i] = expf(x[i] - max);
    for (size_t i = 0; i < n; i++)
        x[i] /= sum;
}
