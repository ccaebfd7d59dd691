/* cmd_models.c - `mynah models`: the known models and which are here. */
#include "store/models.h"
#include "ui/carried.h"
#include "ui/cli.h"

#include <cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_json(const struct models *m, const struct model_entry *e)
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
            printf("%-19s %-11s %6.1f MB  %-5s  %-11s %s\n", c.name, c.role, (double)c.file->n_bytes / 1e6, "yes", "see --json", c.title);
    }
}

static bool check_roles(const struct options *o, struct error *err)
{
    const char *const roles[] = {
        model_role_name(MODEL_TEXT), model_role_name(MODEL_SPEECH), model_role_name(MODEL_CLASSIFIER), model_role_name(MODEL_DETECTOR),
        CARRIED_HEAD, CARRIED_EYES,
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
    if (!o->json && !o->quiet)
        printf("%-19s %-11s %9s  %-5s  %-11s %s\n", "NAME", "ROLE", "SIZE", "HERE", "LICENCE", "WHAT IT IS");
    for (size_t i = 0; i < models_count(m); i++) {
        const struct model_entry *e = models_at(m, i);
        if (!has_name(o, model_role_name(e->role)))
            continue;
        if (o->json)
            print_json(m, e);
        else if (o->quiet)
            puts(e->name);
        else
            printf("%-19s %-11s %6.1f MB  %-5s  %-11s %s\n", e->name, model_role_name(e->role), (double)e->bytes / 1e6,
                   models_present(m, e->name) ? "yes" : "no", e->licence, e->title);
    }
    print_carried(o);
    if (!o->json && !o->quiet)
        printf("\nFiles live in %s; `mynah pull NAME` fetches one.\n", models_folder(m));
    models_close(m);
    return 0;
}
