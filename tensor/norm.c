/* norm.c - normalisation of rows, and rotary positions. */
#include "tensor/ops.h"

#include "tensor/kernels.h"
#include "tensor/pool.h"

#include <math.h>

struct norm {
    const struct compute *c;
    const float *x, *weight, *bias;
    size_t n_embd;
    float eps, *y;
};

static void rms_norm_rows(void *user, size_t first, size_t last, size_t i_thread)
{
    const struct norm *m = user;
    (void)i_thread;

    for (size_t row = first; row < last; row++) {
        const float *x = m->x + row * m->n_embd;
        float *y = m->y + row * m->n_embd;
        float mean = m->c->kernels->dot(x, x, m->n_embd) / (float)m->n_embd;
        float scale = 1.0f / sqrtf(mean + m->eps);

        for (size_t i = 0; i < m->n_embd; i++)
            y[i] = x[i] * scale * m->weight[i];
    }
}

void ops_rms_norm(const struct compute *c, const float *x, const float *weight, size_t n,
                  size_t n_embd, float eps, float *y)
{
    struct norm m = { c, x, weight, NULL, n_embd, eps, y };
    pool_run(c->pool, n, 8, rms_norm_rows, &m);
}

/* Mean first, then the squares around it: the one-pass form cancels. */
static void layer_norm_rows(void *user, size_t first, size_t last, size_t i_thread)
{
    const struct norm *m = user;
    (void)i_thread;

    for (size_t row = first; row < last; row++) {
        const float *x = m->x + row * m->n_embd;
        float *y = m->y + row * m->n_embd;
        double sum = 0.0;

        for (size_t i = 0; i < m->n_embd; i++)
            sum += (double)x[i];
        float mean = (float)(sum / (double)m->n_embd);
        for (size_t i = 0; i < m->n_embd; i++)
            y[i] = x[i] - mean;
        float variance = m->c->kernels->dot(y, y, m->n_embd) / (float)m->n_embd;
        float scale = 1.0f / sqrtf(variance + m->eps);
        for (size_t i = 0; i < m->n_embd; i++)
            y[i] = y[i] * scale * m->weight[i] + m->bias[i];
    }
}

void ops_layer_norm(const struct compute *c, const float *x, const float *weight, const float *bias,
                    size_t n, size_t n_embd, float eps, float *y)
{
    struct norm m = { c, x, weight, bias, n_embd, eps, y };
    pool_run(c->pool, n, 8, layer_norm_rows, &m);
}

struct rope {
    float *x, *new_turns;
    const float *turns;
    const double *frequency;
    size_t n_head, head_dim, n_rot, pos0, n_axes;
    const int32_t *places;          /* [n][n_axes], or NULL: from pos0 on */
    const uint8_t *axis;            /* [n_rot / 2] */
    double magnitude;
    bool interleaved;
};

void ops_rope_frequencies(size_t n_rot, double theta, double *frequency)
{
    for (size_t i = 0; i < n_rot / 2; i++)
        frequency[i] = pow(theta, -2.0 * (double)i / (double)n_rot);
}

/* In double, since float loses the angle of the fast pairs at positions in the thousands. */
static void turn_rows(void *user, size_t first, size_t last, size_t i_thread)
{
    const struct rope *r = user;
    size_t half = r->n_rot / 2;
    (void)i_thread;

    for (size_t row = first; row < last; row++)
        for (size_t i = 0; i < half; i++) {
            double at = r->places == NULL ? (double)(r->pos0 + row) : (double)r->places[row * r->n_axes + r->axis[i]];
            double angle = at * r->frequency[i];
            r->new_turns[row * r->n_rot + i] = (float)(cos(angle) * r->magnitude);
            r->new_turns[row * r->n_rot + half + i] = (float)(sin(angle) * r->magnitude);
        }
}

void ops_rope_turns(const struct compute *c, size_t n, size_t n_rot, size_t pos0, const double *frequency,
                    float magnitude, float *turns)
{
    struct rope r = { .new_turns = turns, .frequency = frequency, .n_rot = n_rot, .pos0 = pos0, .magnitude = (double)magnitude };
    pool_run(c->pool, n, 8, turn_rows, &r);
}

void ops_rope_turns_axes(const struct compute *c, size_t n, size_t n_rot, const int32_t *places, size_t n_axes,
                         const uint8_t *axis, const double *frequency, float magnitude, float *turns)
{
    struct rope r = { .new_turns = turns, .frequency = frequency, .n_rot = n_rot, .places = places, .n_axes = n_axes, .axis = axis,
                      .magnitude = (double)magnitude };
    pool_run(c->pool, n, 8, turn_rows, &r);
}

static void rope_rows(void *user, size_t first, size_t last, size_t i_thread)
{
    const struct rope *r = user;
    size_t half = r->n_rot / 2, next = r->interleaved ? 2 : 1, other = r->interleaved ? 1 : half;
    (void)i_thread;

    for (size_t row = first; row < last; row++) {
        const float *cosine = r->turns + row * r->n_rot, *sine = cosine + half;
        float *x = r->x + row * r->n_head * r->head_dim;

        for (size_t h = 0; h < r->n_head; h++, x += r->head_dim)
            for (size_t i = 0; i < half; i++) {
                float a = x[i * next], b = x[i * next + other];
                x[i * next] = a * cosine[i] - b * sine[i];
                x[i * next + other] = a * sine[i] + b * cosine[i];
            }
    }
}

void ops_rope(const struct compute *c, float *x, size_t n, size_t n_head, size_t head_dim, size_t n_rot,
              const float *turns, bool interleaved)
{
    struct rope r = { .x = x, .turns = turns, .n_head = n_head, .head_dim = head_dim, .n_rot = n_rot, .interleaved = interleaved };
    pool_run(c->pool, n, 8, rope_rows, &r);
}
