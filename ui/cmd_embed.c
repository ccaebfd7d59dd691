/* cmd_embed.c - `mynah embed`: texts as rows of numbers, as JSON or NumPy's .npy.
 *
 *   argument: - | a file that is there | the text itself   -> text, with --lines each of its lines
 *          -> embedder -> json: an object a line; npy: <f4 [n][n_embd] */
#include "ui/cli.h"

#include "base/file.h"
#include "store/models.h"
#include "text/embedder.h"
#include "ui/input.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_TEXT_BYTES = 64 << 20, NPY_ALIGN = 64 };

struct embedding {
    const struct options *o;
    const struct compute *c;
    struct embedder *e;
    float *rows;                    /* of npy, [n_rows][n_embd] */
    size_t n_rows, n_room;
    float *row;
    bool npy;
};

/* ---- one text ------------------------------------------------------------------------ */

static bool keep_row(struct embedding *m, struct error *err)
{
    size_t n = embedder_n_embd(m->e);

    if (m->n_rows == m->n_room) {
        size_t n_room = 2 * m->n_room + 16;
        float *grown = realloc(m->rows, n_room * n * sizeof *grown);
        if (grown == NULL)
            return error_set(err, ERROR_INFERENCE, "no memory for %zu embeddings", n_room);
        m->rows = grown;
        m->n_room = n_room;
    }
    memcpy(m->rows + m->n_rows++ * n, m->row, n * sizeof *m->row);
    return true;
}

/* 9 digits tell every float (IEEE 754-2008, 5.12.2). */
static void print_row(const struct embedding *m, const char *name, size_t line, size_t n_tokens, size_t n_left_out)
{
    cJSON *text = cJSON_CreateString(name);
    char *quoted = text != NULL ? cJSON_PrintUnformatted(text) : NULL;

    printf("{\"input\":%s,", quoted != NULL ? quoted : "null");
    if (line > 0)
        printf("\"line\":%zu,", line);
    printf("\"tokens\":%zu,\"left_out\":%zu,\"embedding\":[", n_tokens, n_left_out);
    for (size_t i = 0; i < embedder_n_embd(m->e); i++)
        printf("%s%.9g", i > 0 ? "," : "", (double)m->row[i]);
    puts("]}");
    cJSON_free(quoted);
    cJSON_Delete(text);
}

/* line: 0 for a whole text. */
static bool embed(struct embedding *m, const char *name, size_t line, const char *text, size_t n_bytes, struct error *err)
{
    struct error inner = { 0 };
    size_t n_tokens, n_left_out;

    if (!embedder_embed(m->e, m->c, text, n_bytes, m->row, &n_tokens, &n_left_out, &inner))
        return error_set(err, inner.code, "%s: %s", name, inner.text);
    if (n_left_out > 0 && !m->o->quiet)
        fprintf(stderr, "mynah: a text of %zu tokens is longer than the model reads; the last %zu are left out\n", n_tokens, n_left_out);
    if (m->npy)
        return keep_row(m, err);
    print_row(m, name, line, n_tokens, n_left_out);
    return true;
}

/* Empty lines count, so that a row's place is its line's. */
static bool embed_lines(struct embedding *m, const char *name, const char *text, size_t n_bytes, struct error *err)
{
    for (size_t at = 0, line = 1; at < n_bytes; line++) {
        const char *end = memchr(text + at, '\n', n_bytes - at);
        size_t n = end != NULL ? (size_t)(end - text) - at : n_bytes - at;
        if (!embed(m, name, line, text + at, n > 0 && text[at + n - 1] == '\r' ? n - 1 : n, err))
            return false;
        at += n + 1;
    }
    return true;
}

static bool embed_argument(struct embedding *m, const char *argument, struct error *err)
{
    bool from_input = input_is(argument), is_file = !from_input && access(argument, F_OK) == 0;
    size_t n_bytes = strlen(argument);
    char *text = NULL;

    if (from_input)
        text = input_bytes(&n_bytes, err);
    else if (is_file)
        text = (char *)file_read(argument, MAX_TEXT_BYTES, &n_bytes, err);
    if ((from_input || is_file) && text == NULL)
        return false;
    bool ok = (m->o->lines ? embed_lines(m, argument, text != NULL ? text : argument, n_bytes, err)
                           : embed(m, argument, 0, text != NULL ? text : argument, n_bytes, err));
    free(text);
    return ok;
}

/* ---- .npy ------------------------------------------------------------------------------- */

/* https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html, version 1.0 */
static void write_npy(const struct embedding *m)
{
    size_t n = embedder_n_embd(m->e);
    char header[NPY_ALIGN * 2 + 1];
    enum { PREFIX = 10, LENGTH = NPY_ALIGN * 2 };
    int used = snprintf(header, sizeof header, "{'descr': '<f4', 'fortran_order': False, 'shape': (%zu, %zu), }", m->n_rows, n);

    memset(header + used, ' ', LENGTH - (size_t)used);
    header[LENGTH - PREFIX - 1] = '\n';
    fwrite("\x93NUMPY\x01\x00", 1, 8, stdout);
    fputc(LENGTH - PREFIX, stdout);
    fputc(0, stdout);
    fwrite(header, 1, LENGTH - PREFIX, stdout);
    fwrite(m->rows, sizeof *m->rows, m->n_rows * n, stdout);
}

/* ---- the command --------------------------------------------------------------------------- */

static bool check(const struct options *o, struct error *err)
{
    if (o->n_arguments == 0)
        return error_set(err, ERROR_USAGE, "`mynah embed` takes texts, files or - for standard input: mynah embed \"a sentence\"");
    if (input_count(o->arguments, o->n_arguments) > 1)
        return error_set(err, ERROR_USAGE, "standard input was asked for several times; it can be read once");
    if (o->format != NULL && strcmp(o->format, "npy") == 0 && isatty(STDOUT_FILENO))
        return error_set(err, ERROR_USAGE, "--format npy is binary, and standard output is a terminal: mynah embed ... > rows.npy");
    return true;
}

static bool embed_all(struct embedding *m, struct error *err)
{
    struct models *models = models_open(err);
    char *path = models != NULL ? models_path(models, m->o->model, err) : NULL;
    bool ok = false;

    m->e = path != NULL ? embedder_open(path, m->c, err) : NULL;
    m->row = m->e != NULL ? malloc(embedder_n_embd(m->e) * sizeof *m->row) : NULL;
    if (m->e != NULL && m->row == NULL)
        error_set(err, ERROR_INFERENCE, "no memory for an embedding");
    if (m->row != NULL) {
        ok = true;
        for (size_t i = 0; ok && i < m->o->n_arguments; i++)
            ok = embed_argument(m, m->o->arguments[i], err);
        if (ok && m->npy)
            write_npy(m);
    }
    free(m->row);
    free(m->rows);
    embedder_close(m->e);
    free(path);
    models_close(models);
    return ok;
}

int cmd_embed(const struct options *o)
{
    struct error err = { 0 };
    struct compute c = { 0 };

    if (!check(o, &err) || !compute_init(&c, o->n_threads, o->kernels, &err))
        return cli_fail(&err);
    struct embedding m = { .o = o, .c = &c, .npy = o->format != NULL && strcmp(o->format, "npy") == 0 };
    bool ok = embed_all(&m, &err);
    compute_done(&c);
    return ok ? 0 : cli_fail(&err);
}
