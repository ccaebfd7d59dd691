/* bench_peaks.h - what the machine could do: memory read, products in registers.
 *
 * Both are measured, not looked up: a virtual machine's share of a memory bus is
 * written nowhere.  The best of several runs counts. */
#ifndef TESTS_BENCH_PEAKS_H
#define TESTS_BENCH_PEAKS_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "tensor/bandwidth.h"
#include "tensor/compute.h"
#include "tensor/pool.h"

struct peaks {
    double read;                    /* GB/s, all threads together; more than any cache holds */
    double f32, i8;                 /* GFLOP/s, and the same of integers: 2 a product; all threads; 0: not known */
};

/* ---- memory ---------------------------------------------------------------------- */

enum { PEAK_BYTES = 512 << 20, PEAK_RUNS = 6 };

/* GB/s that the threads of the pool read; 0 when there is no memory to read. */
static inline double peak_read(struct pool *pool)
{
    return bandwidth_read(pool, PEAK_BYTES, PEAK_RUNS) * 1e-9;
}

/* ---- products -------------------------------------------------------------------- */

enum { PEAK_STEPS = 1 << 20, PEAK_SUMS = 10 };      /* sums: more than latency times units need */

/* The empty statement keeps the compiler from taking the instruction out of the loop. */
#define PEAK_STEP(STEP, s) s = STEP(s); __asm__ volatile("" : "+x"(s), "+x"(x))
#define PEAK_LOOP(NAME, TARGET, TYPE, STEP)                                                                 \
    __attribute__((target(TARGET))) static inline void NAME(void)                                           \
    {                                                                                                       \
        TYPE x = { 0 }, w = x, one = x;                                                                     \
        TYPE s0 = x, s1 = x, s2 = x, s3 = x, s4 = x, s5 = x, s6 = x, s7 = x, s8 = x, s9 = x;                \
        __asm__ volatile("" : "+x"(w), "+x"(one));          /* values that it does not know */              \
        for (int step = 0; step < PEAK_STEPS; step++) {                                                     \
            PEAK_STEP(STEP, s0); PEAK_STEP(STEP, s1); PEAK_STEP(STEP, s2); PEAK_STEP(STEP, s3);             \
            PEAK_STEP(STEP, s4); PEAK_STEP(STEP, s5); PEAK_STEP(STEP, s6); PEAK_STEP(STEP, s7);             \
            PEAK_STEP(STEP, s8); PEAK_STEP(STEP, s9);                                                       \
        }                                                                                                   \
    }

struct peak_loop { const char *kernels; void (*f32)(void), (*i8)(void); int f32_lanes, i8_products; };

#if defined(__x86_64__)
#include <immintrin.h>
#define F32_AVX2(s)   _mm256_fmadd_ps(x, w, s)
#define I8_AVX2(s)    _mm256_add_epi32(s, _mm256_madd_epi16(_mm256_maddubs_epi16(x, w), one))
#define F32_AVX512(s) _mm512_fmadd_ps(x, w, s)
#define I8_AVX512(s)  _mm512_dpbusd_epi32(s, x, w)
PEAK_LOOP(peak_f32_avx2, "avx2,fma", __m256, F32_AVX2)
PEAK_LOOP(peak_i8_avx2, "avx2", __m256i, I8_AVX2)
PEAK_LOOP(peak_f32_avx512, "avx512f", __m512, F32_AVX512)
PEAK_LOOP(peak_i8_avx512, "avx512f,avx512vnni", __m512i, I8_AVX512)
static const struct peak_loop peak_loops[] = {
    { "avx512", peak_f32_avx512, peak_i8_avx512, 16, 64 }, { "avx2", peak_f32_avx2, peak_i8_avx2, 8, 32 }, { 0 }
};
#else
static const struct peak_loop peak_loops[] = { { 0 } };
#endif

/* Of one thread; with all at once a processor may clock lower, which is not regarded. */
static inline double peak_products(void (*loop)(void), int n)
{
    double best = 0;

    for (int run = 0; run < PEAK_RUNS; run++) {
        double start = clock_ms();
        loop();
        double speed = 2e-6 * n * PEAK_SUMS * PEAK_STEPS / (clock_ms() - start);
        best = speed > best ? speed : best;
    }
    return best;
}

static inline struct peaks peaks_measure(const struct compute *c)
{
    struct peaks p = { .read = peak_read(c->pool) };
    double n_threads = (double)pool_n_threads(c->pool);

    for (const struct peak_loop *loop = peak_loops; loop->kernels != NULL; loop++)
        if (strncmp(compute_kernels_name(c), loop->kernels, strlen(loop->kernels)) == 0) {
            p.f32 = n_threads * peak_products(loop->f32, loop->f32_lanes);
            p.i8 = n_threads * peak_products(loop->i8, loop->i8_products);
            break;
        }
    return p;
}

#endif
