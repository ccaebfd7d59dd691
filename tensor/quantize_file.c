#include "tensor/quantize_file.h"

#include "tensor/compute.h"
#include "tensor/kernels.h"
#include "tensor/pool.h"
#include "tensor/quantize.h"

#include <errno.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { BATCH_BYTES = 4 << 20, DEFAULT_ALIGNMENT = 32, VALUE_U32 = 4, QUANTIZATION_VERSION = 2 };

/* What becomes of a tensor. */
struct plan {
    const struct tensor *from;
    enum tensor_type type;
    size_t n_rows, n_bytes, offset; /* of the new data; the offset as in the file */
};

struct writer {
    const struct gguf *g;
    const struct compute *c;
    const char *path;
    char *beside;                   /* the name until all is written */
    FILE *file;
    struct plan *plans;
    size_t n, n_bytes, done;        /* n_bytes of all tensors, with padding; done of them */
    size_t alignment;
    float *rows;                    /* [n_threads][longest row] */
    size_t longest;
    unsigned char *batch;
    quantize_tick *tick;
    void *user;
    struct error *err;
};

static size_t aligned(const struct writer *w, size_t n)
{
    return (n + w->alignment - 1) / w->alignment * w->alignment;
}

static size_t row_bytes(enum tensor_type type, size_t n)
{
    return n / tensor_type_block_elements(type) * tensor_type_block_bytes(type);
}

static size_t batch_rows(const struct plan *p)
{
    size_t n = BATCH_BYTES / (p->from->dim[0] * sizeof(float));

    return n > 0 ? n : 1;
}

/* ---- what is to be done ------------------------------------------------------------------------ */

static void make_plan(struct writer *w, const struct quantize_mix *mix, struct quantize_report *report)
{
    struct quantize_model model = quantize_model_of(w->g);
    bool supers = strchr(quantize_mix_name(mix), 'K') != NULL;

    for (size_t i = 0; i < w->n; i++) {
        const struct tensor *t = gguf_tensor_at(w->g, i);
        struct plan *p = &w->plans[i];

        p->from = t;
        p->type = quantize_mix_type(mix, &model, t);
        p->n_rows = t->dim[1] * t->dim[2] * t->dim[3];
        p->n_bytes = p->n_rows * row_bytes(p->type, t->dim[0]);
        p->offset = w->n_bytes;
        w->n_bytes += aligned(w, p->n_bytes);
        w->longest = t->dim[0] > w->longest ? t->dim[0] : w->longest;
        if (p->type == t->type)
            continue;
        report->n_quantised++;
        report->n_again += tensor_type_block_elements(t->type) > 1;
        report->n_other += supers && tensor_type_block_elements(p->type) < 256;
    }
}

static bool allocate(struct writer *w)
{
    size_t most = 0;

    for (size_t i = 0; i < w->n; i++) {
        size_t n = batch_rows(&w->plans[i]) * row_bytes(w->plans[i].type, w->plans[i].from->dim[0]);
        most = n > most ? n : most;
    }
    w->rows = calloc(pool_n_threads(w->c->pool) * w->longest + 1, sizeof *w->rows);
    w->batch = malloc(most + 1);
    return w->rows != NULL && w->batch != NULL;
}

/* The input is mapped while it is read, so it cannot be what is written. */
static bool check_path(const struct writer *w)
{
    struct stat in, out;

    if (stat(w->path, &out) != 0)
        return true;
    for (size_t i = 0; i < gguf_n_files(w->g); i++)
        if (stat(gguf_file_path(w->g, i), &in) == 0 && in.st_dev == out.st_dev && in.st_ino == out.st_ino)
            return error_set(w->err, ERROR_INPUT, "%s: is the file that is read; write to another name", w->path);
    if (!S_ISREG(out.st_mode))
        return error_set(w->err, ERROR_INPUT, "%s: is there and no regular file; write to another name", w->path);
    return true;
}

static bool check_disk(const struct writer *w, size_t n_bytes)
{
    struct statvfs fs;

    if (fstatvfs(fileno(w->file), &fs) != 0)
        return error_set(w->err, ERROR_INPUT, "%s: %s", w->path, strerror(errno));
    uint64_t available = (uint64_t)fs.f_bavail * fs.f_frsize;
    return available >= n_bytes
        || error_set(w->err, ERROR_INPUT, "%s: its disk has %.2f GB free, %.2f GB are needed; free some or write to another disk",
                     w->path, (double)available / 1e9, (double)n_bytes / 1e9);
}

static bool open_beside(struct writer *w)
{
    size_t n = strlen(w->path) + sizeof ".XXXXXX";
    mode_t mask = umask(0);
    int fd = -1;

    umask(mask);
    w->beside = malloc(n);
    if (w->beside != NULL) {
        snprintf(w->beside, n, "%s.XXXXXX", w->path);
        fd = mkstemp(w->beside);
    }
    if (fd >= 0 && fchmod(fd, 0666 & ~mask) == 0)
        w->file = fdopen(fd, "wb");
    if (w->file != NULL)
        return true;
    error_set(w->err, ERROR_INPUT, "%s: cannot be written: %s", w->path, strerror(errno));
    if (fd >= 0) {
        unlink(w->beside);
        close(fd);
    }
    return false;
}

/* ---- writing: stdio remembers a failure until finish() asks ------------------------------------- */

static void put(struct writer *w, const void *bytes, size_t n)
{
    fwrite(bytes, 1, n, w->file);
}

static void put_u32(struct writer *w, uint32_t x)
{
    put(w, &x, sizeof x);
}

static void put_u64(struct writer *w, uint64_t x)
{
    put(w, &x, sizeof x);
}

static void put_text(struct writer *w, const char *text)
{
    put_u64(w, strlen(text));
    put(w, text, strlen(text));
}

static void pad(struct writer *w, size_t at)
{
    for (size_t end = aligned(w, at); at < end; at++)
        fputc(0, w->file);
}

static bool is_kept(const char *key)
{
    return strcmp(key, "general.file_type") != 0 && strcmp(key, "general.quantization_version") != 0
        && strncmp(key, "split.", 6) != 0;
}

static void put_values(struct writer *w, uint32_t file_type)
{
    const void *bytes;
    size_t n_bytes;

    for (size_t i = 0; i < gguf_n_values(w->g); i++)
        if (is_kept(gguf_value_at(w->g, i, &bytes, &n_bytes)))
            put(w, bytes, n_bytes);
    put_text(w, "general.quantization_version");
    put_u32(w, VALUE_U32);
    put_u32(w, QUANTIZATION_VERSION);
    put_text(w, "general.file_type");
    put_u32(w, VALUE_U32);
    put_u32(w, file_type);
}

static void put_head(struct writer *w, uint32_t file_type)
{
    size_t n_values = 2, n_bytes;
    const void *bytes;

    for (size_t i = 0; i < gguf_n_values(w->g); i++)
        n_values += is_kept(gguf_value_at(w->g, i, &bytes, &n_bytes));
    put(w, "GGUF", 4);
    put_u32(w, 3);
    put_u64(w, w->n);
    put_u64(w, n_values);
    put_values(w, file_type);
    for (size_t i = 0; i < w->n; i++) {
        const struct plan *p = &w->plans[i];
        put_text(w, p->from->name);
        put_u32(w, p->from->n_dims);
        for (uint32_t d = 0; d < p->from->n_dims; d++)
            put_u64(w, p->from->dim[d]);
        put_u32(w, (uint32_t)p->type);
        put_u64(w, p->offset);
    }
    pad(w, (size_t)ftell(w->file));
}

static bool tick(struct writer *w, size_t n)
{
    w->done += n;
    if (ferror(w->file))
        return error_set(w->err, ERROR_INPUT, "%s: cannot be written: %s", w->path, strerror(errno));
    return w->tick == NULL || w->tick(w->user, w->done, w->n_bytes)
        || error_set(w->err, ERROR_CANCELLED, "cancelled; %s was not written", w->path);
}

static bool copy(struct writer *w, const struct plan *p)
{
    const unsigned char *from = p->from->data;

    for (size_t at = 0; at < p->n_bytes; at += BATCH_BYTES) {
        size_t n = p->n_bytes - at < BATCH_BYTES ? p->n_bytes - at : BATCH_BYTES;
        put(w, from + at, n);
        if (!tick(w, n))
            return false;
    }
    return true;
}

struct rows {
    const struct writer *w;
    const struct plan *p;
    size_t first;                   /* of the batch */
    atomic_bool out_of_range;
};

/* A larger one would be infinite as F16 or as a scale; no model has any. */
#define MOST 65504.0f

static bool all_in_range(const float *x, size_t n)
{
    bool ok = true;

    for (size_t i = 0; i < n; i++)
        ok &= fabsf(x[i]) <= MOST;                  /* false for NaN */
    return ok;
}

static void convert_rows(void *user, size_t first, size_t last, size_t i_thread)
{
    struct rows *r = user;
    const struct tensor *from = r->p->from;
    size_t n = from->dim[0], in_bytes = row_bytes(from->type, n), out_bytes = row_bytes(r->p->type, n);
    float *x = r->w->rows + i_thread * r->w->longest;

    for (size_t i = first; i < last; i++) {
        r->w->c->kernels->dequantize[from->type]((const unsigned char *)from->data + (r->first + i) * in_bytes, x, n);
        if (!all_in_range(x, n)) {
            atomic_store(&r->out_of_range, true);
            return;
        }
        quantize_weights(r->p->type, x, n, r->w->batch + i * out_bytes);
    }
}

static bool convert(struct writer *w, const struct plan *p)
{
    size_t step = batch_rows(p), out_bytes = row_bytes(p->type, p->from->dim[0]);

    for (size_t first = 0; first < p->n_rows; first += step) {
        size_t n = p->n_rows - first < step ? p->n_rows - first : step;
        struct rows rows = { .w = w, .p = p, .first = first };

        pool_run(w->c->pool, n, n / 64 + 1, convert_rows, &rows);
        if (atomic_load(&rows.out_of_range))
            return error_set(w->err, ERROR_MODEL, "%s: tensor %s holds weights that are no numbers or beyond 65504; the file is "
                             "damaged, pull or convert it again", gguf_path(w->g), p->from->name);
        put(w, w->batch, n * out_bytes);
        if (!tick(w, n * out_bytes))
            return false;
    }
    return true;
}

static bool put_tensors(struct writer *w)
{
    for (size_t i = 0; i < w->n; i++) {
        const struct plan *p = &w->plans[i];

        if (!(p->type == p->from->type ? copy(w, p) : convert(w, p)))
            return false;
        pad(w, p->n_bytes);
        if (!tick(w, aligned(w, p->n_bytes) - p->n_bytes))
            return false;
    }
    return true;
}

static bool finish(struct writer *w)
{
    bool ok = fflush(w->file) == 0 && !ferror(w->file) && fsync(fileno(w->file)) == 0 && rename(w->beside, w->path) == 0;

    return ok || error_set(w->err, ERROR_INPUT, "%s: cannot be written: %s", w->path, strerror(errno));
}

bool quantize_file(const struct gguf *g, const struct quantize_mix *mix, const char *path, const struct compute *c,
                   quantize_tick *tick_or_null, void *user, struct quantize_report *report, struct error *err)
{
    struct writer w = { .g = g, .c = c, .path = path, .n = gguf_n_tensors(g), .alignment = DEFAULT_ALIGNMENT,
                        .tick = tick_or_null, .user = user, .err = err };
    uint32_t alignment;
    bool ok = false;

    *report = (struct quantize_report){ 0 };
    if (gguf_u32(g, "general.alignment", &alignment))
        w.alignment = alignment;
    w.plans = calloc(w.n + 1, sizeof *w.plans);
    if (w.plans == NULL)
        return error_set(err, ERROR_INFERENCE, "no memory for %zu tensors", w.n);
    make_plan(&w, mix, report);
    if (!allocate(&w))
        error_set(err, ERROR_INFERENCE, "no memory for rows of %zu weights", w.longest);
    else if (check_path(&w) && open_beside(&w)) {
        put_head(&w, quantize_mix_file_type(mix));
        report->n_bytes = (size_t)ftell(w.file) + w.n_bytes;
        ok = check_disk(&w, report->n_bytes) && put_tensors(&w) && finish(&w);
        fclose(w.file);
        if (!ok)
            unlink(w.beside);
    }
    free(w.beside), free(w.batch), free(w.rows), free(w.plans);
    return ok;
}
