#include "tensor/kernels.h"

const struct kernels *const kernels_all[] = {
#if defined(__x86_64__)
    &kernels_avx512,
    &kernels_avxvnni,
    &kernels_avx2,
#elif defined(__aarch64__)
    &kernels_neon_dotprod,
    &kernels_neon,
#endif
    &kernels_ref,
    NULL
};
