#include "ui/params.h"

#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
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

void model_paths_done(struct model_paths *p)
{
    free(p->text);
    free(p->whisper);
    free(p->classifier);
    free(p->detector);
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
    p.system = o->system;
    p.language = o->language;
    p.translate = o->translate;
    p.n_ctx = o->n_ctx;
    p.n_threads = o->n_threads;
    p.kernels = o->kernels;
    p.temperature = (float)o->temperature;
    p.seed = o->seed;
    p.max_tokens = o->max_tokens;
    return p;
}
