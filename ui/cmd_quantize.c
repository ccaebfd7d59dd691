/* cmd_quantize.c - `mynah quantize`: writes a GGUF file again with smaller weights. */
#include "base/clock.h"
#include "tensor/compute.h"
#include "tensor/gguf.h"
#include "tensor/quantize_file.h"
#include "ui/cli.h"
#include "ui/interrupt.h"
#include "ui/progress.h"
#include "ui/sanitise.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { REDRAW_MS = 100 };

struct screen {
    bool shown;                     /* on a terminal, and wanted */
    const char *what;
    double start_ms, drawn_ms;
};

static bool show(void *user, size_t done, size_t total)
{
    struct screen *s = user;
    double ms = clock_ms();

    if (interrupt_number() != 0)    /* the file that was begun is removed */
        return false;
    if (s->shown && ms - s->drawn_ms >= REDRAW_MS) {
        progress_bar(s->what, done, total, ms > s->start_ms ? 1000.0 * (double)done / (ms - s->start_ms) : 0.0);
        s->drawn_ms = ms;
    }
    return true;
}

static void note(const char *format, size_t n, const char *more)
{
    fprintf(stderr, format, n, n == 1 ? "" : "s", more);
}

static void tell(const char *path, const struct quantize_mix *mix, const struct gguf *g, const struct quantize_report *r)
{
    if (r->n_again > 0)
        note("mynah: %zu tensor%s had been quantised before, and each time loses a little: %s\n", r->n_again,
             "begin with an F16 or F32 file if there is one");
    if (r->n_other > 0)
        note("mynah: %zu tensor%s got %s\n", r->n_other, "another type, because rows are not whole blocks of 256");
    sanitise_write(stderr, path, strlen(path));
    fprintf(stderr, ": %s, %.1f MB from %.1f MB\n", quantize_mix_name(mix), (double)r->n_bytes / 1e6, (double)gguf_file_bytes(g) / 1e6);
}

static bool quantize(const struct options *o, const struct quantize_mix *mix, struct screen *s, struct error *err)
{
    struct gguf *g = gguf_open(o->arguments[0], err);
    struct quantize_report report;
    struct compute c;
    bool ok = false;

    if (g == NULL || !compute_init(&c, o->n_threads, o->kernels, err)) {
        gguf_close(g);
        return false;
    }
    s->start_ms = clock_ms();
    ok = quantize_file(g, mix, o->arguments[1], &c, show, s, &report, err);
    progress_clear(s->shown);
    if (ok && !o->quiet)
        tell(o->arguments[1], mix, g, &report);
    compute_done(&c);
    gguf_close(g);
    return ok;
}

static bool check(const struct options *o, const struct quantize_mix **mix, struct error *err)
{
    if (o->n_arguments != 3)
        return error_set(err, ERROR_USAGE, "quantize takes the file to read, the one to write and a type: mynah quantize IN OUT TYPE");
    *mix = quantize_mix_find(o->arguments[2]);
    if (*mix == NULL)
        return error_set(err, ERROR_USAGE, "'%s' is not a type that can be written; these are: " QUANTIZE_MIXES, o->arguments[2]);
    /* The input itself is told of by quantize_file. */
    if (!o->force && strcmp(o->arguments[0], o->arguments[1]) != 0 && access(o->arguments[1], F_OK) == 0)
        return error_set(err, ERROR_INPUT, "%s: is there already; --force writes over it", o->arguments[1]);
    return true;
}

int cmd_quantize(const struct options *o)
{
    struct screen s = { .shown = !o->quiet && isatty(STDERR_FILENO) == 1 };
    const struct quantize_mix *mix = NULL;
    struct error err = { 0 };

    if (!check(o, &mix, &err))
        return cli_fail(&err);
    s.what = o->arguments[1];
    interrupt_catch();
    int status = quantize(o, mix, &s, &err) ? 0 : cli_fail(&err);
    interrupt_restore();
    return interrupt_number() != 0 && status != 0 ? 128 + interrupt_number() : status;
}
