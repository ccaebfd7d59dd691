/* cmd_pull.c - `mynah pull`: fetches models, showing how far it is on standard error:
 * a bar on a terminal, else a line for each step and every few seconds of it. */
#include "base/clock.h"
#include "store/models.h"
#include "ui/cli.h"
#include "ui/interrupt.h"
#include "ui/progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { REDRAW_MS = 100, LINE_MS = 5000, TRY_MS = 3000 };

struct screen {
    bool quiet, terminal;
    char step[64];                  /* model and what is being done */
    double start_ms, drawn_ms;      /* of the step; 0: nothing was drawn yet */
    uint64_t start_bytes;
};

static void draw_bar(struct screen *s, uint64_t done, uint64_t total)
{
    double seconds = (clock_ms() - s->start_ms) / 1000.0;

    progress_bar(s->step, done, total, seconds > 0.5 && done > s->start_bytes ? (double)(done - s->start_bytes) / seconds : 0.0);
    s->drawn_ms = clock_ms();
}

static void tell_step(struct screen *s, uint64_t done, uint64_t total)
{
    if (s->drawn_ms == 0.0 || total == 0)
        fprintf(stderr, "%s\n", s->step);
    else
        fprintf(stderr, "%s, %.0f of %.0f MB\n", s->step, (double)done / 1e6, (double)total / 1e6);
    s->drawn_ms = clock_ms();
}

static bool show(void *user, const char *name, const char *what, uint64_t done, uint64_t total)
{
    struct screen *s = user;
    char step[sizeof s->step];

    if (interrupt_number() != 0)
        return false;
    if (s->quiet)
        return true;
    if (done > total && total > 0)
        done = total;               /* sizes of packages are about */
    snprintf(step, sizeof step, "%s: %s", name, what);
    if (strcmp(step, s->step) != 0) {
        memcpy(s->step, step, sizeof step);
        s->drawn_ms = 0.0;
        s->start_ms = clock_ms();
        s->start_bytes = done;
    }
    if (s->drawn_ms != 0.0 && clock_ms() - s->drawn_ms < (s->terminal ? REDRAW_MS : LINE_MS))
        return true;
    if (s->terminal)
        draw_bar(s, done, total);
    else
        tell_step(s, done, total);
    return true;
}

static const char *model_of(const char *name)
{
    return strcmp(name, "eyes") == 0 ? MODELS_EYES : name;
}

/* A text model and the projector that was published with it. */
static bool pull(const struct models *m, const char *name, struct screen *s, struct error *err)
{
    const struct model_entry *e = models_find(m, name);
    bool ok = models_pull(m, name, show, s, err);

    if (s->terminal && !s->quiet)
        fprintf(stderr, "\r\033[K");
    s->step[0] = '\0';
    if (ok && !s->quiet)
        fprintf(stderr, "%s: %s/%s\n", name, models_folder(m), e->file);
    return ok && (e->projector == NULL || pull(m, e->projector, s, err));
}

/* A licence with terms of its own is agreed to before anything of the model is fetched. */
static bool agree(const struct options *o, const struct models *m, const struct model_entry *e, struct error *err)
{
    char answer[16] = "";

    if (e->terms == NULL || o->agree || models_present(m, e->name))
        return true;
    if (isatty(STDIN_FILENO) != 1 || isatty(STDERR_FILENO) != 1)
        return error_set(err, ERROR_USAGE, "%s is under the licence %s: read %s, and add --agree when you agree", e->name, e->licence, e->terms);
    fprintf(stderr, "%s is under the licence %s:\n%s\nDo you agree to its terms?  Type yes to fetch it: ", e->name, e->licence, e->terms);
    if (fgets(answer, sizeof answer, stdin) == NULL)
        fputc('\n', stderr);
    answer[strcspn(answer, "\n")] = '\0';
    return strcmp(answer, "yes") == 0 || strcmp(answer, "y") == 0
        || error_set(err, ERROR_CANCELLED, "%s was not fetched: its terms were not agreed to", e->name);
}

static bool check_names(const struct options *o, const struct models *m, const char *const *names, size_t n, struct error *err)
{
    for (size_t i = 0; i < n; i++)
        if (models_find(m, model_of(names[i])) == NULL)
            return models_pull(m, names[i], NULL, NULL, err);
    for (size_t i = 0; i < n; i++)
        if (!agree(o, m, models_find(m, model_of(names[i])), err))
            return false;
    return true;
}

/* What is good to have: only the user ends it. */
static bool try_to_pull(struct models *m, const char *name, struct screen *s, struct error *err)
{
    struct error inner = { 0 };

    models_wait_for_hub(m, TRY_MS);
    if (pull(m, name, s, &inner))
        return true;
    if (inner.code == ERROR_CANCELLED)
        return error_set(err, inner.code, "%s", inner.text);
    if (!s->quiet)
        fprintf(stderr, "%s%s\n", strcmp(name, MODELS_EYES) == 0 ? "pictures are told in the detector's words: no eyes could be fetched: " : "not fetched: ",
                inner.text);
    return true;
}

/* Unknown names and what is not agreed to are told before anything is fetched. */
static bool pull_all(const struct options *o, struct models *m, const char *const *names, size_t n, struct screen *s, struct error *err)
{
    if (!check_names(o, m, names, n, err) || !check_names(o, m, o->tries.texts, o->tries.n, err))
        return false;
    interrupt_catch();              /* not before: at a question they end the program at once */
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++)
        ok = pull(m, model_of(names[i]), s, err);
    for (size_t i = 0; ok && i < o->tries.n; i++)
        ok = try_to_pull(m, model_of(o->tries.texts[i]), s, err);
    interrupt_restore();
    return ok;
}

int cmd_pull(const struct options *o)
{
    static const char *const usual[] = { "default", "whisper-base", "efficientnet-lite2", "ssd-coco" };
    struct screen s = { .quiet = o->quiet, .terminal = isatty(STDERR_FILENO) == 1 };
    struct error err = { 0 };
    struct models *m = models_open(&err);
    bool named = o->n_arguments > 0 || o->tries.n > 0;

    if (m == NULL)
        return cli_fail(&err);
    bool ok = pull_all(o, m, named ? o->arguments : usual, named ? o->n_arguments : sizeof usual / sizeof *usual, &s, &err);
    models_close(m);
    int status = ok ? 0 : cli_fail(&err);
    return status != 0 && interrupt_number() != 0 ? 128 + interrupt_number() : status;
}
