/* nmse.h - how far numbers are from those that were expected: sum of squared errors over sum of squares. */
#ifndef TESTS_NMSE_H
#define TESTS_NMSE_H

#include <stddef.h>

static inline double nmse(const float *found, const float *wanted, size_t n)
{
    double error = 0.0, power = 0.0;

    for (size_t i = 0; i < n; i++) {
        double difference = (double)found[i] - (double)wanted[i];
        error += difference * difference;
        power += (double)wanted[i] * (double)wanted[i];
    }
    return error / power;
}

#endif
