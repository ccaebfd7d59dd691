/* matmul.c - weights times activations, three ways.
 *
 *   few rows of x     each weight row is read once, as it is in the file, and multiplied
 *                     with all rows of x: limited by memory
 *   many, quantised   16 weight rows are packed into a tile of integers for all rows of x
 *   many, otherwise   a block of weight rows becomes an f32 tile for OpenBLAS
 *
 * Quantised weights meet activations of 8 bits (kernels.h), except through OpenBLAS.
 * Which way is taken follows from the number of rows and the type, not from the threads.
 * Threads claim blocks of weight rows, so each output is summed by one thread. */
#include "tensor/ops.h"

#include "tensor/blas.h"
#include "tensor/kernels.h"
#include "tensor/pool.h"
#include "tensor/quant.h"

#include <string.h>

/* Most rows of x that are taken one by one (docs/speed.md): beyond, packing a tile pays,
 * or turning quantised weights into floats, which takes longer. */
#define FEW_ROWS OPS_SAME_ROWS
#define FEW_ROWS_NO_TILE 16
#define FEW_BYTES_MIN 32768         /* weights claimed at a time with few rows ... */
#define FEW_BYTES_MAX 524288        /* ... are between these */
#define STRIP_MAX 4608              /* columns of x: shorter strips cost one row of it more than they spare eight */
#define ROWS_TOGETHER 4             /* weight rows that share a strip, and are fetched ahead */
#define CACHE_LINE 64
#define FLOAT_TILE_ROWS 128         /* weight rows dequantised at a time */

struct matmul {
    const struct kernels *kernels;
    const struct tensor *w;
    const float *bias, *x;
    float *y;
    int8_t *q;                      /* x quantised, as struct activations says; NULL for plain weights */
    float *scale, *sum;
    size_t n, n_in, n_out, row_bytes, block;        /* block: weight rows of an item */
    size_t sum_step;                /* activations to a sum: the block, or dot_rows' own */
    size_t n_strips, strip, strip_bytes;            /* of columns, for dot_rows; all equal but the last */
    uint8_t flip;
};
_Static_assert(sizeof(struct matmul) <= POOL_JOB_BYTES, "helpers get a copy");

static const unsigned char *weight_row(const struct matmul *m, size_t row)
{
    return (const unsigned char *)m->w->data + row * m->row_bytes;
}

/* Row i of the activations. */
static struct activations row_of(const struct matmul *m, size_t i)
{
    struct activations at = { .x = m->x + i * m->n_in };

    if (m->q != NULL) {
        at.q = m->q + i * m->n_in;
        at.scale = m->scale + i * (m->n_in / QUANT_BLOCK);
        at.sum = m->sum + i * (m->n_in / m->sum_step);
    }
    return at;
}

static void add_bias(const struct matmul *m, size_t row0, size_t n_rows)
{
    for (size_t i = 0; m->bias != NULL && i < m->n; i++)
        for (size_t r = row0; r < row0 + n_rows; r++)
            m->y[i * m->n_out + r] += m->bias[r];
}

static size_t rows_of_item(const struct matmul *m, size_t item)
{
    size_t row0 = item * m->block;

    return m->n_out - row0 < m->block ? m->n_out - row0 : m->block;
}

static size_t count_items(const struct matmul *m)
{
    return (m->n_out + m->block - 1) / m->block;
}

/* Items of a pool_task: results [n][block] first, then what the computation needs. */
static void multiply_few(const void *job, size_t item, void *own)
{
    const struct matmul *m = job;
    size_t row0 = item * m->block, n_rows = rows_of_item(m, item);
    float *out = own;

    for (size_t r = 0; r < n_rows; r++)
        for (size_t i = 0; i < m->n; i++) {
            struct activations x = row_of(m, i);
            out[i * m->block + r] = m->kernels->dot_row[m->w->type](weight_row(m, row0 + r), &x, m->n_in);
        }
}

/* ---- the same where the table takes the rows of x together --------------------------------
 *
 * Rows of x that are too long for a near cache are taken in strips, which a few weight
 * rows share while the next few come from memory.  One row of x has the same strips, so
 * that it gets the same bits, but follows the order of memory. */

/* Strip s of the rows of x. */
static struct activations strip_of(const struct matmul *m, size_t s)
{
    struct activations x = row_of(m, 0);
    size_t j = s * m->strip;

    return (struct activations){ NULL, x.q + j, x.scale + j / QUANT_BLOCK, x.sum + j / m->sum_step };
}

static size_t strip_width(const struct matmul *m, size_t s)
{
    return s + 1 < m->n_strips ? m->strip : m->n_in - s * m->strip;
}

static void multiply_one(const struct matmul *m, size_t first, size_t n_rows, float *out)
{
    struct activations x = row_of(m, 0);

    for (size_t r = 0; r < n_rows; r++) {
        const unsigned char *w = weight_row(m, first + r);

        m->kernels->dot_rows[m->w->type](w, &x, m->n_in, 1, strip_width(m, 0), out + r, 1);
        for (size_t s = 1; s < m->n_strips; s++) {
            struct activations part_of_x = strip_of(m, s);
            float part;
            m->kernels->dot_rows[m->w->type](w + s * m->strip_bytes, &part_of_x, m->n_in, 1, strip_width(m, s), &part, 1);
            out[r] += part;
        }
    }
}

/* Weights to have in a cache soon. */
struct ahead {
    const unsigned char *next, *end;
};

static void fetch(struct ahead *ahead, size_t n_bytes)
{
    for (; n_bytes > 0 && ahead->next < ahead->end; n_bytes -= n_bytes < CACHE_LINE ? n_bytes : CACHE_LINE) {
        __builtin_prefetch(ahead->next, 0, 2);
        ahead->next += CACHE_LINE;
    }
}

static void multiply_together(const struct matmul *m, size_t first, size_t n_rows, struct ahead *ahead, float *out)
{
    for (size_t s = 0; s < m->n_strips; s++) {
        const unsigned char *w = weight_row(m, first) + s * m->strip_bytes;
        struct activations x = strip_of(m, s);

        for (size_t r = 0; r < n_rows; r++, w += m->row_bytes) {
            float part[FEW_ROWS_NO_TILE];

            fetch(ahead, m->strip_bytes);
            m->kernels->dot_rows[m->w->type](w, &x, m->n_in, m->n, strip_width(m, s), part, 1);
            for (size_t i = 0; i < m->n; i++)
                out[i * m->block + r] = s == 0 ? part[i] : out[i * m->block + r] + part[i];
        }
    }
}

static void multiply_rows(const void *job, size_t item, void *own)
{
    const struct matmul *m = job;
    size_t row0 = item * m->block, end = row0 + rows_of_item(m, item);
    float *out = own;

    if (m->n == 1) {
        multiply_one(m, row0, end - row0, out);
        return;
    }
    for (size_t row = row0; row < end; row += ROWS_TOGETHER) {
        size_t n_rows = end - row < ROWS_TOGETHER ? end - row : ROWS_TOGETHER;
        struct ahead ahead = { weight_row(m, row + n_rows), weight_row(m, end) };

        multiply_together(m, row, n_rows, &ahead, out + (row - row0));
    }
}

static void multiply_packed(const void *job, size_t item, void *own)
{
    const struct matmul *m = job;
    const struct kernels *kernels = m->kernels;
    struct activations x = row_of(m, 0);
    size_t row0 = item * m->block, n_rows = rows_of_item(m, item);
    float *out = own;
    unsigned char *tile = (unsigned char *)own + m->n * m->block * sizeof(float);

    kernels->pack_tile[m->w->type](weight_row(m, row0), m->row_bytes, n_rows, m->n_in, tile);
    kernels->multiply_tile[m->w->type](tile, &x, m->n, m->n_in, out, m->block, n_rows);
}

static void commit(const void *job, size_t item, const void *own)
{
    const struct matmul *m = job;
    size_t row0 = item * m->block, n_rows = rows_of_item(m, item);
    const float *out = own;

    for (size_t i = 0; i < m->n; i++)
        memcpy(m->y + i * m->n_out + row0, out + i * m->block, n_rows * sizeof *out);
    add_bias(m, row0, n_rows);
}

/* ---- through OpenBLAS --------------------------------------------------------------- */

struct multiply_floats {
    struct matmul m;
    const struct compute *c;
    float *tiles;                   /* [n_threads][block][n_in] */
};

static void multiply_floats(void *user, size_t first, size_t last, size_t i_thread)
{
    const struct multiply_floats *job = user;
    const struct matmul *m = &job->m;
    float *tile = job->tiles + i_thread * m->block * m->n_in;

    for (size_t item = first; item < last; item++) {
        size_t row0 = item * m->block, n_rows = rows_of_item(m, item);

        for (size_t r = 0; r < n_rows; r++)
            ops_dequantize_row(job->c, m->w, row0 + r, tile + r * m->n_in);
        blas_sgemm(true, m->n, n_rows, m->n_in, 1.0f, m->x, m->n_in, tile, m->n_in, 0.0f, m->y + row0, m->n_out);
        add_bias(m, row0, n_rows);
    }
}

static bool run_floats(const struct compute *c, struct arena *scratch, const struct matmul *m, struct error *err)
{
    struct arena_mark mark = arena_mark(scratch);
    struct multiply_floats job = { .m = *m, .c = c };

    job.tiles = arena_alloc(scratch, pool_n_threads(c->pool) * m->block * m->n_in, sizeof *job.tiles, err);
    if (job.tiles != NULL)
        pool_run(c->pool, count_items(m), 1, multiply_floats, &job);
    arena_rewind(scratch, mark);
    return job.tiles != NULL;
}

/* ---- as quantised -------------------------------------------------------------------- */

static void quantize_rows(void *user, size_t first, size_t last, size_t i_thread)
{
    const struct matmul *m = user;
    (void)i_thread;

    for (size_t i = first; i < last; i++) {
        int8_t *q = m->q + i * m->n_in;
        float *scale = m->scale + i * (m->n_in / QUANT_BLOCK), *sum = m->sum + i * (m->n_in / m->sum_step);

        m->kernels->quantize(m->x + i * m->n_in, m->n_in, m->flip, q, scale, sum);
        if (m->n_strips > 0 && m->kernels->arrange[m->w->type] != NULL)
            m->kernels->arrange[m->w->type](q, scale, sum, m->n_in);
    }
}

/* Rows to have memory for: of few as if they were the most, so that an answer that began with
 * one at a time allocates nothing when more are evaluated together. */
static size_t rows_of_memory(const struct matmul *m)
{
    return m->n < FEW_ROWS ? FEW_ROWS : m->n;
}

static bool quantize(struct pool *pool, struct matmul *m, struct error *err)
{
    size_t n_blocks = rows_of_memory(m) * (m->n_in / QUANT_BLOCK);
    size_t q_bytes = (rows_of_memory(m) * m->n_in + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;

    m->q = pool_inputs(pool, q_bytes + (1 + QUANT_BLOCK / m->sum_step) * n_blocks * sizeof(float), err);
    if (m->q == NULL)
        return false;
    m->scale = (float *)(void *)(m->q + q_bytes);
    m->sum = m->scale + n_blocks;
    pool_run(pool, m->n, 4, quantize_rows, m);
    return true;
}

/* Equal strips, in whole blocks of any type. */
static void divide(struct matmul *m)
{
    size_t n_supers = (m->n_in + QUANT_SUPER - 1) / QUANT_SUPER;

    m->sum_step = m->kernels->sum_step[m->w->type];
    m->n_strips = (m->n_in + STRIP_MAX - 1) / STRIP_MAX;
    m->strip = (n_supers + m->n_strips - 1) / m->n_strips * QUANT_SUPER;
    m->strip_bytes = m->strip / tensor_type_block_elements(m->w->type) * tensor_type_block_bytes(m->w->type);
}

/* Weight rows in an item, in whole cache lines of outputs: equal shares, a number
 * of them for each thread.  Memory is read fastest in long runs (docs/speed.md),
 * but a core that another program takes must not hold much. */
static size_t few_block(size_t row_bytes, size_t n_rows, size_t n_threads)
{
    size_t bytes = row_bytes * n_rows, n_items = (bytes + FEW_BYTES_MAX - 1) / FEW_BYTES_MAX;

    n_items = (n_items + n_threads - 1) / n_threads * n_threads;
    if (bytes / n_items < FEW_BYTES_MIN)
        n_items = bytes / FEW_BYTES_MIN + 1;
    return ((n_rows + n_items - 1) / n_items + 15) / 16 * 16;
}

bool ops_matmul(const struct compute *c, struct arena *scratch, const struct tensor *w,
                const float *bias, const float *x, size_t n, float *y, struct error *err)
{
    size_t block_weights = tensor_type_block_elements(w->type);
    bool quantised = block_weights > 1, has_tile = c->kernels->pack_tile[w->type] != NULL;
    struct matmul m = {
        .kernels = c->kernels, .w = w, .bias = bias, .x = x, .y = y, .n = n, .n_in = w->dim[0], .n_out = w->dim[1],
        .row_bytes = w->dim[0] / block_weights * tensor_type_block_bytes(w->type), .sum_step = QUANT_BLOCK,
    };
    /* Plain weights are multiplied with x itself, which is the caller's: no helper may be late. */
    struct pool_task task = { .job = &m, .job_bytes = sizeof m, .commit = commit, .lease = quantised ? w->lease : NULL };

    if (n <= (quantised && !has_tile ? FEW_ROWS_NO_TILE : FEW_ROWS)) {
        task.compute = multiply_few;
        if (c->kernels->dot_rows[w->type] != NULL) {
            task.compute = multiply_rows;
            divide(&m);
        }
        m.block = few_block(m.row_bytes, m.n_out, pool_n_threads(c->pool));
    } else if (has_tile) {
        task.compute = multiply_packed;
        m.block = KERNELS_TILE_ROWS;
        m.flip = c->kernels->tile_flip;
        task.own_bytes = c->kernels->tile_bytes(m.n_in);
    } else {
        m.block = FLOAT_TILE_ROWS;
        return run_floats(c, scratch, &m, err);
    }
    task.n = count_items(&m);
    task.own_bytes += rows_of_memory(&m) * m.block * sizeof *y;
    return (!quantised || quantize(c->pool, &m, err)) && pool_run_task(c->pool, &task, err);
}
