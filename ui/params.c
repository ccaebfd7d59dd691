#include "ui/params.h"

#include <stdlib.h>

void model_paths_media(struct model_paths *p, const struct models *m)
{
    p->whisper = models_path(m, "whisper-base", NULL);
    p->classifier = models_path(m, "efficientnet-lite2", NULL);
    p->detector = models_path(m, "ssd-coco", NULL);
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
