/* test_convnet.c - each layer against the loops of its definition, with odd sizes,
 * strides, channels that fill no vector, and 1, 2 and 7 threads. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tensor/compute.h"
#include "vision/convnet.h"

static const size_t thread_counts[] = { 1, 2, 7 };
#define N_COUNTS (sizeof thread_counts / sizeof *thread_counts)

static void assert_near(double got, double want, double bound)
{
    if (!(fabs(got - want) <= bound))
        fail_msg("%.9g, expected %.9g", got, want);
}

/* Uniform in -2..2, so that each activation's bends are crossed. */
static float *noise(size_t n, uint32_t seed)
{
    float *x = malloc(n * sizeof *x);

    assert_non_null(x);
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1664525u + 1013904223u;
        x[i] = (float)(seed >> 8) / (float)(1 << 22) - 2.0f;
    }
    return x;
}

struct weights { struct tensor weight, bias; float *w, *b; };

static struct convnet_layer weights_new(struct weights *w, size_t n_columns, size_t n_rows, size_t n_bias, uint32_t seed)
{
    w->w = noise(n_columns * n_rows, seed);
    w->b = noise(n_bias, seed + 1);
    w->weight = (struct tensor){ .type = TENSOR_F32, .n_dims = 2, .dim = { n_columns, n_rows, 1, 1 }, .data = w->w };
    w->bias = (struct tensor){ .type = TENSOR_F32, .n_dims = 1, .dim = { n_bias, 1, 1, 1 }, .data = w->b };
    return (struct convnet_layer){ &w->weight, &w->bias };
}

static void weights_done(struct weights *w)
{
    free(w->w);
    free(w->b);
}

static double activated(double x, enum activation activation)
{
    switch (activation) {
    case ACTIVATION_RELU: return fmax(x, 0.0);
    case ACTIVATION_RELU6: return fmin(fmax(x, 0.0), 6.0);
    case ACTIVATION_HARD_SWISH: return x * fmin(fmax(x + 3.0, 0.0), 6.0) / 6.0;
    default: return x;
    }
}

/* TensorFlow's definition, nn_ops.cc: pad = max((out - 1) stride + k - in, 0), half before. */
static ptrdiff_t padding(size_t n, size_t k, size_t stride)
{
    ptrdiff_t out = ((ptrdiff_t)n + (ptrdiff_t)stride - 1) / (ptrdiff_t)stride;
    ptrdiff_t pad = (out - 1) * (ptrdiff_t)stride + (ptrdiff_t)k - (ptrdiff_t)n;

    return pad > 0 ? pad / 2 : 0;
}

/* One output before activation, in double, and the sum of its terms' sizes.
 * groups: depthwise when `channel` is given (weights [k * k][n]), else [n_out][k * k * n_in]. */
static double term_sum(struct convnet_map in, const struct weights *w, size_t k, size_t stride, size_t y, size_t x,
                       size_t o, bool depthwise, double *size)
{
    double sum = (double)w->b[o];
    size_t n = in.n_channel;

    *size = fabs(sum);
    for (size_t ky = 0; ky < k; ky++)
        for (size_t kx = 0; kx < k; kx++) {
            ptrdiff_t iy = (ptrdiff_t)(y * stride + ky) - padding(in.height, k, stride);
            ptrdiff_t ix = (ptrdiff_t)(x * stride + kx) - padding(in.width, k, stride);

            if (iy < 0 || ix < 0 || iy >= (ptrdiff_t)in.height || ix >= (ptrdiff_t)in.width)
                continue;
            for (size_t i = depthwise ? o : 0; i < (depthwise ? o + 1 : n); i++) {
                double v = (double)in.x[((size_t)iy * in.width + (size_t)ix) * n + i];
                double f = (double)(depthwise ? w->w[(ky * k + kx) * n + i] : w->w[(o * k * k + ky * k + kx) * n + i]);

                sum += v * f;
                *size += fabs(v * f);
            }
        }
    return sum;
}

/* n terms in f32, in whatever order, are off by at most (n + 16) eps times the sum of their
 * sizes (Higham 2002, ch. 4); no activation's slope is over 1.5. */
static void check_map(struct convnet_map got, struct convnet_map in, const struct weights *w, size_t k, size_t stride,
                      enum activation activation, bool depthwise)
{
    assert_int_equal(got.height, (in.height + stride - 1) / stride);
    assert_int_equal(got.width, (in.width + stride - 1) / stride);
    for (size_t y = 0; y < got.height; y++)
        for (size_t x = 0; x < got.width; x++)
            for (size_t o = 0; o < got.n_channel; o++) {
                double size, sum = term_sum(in, w, k, stride, y, x, o, depthwise, &size);
                double bound = 1.5 * (double)(k * k * (depthwise ? 1 : in.n_channel) + 16) * (double)FLT_EPSILON * (size + 1.0);
                double value = (double)got.x[(y * got.width + x) * got.n_channel + o];

                if (fabs(value - activated(sum, activation)) > bound)
                    fail_msg("%zu x %zu x %zu, kernel %zu, stride %zu: [%zu][%zu][%zu] is %g, expected %g", in.height, in.width,
                             in.n_channel, k, stride, y, x, o, value, activated(sum, activation));
            }
}

struct shape { size_t height, width, n; };
static const struct shape shapes[] = { { 1, 1, 1 }, { 1, 7, 3 }, { 5, 4, 17 }, { 8, 8, 16 }, { 9, 6, 40 }, { 13, 2, 21 }, { 2, 3, 67 }, { 3, 23, 13 } };
#define N_SHAPES (sizeof shapes / sizeof *shapes)

static void test_depthwise(void **state)
{
    (void)state;
    for (size_t s = 0; s < N_SHAPES; s++)
        for (size_t k = 3; k <= 5; k += 2)
            for (size_t stride = 1; stride <= 2; stride++)
                for (enum activation a = ACTIVATION_NONE; a <= ACTIVATION_HARD_SWISH; a++) {
                    size_t elements = shapes[s].height * shapes[s].width * shapes[s].n;
                    struct convnet_map in = { noise(elements, 7), shapes[s].height, shapes[s].width, shapes[s].n }, out = { 0 };
                    float *to = malloc(elements * sizeof *to), *first = malloc(elements * sizeof *first);
                    struct weights w;
                    struct convnet_layer layer = weights_new(&w, in.n_channel, k * k, in.n_channel, (uint32_t)(s + k));

                    for (size_t i = 0; i < N_COUNTS; i++) {
                        struct compute c;

                        assert_true(compute_init(&c, thread_counts[i], NULL, NULL));
                        out = convnet_depthwise(&c, &layer, k, stride, a, in, i == 0 ? first : to);
                        compute_done(&c);
                        if (i > 0)
                            assert_memory_equal(to, first, out.height * out.width * out.n_channel * sizeof *to);
                    }
                    check_map(out, in, &w, k, stride, a, true);
                    weights_done(&w);
                    free(in.x);
                    free(to);
                    free(first);
                }
}

static void test_full(void **state)
{
    (void)state;
    for (size_t s = 0; s < N_SHAPES; s++)
        for (size_t k = 1; k <= 5; k += 2)
            for (size_t stride = 1; stride <= 2; stride++) {
                size_t positions = shapes[s].height * shapes[s].width, n = shapes[s].n, n_out = 19;
                struct convnet_map in = { noise(positions * n, 3), shapes[s].height, shapes[s].width, n }, out = { 0 };
                float *to = malloc(positions * n_out * sizeof *to), *first = malloc(positions * n_out * sizeof *first);
                float *columns = malloc(positions * k * k * n * sizeof *columns);
                struct weights w;
                struct convnet_layer layer = weights_new(&w, k * k * n, n_out, n_out, (uint32_t)(s + k));

                for (size_t i = 0; i < N_COUNTS; i++) {
                    struct compute c;

                    assert_true(compute_init(&c, thread_counts[i], NULL, NULL));
                    out = convnet_full(&c, &layer, k, stride, ACTIVATION_RELU6, in, columns, i == 0 ? first : to);
                    compute_done(&c);
                    if (i > 0)
                        assert_memory_equal(to, first, out.height * out.width * n_out * sizeof *to);
                }
                check_map(out, in, &w, k, stride, ACTIVATION_RELU6, false);
                weights_done(&w);
                free(in.x);
                free(to);
                free(first);
                free(columns);
            }
}

static void test_squeeze_excite(void **state)
{
    size_t n = 21, n_squeeze = 6, positions = 5 * 3;
    struct convnet_map x = { noise(positions * n, 11), 5, 3, n };
    float *before = noise(positions * n, 11), *work = malloc((2 * n + n_squeeze) * sizeof *work);
    struct weights w1, w2;
    struct convnet_layer squeeze = weights_new(&w1, n, n_squeeze, n_squeeze, 1), excite = weights_new(&w2, n_squeeze, n, n, 2);
    double mean[21], squeezed[6];
    struct compute c;
    (void)state;

    assert_true(compute_init(&c, 2, NULL, NULL));
    convnet_squeeze_excite(&c, &squeeze, &excite, x, work);
    compute_done(&c);
    for (size_t i = 0; i < n; i++) {
        mean[i] = 0.0;
        for (size_t p = 0; p < positions; p++)
            mean[i] += (double)before[p * n + i] / (double)positions;
    }
    for (size_t o = 0; o < n_squeeze; o++) {
        squeezed[o] = (double)w1.b[o];
        for (size_t i = 0; i < n; i++)
            squeezed[o] += (double)w1.w[o * n + i] * mean[i];
        squeezed[o] = fmax(squeezed[o], 0.0);
    }
    for (size_t i = 0; i < n; i++) {
        double gate = (double)w2.b[i];

        for (size_t o = 0; o < n_squeeze; o++)
            gate += (double)w2.w[i * n_squeeze + o] * squeezed[o];
        gate = fmin(fmax(gate + 3.0, 0.0), 6.0) * 0.16667;
        for (size_t p = 0; p < positions; p++)          /* values up to 2; some 50 roundings of sums below 200 */
            assert_near((double)x.x[p * n + i], (double)before[p * n + i] * gate, 2.0 * 50 * 200 * (double)FLT_EPSILON);
    }
    weights_done(&w1);
    weights_done(&w2);
    free(x.x);
    free(before);
    free(work);
}

/* A whole block equals its layers one after the other, with the input added only where
 * stride and channels allow. */
static void test_block(void **state)
{
    size_t height = 7, width = 6, n_in = 18, n = 40;
    (void)state;

    for (size_t stride = 1; stride <= 2; stride++)
        for (size_t n_out = n_in; n_out <= n_in + 1; n_out++) {
            struct weights w[3];
            struct convnet_block block = {
                .expand = weights_new(&w[0], n_in, n, n, 1), .depthwise = weights_new(&w[1], n, 9, n, 2),
                .project = weights_new(&w[2], n, n_out, n_out, 3), .kernel = 3, .stride = stride, .activation = ACTIVATION_RELU6
            };
            struct convnet_map in = { noise(height * width * n_in, 5), height, width, n_in }, x, out;
            size_t elements = convnet_block_elements(&block, height, width);
            float *buffers[6];
            struct compute c;

            for (size_t i = 0; i < 6; i++)
                buffers[i] = malloc(elements * sizeof(float));
            assert_true(compute_init(&c, 2, NULL, NULL));
            out = convnet_block(&c, &block, in, buffers[0], buffers[1], buffers[2]);
            x = convnet_pointwise(&c, &block.expand, ACTIVATION_RELU6, in, buffers[3]);
            assert_memory_equal(x.x, buffers[0], height * width * n * sizeof(float));
            x = convnet_depthwise(&c, &block.depthwise, 3, stride, ACTIVATION_RELU6, x, buffers[4]);
            x = convnet_pointwise(&c, &block.project, ACTIVATION_NONE, x, buffers[5]);
            compute_done(&c);
            assert_int_equal(out.height, x.height);
            assert_int_equal(out.width, x.width);
            assert_int_equal(out.n_channel, n_out);
            for (size_t i = 0; i < out.height * out.width * n_out; i++) {
                float want = x.x[i] + (stride == 1 && n_out == n_in ? in.x[i] : 0.0f);

                assert_memory_equal(&out.x[i], &want, sizeof want);
            }
            for (size_t i = 0; i < 6; i++)
                free(buffers[i]);
            for (size_t i = 0; i < 3; i++)
                weights_done(&w[i]);
            free(in.x);
        }
}

static void test_pixels(void **state)
{
    static const uint8_t rgb[6] = { 0, 127, 255, 128, 1, 254 };
    float x[6];
    struct convnet_map map = convnet_pixels(rgb, 1, 2, 127.0f, 128.0f, x);
    (void)state;

    assert_int_equal(map.n_channel, 3);
    assert_near((double)x[0], -127.0 / 128.0, 0.0);
    assert_near((double)x[1], 0.0, 0.0);
    assert_near((double)x[2], 1.0, 0.0);
    assert_near((double)x[3], 1.0 / 128.0, 0.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_depthwise), cmocka_unit_test(test_full), cmocka_unit_test(test_squeeze_excite),
        cmocka_unit_test(test_block), cmocka_unit_test(test_pixels)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
