#include "fusion/eyes.h"

#include "fusion/memory.h"

#include "base/asset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLOATS_PER_BYTE 4           /* memory for a file's weights as floats, those of 8 bits; others take less */

static struct projector *open_carried(const char *name, const struct compute *c, struct error *err)
{
    char file[80];

    snprintf(file, sizeof file, "%s.gguf", name);
    const struct asset *a = asset_find(file);
    if (a != NULL)
        return projector_open_bytes(file, a->data, a->n_bytes, c, err);
    error_set(err, ERROR_MODEL, "the projector %s is not part of this program", name);
    return NULL;
}

static struct projector *open_file(const char *path, const struct compute *c, struct error *err)
{
    struct error inner = { 0 };
    size_t n_bytes = memory_of_file(path);

    if (!memory_fits("the projector", n_bytes, FLOATS_PER_BYTE * n_bytes, err))
        return NULL;
    struct projector *p = projector_open(path, c, &inner);
    if (p == NULL)
        error_set(err, inner.code, "--mmproj takes a projector for pictures: %s", inner.text);
    return p;
}

bool eyes_init(struct eyes *e, const struct session_params *params, const struct compute *c, struct error *err)
{
    if (params->eyes == EYES_WORDS)
        return true;
    const char *name = params->mmproj_name != NULL ? params->mmproj_name : params->mmproj_path;
    if (name == NULL)
        return error_set(err, ERROR_USAGE, "pictures become rows by a projector, and there is none");
    e->name = strdup(name);
    e->text_name = params->mmproj_text != NULL ? strdup(params->mmproj_text) : NULL;
    if (e->name == NULL || (params->mmproj_text != NULL && e->text_name == NULL))
        return error_set(err, ERROR_INFERENCE, "no memory for the session");
    e->projector = params->mmproj_path != NULL ? open_file(params->mmproj_path, c, err) : open_carried(name, c, err);
    return e->projector != NULL;
}

void eyes_done(struct eyes *e)
{
    projector_close(e->projector);
    free(e->name);
    free(e->text_name);
    *e = (struct eyes){ 0 };
}

bool eyes_suit(const struct eyes *e, const struct text_info *text, const char *name, struct error *err)
{
    size_t n_embd = e->projector != NULL ? projector_n_embd(e->projector) : text->n_embd;

    if (n_embd == text->n_embd)
        return true;
    if (e->text_name != NULL)
        return error_set(err, ERROR_MODEL, "%s gives rows of %zu numbers, the text model %s takes %zu: %s speaks to %s: add -m %s",
                         e->name, n_embd, name, text->n_embd, e->name, e->text_name, e->text_name);
    return error_set(err, ERROR_MODEL, "%s gives rows of %zu numbers, the text model %s takes %zu: it was made for %s; "
                     "take that one (-m), or words (--eyes words)", e->name, n_embd, name, text->n_embd,
                     projector_text_model(e->projector));
}

bool eyes_are_strange(const struct eyes *e, const struct text_info *text)
{
    return e->projector != NULL && strcmp(projector_text_model(e->projector), text->name) != 0;
}
