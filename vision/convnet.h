/* convnet.h - the layers that small convolutional networks are made of.
 *
 *   in [height][width][n_in] -> convolution -> + bias -> activation -> out
 *
 * Activations are f32 with channels contiguous, so a 1x1 convolution is one matrix
 * product and a depthwise one works on vectors of channels.  Padding is TensorFlow's
 * SAME: out = ceil(in / stride), the odd pixel of padding after the picture.
 * Batch norms were folded when the file was made (tools/).  Results do not depend
 * on the number of threads. */
#ifndef VISION_CONVNET_H
#define VISION_CONVNET_H

#include "base/error.h"
#include "tensor/compute.h"
#include "tensor/gguf.h"

#include <stddef.h>
#include <stdint.h>

enum activation {
    ACTIVATION_NONE,
    ACTIVATION_RELU,                /* max(x, 0) */
    ACTIVATION_RELU6,               /* min(max(x, 0), 6) */
    ACTIVATION_HARD_SWISH           /* x relu6(x + 3) / 6   (Howard et al. 2019, arXiv:1905.02244) */
};

struct convnet_map {                /* x: [height][width][n_channel] */
    float *x;
    size_t height, width, n_channel;
};

/* Weights [n_out][n_in] (1x1), [k * k][n] (depthwise), [n_out][k * k * n_in] (any);
 * all f32, checked by convnet_bind. */
struct convnet_layer { const struct tensor *weight, *bias; };

/* Inverted residual: expand -> depthwise -> (squeeze, excite) -> project (+ input),
 * the last when stride and channels allow (Sandler et al. 2018, arXiv:1801.04381). */
struct convnet_block {
    struct convnet_layer expand, depthwise, squeeze, excite, project;   /* weight NULL: none */
    size_t kernel, stride;
    enum activation activation;
};

/* Finds NAME.weight [n_rows][n_columns] and NAME.bias [n_bias], both F32.
 * ERROR_MODEL names what is wrong. */
bool convnet_bind(const struct gguf *g, const char *name, size_t n_columns, size_t n_rows, size_t n_bias,
                  struct convnet_layer *layer, struct error *err);

/* Output size along one side, and the pixels of padding before the first. */
size_t convnet_same(size_t n, size_t kernel, size_t stride, size_t *before);

/* Each writes to `to` (large enough, not the input) and returns its shape there. */
struct convnet_map convnet_pointwise(const struct compute *c, const struct convnet_layer *layer, enum activation activation,
                                     struct convnet_map in, float *to);
struct convnet_map convnet_depthwise(const struct compute *c, const struct convnet_layer *layer, size_t kernel, size_t stride,
                                     enum activation activation, struct convnet_map in, float *to);
/* Any convolution, by im2col; columns: [out height * out width][kernel^2 * n_in]. */
struct convnet_map convnet_full(const struct compute *c, const struct convnet_layer *layer, size_t kernel, size_t stride,
                                enum activation activation, struct convnet_map in, float *columns, float *to);

/* x *= relu6(excite relu(squeeze mean(x)) + 3) * 0.16667, as the graph has it
 * (Hu et al. 2018, arXiv:1709.01507).  work: 2 * n_channel + n_squeeze. */
void convnet_squeeze_excite(const struct compute *c, const struct convnet_layer *squeeze,
                            const struct convnet_layer *excite, struct convnet_map x, float *work);

/* Mean over the positions: out [n_channel]. */
void convnet_mean(struct convnet_map in, float *out);

/* Elements that convnet_block needs in `expanded` and `filtered` for this input. */
size_t convnet_block_elements(const struct convnet_block *block, size_t height, size_t width);
/* Afterwards `expanded` holds the output of the block's expansion, if it has one. */
struct convnet_map convnet_block(const struct compute *c, const struct convnet_block *block, struct convnet_map in,
                                 float *expanded, float *filtered, float *to);

/* (pixel - centre) / scale, for u8 RGB. */
struct convnet_map convnet_pixels(const uint8_t *rgb, size_t height, size_t width, float centre, float scale, float *to);

#endif
