/* models_private.h - a list of models and a folder of a test's own. */
#ifndef STORE_MODELS_PRIVATE_H
#define STORE_MODELS_PRIVATE_H

#include "store/models.h"

struct models *models_open_with(const char *manifest_json, const char *folder, struct error *err);

#endif
