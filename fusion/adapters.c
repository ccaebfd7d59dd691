#include "fusion/adapters.h"

#include "fusion/session.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

size_t lora_file(const char *text, float *scale)
{
    const char *equals = strrchr(text, '=');
    char *end;

    *scale = 1.0f;
    if (equals == NULL || equals == text || equals[1] == '\0')
        return strlen(text);
    float number = strtof(equals + 1, &end);
    if (*end != '\0' || !isfinite(number))      /* a name with a '=' in it */
        return strlen(text);
    *scale = number;
    return (size_t)(equals - text);
}

bool adapters_init(struct adapters *a, const char *const *texts, size_t n, struct error *err)
{
    a->paths = calloc(n + 1, sizeof *a->paths);
    a->scales = calloc(n + 1, sizeof *a->scales);
    for (size_t i = 0; a->paths != NULL && a->scales != NULL && i < n; i++) {
        a->paths[i] = strndup(texts[i], lora_file(texts[i], &a->scales[i]));
        if (a->paths[i] == NULL)
            break;
        a->n++;
    }
    return (a->paths != NULL && a->scales != NULL && a->n == n) || error_set(err, ERROR_INFERENCE, "no memory for the adapters");
}

void adapters_done(struct adapters *a)
{
    for (size_t i = 0; i < a->n; i++)
        free(a->paths[i]);
    free(a->paths);
    free(a->scales);
    *a = (struct adapters){ 0 };
}

bool adapters_open(const struct adapters *a, struct text_model *m, struct error *err)
{
    for (size_t i = 0; i < a->n; i++)
        if (!text_model_add_lora(m, a->paths[i], err))
            return false;
    return true;
}

void adapters_scale(const struct adapters *a, struct text_context *x)
{
    for (size_t i = 0; i < a->n; i++)
        text_context_scale_lora(x, i, a->scales[i]);
}
