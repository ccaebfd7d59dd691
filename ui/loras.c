#include "ui/loras.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void loras_init(struct loras *l, const struct options *o)
{
    *l = (struct loras){ calloc(o->loras.n + 1, sizeof *l->names), calloc(o->loras.n + 1, sizeof *l->scales), o->loras.n };
    if (l->names == NULL || l->scales == NULL)
        abort();
    for (size_t i = 0; i < l->n; i++) {
        char *path = strndup(o->loras.texts[i], lora_file(o->loras.texts[i], &l->scales[i]));
        if (path == NULL)
            abort();
        const char *slash = strrchr(path, '/');
        l->names[i] = text_copy(slash != NULL ? slash + 1 : path);
        free(path);
    }
}

void loras_done(struct loras *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->names[i]);
    free(l->names);
    free(l->scales);
    *l = (struct loras){ 0 };
}

/* By its number from 1, or its name; l->n: none. */
static size_t find(const struct loras *l, const char *name)
{
    char *end;
    unsigned long number = strtoul(name, &end, 10);

    if (*end == '\0' && number >= 1 && number <= l->n)
        return number - 1;
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->names[i], name) == 0)
            return i;
    return l->n;
}

static void list(const struct loras *l, struct buffer *said)
{
    buffer_print(said, l->n == 0 ? "no adapter was given: mynah --lora FILE" : "adapters; /lora NAME SCALE changes one, 0 is off:");
    for (size_t i = 0; i < l->n; i++)
        buffer_print(said, "\n%zu  %s  scale %g", i + 1, l->names[i], (double)l->scales[i]);
}

bool loras_command(struct loras *l, struct engine *e, const char *argument, struct buffer *said)
{
    size_t n = strlen(argument);

    while (n > 0 && argument[n - 1] == ' ')
        n--;
    if (n == 0 || l->n == 0) {
        list(l, said);
        return true;
    }
    size_t at = n;                              /* a name may have blanks: the scale is the last word */
    while (at > 0 && argument[at - 1] != ' ')
        at--;
    char *text = strndup(argument, n), *end = NULL;
    if (text == NULL)
        abort();
    float scale = strtof(text + at, &end);
    bool good = at > 1 && end != text + at && *end == '\0' && isfinite(scale);
    text[at > 0 ? at - 1 : 0] = '\0';
    size_t i = good ? find(l, text) : l->n;
    if (!good)
        buffer_print(said, "/lora takes an adapter and a scale, such as %s 0.5", l->names[0]);
    else if (i == l->n)
        buffer_print(said, "'%s' is no adapter that was given; /lora lists them", text);
    free(text);
    if (i == l->n)
        return false;
    l->scales[i] = scale;
    e->scale_lora(e->self, i, scale);
    buffer_print(said, "%s has scale %g from the next question on", l->names[i], (double)scale);
    return true;
}
