/* gguf_file.h - what a struct gguf is made of; for gguf*.c only. */
#ifndef TENSOR_GGUF_FILE_H
#define TENSOR_GGUF_FILE_H

#include "base/arena.h"
#include "tensor/gguf.h"
#include "tensor/pool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum gguf_value_type {
    VALUE_U8, VALUE_I8, VALUE_U16, VALUE_I16, VALUE_U32, VALUE_I32, VALUE_F32, VALUE_BOOL,
    VALUE_STRING, VALUE_ARRAY, VALUE_U64, VALUE_I64, VALUE_F64, N_VALUE_TYPES
};

struct gguf_value {
    const char *key;
    enum gguf_value_type type;           /* of the elements when is_array */
    bool is_array;
    union {
        uint64_t u;                 /* unsigned and bool */
        int64_t i;
        double f;
        const char *text;
    };
    size_t n;                       /* elements of an array */
    const void *elements;           /* int32_t, float, const char * or bytes of bool; NULL for other types */
    const size_t *n_bytes;          /* of each string */
    size_t at, end;                 /* where it stands in the file, with its key */
};

/* Open addressing; a slot holds index + 1, 0 is free. */
struct gguf_index {
    uint32_t *slots;
    size_t mask;
};

struct gguf {
    char *path;
    const unsigned char *data;
    size_t n_bytes;
    bool mapped;                    /* `data` is ours to unmap; else the caller's */
    struct arena *arena;
    struct gguf_value *values;
    struct tensor *tensors;         /* of all parts */
    size_t n_values, n_tensors;
    struct gguf **parts;            /* the files after this one that belong to it */
    size_t n_parts;
    struct pool_lease lease;
    struct gguf_index value_index, tensor_index;
};

enum { GGUF_MAX_TENSORS = 1 << 16 };            /* far above any model; bounds the work for a hostile file */

/* gguf_lookup.c.  The slot of a key or a tensor's name, or the free one where it belongs. */
bool gguf_index_init(struct gguf_index *x, size_t n, struct arena *arena, struct error *err);
uint32_t *gguf_value_slot(const struct gguf *g, const char *key);
uint32_t *gguf_tensor_slot(const struct gguf *g, const char *name);
const struct gguf_value *gguf_find(const struct gguf *g, const char *key);      /* NULL: none */

/* One file, whatever it is a part of. */
struct gguf *gguf_open_part(const char *path, struct error *err);
/* gguf_split.c.  Opens the parts that follow and joins their tensors with g's; true as well
 * when there are none. */
bool gguf_join_parts(struct gguf *g, struct error *err);

#endif
