/* projector.h - what the frozen networks saw, as rows of a text model's embedding space.
 *
 *   grid [n_position][n_grid]  -> grid, + position_embd   \
 *   boxes [<= n][n_box], class -> box, + class_embd        > tokens [n_token][d] -> LN
 *   summary [n_summary]        -> clip, summary           /                          |
 *   query [n_rows][d] -> n_layer x (attend to the tokens, to each other, MLP) <------+
 *                     -> LN -> out -> rows [n_rows][n_embd]
 *
 * Learned queries that read a picture's features, as in Perceiver (Jaegle et al. 2021,
 * arXiv:2103.03206) and BLIP-2's Q-Former (Li et al. 2023, arXiv:2301.12597).
 *
 * A GGUF file:
 *   general.architecture "clip", general.type "mmproj", clip.has_vision_encoder true,
 *   clip.projector_type "mynah-eyes", clip.vision.projection_dim n_embd,
 *   clip.vision.attention.head_count n_head (divides d), clip.vision.block_count n_layer,
 *   clip.vision.attention.layer_norm_epsilon eps, mynah-eyes.text_model: general.name of the
 *   text model that it was made for
 *   v.grid [d][n_grid], v.position_embd [n_position][d], v.class_embd [n_class][d],
 *   v.box [d][n_box], v.summary.{mean,scale} [n_summary], v.summary [d][n_summary],
 *   mm.token_norm, mm.query [n_rows][d], mm.out_norm, mm.out [n_embd][d]; of each block i
 *   mm.blk.i.{cross,self}_{norm,q,k,v,out}, .ffn_norm, .ffn_up [n_ff][d], .ffn_down [d][n_ff]
 * Linear layers and norms have a .weight and a .bias; q, k, v and out are [d][d].  Tensors are
 * of any type that gguf.h reads.  Sizes are what the tensors say.
 *
 *   t_i = grid g_i + pos_i; then t_j = class_embd[class_j] + box x_j; last
 *   t = summary clip((s - mean) * scale, -6, 6); T = LN(t; token_norm); h = query
 *   h += cross_out attention(q = cross_q a, k = cross_k T, v = cross_v T), a = LN(h; cross_norm)
 *   h += self_out attention(self_q a, self_k a, self_v a),                 a = LN(h; self_norm)
 *   h += ffn_down GELU(ffn_up a),                                          a = LN(h; ffn_norm)
 *   rows = out LN(h; out_norm)
 * attention is softmax(q k' / sqrt(d / n_head)) v in each head, without masks; GELU is the erf
 * form.  Weights become f32 when the file is opened and activations stay it, so rows are
 * PyTorch's on the dequantised weights.  Opening and closing: vision/vision.h. */
#ifndef VISION_PROJECTOR_H
#define VISION_PROJECTOR_H

#include "base/arena.h"
#include "vision/vision.h"

struct projector_sizes {
    size_t n_position, n_grid;      /* places of the grid, features of each */
    size_t n_class, n_box;          /* classes of a box, numbers of each box */
    size_t n_summary;
    size_t n_rows, n_embd;          /* what comes out */
};
struct projector_sizes projector_sizes(const struct projector *p);

struct projector_input {
    const float *grid;              /* [n_position][n_grid] */
    const size_t *classes;          /* [n_boxes], each below n_class */
    const float *boxes;             /* [n_boxes][n_box] */
    size_t n_boxes;                 /* may be 0 */
    const float *summary;           /* [n_summary] */
};

/* rows [n_rows][n_embd].  ERROR_INFERENCE when there is no memory, ERROR_MODEL when the rows
 * are no finite numbers, ERROR_CANCELLED between blocks.  `scratch` is afterwards as it was;
 * rows do not depend on the number of threads. */
bool projector_run(const struct projector *p, const struct compute *c, struct arena *scratch,
                   const struct projector_input *in, float *rows, struct error *err);

#endif
