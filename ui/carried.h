/* carried.h - models that are part of the program (assets/), each a file with a card: a JSON object with
 * name, role, licence, what it was trained on, ...; of a projector also text_model, the name
 * of the model that it speaks to. */
#ifndef UI_CARRIED_H
#define UI_CARRIED_H

#include "base/asset.h"

#include <stdbool.h>

#define CARRIED_HEAD "head"         /* roles, beside those of store/models.h */
#define CARRIED_EYES "eyes"
#define CARRIED_EARS "ears"

struct cJSON;

struct carried {
    const char *name, *role, *title;
    const struct asset *file, *card;
};

/* The i-th that this build has; false behind the last. */
bool carried_at(size_t i, struct carried *to);
bool carried_find(const char *name, struct carried *to);
/* The caller deletes it; NULL when memory ran out. */
struct cJSON *carried_card(const struct carried *c);

#endif
