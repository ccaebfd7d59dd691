/* bench_machine.c - what the machine could do: bench_machine [KERNELS [THREADS]] */
#include "tests/bench_peaks.h"
#include "tests/bench_rows.h"

int main(int argc, char **argv)
{
    struct error err;
    struct compute c, one;

    bench_must(compute_init(&c, argc > 2 ? (size_t)atoi(argv[2]) : 0, argc > 1 && *argv[1] != '\0' ? argv[1] : NULL, &err), &err);
    bench_must(compute_init(&one, 1, "ref", &err), &err);
    struct peaks p = peaks_measure(&c);
    bench_row("machine", "memory read, 1 thread", peak_read(one.pool), "GB/s", "%s", "");
    bench_row("machine", "memory read", p.read, "GB/s", "%zu threads", pool_n_threads(c.pool));
    if (p.i8 > 0) {
        bench_row("machine", "f32 products in registers", p.f32, "GFLOP/s", "%s, all threads", compute_kernels_name(&c));
        bench_row("machine", "i8 products in registers", p.i8, "GFLOP/s", "%s, all threads", compute_kernels_name(&c));
    }
    compute_done(&one);
    compute_done(&c);
    return 0;
}
