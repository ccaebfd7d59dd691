#include "ui/carried.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

static const struct { const char *name, *role, *title; } rows[] = {
    { "concepts", CARRIED_HEAD, "Words of captions; part of the program" },
    { "own-eyes", CARRIED_EYES, "Pictures as rows, for -m tiny; part of the program" },
    { "own-ears", CARRIED_EARS, "Clips as rows, for -m tiny; part of the program" },
};

static const struct asset *asset_of(const char *name, const char *end)
{
    char file[80];

    snprintf(file, sizeof file, "%s.%s", name, end);
    return asset_find(file);
}

bool carried_at(size_t i, struct carried *to)
{
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
        *to = (struct carried){ rows[k].name, rows[k].role, rows[k].title, asset_of(rows[k].name, "gguf"), asset_of(rows[k].name, "json") };
        if (to->file != NULL && to->card != NULL && i-- == 0)
            return true;
    }
    return false;
}

bool carried_find(const char *name, struct carried *to)
{
    for (size_t i = 0; carried_at(i, to); i++)
        if (strcmp(to->name, name) == 0)
            return true;
    return false;
}

cJSON *carried_card(const struct carried *c)
{
    return cJSON_ParseWithLength(c->card->data, c->card->n_bytes);
}
