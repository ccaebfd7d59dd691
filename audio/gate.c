#include "audio/gate.h"

#include <math.h>

#define ABOVE 3.16f                 /* 10 dB */
#define LEAST 0.002f                /* -54 dB: whatever the room */
#define MOST 0.02f                  /* -34 dB: sound even where it is never still */
#define RISE 1.0023f                /* a frame: 1 dB a second */

float gate_rms(const float *x, size_t n)
{
    float sum = 0.0f;

    for (size_t i = 0; i < n; i++)
        sum += x[i] * x[i];
    return n > 0 ? sqrtf(sum / (float)n) : 0.0f;
}

bool gate_frame(struct gate *g, const float *x)
{
    float rms = gate_rms(x, GATE_FRAME), raised = fmaxf(g->floor, LEAST / ABOVE) * RISE;

    g->floor = rms < raised || g->floor == 0.0f ? rms : raised;
    return rms > fminf(fmaxf(g->floor * ABOVE, LEAST), MOST);
}
