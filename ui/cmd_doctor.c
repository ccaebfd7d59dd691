/* cmd_doctor.c - `mynah doctor`: what is found, what is missing and what to do; how fast this machine is. */
#include "ui/doctor.h"

#include "audio/audio.h"
#include "base/clock.h"
#include "base/memory.h"
#include "store/models.h"
#include "tensor/pool.h"
#include "text/text.h"
#include "ui/config.h"
#include "ui/sanitise.h"

#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Of the short measurement: enough to tell 2 tokens/s from 20, in seconds on a slow machine. */
enum { N_CONTEXT = 256, N_PREFILL = 64, N_DECODE = 16, DECODE_MS = 5000 };

void doctor_tell(const struct options *o, enum doctor_state state, const char *what, const char *format, ...)
{
    static const char *const states[] = { "ok", "missing", "problem", "note" };
    char text[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (!o->json) {
        printf("%-8s %-12s ", states[state], what);
        sanitise_write(stdout, text, strlen(text));
        putchar('\n');
    } else {
        cJSON *line = cJSON_CreateObject();
        cJSON_AddStringToObject(line, "what", what);
        cJSON_AddStringToObject(line, "state", states[state]);
        cJSON_AddStringToObject(line, "text", text);
        char *printed = cJSON_PrintUnformatted(line);
        puts(printed != NULL ? printed : "{}");
        cJSON_free(printed);
        cJSON_Delete(line);
    }
    fflush(stdout);
}

static void check_space(const struct options *o, const char *folder)
{
    struct statvfs disk;
    size_t available = 0;
    memory_available(&available);
    double memory_gb = (double)available / 1e9;

    doctor_tell(o, memory_gb > 1.5 ? DOCTOR_OK : DOCTOR_MISSING, "memory", "%.1f GB available; the default model wants about 1.5 GB", memory_gb);
    /* The folder may not be there yet: its file system is then the one of what is. */
    char *path = strdup(folder);
    while (path != NULL && statvfs(path, &disk) != 0 && strrchr(path, '/') > path)
        *strrchr(path, '/') = '\0';
    if (path != NULL && statvfs(path, &disk) == 0) {
        double free_gb = (double)disk.f_bavail * (double)disk.f_frsize / 1e9;
        doctor_tell(o, free_gb > 1.4 ? DOCTOR_OK : DOCTOR_MISSING, "disk", "%.1f GB free; the models of the three jobs take about 1.4 GB", free_gb);
    }
    free(path);
}

static bool check_models(const struct options *o, const struct models *m)
{
    const char *names[] = { o->model, "whisper-base", "efficientnet-lite2", "ssd-coco" };
    bool all = true;

    doctor_tell(o, DOCTOR_OK, "models in", "%s", models_folder(m));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct error err = { 0 };
        char *path = models_path(m, names[i], &err);
        doctor_tell(o, path != NULL ? DOCTOR_OK : DOCTOR_MISSING, names[i], "%s", path != NULL ? path : err.text);
        all = all && path != NULL;
        free(path);
    }
    return all;
}

/* Good to have; never missing. */
static void check_eyes(const struct options *o, const struct models *m)
{
    if (strcmp(o->config->eyes, "auto") != 0)
        doctor_tell(o, DOCTOR_NOTE, "eyes", "the settings have %s", o->config->eyes);
    else if (models_present(m, MODELS_EYES) && models_present(m, models_find(m, MODELS_EYES)->projector))
        doctor_tell(o, DOCTOR_OK, "eyes", "%s looks at pictures for a text model that does not see", MODELS_EYES);
    else
        doctor_tell(o, DOCTOR_NOTE, "eyes", "%s is not here, so pictures are told in the detector's words; `mynah pull eyes` fetches it", MODELS_EYES);
}

static void check_microphone(const struct options *o, const char *wanted)
{
    struct error err;
    struct capture *capture = capture_start(NULL, wanted, NULL, &err);

    if (capture != NULL)
        doctor_tell(o, DOCTOR_OK, "microphone", "%s records", *wanted != '\0' ? wanted : "the default device");
    else
        doctor_tell(o, DOCTOR_MISSING, "microphone", "%s", err.text);
    capture_abandon(capture);
    char *names = capture_devices(NULL);
    for (char *rest, *name = names != NULL ? strtok_r(names, "\n", &rest) : NULL; name != NULL; name = strtok_r(NULL, "\n", &rest))
        doctor_tell(o, DOCTOR_NOTE, "device", "%s", name);
    free(names);
}

static bool decode_some(struct text_context *x, const struct compute *c, size_t *n, double *ms, struct error *err)
{
    const float *logits;
    double start = clock_ms();

    for (*n = 0, *ms = 0; *n < N_DECODE && *ms < DECODE_MS; (*n)++, *ms = clock_ms() - start)
        if (!text_decode(x, c, 1000 + (int32_t)*n, &logits, err))
            return false;
    return true;
}

static bool measure(const struct options *o, const struct compute *c, struct text_context *x, struct error *err)
{
    int32_t ids[N_PREFILL];
    struct text_span span = { .ids = ids, .n = N_PREFILL };
    const float *logits;
    size_t n_reused, n_decoded;
    double decode_ms;

    for (int i = 0; i < N_PREFILL; i++)
        ids[i] = 1000 + i * 37;
    /* The first token brings the weights into memory. */
    if (!text_prefill(x, c, &(struct text_span){ .ids = ids + 1, .n = 1 }, 1, &logits, &n_reused, NULL, NULL, err))
        return false;
    double start = clock_ms();
    if (!text_prefill(x, c, &span, 1, &logits, &n_reused, NULL, NULL, err))
        return false;
    double prefill_ms = clock_ms() - start;
    if (!decode_some(x, c, &n_decoded, &decode_ms, err))
        return false;
    doctor_tell(o, DOCTOR_OK, "speed", "%s reads %.0f and writes %.1f tokens a second here, about %.1f words", o->model,
                N_PREFILL * 1e3 / prefill_ms, (double)n_decoded * 1e3 / decode_ms, 0.75 * (double)n_decoded * 1e3 / decode_ms);
    return true;
}

/* With the model that is there; without one there is nothing to say. */
static void check_speed(const struct options *o, const struct models *m, const struct compute *c)
{
    struct error err;
    char *path = models_path(m, o->model, NULL);
    struct text_model *model = path != NULL ? text_model_open(path, &err) : NULL;
    struct text_context *x = model != NULL ? text_context_new(model, N_CONTEXT, &err) : NULL;

    if (path != NULL && (x == NULL || !measure(o, c, x, &err)))
        doctor_tell(o, DOCTOR_PROBLEM, "speed", "%s", err.text);
    text_context_free(x);
    text_model_close(model);
    free(path);
}

int cmd_doctor(const struct options *o)
{
    struct error err;
    struct compute c = { 0 };
    struct models *m = models_open(&err);

    if (m == NULL)
        return cli_fail(&err);
    if (!compute_init(&c, o->n_threads, o->kernels, &err)) {
        models_close(m);
        return cli_fail(&err);
    }
    doctor_tell(o, DOCTOR_OK, "processor", "%zu threads, kernels %s", pool_n_threads(c.pool), compute_kernels_name(&c));
    check_space(o, models_folder(m));
    bool models = check_models(o, m);
    check_eyes(o, m);
    check_microphone(o, o->config->microphone);
    doctor_terminal(o);
    doctor_clipboard(o);
    doctor_settings(o);
    bool sessions = doctor_sessions(o);
    if (!o->quiet)
        check_speed(o, m, &c);
    compute_done(&c);
    models_close(m);
    return !models ? error_exit_status(ERROR_MODEL) : sessions ? 0 : error_exit_status(ERROR_INPUT);
}
