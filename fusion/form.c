#include "fusion/form.h"

#include "text/grammar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

enum { SCHEMA_BYTES_MOST = 4096 };  /* to be told: about 1200 tokens */

static const char *const own_breakers[] = { "\n", ":", "\"", "*" };     /* DRY's author's */

static char **copy_texts(const char *const *texts, size_t n)
{
    char **copy = calloc(n + 1, sizeof *copy);

    for (size_t i = 0; copy != NULL && i < n; i++)
        if ((copy[i] = strdup(texts[i])) == NULL) {
            for (size_t k = 0; k < i; k++)
                free(copy[k]);
            free(copy);
            return NULL;
        }
    return copy;
}

static void free_texts(char **texts, size_t n)
{
    for (size_t i = 0; texts != NULL && i < n; i++)
        free(texts[i]);
    free(texts);
}

static bool copy_all(struct form *f, const struct session_params *params)
{
    bool own = params->n_dry_breakers == 0;
    size_t n_breakers = own ? sizeof own_breakers / sizeof *own_breakers : params->n_dry_breakers;

    f->stops = copy_texts(params->stops, params->n_stops);
    f->n_stops = params->n_stops;
    f->breakers = copy_texts(own ? own_breakers : params->dry_breakers, n_breakers);
    f->n_breakers = n_breakers;
    f->biases = calloc(params->n_biases + 1, sizeof *f->biases);
    if (f->stops == NULL || f->breakers == NULL || f->biases == NULL)
        return false;
    for (size_t i = 0; i < params->n_biases; i++)
        f->biases[i] = (struct sampler_bias){ params->biases[i].token, params->biases[i].bias };
    f->n_biases = params->n_biases;
    return true;
}

/* A list of objects, or one of them by itself. */
static bool keep_tools(struct form *f, const struct session_params *params, struct error *err)
{
    const char *end = NULL;
    cJSON *tools = cJSON_ParseWithOpts(params->tools, &end, true);
    bool good = cJSON_IsObject(tools) || (cJSON_IsArray(tools) && cJSON_GetArraySize(tools) > 0);

    for (const cJSON *tool = cJSON_IsArray(tools) ? tools->child : NULL; tool != NULL; tool = tool->next)
        good = good && cJSON_IsObject(tool);
    if (good && asprintf(&f->tools, cJSON_IsObject(tools) ? "[%s]" : "%s", params->tools) < 0)
        f->tools = NULL;
    cJSON_Delete(tools);
    if (!good)
        return error_set(err, ERROR_INPUT, "%s: not a JSON list of functions, such as [{\"type\": \"function\", \"function\": "
                         "{\"name\": ..., \"description\": ..., \"parameters\": {...}}}]", params->tools_name);
    return f->tools != NULL || error_set(err, ERROR_INFERENCE, "no memory for the session");
}

/* A grammar makes any answer keep to the schema; one that knows names and descriptions beforehand is better
 * (docs/models.md). */
static bool keep_schema(struct form *f, const struct session_params *params, struct error *err)
{
    cJSON *schema = cJSON_Parse(params->grammar);
    char *line = schema != NULL ? cJSON_PrintUnformatted(schema) : NULL;
    bool good = line != NULL;

    if (good && strlen(line) <= SCHEMA_BYTES_MOST)
        good = (f->schema = strdup(line)) != NULL;
    cJSON_free(line);
    cJSON_Delete(schema);
    return good || error_set(err, ERROR_INFERENCE, "%s: no memory for the schema", params->grammar_name);
}

const char *form_system(struct form *f, const char *system)
{
    if (f->schema == NULL)
        return system;
    free(f->system);
    if (asprintf(&f->system, "%s%sAnswer in JSON that keeps to this schema: %s", system != NULL ? system : "",
                 system != NULL ? "\n" : "", f->schema) < 0)
        f->system = NULL;
    return f->system != NULL ? f->system : system;
}

bool form_init(struct form *f, const struct session_params *params, struct error *err)
{
    if (!copy_all(f, params))
        return error_set(err, ERROR_INFERENCE, "no memory for the session");
    if (params->tools != NULL && !keep_tools(f, params, err))
        return false;
    if (params->grammar == NULL)
        return true;
    f->grammar = (params->grammar_is_schema ? grammar_of_schema : grammar_parse)(params->grammar_name, params->grammar,
                                                                                 strlen(params->grammar), err);
    return f->grammar != NULL && (!params->grammar_is_schema || keep_schema(f, params, err));
}

void form_new_model(struct form *f)
{
    constraint_free(f->constraint);
    free(f->breaker_ids);
    f->constraint = NULL;
    f->breaker_ids = NULL;
}

void form_done(struct form *f)
{
    form_new_model(f);
    free(f->tools);
    free(f->schema);
    free(f->system);
    grammar_free(f->grammar);
    free_texts(f->stops, f->n_stops);
    free_texts(f->breakers, f->n_breakers);
    free(f->biases);
    *f = (struct form){ 0 };
}

static bool has_breaker(const struct form *f, const char *bytes, size_t n)
{
    for (size_t i = 0; i < f->n_breakers; i++)
        if (memmem(bytes, n, f->breakers[i], strlen(f->breakers[i])) != NULL)
            return true;
    return false;
}

static bool find_breakers(struct form *f, const struct text_model *m, struct error *err)
{
    size_t n_vocab = text_model_info(m)->n_vocab, n;

    f->n_breaker_ids = 0;
    f->breaker_ids = malloc((n_vocab + 1) * sizeof *f->breaker_ids);
    for (int32_t id = 0; f->breaker_ids != NULL && (size_t)id < n_vocab; id++) {
        const char *bytes = text_token_bytes(m, id, &n);
        if (has_breaker(f, bytes, n))
            f->breaker_ids[f->n_breaker_ids++] = id;
    }
    return f->breaker_ids != NULL || error_set(err, ERROR_INFERENCE, "no memory for %zu tokens", n_vocab);
}

bool form_begin(struct form *f, const struct text_model *m, struct answer_params *params, struct error *err)
{
    if (params->sampler.dry_multiplier > 0.0f && f->breaker_ids == NULL && !find_breakers(f, m, err))
        return false;
    if (f->grammar != NULL && f->constraint == NULL && (f->constraint = constraint_new(m, f->grammar, err)) == NULL)
        return false;
    if (f->constraint != NULL && !constraint_reset(f->constraint, err))
        return false;
    params->sampler.dry_breakers = f->breaker_ids;
    params->sampler.n_dry_breakers = f->breaker_ids != NULL ? f->n_breaker_ids : 0;
    params->sampler.biases = f->biases;
    params->sampler.n_biases = f->n_biases;
    params->constraint = f->constraint;
    params->stops = (struct stop_texts){ (const char *const *)f->stops, f->n_stops };
    return true;
}
