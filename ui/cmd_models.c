/* cmd_models.c - `mynah models`: the known models, which are here and which fit. */
#include "base/memory.h"
#include "store/models.h"
#include "tensor/bandwidth.h"
#include "tensor/compute.h"
#include "ui/carried.h"
#include "ui/cli.h"

#include <cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_CTX = 8192, PROBE_BYTES = 128 << 20, PROBE_RUNS = 6 };
#define WORK_BYTES 150e6        /* buffers of a pass, tokenizer, the program: about */

/* What this machine can do; 0: not known. */
struct machine {
    size_t memory;                  /* bytes available */
    double bandwidth;               /* bytes read a second */
};

static struct machine look_at_machine(const struct options *o)
{
    struct machine here = { 0 };
    struct compute c;

    memory_available(&here.memory);
    if (!o->quiet && compute_init(&c, o->n_threads, NULL, NULL)) {
        here.bandwidth = bandwidth_read(c.pool, PROBE_BYTES, PROBE_RUNS);
        compute_done(&c);
    }
    return here;
}

#define PAIR "pair"                 /* no role: a text model that sees, with a projector of its own */

/* Bytes of memory that a text model takes, weights, its eyes and a context of N_CTX; 0: not known. */
static double needs(const struct models *m, const struct model_entry *e)
{
    double eyes = e->projector != NULL ? (double)models_find(m, e->projector)->bytes : 0.0;

    return e->kv_bytes == 0 ? 0.0 : (double)e->bytes + eyes + (double)N_CTX * (double)e->kv_bytes + WORK_BYTES;
}

static bool fits(const struct models *m, const struct machine *here, const struct model_entry *e)
{
    return here->memory == 0 || needs(m, e) <= (double)here->memory;
}

/* Every weight is read once for a token. */
static double tokens_a_second(const struct machine *here, const struct model_entry *e)
{
    return e->role == MODEL_TEXT ? here->bandwidth / (double)e->bytes : 0.0;
}

static void print_line(const struct models *m, const struct machine *here, const struct model_entry *e)
{
    char memory[40] = "", speed[40] = "";

    if (needs(m, e) > 0)
        snprintf(memory, sizeof memory, "%.1f GB%s", needs(m, e) / 1e9, fits(m, here, e) ? "" : ": too big");
    if (tokens_a_second(here, e) > 0)
        snprintf(speed, sizeof speed, "%.0f tok/s", tokens_a_second(here, e));
    printf("%-22s %-11s %6.1f MB  %-5s %-15s %-10s %-13s %s\n", e->name, model_role_name(e->role), (double)e->bytes / 1e6,
           models_present(m, e->name) ? "yes" : "no", memory, speed, e->licence, e->title);
}

static void print_json(const struct models *m, const struct machine *here, const struct model_entry *e)
{
    cJSON *object = cJSON_CreateObject();
    char *path = NULL;

    if (asprintf(&path, "%s/%s", models_folder(m), e->file) < 0)
        path = NULL;
    cJSON_AddStringToObject(object, "name", e->name);
    cJSON_AddStringToObject(object, "role", model_role_name(e->role));
    cJSON_AddStringToObject(object, "path", path != NULL ? path : e->file);
    cJSON_AddBoolToObject(object, "present", models_present(m, e->name));
    cJSON_AddNumberToObject(object, "bytes", (double)e->bytes);
    cJSON_AddStringToObject(object, "licence", e->licence);
    if (e->terms != NULL)
        cJSON_AddStringToObject(object, "terms", e->terms);
    if (e->projector != NULL)
        cJSON_AddStringToObject(object, "projector", e->projector);
    if (needs(m, e) > 0) {
        cJSON_AddNumberToObject(object, "needs_bytes", needs(m, e));
        cJSON_AddBoolToObject(object, "fits", fits(m, here, e));
    }
    if (tokens_a_second(here, e) > 0)
        cJSON_AddNumberToObject(object, "tokens_per_s", (int)(10 * tokens_a_second(here, e)) / 10.0);
    char *text = cJSON_PrintUnformatted(object);
    if (text != NULL)
        puts(text);
    cJSON_free(text);
    cJSON_Delete(object);
    free(path);
}

static bool has_name(const struct options *o, const char *role)
{
    for (size_t i = 0; i < o->n_arguments; i++)
        if (strcmp(o->arguments[i], role) == 0)
            return true;
    return o->n_arguments == 0;
}

static void print_card(const struct carried *c)
{
    cJSON *object = carried_card(c);

    cJSON_AddNullToObject(object, "path");
    cJSON_AddBoolToObject(object, "present", true);
    cJSON_AddNumberToObject(object, "bytes", (double)c->file->n_bytes);
    char *text = cJSON_PrintUnformatted(object);
    if (text != NULL)
        puts(text);
    cJSON_free(text);
    cJSON_Delete(object);
}

/* What the program carries, with its cards. */
static void print_carried(const struct options *o)
{
    struct carried c;

    for (size_t i = 0; carried_at(i, &c); i++) {
        if (!has_name(o, c.role))
            continue;
        if (o->json)
            print_card(&c);
        else if (o->quiet)
            puts(c.name);
        else
            printf("%-22s %-11s %6.1f MB  %-5s %-15s %-10s %-13s %s\n", c.name, c.role, (double)c.file->n_bytes / 1e6, "yes", "", "", "see --json", c.title);
    }
}

static bool check_roles(const struct options *o, struct error *err)
{
    const char *const roles[] = {
        model_role_name(MODEL_TEXT), model_role_name(MODEL_SPEECH), model_role_name(MODEL_CLASSIFIER), model_role_name(MODEL_DETECTOR),
        model_role_name(MODEL_EMBEDDING), model_role_name(MODEL_PROJECTOR), CARRIED_HEAD, CARRIED_EYES, CARRIED_EARS, PAIR,
    };

    for (size_t i = 0; i < o->n_arguments; i++) {
        size_t k = 0;
        while (k < sizeof roles / sizeof *roles && strcmp(o->arguments[i], roles[k]) != 0)
            k++;
        if (k == sizeof roles / sizeof *roles)
            return error_set(err, ERROR_USAGE, "`mynah models` takes roles: %s, not '%s'", o->command->values, o->arguments[i]);
    }
    return true;
}

int cmd_models(const struct options *o)
{
    struct error err = { 0 };
    struct models *m = check_roles(o, &err) ? models_open(&err) : NULL;

    if (m == NULL)
        return cli_fail(&err);
    struct machine here = look_at_machine(o);
    if (!o->json && !o->quiet)
        printf("%-22s %-11s %9s  %-5s %-15s %-10s %-13s %s\n", "NAME", "ROLE", "SIZE", "HERE", "MEMORY", "SPEED", "LICENCE", "WHAT IT IS");
    for (size_t i = 0; i < models_count(m); i++) {
        const struct model_entry *e = models_at(m, i);
        if (!has_name(o, model_role_name(e->role)) && !(has_name(o, PAIR) && models_sees(m, e)))
            continue;
        if (o->json)
            print_json(m, &here, e);
        else if (o->quiet)
            puts(e->name);
        else
            print_line(m, &here, e);
    }
    print_carried(o);
    if (!o->json && !o->quiet)
        printf("\nFiles live in %s; `mynah pull NAME` fetches one.\n", models_folder(m));
    models_close(m);
    return 0;
}
