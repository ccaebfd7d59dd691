/* gguf_bind.c - a model's weights by a table instead of by hand. */
#include "tensor/gguf.h"

#include <stdio.h>
#include <string.h>

enum { NAME_BYTES = 128 };

/* The row's name with the block's index in place of %u; false when it does not fit. */
static bool expand_name(const char *pattern, unsigned i_block, char name[NAME_BYTES])
{
    const char *slot = strstr(pattern, "%u");
    int n;

    if (slot == NULL)
        n = snprintf(name, NAME_BYTES, "%s", pattern);
    else
        n = snprintf(name, NAME_BYTES, "%.*s%u%s", (int)(slot - pattern), pattern, i_block, slot + 2);
    return n >= 0 && n < NAME_BYTES;
}

static bool shape_matches(const struct tensor *t, const struct gguf_binding *row)
{
    return t->dim[0] == row->dim0 && t->dim[1] == (row->dim1 != 0 ? row->dim1 : 1) &&
           t->dim[2] == 1 && t->dim[3] == 1;
}

static bool wrong_shape(const struct gguf *g, const struct tensor *t, const struct gguf_binding *row,
                        struct error *err)
{
    char found[100] = "";
    size_t n = 0;

    for (uint32_t i = 0; i < t->n_dims; i++)
        n += (size_t)snprintf(found + n, sizeof found - n, "%s%zu", i > 0 ? " x " : "", t->dim[i]);
    if (row->dim1 == 0)
        return error_set(err, ERROR_MODEL, "%s: tensor %s: expected %zu, found %s",
                         gguf_path(g), t->name, row->dim0, found);
    return error_set(err, ERROR_MODEL, "%s: tensor %s: expected %zu x %zu, found %s",
                     gguf_path(g), t->name, row->dim0, row->dim1, found);
}

bool gguf_bind(const struct gguf *g, const struct gguf_binding *table, size_t n,
               unsigned i_block, void *object, struct error *err)
{
    for (size_t i = 0; i < n; i++) {
        const struct gguf_binding *row = &table[i];
        char name[NAME_BYTES];
        if (!expand_name(row->name, i_block, name))
            return error_set(err, ERROR_MODEL, "%s: the name %s is too long", gguf_path(g), row->name);
        const struct tensor *t = gguf_tensor(g, name);
        if (t == NULL && !row->optional)
            return error_set(err, ERROR_MODEL, "%s: tensor %s is missing (expected %zu x %zu)",
                             gguf_path(g), name, row->dim0, row->dim1 != 0 ? row->dim1 : 1);
        if (t != NULL && !shape_matches(t, row))
            return wrong_shape(g, t, row, err);
        memcpy((char *)object + row->field, &t, sizeof t);
    }
    return true;
}
