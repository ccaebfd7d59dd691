#include "fusion/eyes.h"

#include "fusion/memory.h"

#include "base/asset.h"
#include "tensor/gguf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OWN_TYPE "mynah-eyes"       /* vision/projector.h */
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

/* Ours says so; whatever else it is, the encoders tell. */
static bool is_own(const char *path, bool *own, struct error *err)
{
    struct gguf *g = gguf_open(path, err);
    const char *type = g != NULL ? gguf_string(g, "clip.projector_type") : NULL;

    *own = type != NULL && strcmp(type, OWN_TYPE) == 0;
    gguf_close(g);
    return g != NULL;
}

static bool open_file(struct eyes *e, const char *path, const struct compute *c, struct error *err)
{
    struct error inner = { 0 };
    size_t n_bytes = memory_of_file(path);
    bool own = false;

    if (is_own(path, &own, &inner)) {
        if (!memory_fits("the projector", n_bytes, own ? FLOATS_PER_BYTE * n_bytes : 0, err))
            return false;
        if (own)
            e->projector = projector_open(path, c, &inner);
        else
            e->encoder = image_encoder_open(path, c, &inner);
    }
    return e->projector != NULL || e->encoder != NULL
        || error_set(err, inner.code, "--mmproj takes a projector for pictures: %s", inner.text);
}

bool eyes_init(struct eyes *e, const struct session_params *params, const struct compute *c, struct error *err)
{
    if (params->eyes != EYES_ROWS)
        return true;
    const char *name = params->mmproj_name != NULL ? params->mmproj_name : params->mmproj_path;
    if (name == NULL)
        return error_set(err, ERROR_USAGE, "pictures become rows by a projector, and there is none");
    e->name = strdup(name);
    e->text_name = params->mmproj_text != NULL ? strdup(params->mmproj_text) : NULL;
    if (e->name == NULL || (params->mmproj_text != NULL && e->text_name == NULL))
        return error_set(err, ERROR_INFERENCE, "no memory for the session");
    if (params->mmproj_path != NULL)
        return open_file(e, params->mmproj_path, c, err);
    e->projector = open_carried(name, c, err);
    return e->projector != NULL;
}

void eyes_done(struct eyes *e)
{
    projector_close(e->projector);
    image_encoder_close(e->encoder);
    free(e->name);
    free(e->text_name);
    *e = (struct eyes){ 0 };
}

bool eyes_suit(const struct eyes *e, const struct text_info *text, const char *name, struct error *err)
{
    size_t n_embd = e->projector != NULL ? projector_n_embd(e->projector)
                  : e->encoder != NULL   ? image_encoder_n_embd(e->encoder) : text->n_embd;

    if (e->off || n_embd == text->n_embd)
        return true;
    if (e->text_name != NULL)
        return error_set(err, ERROR_MODEL, "%s gives rows of %zu numbers, the text model %s takes %zu: %s speaks to %s: add -m %s",
                         e->name, n_embd, name, text->n_embd, e->name, e->text_name, e->text_name);
    if (e->encoder != NULL)
        return error_set(err, ERROR_MODEL, "%s gives rows of %zu numbers, the text model %s takes %zu: "
                         "take the text model that it was published with (-m), or words (--eyes words)", e->name, n_embd, name, text->n_embd);
    return error_set(err, ERROR_MODEL, "%s gives rows of %zu numbers, the text model %s takes %zu: it was made for %s; "
                     "take that one (-m), or words (--eyes words)", e->name, n_embd, name, text->n_embd,
                     projector_text_model(e->projector));
}

bool eyes_are_strange(const struct eyes *e, const struct text_info *text)
{
    return e->projector != NULL && !e->off && strcmp(projector_text_model(e->projector), text->name) != 0;
}
