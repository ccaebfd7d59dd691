#include "ui/params.h"

#include "base/log.h"
#include "ui/carried.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A file that is there but not good is told of now: the session only knows that it has none. */
static char *media_path(const struct models *m, const char *name)
{
    struct error err = { 0 };
    char *path = models_path(m, name, &err), *file = NULL;

    if (path == NULL && asprintf(&file, "%s/%s", models_folder(m), models_find(m, name)->file) > 0) {
        if (access(file, F_OK) == 0)
            log_warning("%s", err.text);
        free(file);
    }
    return path;
}

void model_paths_media(struct model_paths *p, const struct models *m)
{
    p->whisper = media_path(m, "whisper-base");
    p->classifier = media_path(m, "efficientnet-lite2");
    p->detector = media_path(m, "ssd-coco");
}

static bool no_memory(struct error *err)
{
    return error_set(err, ERROR_MODEL, "no memory for a path");
}

static bool wrong_role(const char *name, const char *role, struct error *err)
{
    return error_set(err, ERROR_USAGE, "--mmproj takes a projector: own-eyes, one of `mynah models projector`, or a GGUF file; %s is a model of the role %s", name, role);
}

static bool use_carried(struct model_paths *p, const struct carried *c, struct error *err)
{
    if (strcmp(c->role, CARRIED_EYES) != 0)
        return wrong_role(c->name, c->role, err);
    cJSON *card = carried_card(c);
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(card, "text_model"));
    p->mmproj_text = text != NULL ? strdup(text) : NULL;
    cJSON_Delete(card);
    return text == NULL || p->mmproj_text != NULL || no_memory(err);
}

/* The projector that was published with the text model.  Unless rows are asked for, pictures are told in words without it. */
static bool use_published(struct model_paths *p, const struct models *m, const struct options *o, struct error *err)
{
    const struct model_entry *entry = o->model != NULL ? models_find(m, o->model) : NULL;
    struct error inner = { 0 };

    if (entry == NULL || entry->projector == NULL)
        return o->eyes == NULL
            || error_set(err, ERROR_USAGE, "--eyes rows needs a projector: add --mmproj own-eyes (with -m tiny), or --mmproj FILE");
    p->mmproj = models_path(m, entry->projector, &inner);
    if (p->mmproj != NULL)
        p->mmproj_name = entry->projector;
    else if (o->eyes != NULL)
        return error_set(err, inner.code, "%s", inner.text);
    else if (models_present(m, o->model))
        log_warning("%s; pictures are told in words", inner.text);
    return true;
}

bool model_paths_projector(struct model_paths *p, const struct models *m, const struct options *o, struct error *err)
{
    struct carried c;

    if (o->eyes != NULL && strcmp(o->eyes, "words") == 0)
        return true;
    if (o->mmproj == NULL)
        return use_published(p, m, o, err);
    p->mmproj_name = o->mmproj;
    if (carried_find(o->mmproj, &c))
        return use_carried(p, &c, err);
    const struct model_entry *entry = models_find(m, o->mmproj);
    if (entry != NULL && entry->role != MODEL_PROJECTOR)
        return wrong_role(entry->name, model_role_name(entry->role), err);
    if (entry != NULL)
        return (p->mmproj = models_path(m, entry->name, err)) != NULL;
    if (access(o->mmproj, F_OK) != 0)
        return error_set(err, ERROR_MODEL, "%s is neither a projector that this program knows nor a file", o->mmproj);
    p->mmproj = strdup(o->mmproj);
    return p->mmproj != NULL || no_memory(err);
}

void model_paths_done(struct model_paths *p)
{
    free(p->text);
    free(p->whisper);
    free(p->classifier);
    free(p->detector);
    free(p->mmproj);
    free(p->mmproj_text);
    *p = (struct model_paths){ 0 };
}

struct session_params params_of_options(const struct options *o, const struct model_paths *paths)
{
    struct session_params p = session_params_default();

    p.text_path = paths->text;
    p.text_name = paths->text != NULL ? o->model : NULL;
    p.whisper_path = paths->whisper;
    p.classifier_path = paths->classifier;
    p.detector_path = paths->detector;
    p.eyes = paths->mmproj_name == NULL ? EYES_WORDS : EYES_ROWS;
    p.mmproj_path = paths->mmproj;
    p.mmproj_name = paths->mmproj_name;
    p.mmproj_text = paths->mmproj_text;
    p.system = o->system;
    p.language = o->language;
    p.translate = o->translate;
    p.beam = o->beam;
    p.words = o->words;
    p.channels = o->channels;
    p.prompt = o->prompt;
    p.hotwords = o->hotwords;
    p.loras = o->loras.texts;
    p.n_loras = o->loras.n;
    p.n_ctx = o->n_ctx;
    p.kv_q8_0 = o->kv != NULL && strcmp(o->kv, "q8_0") == 0;
    p.n_threads = o->n_threads;
    p.kernels = o->kernels;
    p.temperature = (float)o->temperature;
    p.seed = o->seed;
    p.max_tokens = o->max_tokens;
    return p;
}
