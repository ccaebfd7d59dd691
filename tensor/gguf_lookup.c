/* gguf_lookup.c - keys and tensors by name. */
#include "tensor/gguf_file.h"

#include <string.h>

/* ---- index ----------------------------------------------------------------------- */

/* FNV-1a, 32 bits. */
static uint32_t hash_name(const char *name)
{
    uint32_t h = 2166136261u;

    for (; *name != '\0'; name++)
        h = (h ^ (unsigned char)*name) * 16777619u;
    return h;
}

bool gguf_index_init(struct gguf_index *x, size_t n, struct arena *arena, struct error *err)
{
    size_t n_slots = 8;

    while (n_slots < 2 * n)
        n_slots *= 2;
    x->mask = n_slots - 1;
    x->slots = arena_zero(arena, n_slots, sizeof *x->slots, err);
    return x->slots != NULL;
}

/* The slot of `name`, or the free one where it belongs.  `first` is the name of
 * element 0; the elements are `stride` bytes apart. */
static uint32_t *index_slot(const struct gguf_index *x, const char *const *first, size_t stride, const char *name)
{
    size_t i = hash_name(name) & x->mask;

    while (x->slots[i] != 0) {
        const char *const *known = (const char *const *)((const char *)first + (x->slots[i] - 1) * stride);
        if (strcmp(*known, name) == 0)
            break;
        i = (i + 1) & x->mask;
    }
    return &x->slots[i];
}

uint32_t *gguf_value_slot(const struct gguf *g, const char *key)
{
    return index_slot(&g->value_index, &g->values[0].key, sizeof *g->values, key);
}

uint32_t *gguf_tensor_slot(const struct gguf *g, const char *name)
{
    return index_slot(&g->tensor_index, &g->tensors[0].name, sizeof *g->tensors, name);
}

const struct gguf_value *gguf_find(const struct gguf *g, const char *key)
{
    uint32_t i = *gguf_value_slot(g, key);

    return i == 0 ? NULL : &g->values[i - 1];
}

/* ---- getters ------------------------------------------------------------------- */

const char *gguf_path(const struct gguf *g)
{
    return g->path;
}

size_t gguf_n_files(const struct gguf *g)
{
    return 1 + g->n_parts;
}

const char *gguf_file_path(const struct gguf *g, size_t i)
{
    return i == 0 ? g->path : g->parts[i - 1]->path;
}

size_t gguf_file_bytes(const struct gguf *g)
{
    size_t n_bytes = g->n_bytes;

    for (size_t i = 0; i < g->n_parts; i++)
        n_bytes += g->parts[i]->n_bytes;
    return n_bytes;
}

size_t gguf_n_tensors(const struct gguf *g)
{
    return g->n_tensors;
}

const struct tensor *gguf_tensor_at(const struct gguf *g, size_t i)
{
    return &g->tensors[i];
}

const struct tensor *gguf_tensor(const struct gguf *g, const char *name)
{
    uint32_t i = *gguf_tensor_slot(g, name);

    return i == 0 ? NULL : &g->tensors[i - 1];
}

size_t gguf_n_values(const struct gguf *g)
{
    return g->n_values;
}

const char *gguf_value_at(const struct gguf *g, size_t i, const void **bytes, size_t *n_bytes)
{
    const struct gguf_value *v = &g->values[i];

    *bytes = g->data + v->at;
    *n_bytes = v->end - v->at;
    return v->key;
}

static const struct gguf_value *find_scalar(const struct gguf *g, const char *key)
{
    const struct gguf_value *v = gguf_find(g, key);

    return v == NULL || v->is_array ? NULL : v;
}

bool gguf_u32(const struct gguf *g, const char *key, uint32_t *value)
{
    const struct gguf_value *v = find_scalar(g, key);

    if (v == NULL)
        return false;
    switch (v->type) {
    case VALUE_I8: case VALUE_I16: case VALUE_I32: case VALUE_I64:
        if (v->i < 0)
            return false;
        break;
    case VALUE_U8: case VALUE_U16: case VALUE_U32: case VALUE_U64:
        break;
    default:
        return false;
    }
    if (v->u > UINT32_MAX)          /* i and u share their bits, and i is not negative */
        return false;
    *value = (uint32_t)v->u;
    return true;
}

bool gguf_f32(const struct gguf *g, const char *key, float *value)
{
    const struct gguf_value *v = find_scalar(g, key);

    if (v == NULL || (v->type != VALUE_F32 && v->type != VALUE_F64))
        return false;
    *value = (float)v->f;
    return true;
}

bool gguf_has(const struct gguf *g, const char *key)
{
    return gguf_find(g, key) != NULL;
}

bool gguf_bool(const struct gguf *g, const char *key, bool *value)
{
    const struct gguf_value *v = find_scalar(g, key);

    if (v == NULL || v->type != VALUE_BOOL)
        return false;
    *value = v->u != 0;
    return true;
}

const char *gguf_string(const struct gguf *g, const char *key)
{
    const struct gguf_value *v = find_scalar(g, key);

    return v == NULL || v->type != VALUE_STRING ? NULL : v->text;
}

static const struct gguf_value *find_array(const struct gguf *g, const char *key, enum gguf_value_type type)
{
    const struct gguf_value *v = gguf_find(g, key);

    return v == NULL || !v->is_array || v->type != type ? NULL : v;
}

size_t gguf_strings(const struct gguf *g, const char *key, const char *const **text, const size_t **n_bytes)
{
    const struct gguf_value *v = find_array(g, key, VALUE_STRING);

    if (v == NULL)
        return 0;
    *text = v->elements;
    *n_bytes = v->n_bytes;
    return v->n;
}

size_t gguf_i32s(const struct gguf *g, const char *key, const int32_t **values)
{
    const struct gguf_value *v = find_array(g, key, VALUE_I32);

    if (v == NULL)
        return 0;
    *values = v->elements;
    return v->n;
}

size_t gguf_bools(const struct gguf *g, const char *key, const unsigned char **values)
{
    const struct gguf_value *v = find_array(g, key, VALUE_BOOL);

    if (v == NULL)
        return 0;
    *values = v->elements;
    return v->n;
}

size_t gguf_f32s(const struct gguf *g, const char *key, const float **values)
{
    const struct gguf_value *v = find_array(g, key, VALUE_F32);

    if (v == NULL)
        return 0;
    *values = v->elements;
    return v->n;
}
