#include "audio/conv1d.h"

#include <string.h>

#include "tensor/ops.h"

#define WIDTH 3

bool conv1d(const struct compute *c, struct arena *scratch, const struct tensor *weight, const float *bias, const float *x, size_t n,
            size_t stride, size_t n_out, float *y, struct error *err)
{
    struct arena_mark mark = arena_mark(scratch);
    size_t n_in = weight->dim[0] / WIDTH;
    float *windows = arena_alloc(scratch, n_out * WIDTH * n_in, sizeof *windows, err);

    if (windows == NULL)
        return false;
    for (size_t t = 0; t < n_out; t++)
        for (size_t k = 0; k < WIDTH; k++) {
            float *row = windows + (t * WIDTH + k) * n_in;
            size_t from = t * stride + k;       /* of x, counted from one row before it */
            if (from == 0 || from > n)
                memset(row, 0, n_in * sizeof *row);
            else
                memcpy(row, x + (from - 1) * n_in, n_in * sizeof *row);
        }
    bool ok = ops_matmul(c, scratch, weight, bias, windows, n_out, y, err);
    if (ok)
        ops_gelu(c, y, n_out * weight->dim[1]);
    arena_rewind(scratch, mark);
    return ok;
}

const struct tensor *conv1d_turned(const struct tensor *weight, struct arena *arena, struct error *err)
{
    size_t n_in = weight->dim[1], d = weight->dim[2], n_bytes = weight->type == TENSOR_F32 ? sizeof(float) : sizeof(uint16_t);
    struct tensor *turned = arena_alloc(arena, 1, sizeof *turned, err);
    char *data = turned != NULL ? arena_alloc(arena, WIDTH * n_in * d, n_bytes, err) : NULL;

    if (data == NULL)
        return NULL;
    for (size_t o = 0; o < d; o++)
        for (size_t i = 0; i < n_in; i++)
            for (size_t k = 0; k < WIDTH; k++)
                memcpy(data + ((o * WIDTH + k) * n_in + i) * n_bytes, (const char *)weight->data + ((o * n_in + i) * WIDTH + k) * n_bytes, n_bytes);
    *turned = *weight;
    turned->dim[0] = WIDTH * n_in;
    turned->dim[1] = d;
    turned->dim[2] = turned->dim[3] = 1;
    turned->data = data;
    turned->n_bytes = WIDTH * n_in * d * n_bytes;
    return turned;
}
