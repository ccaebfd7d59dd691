/* auxv.h - an ARM processor that has everything (tests/emulated). */
#ifndef TESTS_EMULATED_SYS_AUXV_H
#define TESTS_EMULATED_SYS_AUXV_H

#define AT_HWCAP 16
#define HWCAP_ASIMDDP (1ul << 20)

static inline unsigned long getauxval(unsigned long type)
{
    (void)type;
    return ~0ul;
}

#endif
