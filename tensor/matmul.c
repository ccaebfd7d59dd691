/* matmul.c - weights times activations.
 *
 *   a block of weight rows -> f32 tile -> times all rows of x -> its columns of y
 *
 * Threads claim blocks of weight rows, so each output is summed by one thread. */
#include "tensor/ops.h"

#include "tensor/blas.h"
#include "tensor/kernels.h"
#include "tensor/pool.h"

#define TILE_ROWS 64                /* weight rows dequantised at a time */
#define FEW_ROWS 4                  /* up to here plain dot products beat a packed sgemm */

struct matmul {
    const struct compute *c;
    const struct tensor *w;
    const float *bias, *x;
    float *y, *tiles;               /* tiles: [n_threads][TILE_ROWS][n_in] */
    size_t n, n_in, n_out;
};

static void multiply_tiles(void *user, size_t first, size_t last, size_t i_thread)
{
    const struct matmul *m = user;
    const struct kernels *kernels = m->c->kernels;
    float *tile = m->tiles + i_thread * TILE_ROWS * m->n_in;

    for (size_t block = first; block < last; block++) {
        size_t row0 = block * TILE_ROWS;
        size_t n_rows = m->n_out - row0 < TILE_ROWS ? m->n_out - row0 : TILE_ROWS;

        for (size_t r = 0; r < n_rows; r++)
            ops_dequantize_row(m->c, m->w, row0 + r, tile + r * m->n_in);
        if (m->n <= FEW_ROWS) {
            for (size_t i = 0; i < m->n; i++)
                for (size_t r = 0; r < n_rows; r++)
                    m->y[i * m->n_out + row0 + r] = kernels->dot(tile + r * m->n_in, m->x + i * m->n_in, m->n_in);
        } else {
            blas_sgemm(true, m->n, n_rows, m->n_in, 1.0f, m->x, m->n_in, tile, m->n_in,
                       0.0f, m->y + row0, m->n_out);
        }
        for (size_t i = 0; m->bias != NULL && i < m->n; i++)
            for (size_t r = row0; r < row0 + n_rows; r++)
                m->y[i * m->n_out + r] += m->bias[r];
    }
}

bool ops_matmul(const struct compute *c, struct arena *scratch, const struct tensor *w,
                const float *bias, const float *x, size_t n, float *y, struct error *err)
{
    struct arena_mark mark = arena_mark(scratch);
    struct matmul m = { c, w, bias, x, y, NULL, n, w->dim[0], w->dim[1] };

    m.tiles = arena_alloc(scratch, pool_n_threads(c->pool) * TILE_ROWS * m.n_in, sizeof *m.tiles, err);
    if (m.tiles == NULL)
        return false;
    pool_run(c->pool, (m.n_out + TILE_ROWS - 1) / TILE_ROWS, 1, multiply_tiles, &m);
    arena_rewind(scratch, mark);
    return true;
}
