/* architecture.h - what tells one architecture from another: a list of the tensors of a
 * layer, and a few settings.
 *
 * All are the same stack of layers (transformer.h); a part whose tensors are not there is
 * left out.  How to add one: docs/architectures.md. */
#ifndef TEXT_ARCHITECTURE_H
#define TEXT_ARCHITECTURE_H

#include "base/error.h"
#include "tensor/gguf.h"

#include <stdbool.h>
#include <stddef.h>

/* Sizes of a tensor's sides; ONE as the second: a vector. */
enum weight_side {
    SIDE_ONE, SIDE_EMBD, SIDE_HEAD, SIDE_Q, SIDE_KV, SIDE_QKV, SIDE_FF, SIDE_GATE_UP, N_WEIGHT_SIDES
};

struct architecture_weight {
    const char *name;               /* after "blk.%u." */
    size_t field;                   /* in struct transformer_layer */
    enum weight_side in, out;
    bool optional;
};

/* Which layers see no more than attention.sliding_window positions. */
enum architecture_window { WINDOW_NONE, WINDOW_ALL, WINDOW_PATTERN };

struct architecture {
    const char *name;               /* general.architecture */
    const struct architecture_weight *weights;      /* of a layer; the last has no name */
    bool rope_interleaved;          /* rotary pairs (2i, 2i+1) instead of (i, i + n_rot/2) */
    bool gelu;                      /* the gate's function, instead of silu */
    bool scaled_embedding;          /* tokens' rows times sqrt(n_embd) */
    bool axes;                      /* positions have axes (places.h) */
    enum architecture_window window;
    size_t window_pattern;          /* WINDOW_PATTERN: each of this many layers sees all; the file may say another */
    float rope_theta_local;         /* ... and the others turn by this one; the file may say another */
};

/* The one that the file names; NULL and an error that lists all. */
const struct architecture *architecture_find(const struct gguf *g, struct error *err);

#endif
