#include "ui/params.h"

#include "base/log.h"
#include "ui/carried.h"
#include "ui/config.h"

#include <cjson/cJSON.h>
#include <dirent.h>
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
    return error_set(err, ERROR_USAGE, "--mmproj takes a projector: own-eyes, own-ears, one of `mynah models projector`, or a GGUF file; %s is a model of the role %s", name, role);
}

static bool use_carried(struct model_paths *p, const struct carried *c, struct error *err)
{
    if (strcmp(c->role, CARRIED_EYES) != 0 && strcmp(c->role, CARRIED_EARS) != 0)
        return wrong_role(c->name, c->role, err);
    cJSON *card = carried_card(c);
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(card, "text_model"));
    p->mmproj_text = text != NULL ? strdup(text) : NULL;
    cJSON_Delete(card);
    return text == NULL || p->mmproj_text != NULL || no_memory(err);
}

static bool wants(const struct options *o, const char *how)
{
    return o->eyes != NULL && strcmp(o->eyes, how) == 0;
}

static bool wants_pair(const struct options *o)
{
    return o->eyes != NULL && !wants(o, "rows") && !wants(o, "words");
}

/* By the settings; a projector that is named is used all the same. */
static bool nobody_looks(const struct options *o)
{
    return o->eyes == NULL && o->config != NULL && strcmp(o->config->eyes, "words") == 0;
}

/* The projector that was published with the text model.  Unless rows are asked for, pictures or clips are told in words without it. */
static bool use_published(struct model_paths *p, const struct models *m, const struct options *o, struct error *err)
{
    const struct model_entry *entry = o->model != NULL ? models_find(m, o->model) : NULL;
    struct error inner = { 0 };

    if (entry == NULL || entry->projector == NULL)
        return !wants(o, "rows")
            || error_set(err, ERROR_USAGE, "--eyes rows needs a projector: add --mmproj own-eyes (with -m tiny), or --mmproj FILE");
    bool sees = models_sees(m, entry);
    if (sees && nobody_looks(o))
        return true;
    p->mmproj = models_path(m, entry->projector, &inner);
    if (p->mmproj != NULL)
        p->mmproj_name = entry->projector;
    else if (wants(o, "rows"))
        return error_set(err, inner.code, "%s", inner.text);
    else if (models_present(m, o->model) && !(sees && wants_pair(o)))
        log_warning("%s; %s are told in words", inner.text, sees ? "pictures" : "clips");
    return true;
}

static bool has_usual_pair(const struct models *m)
{
    return models_present(m, MODELS_EYES) && models_present(m, models_find(m, MODELS_EYES)->projector);
}

/* What the settings name or, when that is here, the usual pair: for a text model that does not see.  Without it, words. */
static void use_usual_pair(struct model_paths *p, const struct models *m, const struct options *o)
{
    const char *set = o->config != NULL ? o->config->eyes : "auto";
    bool is_auto = strcmp(set, "auto") == 0 || strcmp(set, "rows") == 0;
    struct error err = { 0 };

    if (nobody_looks(o) || (is_auto && !has_usual_pair(m)))
        return;
    if (!model_paths_pair(p, m, is_auto ? MODELS_EYES : set, NULL, &err))
        log_warning("%s; pictures are told in words", err.text);
}

static bool use_named(struct model_paths *p, const struct models *m, const struct options *o, struct error *err)
{
    struct carried c;

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

bool model_paths_projector(struct model_paths *p, const struct models *m, const struct options *o, struct error *err)
{
    if (wants(o, "words"))
        return true;
    if (wants_pair(o))
        return model_paths_pair(p, m, o->eyes, o->mmproj, err) && (o->mmproj != NULL || use_published(p, m, o, err));
    if (!(o->mmproj != NULL ? use_named(p, m, o, err) : use_published(p, m, o, err)))
        return false;
    if (o->eyes == NULL && (p->mmproj_name == NULL || !eyes_make_rows(p->mmproj, p->mmproj_name)))
        use_usual_pair(p, m, o);
    return true;
}

/* ---- a pair ------------------------------------------------------------------------ */

static bool is_projector_file(const char *name)
{
    size_t n = strlen(name);

    return strncasecmp(name, "mmproj", 6) == 0 && n > 5 && strcasecmp(name + n - 5, ".gguf") == 0;
}

/* The only one in the folder; NULL: none, or several. */
static char *only_projector(const char *folder)
{
    DIR *files = opendir(folder);
    char *found = NULL;
    size_t n = 0;

    for (struct dirent *e; files != NULL && (e = readdir(files)) != NULL;) {
        if (!is_projector_file(e->d_name) || n++ > 0)
            continue;
        if (asprintf(&found, "%s/%s", folder, e->d_name) < 0)
            found = NULL;
    }
    if (files != NULL)
        closedir(files);
    if (n != 1) {
        free(found);
        found = NULL;
    }
    return found;
}

/* Publishers put it beside the text model. */
static char *projector_beside(const char *text)
{
    const char *slash = strrchr(text, '/');
    char *folder = slash == NULL ? strdup(".") : strndup(text, (size_t)(slash - text) + (slash == text)), *named = NULL;

    if (folder == NULL || asprintf(&named, "%s/mmproj-%s", folder, slash != NULL ? slash + 1 : text) < 0)
        named = NULL;
    if (named == NULL || access(named, F_OK) != 0) {
        free(named);
        named = folder != NULL ? only_projector(folder) : NULL;
    }
    free(folder);
    return named;
}

static char *projector_of_pair(const struct models *m, const struct model_entry *entry, const char *name, const char *mmproj, struct error *err)
{
    const struct model_entry *given = mmproj != NULL ? models_find(m, mmproj) : NULL;

    if (given != NULL && given->role != MODEL_PROJECTOR) {
        wrong_role(given->name, model_role_name(given->role), err);
        return NULL;
    }
    if (mmproj != NULL || entry != NULL)
        return models_path(m, mmproj != NULL ? mmproj : entry->projector, err);
    const char *slash = strrchr(name, '/');
    if (is_projector_file(slash != NULL ? slash + 1 : name)) {
        error_set(err, ERROR_USAGE, "%s is a projector: --eyes takes the text model that it was published with", name);
        return NULL;
    }
    char *beside = projector_beside(name);
    if (beside == NULL)
        error_set(err, ERROR_MODEL, "%s has no projector beside it (mmproj-*.gguf): add --mmproj FILE", name);
    return beside;
}

bool model_paths_pair(struct model_paths *p, const struct models *m, const char *name, const char *mmproj, struct error *err)
{
    const struct model_entry *entry = models_find(m, name);

    if (entry == NULL && access(name, F_OK) != 0)
        return error_set(err, ERROR_MODEL, "%s is neither a model that sees (`mynah models pair`) nor a file; --eyes takes words, rows, or who looks",
                         name);
    if (entry != NULL && (entry->role != MODEL_TEXT || (!models_sees(m, entry) && mmproj == NULL)))
        return error_set(err, ERROR_USAGE, "%s does not see pictures: `mynah models pair` lists those that do; --eyes takes words, rows, "
                         "one of them or a GGUF file with its projector beside it", name);
    char *text = models_path(m, name, err), *projector = text != NULL ? projector_of_pair(m, entry, name, mmproj, err) : NULL;
    char *copy = strdup(name);
    if (projector == NULL || copy == NULL) {
        free(text);
        free(projector);
        free(copy);
        return projector == NULL ? false : no_memory(err);
    }
    free(p->pair);
    free(p->pair_name);
    free(p->pair_mmproj);
    p->pair = text;
    p->pair_name = copy;
    p->pair_mmproj = projector;
    return true;
}

bool params_of_eyes(struct session_params *params, struct model_paths *p, const struct models *m, const char *how, const char *mmproj,
                    struct error *err)
{
    bool is_auto = strcmp(how, "auto") == 0, words = strcmp(how, "words") == 0 || (is_auto && !has_usual_pair(m));

    params->eyes = words ? EYES_WORDS : strcmp(how, "rows") == 0 ? EYES_ROWS : EYES_PAIR;
    if (params->eyes != EYES_PAIR)
        return true;
    if (!model_paths_pair(p, m, is_auto ? MODELS_EYES : how, mmproj, err))
        return false;
    params->pair_path = p->pair;
    params->pair_name = p->pair_name;
    params->pair_mmproj = p->pair_mmproj;
    return true;
}

void model_paths_done(struct model_paths *p)
{
    free(p->text);
    free(p->whisper);
    free(p->classifier);
    free(p->detector);
    free(p->mmproj);
    free(p->mmproj_text);
    free(p->pair);
    free(p->pair_name);
    free(p->pair_mmproj);
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
    p.eyes = paths->pair != NULL ? EYES_PAIR : paths->mmproj_name == NULL ? EYES_WORDS : EYES_ROWS;
    p.pair_path = paths->pair;
    p.pair_name = paths->pair_name;
    p.pair_mmproj = paths->pair_mmproj;
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
    p.image_rows = o->sampling.image_rows;
    return p;
}
