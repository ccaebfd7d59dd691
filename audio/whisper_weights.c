#include "audio/whisper_weights.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "tensor/kernels.h"
#include "tensor/pool.h"
#include "tensor/quant.h"

#define BLOCK_BYTES 65536           /* of the file, about, quantised at a time: they stay in the cache */

static bool read_at(int fd, void *out, size_t n, size_t offset)
{
    char *at = out;

    while (n > 0) {
        ssize_t got = pread(fd, at, n, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        at += got;
        offset += (size_t)got;
        n -= (size_t)got;
    }
    return true;
}

struct quantising {
    const struct whisper_source *s;
    const struct tensor *t;         /* as in the file */
    size_t offset, n_in, row_bytes, chunk;          /* chunk: rows at a time */
    struct block_q8_0 *out;         /* [n_out][n_in / 32] */
    unsigned char *work;            /* [n_threads][work_bytes] */
    size_t work_bytes;
    atomic_bool failed;
};

static void quantise_row(const struct quantising *j, const void *row, float *x, struct block_q8_0 *out)
{
    const struct kernels *k = j->s->c->kernels;
    size_t n_blocks = j->n_in / QUANT_BLOCK;
    float *scale = x + j->n_in, *sum = scale + n_blocks;
    int8_t *q = (int8_t *)(sum + n_blocks);
    uint16_t *half = (uint16_t *)(void *)sum;       /* the sums are of no use here */

    k->dequantize[j->t->type](row, x, j->n_in);
    k->quantize(x, j->n_in, 0, q, scale, sum);
    k->f32_to_f16(scale, half, n_blocks);
    for (size_t b = 0; b < n_blocks; b++) {
        out[b].d = half[b];
        memcpy(out[b].q, q + b * QUANT_BLOCK, QUANT_BLOCK);
    }
}

static void quantise_rows(void *user, size_t first, size_t last, size_t i_thread)
{
    struct quantising *j = user;
    unsigned char *rows = j->work + i_thread * j->work_bytes;
    float *x = (float *)(void *)(rows + (j->chunk * j->row_bytes + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN);

    if (!read_at(j->s->fd, rows, (last - first) * j->row_bytes, j->offset + first * j->row_bytes)) {
        atomic_store(&j->failed, true);
        return;
    }
    for (size_t i = first; i < last; i++)
        quantise_row(j, rows + (i - first) * j->row_bytes, x, j->out + i * (j->n_in / QUANT_BLOCK));
}

static bool quantise(const struct whisper_source *s, struct tensor *t, size_t offset, bool *failed, struct error *err)
{
    size_t n_in = t->dim[0], n_out = t->dim[1], n_blocks = n_in / QUANT_BLOCK, n_threads = pool_n_threads(s->c->pool);
    struct quantising j = { .s = s, .t = t, .offset = offset, .n_in = n_in, .row_bytes = t->n_bytes / n_out };

    j.chunk = BLOCK_BYTES / j.row_bytes + 1;
    j.work_bytes = (j.chunk * j.row_bytes + 2 * ARENA_ALIGN + (n_in + 2 * n_blocks) * sizeof(float) + n_in) /
                   ARENA_ALIGN * ARENA_ALIGN;
    j.out = arena_alloc(s->arena, n_out * n_blocks, sizeof *j.out, err);
    struct arena_mark mark = arena_mark(s->arena);
    j.work = j.out == NULL ? NULL : arena_alloc(s->arena, n_threads, j.work_bytes, err);
    if (j.work == NULL)
        return false;
    pool_run(s->c->pool, n_out, j.chunk, quantise_rows, &j);
    arena_rewind(s->arena, mark);
    *failed = atomic_load(&j.failed);
    t->type = TENSOR_Q8_0;
    t->n_bytes = n_out * n_blocks * sizeof *j.out;
    t->data = j.out;
    return true;
}

bool whisper_weights_read(const struct whisper_source *s, struct tensor *t, size_t offset, bool matrix, struct error *err)
{
    bool plain = tensor_type_block_elements(t->type) == 1, failed = false;
    bool has_tile = s->c->kernels->pack_tile[TENSOR_Q8_0] != NULL && t->dim[0] % QUANT_BLOCK == 0;

    if (matrix && plain && has_tile) {
        if (!quantise(s, t, offset, &failed, err))
            return false;
    } else {
        void *data = arena_alloc(s->arena, t->n_bytes, 1, err);
        if (data == NULL)
            return false;
        failed = !read_at(s->fd, data, t->n_bytes, offset);
        t->data = data;
    }
    return !failed || error_set(err, ERROR_MODEL, "%s: ends early, in tensor %s; pull it again", s->path, t->name);
}
