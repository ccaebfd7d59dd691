/* tables.c - every table of kernels there is, in place of tensor/kernels.c.
 *
 * The variants themselves are the product's files, compiled with this folder's
 * headers before the compiler's: instructions become SIMDe's C, so tests/test_kernels.c
 * checks each variant's logic on any processor. */
#include "tensor/kernels.h"

const struct kernels *const kernels_all[] = {
    &kernels_avx512, &kernels_avxvnni, &kernels_avx2, &kernels_neon_dotprod, &kernels_neon, &kernels_ref, NULL
};
