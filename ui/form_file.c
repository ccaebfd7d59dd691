#include "ui/form_file.h"

#include "base/file.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FORM_BYTES_MOST = 1 << 20 };

static bool read_bias(const char *text, struct session_bias *bias, struct error *err)
{
    char *equals, *end;

    errno = 0;
    long id = strtol(text, &equals, 10);
    bool good = equals != text && *equals == '=' && errno == 0 && id >= 0 && id <= INT32_MAX;
    float value = good ? strtof(equals + 1, &end) : 0.0f;
    if (!good || end == equals + 1 || *end != '\0' || isnan(value) || value == INFINITY)
        return error_set(err, ERROR_USAGE, "--logit-bias takes ID=X, the number of a token and what to add to its logit (-inf: never), "
                         "not '%s'", text);
    *bias = (struct session_bias){ (int32_t)id, value };
    return true;
}

static bool read_biases(struct form_file *f, const struct options *o, struct error *err)
{
    f->biases = calloc(o->biases.n + 1, sizeof *f->biases);
    if (f->biases == NULL)
        return error_set(err, ERROR_INFERENCE, "no memory for the biases");
    for (size_t i = 0; i < o->biases.n; i++)
        if (!read_bias(o->biases.texts[i], &f->biases[i], err))
            return false;
    return true;
}

/* NULL: it cannot be read, or is no text. */
static char *read_text(const char *path, struct error *err)
{
    size_t n;
    char *text = (char *)file_read(path, FORM_BYTES_MOST, &n, err);

    if (text == NULL || strlen(text) == n)
        return text;
    free(text);
    error_set(err, ERROR_INPUT, "%s: holds a NUL byte, and should be text", path);
    return NULL;
}

static bool read_files(struct form_file *f, const struct options *o, struct session_params *p, struct error *err)
{
    const char *path = o->grammar != NULL ? o->grammar : o->json_schema;

    if (o->grammar != NULL && o->json_schema != NULL)
        return error_set(err, ERROR_USAGE, "--grammar and --json-schema both say what the answer keeps to: give one of them");
    if ((path != NULL && (f->text = read_text(path, err)) == NULL) ||
        (o->tools != NULL && (f->tools = read_text(o->tools, err)) == NULL))
        return false;
    p->grammar = f->text;
    p->grammar_name = path;
    p->grammar_is_schema = o->json_schema != NULL;
    p->tools = f->tools;
    p->tools_name = o->tools;
    return true;
}

bool form_file_read(struct form_file *f, const struct options *o, struct session_params *p, struct error *err)
{
    p->stops = o->stops.texts;
    p->n_stops = o->stops.n;
    p->dry_breakers = o->dry_breakers.texts;
    p->n_dry_breakers = o->dry_breakers.n;
    if (!read_biases(f, o, err) || !read_files(f, o, p, err))
        return false;
    p->biases = f->biases;
    p->n_biases = o->biases.n;
    return true;
}

void form_file_done(struct form_file *f)
{
    free(f->text);
    free(f->tools);
    free(f->biases);
    *f = (struct form_file){ 0 };
}
