#include "text/transformer.h"

#include "tensor/kernels.h"
#include "tensor/ops.h"

/* The rotation by n positions back, as one row of rotation_turns: keys keep the magnitude that they have. */
static void turns_back(const struct rotation *r, const struct compute *c, size_t n_ctx, size_t n, float *turns)
{
    size_t half = r->n_rot / 2;

    rotation_turns(r, c, n_ctx, 1, n, turns);
    for (size_t i = 0; i < half; i++) {
        turns[i] /= r->magnitude;
        turns[half + i] /= -r->magnitude;
    }
}

/* A head's keys, a buffer at a time: to ops_rope they are heads of one position. */
static void turn_rows(const struct transformer *t, const struct compute *c, uint16_t *k, size_t n_rows,
                      const float *turns, float *buffer, size_t n_buffer)
{
    for (size_t n; n_rows > 0; n_rows -= n, k += n * t->head_dim) {
        n = n_rows < n_buffer ? n_rows : n_buffer;
        c->kernels->dequantize[TENSOR_F16](k, buffer, n * t->head_dim);
        ops_rope(c, buffer, 1, n, t->head_dim, t->n_rot, turns, t->rope_interleaved);
        c->kernels->f32_to_f16(buffer, k, n * t->head_dim);
    }
}

void transformer_turn_back(const struct transformer *t, const struct compute *c, const struct kv_cache *kv,
                           const struct transformer_work *w, size_t from, size_t n)
{
    for (unsigned i = 0; i < t->n_rotations; i++)
        turns_back(&t->rotations[i], c, kv->n_ctx, n, w->turns[i]);
    for (size_t l = 0; l < t->n_layer; l++)
        for (size_t h = 0; h < t->n_head_kv; h++)
            turn_rows(t, c, (uint16_t *)(void *)((char *)kv->k + kv_cache_place(kv, l, h, from)), kv->used - from,
                      w->turns[t->layers[l].i_rotation], w->x, w->n * t->n_embd / t->head_dim);
}
