/* tensor_type.c - the numbers, names and block sizes of GGUF's tensor types.
 *
 * Source: ggml docs/gguf.md (enum ggml_type) and the block layouts in docs/quant.md.
 * A type without a size is known by name only, so that a refusal can name it. */
#include "tensor/gguf.h"

struct type_info {
    const char *name;
    size_t n_elements, n_bytes;     /* of one block */
};

static const struct type_info type_infos[] = {
    [TENSOR_F32]  = { "F32", 1, 4 },      [TENSOR_F16]  = { "F16", 1, 2 },
    [TENSOR_Q4_0] = { "Q4_0", 32, 18 },   [TENSOR_Q4_1] = { "Q4_1", 32, 20 },
    [TENSOR_Q5_0] = { "Q5_0", 32, 22 },   [TENSOR_Q5_1] = { "Q5_1", 32, 24 },
    [TENSOR_Q8_0] = { "Q8_0", 32, 34 },   [9] = { "Q8_1", 0, 0 },
    [TENSOR_Q2_K] = { "Q2_K", 256, 84 },  [TENSOR_Q3_K] = { "Q3_K", 256, 110 },
    [TENSOR_Q4_K] = { "Q4_K", 256, 144 }, [TENSOR_Q5_K] = { "Q5_K", 256, 176 },
    [TENSOR_Q6_K] = { "Q6_K", 256, 210 }, [15] = { "Q8_K", 0, 0 },
    [16] = { "IQ2_XXS", 0, 0 }, [17] = { "IQ2_XS", 0, 0 }, [18] = { "IQ3_XXS", 0, 0 },
    [19] = { "IQ1_S", 0, 0 },   [TENSOR_IQ4_NL] = { "IQ4_NL", 32, 18 }, [21] = { "IQ3_S", 0, 0 },
    [22] = { "IQ2_S", 0, 0 },   [TENSOR_IQ4_XS] = { "IQ4_XS", 256, 136 }, [24] = { "I8", 0, 0 },
    [25] = { "I16", 0, 0 },     [26] = { "I32", 0, 0 },    [27] = { "I64", 0, 0 },
    [28] = { "F64", 0, 0 },     [29] = { "IQ1_M", 0, 0 },
    [TENSOR_BF16] = { "BF16", 1, 2 },
    [34] = { "TQ1_0", 0, 0 },   [35] = { "TQ2_0", 0, 0 },  [39] = { "MXFP4", 0, 0 },
};

static const struct type_info *info(enum tensor_type type)
{
    static const struct type_info unknown = { "unknown", 0, 0 };
    size_t i = (size_t)type;

    if (i >= sizeof type_infos / sizeof *type_infos || type_infos[i].name == NULL)
        return &unknown;
    return &type_infos[i];
}

const char *tensor_type_name(enum tensor_type type)
{
    return info(type)->name;
}

size_t tensor_type_block_elements(enum tensor_type type)
{
    return info(type)->n_elements;
}

size_t tensor_type_block_bytes(enum tensor_type type)
{
    return info(type)->n_bytes;
}
