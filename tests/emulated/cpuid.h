/* cpuid.h - a processor that has everything (tests/emulated). */
#ifndef TESTS_EMULATED_CPUID_H
#define TESTS_EMULATED_CPUID_H

#define bit_F16C (1u << 29)

static inline int __get_cpuid(unsigned leaf, unsigned *a, unsigned *b, unsigned *c, unsigned *d)
{
    (void)leaf;
    *a = *b = *c = *d = 0xffffffff;
    return 1;
}

static inline int __get_cpuid_count(unsigned leaf, unsigned subleaf, unsigned *a, unsigned *b, unsigned *c, unsigned *d)
{
    (void)subleaf;
    return __get_cpuid(leaf, a, b, c, d);
}

#endif
