/* quantize_mix.h - which type each tensor of a quantised model gets.
 *
 * A mix is the name of a file's kind, such as Q4_K_M: most matrices have one type, some
 * that matter more get another, and norms, biases and other vectors stay as they are.
 * The mixes are those that files on the hub have (llama.cpp, without importance matrix). */
#ifndef TENSOR_QUANTIZE_MIX_H
#define TENSOR_QUANTIZE_MIX_H

#include "tensor/gguf.h"

#include <stdbool.h>
#include <stdint.h>

struct quantize_mix;

#define QUANTIZE_MIXES "F32 F16 BF16 Q8_0 Q6_K Q5_K_M Q5_K_S Q5_1 Q5_0 Q4_K_M Q4_K_S Q4_1 Q4_0 Q3_K_L Q3_K_M Q3_K_S Q2_K"

/* By a name of QUANTIZE_MIXES in any case, or Q3_K, Q4_K and Q5_K for the _M one; NULL: there is none. */
const struct quantize_mix *quantize_mix_find(const char *name);
const char *quantize_mix_name(const struct quantize_mix *m);
uint32_t quantize_mix_file_type(const struct quantize_mix *m);      /* general.file_type */

/* What of a model the choice depends on. */
struct quantize_model {
    size_t n_layer;
    bool tied;                      /* the embedding is the head, too */
    bool shares_heads;              /* four or more heads to a key and value */
};
struct quantize_model quantize_model_of(const struct gguf *g);

/* A row that is not whole blocks of 256 gets a type of 32, and failing that F16. */
enum tensor_type quantize_mix_type(const struct quantize_mix *m, const struct quantize_model *model, const struct tensor *t);

#endif
