/* kernels_avxvnni.c - AVX2's kernels with VNNI's products in 256 bits: Intel's processors
 * since 2021 that have no AVX-512.
 *
 * Only the integer products differ from kernels_avx2.c: vpdpbusd in the encoding of AVX
 * adds four at a time to 32 bits, where maddubs, madd and an addition would. */
#include "tensor/kernels_avx2.h"

#include "tensor/gguf.h"

#define KERNELS_DPBUSD _mm256_dpbusd_avx_epi32
#include "tensor/kernels_attend.h"
#include "tensor/kernels_dot_super.h"
#include "tensor/kernels_tile.h"

#include <cpuid.h>

#define AVX_VNNI (1u << 4)          /* leaf 7, subleaf 1, EAX (Intel SDM 2A, CPUID) */

/* kernels_avx2's test asks the system for the registers, too. */
static bool supported_avxvnni(void)
{
    unsigned int a, b, c, d;

    return kernels_avx2.supported() && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & AVX_VNNI) != 0;
}

const struct kernels kernels_avxvnni = {
    .name = "avxvnni", .supported = supported_avxvnni,
    KERNELS_AVX2_ENTRIES, KERNELS_DOT_ENTRIES, KERNELS_TILE_ENTRIES, KERNELS_ATTEND_ENTRIES
};
