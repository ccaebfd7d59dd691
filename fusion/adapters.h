/* adapters.h - the LoRA adapters of a session: FILE[=SCALE], in the order given. */
#ifndef FUSION_ADAPTERS_H
#define FUSION_ADAPTERS_H

#include "text/text.h"

struct adapters {                   /* starts as { 0 } */
    char **paths;
    float *scales;
    size_t n;
};
bool adapters_init(struct adapters *a, const char *const *texts, size_t n, struct error *err);
void adapters_done(struct adapters *a);
/* Opens all for a model just opened; then, for its context, sets their scales. */
bool adapters_open(const struct adapters *a, struct text_model *m, struct error *err);
void adapters_scale(const struct adapters *a, struct text_context *x);

#endif
