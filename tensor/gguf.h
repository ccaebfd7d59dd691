/* gguf.h - a GGUF file, mapped or in memory, validated once.
 *
 *   "GGUF" | version u32 (2 or 3) | n_tensors u64 | n_kv u64
 *   key-values | tensor infos | padding to general.alignment | tensor data
 *
 * Everything is checked when it is opened: counts, string lengths, types, dimensions,
 * offsets, sizes, alignment and duplicates; later code trusts the result.  A
 * struct gguf never changes and threads may share it.  Everything a getter
 * returns is borrowed until gguf_close.
 * Format: ggml docs/gguf.md (GGUF v3). */
#ifndef TENSOR_GGUF_H
#define TENSOR_GGUF_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/* Numbers are the file format's. */
enum tensor_type {
    TENSOR_F32 = 0, TENSOR_F16 = 1, TENSOR_Q4_0 = 2, TENSOR_Q4_1 = 3,
    TENSOR_Q5_0 = 6, TENSOR_Q5_1 = 7, TENSOR_Q8_0 = 8, TENSOR_Q2_K = 10,
    TENSOR_Q3_K = 11, TENSOR_Q4_K = 12, TENSOR_Q5_K = 13, TENSOR_Q6_K = 14,
    TENSOR_IQ4_NL = 20, TENSOR_IQ4_XS = 23, TENSOR_BF16 = 30
};

#define TENSOR_MAX_DIMS 4

/* dim[0] is the contiguous one: a matrix [n_out][n_in] has dim = { n_in, n_out, 1, 1 }. */
struct tensor {
    const char *name;               /* NUL-terminated */
    enum tensor_type type;
    uint32_t n_dims;
    size_t dim[TENSOR_MAX_DIMS];    /* 1 beyond n_dims */
    const void *data;
    size_t n_bytes;
    struct pool_lease *lease;       /* to be held by whoever may read `data` late (pool.h); may be NULL */
};

struct gguf;
struct pool_lease;

/* ERROR_MODEL with the file and the cause; a missing file too.  Of a model in several files
 * (NAME-00001-of-00003.gguf) the first is given and all are opened: keys are the first one's,
 * tensors those of all, gguf_file_bytes the sum. */
struct gguf *gguf_open(const char *path, struct error *err);
/* The same from memory that begins at a multiple of GGUF_ALIGN and that the caller keeps,
 * unchanged, until gguf_close; `name` stands for the path in messages and in gguf_path. */
#define GGUF_ALIGN 64
struct gguf *gguf_open_bytes(const char *name, const void *bytes, size_t n_bytes, struct error *err);
void gguf_close(struct gguf *g);                            /* NULL is fine */
const char *gguf_path(const struct gguf *g);
size_t gguf_n_files(const struct gguf *g);                  /* of a model in several */
const char *gguf_file_path(const struct gguf *g, size_t i); /* the first is gguf_path */
size_t gguf_file_bytes(const struct gguf *g);

size_t gguf_n_tensors(const struct gguf *g);
const struct tensor *gguf_tensor_at(const struct gguf *g, size_t i);
const struct tensor *gguf_tensor(const struct gguf *g, const char *name);   /* NULL: none */

/* Metadata.  false when the key is missing or of another kind; *value is then
 * as it was.  Integers of any width and sign are accepted if they fit. */
bool gguf_has(const struct gguf *g, const char *key);       /* of any kind */
bool gguf_u32(const struct gguf *g, const char *key, uint32_t *value);
bool gguf_f32(const struct gguf *g, const char *key, float *value);
bool gguf_bool(const struct gguf *g, const char *key, bool *value);
const char *gguf_string(const struct gguf *g, const char *key);     /* NUL-terminated */

/* Arrays: length, or 0 when missing or of another element type. */
size_t gguf_strings(const struct gguf *g, const char *key, const char *const **text, const size_t **n_bytes);
size_t gguf_i32s(const struct gguf *g, const char *key, const int32_t **values);
size_t gguf_f32s(const struct gguf *g, const char *key, const float **values);
size_t gguf_bools(const struct gguf *g, const char *key, const unsigned char **values);     /* 0: false */

/* Key i of gguf_n_values, in the order of the file; its *n_bytes there are the key, the
 * type and the value: what a copy of the file needs. */
size_t gguf_n_values(const struct gguf *g);
const char *gguf_value_at(const struct gguf *g, size_t i, const void **bytes, size_t *n_bytes);

/* Name such as "Q4_K"; elements and bytes of one block (1 for plain types). */
const char *tensor_type_name(enum tensor_type type);
size_t tensor_type_block_elements(enum tensor_type type);   /* 0: type not supported */
size_t tensor_type_block_bytes(enum tensor_type type);

/* One row of a model's table of weights; walked by gguf_bind.  `field` is the
 * offset of a `const struct tensor *` in the caller's struct. */
struct gguf_binding {
    const char *name;               /* may hold one %u: the block's index */
    size_t field;
    size_t dim0, dim1;              /* expected shape; 0 in dim1: a vector */
    bool optional;
};

/* Fills the fields of `object`; ERROR_MODEL names file, tensor, expected and
 * found shape.  i_block is put in place of %u. */
bool gguf_bind(const struct gguf *g, const struct gguf_binding *table, size_t n,
               unsigned i_block, void *object, struct error *err);

#endif
