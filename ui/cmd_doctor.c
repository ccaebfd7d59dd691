/* cmd_doctor.c - `mynah doctor`: what is found, what is missing and what to do. */
#include "ui/cli.h"

#include "audio/audio.h"
#include "store/models.h"
#include "tensor/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

static void line(bool good, const char *what, const char *text)
{
    printf("%-8s %-12s %s\n", good ? "ok" : "missing", what, text);
}

static double available_memory_gb(void)
{
    FILE *file = fopen("/proc/meminfo", "r");
    char text[128];
    double kb = 0;

    while (file != NULL && fgets(text, sizeof text, file) != NULL)
        if (sscanf(text, "MemAvailable: %lf kB", &kb) == 1)
            break;
    if (file != NULL)
        fclose(file);
    return kb * 1024 / 1e9;
}

static bool check_processor(const struct options *o)
{
    struct error err;
    struct compute c;
    char text[128];

    if (!compute_init(&c, o->n_threads, o->kernels, &err)) {
        line(false, "processor", err.text);
        return false;
    }
    snprintf(text, sizeof text, "%zu threads, kernels %s", pool_n_threads(c.pool), compute_kernels_name(&c));
    line(true, "processor", text);
    compute_done(&c);
    return true;
}

static bool check_models(const struct options *o, const struct models *m)
{
    static const char *const media[] = { "whisper-base", "efficientnet-lite2", "ssd-coco" };
    const char *names[] = { o->model, media[0], media[1], media[2] };
    bool all = true;

    line(true, "models in", models_folder(m));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct error err = { 0 };
        char *path = models_path(m, names[i], &err);
        line(path != NULL, names[i], path != NULL ? path : err.text);
        all = all && path != NULL;
        free(path);
    }
    return all;
}

static void check_microphone(void)
{
    struct error err;
    struct capture *capture = capture_start(NULL, NULL, &err);

    line(capture != NULL, "microphone", capture != NULL ? "the default device records" : err.text);
    capture_abandon(capture);
}

static void check_space(const char *folder)
{
    struct statvfs disk;
    char text[128];

    snprintf(text, sizeof text, "%.1f GB available; the default model wants about 1.5 GB", available_memory_gb());
    line(available_memory_gb() > 1.5, "memory", text);
    /* The folder may not be there yet: its file system is then the one of what is. */
    char *path = strdup(folder);
    while (path != NULL && statvfs(path, &disk) != 0 && strrchr(path, '/') > path)
        *strrchr(path, '/') = '\0';
    if (path != NULL && statvfs(path, &disk) == 0) {
        double free_gb = (double)disk.f_bavail * (double)disk.f_frsize / 1e9;
        snprintf(text, sizeof text, "%.1f GB free; the models of the three jobs take about 1.4 GB", free_gb);
        line(free_gb > 1.4, "disk", text);
    }
    free(path);
}

int cmd_doctor(const struct options *o)
{
    struct error err;
    struct models *m = models_open(&err);

    if (m == NULL)
        return cli_fail(&err);
    bool processor = check_processor(o);
    check_space(models_folder(m));
    bool models = check_models(o, m);
    check_microphone();
    line(isatty(STDIN_FILENO) && isatty(STDOUT_FILENO), "terminal",
         getenv("TERM") != NULL ? getenv("TERM") : "TERM is not set; the chat needs a terminal");
    models_close(m);
    return !processor ? error_exit_status(ERROR_USAGE) : models ? 0 : error_exit_status(ERROR_MODEL);
}
