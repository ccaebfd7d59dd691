#include "fusion/eyes.h"

#include "fusion/memory.h"

#include "base/asset.h"
#include "tensor/gguf.h"
#include "tensor/mmproj.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OWN_TYPE "mynah-eyes"       /* vision/projector.h */
#define FILE_NAME_BYTES 80
#define FLOATS_PER_BYTE 4           /* memory for a file's weights as floats, those of 8 bits; others take less */

/* What a file is for: which encoder opens it. */
struct kind { bool own_eyes, pictures, sound; };

static bool kind_of(struct gguf *g, struct kind *kind, struct error *err)
{
    const char *type = g != NULL ? gguf_string(g, "clip.projector_type") : NULL;
    bool good = g != NULL && mmproj_check(g, err);

    if (good) {
        kind->own_eyes = type != NULL && strcmp(type, OWN_TYPE) == 0;
        kind->pictures = mmproj_has(g, MMPROJ_VISION);
        kind->sound = mmproj_has(g, MMPROJ_AUDIO);
    }
    gguf_close(g);
    return good;
}

static struct gguf *open_asset(const char *name, const struct asset **a, char file[FILE_NAME_BYTES], struct error *err)
{
    snprintf(file, FILE_NAME_BYTES, "%s.gguf", name);
    *a = asset_find(file);
    if (*a != NULL)
        return gguf_open_bytes(file, (*a)->data, (*a)->n_bytes, err);
    error_set(err, ERROR_MODEL, "the projector %s is not part of this program", name);
    return NULL;
}

bool eyes_make_rows(const char *mmproj_path, const char *mmproj_name)
{
    char file[FILE_NAME_BYTES];
    const struct asset *a;
    struct kind kind = { 0 };

    struct gguf *g = mmproj_path != NULL ? gguf_open(mmproj_path, NULL) : open_asset(mmproj_name, &a, file, NULL);
    return !kind_of(g, &kind, NULL) || kind.own_eyes || kind.pictures || !kind.sound;
}

/* Beside a pair, which looks, its ears alone; false: it has none. */
static bool is_wanted(struct kind *kind, const struct session_params *params)
{
    if (params->eyes == EYES_ROWS)
        return true;
    kind->own_eyes = kind->pictures = false;
    return kind->sound;
}

static bool open_carried(struct eyes *e, const char *name, const struct session_params *params, const struct compute *c, struct error *err)
{
    struct kind kind = { 0 };
    char file[FILE_NAME_BYTES];
    const struct asset *a;

    if (!kind_of(open_asset(name, &a, file, err), &kind, err))
        return false;
    if (!is_wanted(&kind, params))
        return true;
    if (kind.sound)
        e->ears = audio_encoder_open_bytes(file, a->data, a->n_bytes, c, err);
    else
        e->projector = projector_open_bytes(file, a->data, a->n_bytes, c, err);
    return e->ears != NULL || e->projector != NULL;
}

static bool open_parts(struct eyes *e, const char *path, const struct kind *kind, const struct compute *c, struct error *err)
{
    if (kind->own_eyes)
        e->projector = projector_open(path, c, err);
    else if (kind->pictures)
        e->encoder = image_encoder_open(path, c, err);
    if (kind->pictures && e->projector == NULL && e->encoder == NULL)
        return false;
    return !kind->sound || (e->ears = audio_encoder_open(path, c, err)) != NULL;
}

static bool open_file(struct eyes *e, const char *path, const struct session_params *params, const struct compute *c, struct error *err)
{
    struct error inner = { 0 };
    struct kind kind = { 0 };
    size_t n_bytes = memory_of_file(path);

    if (kind_of(gguf_open(path, &inner), &kind, &inner)) {
        if (!is_wanted(&kind, params))
            return true;
        if (!memory_fits("the projector", n_bytes, kind.own_eyes ? FLOATS_PER_BYTE * n_bytes : 0, err))
            return false;
        if (open_parts(e, path, &kind, c, &inner))
            return true;
    }
    return error_set(err, inner.code, "--mmproj takes a projector for pictures or sound: %s", inner.text);
}

bool eyes_init(struct eyes *e, const struct session_params *params, const struct compute *c, struct error *err)
{
    const char *name = params->mmproj_name != NULL ? params->mmproj_name : params->mmproj_path;

    if (params->eyes == EYES_WORDS || (params->eyes == EYES_PAIR && name == NULL))
        return true;
    if (name == NULL)
        return error_set(err, ERROR_USAGE, "pictures become rows by a projector, and there is none");
    e->name = strdup(name);
    e->text_name = params->mmproj_text != NULL ? strdup(params->mmproj_text) : NULL;
    if (e->name == NULL || (params->mmproj_text != NULL && e->text_name == NULL))
        return error_set(err, ERROR_INFERENCE, "no memory for the session");
    return params->mmproj_path != NULL ? open_file(e, params->mmproj_path, params, c, err) : open_carried(e, name, params, c, err);
}

void eyes_done(struct eyes *e)
{
    projector_close(e->projector);
    image_encoder_close(e->encoder);
    audio_encoder_close(e->ears);
    free(e->name);
    free(e->text_name);
    *e = (struct eyes){ 0 };
}

bool eyes_see_rows(const struct eyes *e)
{
    return e->projector != NULL || e->encoder != NULL;
}

/* Of ours, for whom it was made. */
static const char *made_for(const struct eyes *e)
{
    return e->projector != NULL ? projector_text_model(e->projector) : e->ears != NULL ? audio_encoder_text_model(e->ears) : NULL;
}

/* Width of the rows that are wanted; the text model's where none are. */
static size_t width(const struct eyes *e, const struct text_info *text)
{
    if (e->ears != NULL && (audio_encoder_n_embd(e->ears) != text->n_embd || e->off || !eyes_see_rows(e)))
        return audio_encoder_n_embd(e->ears);
    if (e->off || !eyes_see_rows(e))
        return text->n_embd;
    return e->projector != NULL ? projector_n_embd(e->projector) : image_encoder_n_embd(e->encoder);
}

bool eyes_suit(const struct eyes *e, const struct text_info *text, const char *name, struct error *err)
{
    size_t n_embd = width(e, text);

    if (n_embd == text->n_embd)
        return true;
    if (e->text_name != NULL)
        return error_set(err, ERROR_MODEL, "%s gives rows of %zu numbers, the text model %s takes %zu: %s speaks to %s: add -m %s",
                         e->name, n_embd, name, text->n_embd, e->name, e->text_name, e->text_name);
    if (made_for(e) == NULL)
        return error_set(err, ERROR_MODEL, "%s gives rows of %zu numbers, the text model %s takes %zu: "
                         "take the text model that it was published with (-m), or words (--eyes words)", e->name, n_embd, name, text->n_embd);
    return error_set(err, ERROR_MODEL, "%s gives rows of %zu numbers, the text model %s takes %zu: it was made for %s; "
                     "take that one (-m), or words (--eyes words)", e->name, n_embd, name, text->n_embd, made_for(e));
}

const char *eyes_strange_to(const struct eyes *e, const struct text_info *text)
{
    const char *name = made_for(e);

    return name != NULL && !(e->off && e->ears == NULL) && strcmp(name, text->name) != 0 ? name : NULL;
}
