#include "tensor/blas.h"

#include <cblas.h>

void blas_single_thread(void)
{
    openblas_set_num_threads(1);
}

void blas_sgemm(bool b_transposed, size_t m, size_t n, size_t k, float alpha, const float *a, size_t lda,
                const float *b, size_t ldb, float beta, float *out, size_t ldc)
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, b_transposed ? CblasTrans : CblasNoTrans,
                (blasint)m, (blasint)n, (blasint)k, alpha, a, (blasint)lda, b, (blasint)ldb,
                beta, out, (blasint)ldc);
}
