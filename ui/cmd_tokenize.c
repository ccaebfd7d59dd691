/* cmd_tokenize.c - `mynah tokenize`: the token ids that a model reads a text as, as a JSON array. */
#include "ui/cli.h"

#include "base/file.h"
#include "store/models.h"
#include "text/text.h"
#include "ui/input.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_TEXT_BYTES = 64 << 20 };

static void print_ids(const int32_t *ids, size_t n, int32_t bos, int32_t eos)
{
    const char *comma = "";

    putchar('[');
    if (bos >= 0 && (n == 0 || ids[0] != bos)) {
        printf("%d", bos);
        comma = ",";
    }
    for (size_t i = 0; i < n; i++) {
        printf("%s%d", comma, ids[i]);
        comma = ",";
    }
    if (eos >= 0)
        printf("%s%d", comma, eos);
    puts("]");
}

static bool tokenize(const struct options *o, const char *path, struct error *err)
{
    size_t n_bytes, n_ids;
    int32_t *ids;
    char *text = input_is(path) ? input_bytes(&n_bytes, err) : (char *)file_read(path, MAX_TEXT_BYTES, &n_bytes, err);
    struct models *models = text != NULL ? models_open(err) : NULL;
    char *file = models != NULL ? models_path(models, o->model, err) : NULL;
    struct text_model *m = file != NULL ? text_model_open_tokens(file, err) : NULL;
    bool ok = m != NULL && text_tokenize(m, text, n_bytes, o->special, &ids, &n_ids, err);

    if (ok) {
        print_ids(ids, n_ids, o->special ? text_bos(m) : -1, o->special ? text_eos(m) : -1);
        free(ids);
    }
    text_model_close(m);
    free(file);
    models_close(models);
    free(text);
    return ok;
}

int cmd_tokenize(const struct options *o)
{
    struct error err = { 0 };

    if (o->n_arguments != 1) {
        error_set(&err, ERROR_USAGE, "`mynah tokenize` takes one file, or - for standard input: mynah tokenize notes.txt");
        return cli_fail(&err);
    }
    return tokenize(o, o->arguments[0], &err) ? 0 : cli_fail(&err);
}
