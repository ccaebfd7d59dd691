/* blas.h - the one door to OpenBLAS: plain f32 products, on the calling thread. */
#ifndef TENSOR_BLAS_H
#define TENSOR_BLAS_H

#include <stdbool.h>
#include <stddef.h>

/* Takes OpenBLAS's own threads away, since our pool's threads call it side by
 * side; process wide, once at start. */
void blas_single_thread(void);

/* out[i][j] = alpha sum_k a[i][k] b[j][k] (b_transposed) or a[i][k] b[k][j], + beta out[i][j];
 * i < m, j < n, k < k; lda, ldb, ldc: elements from a row to the next. */
void blas_sgemm(bool b_transposed, size_t m, size_t n, size_t k, float alpha, const float *a, size_t lda,
                const float *b, size_t ldb, float beta, float *out, size_t ldc);

#endif
