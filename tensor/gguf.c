/* gguf.c - maps a GGUF file, or takes one in memory, and checks all of it once.
 *
 * Every number of the file is untrusted until it has been compared with the
 * bytes that are left (a count times the least size of an element), so nothing
 * is allocated or read beyond what the file itself can hold.  Strings and
 * arrays of numbers are copied: in the file they end without NUL and stand at
 * odd addresses.  Tensor data stays where it is.  Getters: gguf_lookup.c.
 * Format: ggml docs/gguf.md (GGUF v3; v2 differs in nothing read here). */
#include "tensor/gguf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(sizeof(size_t) == 8, "files are mapped whole, and models are larger than 4 GB");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "GGUF numbers are read as they stand");

/* Bytes in the file; a string's and an array's are the least: length, or type and length. */
static const size_t value_bytes[N_VALUE_TYPES] = { 1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8 };

enum {
    MAX_KEYS = 1 << 16,                         /* as with GGUF_MAX_TENSORS */
    MAX_NAME_BYTES = 65535,                     /* of a key: gguf.md */
    DEFAULT_ALIGNMENT = 32, MAX_ALIGNMENT = 1 << 16,
    KEY_LEAST_BYTES = 8 + 1 + 4 + 1,            /* length, one letter, type, value */
    TENSOR_LEAST_BYTES = 8 + 1 + 4 + 8 + 4 + 8  /* length, one letter, n_dims, dim, type, offset */
};

/* Where parsing stands; errors name the path. */
struct cursor {
    const char *path;
    const unsigned char *data;
    size_t at, n;
    struct error *err;
};

/* ---- reading ----------------------------------------------------------------- */

static bool truncated(struct cursor *c, const char *what)
{
    return error_set(c->err, ERROR_MODEL, "%s: the file ends at byte %zu inside %s; it is cut short "
                     "or damaged, pull it again", c->path, c->n, what);
}

static bool take(struct cursor *c, void *to, size_t n, const char *what)
{
    if (n > c->n - c->at)
        return truncated(c, what);
    memcpy(to, c->data + c->at, n);
    c->at += n;
    return true;
}

static bool take_u32(struct cursor *c, uint32_t *to, const char *what)
{
    return take(c, to, sizeof *to, what);
}

/* A count of things that take at least `least` bytes each: no more than can follow. */
static bool take_count(struct cursor *c, size_t *to, size_t least, const char *what)
{
    uint64_t n = 0;

    if (!take(c, &n, sizeof n, what))
        return false;
    if (n > (c->n - c->at) / least)
        return error_set(c->err, ERROR_MODEL, "%s: says %llu for the count of %s, but only %zu bytes follow; "
                         "the file is cut short or damaged", c->path, (unsigned long long)n, what, c->n - c->at);
    *to = (size_t)n;
    return true;
}

static const char *copy_text(struct arena *arena, const unsigned char *text, size_t n, struct error *err)
{
    char *copy = arena_alloc(arena, n + 1, 1, err);

    if (copy != NULL) {
        memcpy(copy, text, n);
        copy[n] = '\0';
    }
    return copy;
}

/* A key or a tensor's name: not empty, and printable, since messages quote it. */
static const char *take_name(struct cursor *c, struct arena *arena, const char *what, size_t i)
{
    size_t n;

    if (!take_count(c, &n, 1, "letters of a name"))
        return NULL;
    const unsigned char *text = c->data + c->at;
    bool good = n > 0 && n <= MAX_NAME_BYTES;
    for (size_t j = 0; good && j < n; j++)
        good = text[j] >= 0x20 && text[j] != 0x7F;
    if (!good) {
        error_set(c->err, ERROR_MODEL, "%s: %s %zu has a name that is empty, too long or holds control bytes",
                  c->path, what, i);
        return NULL;
    }
    c->at += n;
    return copy_text(arena, text, n, c->err);
}

/* ---- key-values -------------------------------------------------------------- */

/* Integers are kept as 64 bits, floats as double: every value of the file fits. */
static bool take_scalar(struct cursor *c, struct gguf_value *v)
{
    union { uint8_t u8; int8_t i8; uint16_t u16; int16_t i16; uint32_t u32; int32_t i32; float f32;
            uint64_t u64; int64_t i64; double f64; } raw;

    if (!take(c, &raw, value_bytes[v->type], "a value"))
        return false;
    switch (v->type) {
    case VALUE_U8: case VALUE_BOOL: v->u = raw.u8; break;
    case VALUE_I8:  v->i = raw.i8; break;
    case VALUE_U16: v->u = raw.u16; break;
    case VALUE_I16: v->i = raw.i16; break;
    case VALUE_U32: v->u = raw.u32; break;
    case VALUE_I32: v->i = raw.i32; break;
    case VALUE_F32: v->f = (double)raw.f32; break;
    case VALUE_U64: v->u = raw.u64; break;
    case VALUE_I64: v->i = raw.i64; break;
    default:        v->f = raw.f64; break;
    }
    if (v->type == VALUE_BOOL && v->u > 1)
        return error_set(c->err, ERROR_MODEL, "%s: key %s: a bool is 0 or 1, found %u", c->path, v->key, raw.u8);
    return true;
}

static bool take_string(struct cursor *c, struct arena *arena, struct gguf_value *v)
{
    size_t n;

    if (!take_count(c, &n, 1, "bytes of a text"))
        return false;
    if (memchr(c->data + c->at, '\0', n) != NULL)
        return error_set(c->err, ERROR_MODEL, "%s: key %s: the text holds a NUL byte", c->path, v->key);
    v->text = copy_text(arena, c->data + c->at, n, c->err);
    c->at += n;
    return v->text != NULL;
}

/* Two passes: lengths are checked and added up, then one block takes all texts.
 * They may hold NUL bytes (a vocabulary has every byte), so lengths are kept. */
static bool take_strings(struct cursor *c, struct arena *arena, struct gguf_value *v)
{
    size_t start = c->at, n_text = 0, n = 0;
    size_t *n_bytes = arena_alloc(arena, v->n, sizeof *n_bytes, c->err);
    const char **texts = arena_alloc(arena, v->n, sizeof *texts, c->err);

    if (n_bytes == NULL || texts == NULL)
        return false;
    for (size_t i = 0; i < v->n; i++) {
        if (!take_count(c, &n, 1, "bytes of a text in an array"))
            return false;
        n_bytes[i] = n;
        n_text += n + 1;            /* at most the file's size: no overflow */
        c->at += n;
    }
    char *to = arena_alloc(arena, n_text, 1, c->err);
    if (to == NULL)
        return false;
    const unsigned char *from = c->data + start;
    for (size_t i = 0; i < v->n; i++) {
        texts[i] = to;
        from += sizeof(uint64_t);
        memcpy(to, from, n_bytes[i]);
        from += n_bytes[i];
        to += n_bytes[i];
        *to++ = '\0';
    }
    v->elements = texts;
    v->n_bytes = n_bytes;
    return true;
}

static bool take_array(struct cursor *c, struct arena *arena, struct gguf_value *v)
{
    uint32_t type;

    if (!take_u32(c, &type, "an array"))
        return false;
    if (type >= N_VALUE_TYPES || type == VALUE_ARRAY)
        return error_set(c->err, ERROR_MODEL, "%s: key %s: an array of type %u is not supported",
                         c->path, v->key, type);
    v->type = (enum gguf_value_type)type;
    v->is_array = true;
    if (!take_count(c, &v->n, value_bytes[type], "array elements"))
        return false;
    if (v->type == VALUE_STRING)
        return take_strings(c, arena, v);
    size_t n_bytes = v->n * value_bytes[type];      /* checked by take_count */
    if (v->type == VALUE_I32 || v->type == VALUE_F32 || v->type == VALUE_BOOL) {
        void *copy = arena_alloc(arena, n_bytes, 1, c->err);
        if (copy == NULL)
            return false;
        memcpy(copy, c->data + c->at, n_bytes);
        v->elements = copy;
    }
    c->at += n_bytes;
    return true;
}

static bool take_value(struct cursor *c, struct gguf *g, size_t i)
{
    struct gguf_value *v = &g->values[i];
    uint32_t type;

    v->at = c->at;
    v->key = take_name(c, g->arena, "key", i);
    if (v->key == NULL || !take_u32(c, &type, "a key"))
        return false;
    uint32_t *slot = gguf_value_slot(g, v->key);
    if (*slot != 0)
        return error_set(c->err, ERROR_MODEL, "%s: key %s is there twice", c->path, v->key);
    *slot = (uint32_t)i + 1;
    if (type >= N_VALUE_TYPES)
        return error_set(c->err, ERROR_MODEL, "%s: key %s: value type %u is unknown", c->path, v->key, type);
    v->type = (enum gguf_value_type)type;
    if (v->type == VALUE_STRING)
        return take_string(c, g->arena, v);
    return v->type == VALUE_ARRAY ? take_array(c, g->arena, v) : take_scalar(c, v);
}

static bool alignment_of(const struct gguf *g, size_t *alignment, struct error *err)
{
    const struct gguf_value *v = gguf_find(g, "general.alignment");

    *alignment = DEFAULT_ALIGNMENT;
    if (v == NULL)
        return true;
    /* At least 8, as gguf.md wants: tensors of numbers then stand at even addresses. */
    if (v->is_array || v->type != VALUE_U32 || v->u < 8 || v->u > MAX_ALIGNMENT || (v->u & (v->u - 1)) != 0)
        return error_set(err, ERROR_MODEL, "%s: general.alignment must be a u32, a power of two of 8 to %d",
                         g->path, MAX_ALIGNMENT);
    *alignment = (size_t)v->u;
    return true;
}

/* ---- tensors ----------------------------------------------------------------- */

/* Dimensions, none zero, rows of whole blocks, and the bytes they come to. */
static bool take_shape(struct cursor *c, struct tensor *t)
{
    size_t n_elements = 1;
    uint32_t type;

    if (!take_u32(c, &t->n_dims, "a tensor"))
        return false;
    if (t->n_dims < 1 || t->n_dims > TENSOR_MAX_DIMS)
        return error_set(c->err, ERROR_MODEL, "%s: tensor %s has %u dimensions, 1 to %d are possible",
                         c->path, t->name, t->n_dims, TENSOR_MAX_DIMS);
    for (uint32_t i = 0; i < TENSOR_MAX_DIMS; i++) {
        uint64_t dim = 1;
        if (i < t->n_dims && !take(c, &dim, sizeof dim, "a tensor"))
            return false;
        t->dim[i] = (size_t)dim;
        if (dim == 0 || __builtin_mul_overflow(n_elements, t->dim[i], &n_elements))
            return error_set(c->err, ERROR_MODEL, "%s: tensor %s: dimension %u is %llu, which cannot be",
                             c->path, t->name, i, (unsigned long long)dim);
    }
    if (!take_u32(c, &type, "a tensor"))
        return false;
    t->type = (enum tensor_type)type;
    size_t block = tensor_type_block_elements(t->type);
    if (block == 0)
        return error_set(c->err, ERROR_MODEL, "%s: tensor %s is of type %u (%s), which is not supported; F32, F16, BF16, "
                         "Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K to Q6_K, IQ4_NL and IQ4_XS are", c->path, t->name, type, tensor_type_name(t->type));
    if (t->dim[0] % block != 0)
        return error_set(c->err, ERROR_MODEL, "%s: tensor %s: a row of %zu is not whole blocks of %zu (%s)",
                         c->path, t->name, t->dim[0], block, tensor_type_name(t->type));
    if (__builtin_mul_overflow(n_elements / block, tensor_type_block_bytes(t->type), &t->n_bytes))
        return error_set(c->err, ERROR_MODEL, "%s: tensor %s: its size cannot be", c->path, t->name);
    return true;
}

static bool take_tensor(struct cursor *c, struct gguf *g, size_t i, uint64_t *offset)
{
    struct tensor *t = &g->tensors[i];

    t->name = take_name(c, g->arena, "tensor", i);
    if (t->name == NULL)
        return false;
    uint32_t *slot = gguf_tensor_slot(g, t->name);
    if (*slot != 0)
        return error_set(c->err, ERROR_MODEL, "%s: tensor %s is there twice", c->path, t->name);
    *slot = (uint32_t)i + 1;
    return take_shape(c, t) && take(c, offset, sizeof *offset, "a tensor");
}

/* Offsets count from the first aligned byte after the infos. */
static bool place_tensors(struct cursor *c, struct gguf *g, const uint64_t *offsets, size_t alignment)
{
    size_t start = (c->at + alignment - 1) & ~(alignment - 1);

    for (size_t i = 0; i < g->n_tensors; i++) {
        struct tensor *t = &g->tensors[i];
        if (offsets[i] % alignment != 0)
            return error_set(c->err, ERROR_MODEL, "%s: tensor %s: offset %llu is not a multiple of %zu",
                             c->path, t->name, (unsigned long long)offsets[i], alignment);
        if (start > c->n || offsets[i] > c->n - start || t->n_bytes > c->n - start - offsets[i])
            return error_set(c->err, ERROR_MODEL, "%s: tensor %s (%zu bytes) lies past the end of the file "
                             "(%zu bytes); it is cut short or damaged, pull it again",
                             c->path, t->name, t->n_bytes, c->n);
        t->data = c->data + start + offsets[i];
        t->lease = &g->lease;
    }
    return true;
}

/* ---- the whole file ------------------------------------------------------------ */

static bool take_header(struct cursor *c, struct gguf *g)
{
    char magic[4];
    uint32_t version;

    if (c->n < sizeof magic || memcmp(c->data, "GGUF", sizeof magic) != 0)
        return error_set(c->err, ERROR_MODEL, "%s: is not a GGUF file (it does not begin with \"GGUF\")", c->path);
    if (!take(c, magic, sizeof magic, "the header") || !take_u32(c, &version, "the header"))
        return false;
    if (version != 2 && version != 3)
        return error_set(c->err, ERROR_MODEL, "%s: is GGUF version %u; 2 and 3 are read, in little-endian order",
                         c->path, version);
    if (!take_count(c, &g->n_tensors, TENSOR_LEAST_BYTES, "tensors") ||
        !take_count(c, &g->n_values, KEY_LEAST_BYTES, "keys"))
        return false;
    if (g->n_tensors > GGUF_MAX_TENSORS || g->n_values > MAX_KEYS)
        return error_set(c->err, ERROR_MODEL, "%s: has %zu tensors and %zu keys; at most %d of each are read",
                         c->path, g->n_tensors, g->n_values, MAX_KEYS);
    return true;
}

static bool parse(struct gguf *g, struct error *err)
{
    struct cursor c = { g->path, g->data, 0, g->n_bytes, err };
    size_t alignment;

    if (!take_header(&c, g))
        return false;
    g->values = arena_zero(g->arena, g->n_values, sizeof *g->values, err);
    g->tensors = arena_zero(g->arena, g->n_tensors, sizeof *g->tensors, err);
    uint64_t *offsets = arena_alloc(g->arena, g->n_tensors, sizeof *offsets, err);
    if (g->values == NULL || g->tensors == NULL || offsets == NULL ||
        !gguf_index_init(&g->value_index, g->n_values, g->arena, err) ||
        !gguf_index_init(&g->tensor_index, g->n_tensors, g->arena, err))
        return false;
    for (size_t i = 0; i < g->n_values; i++) {
        if (!take_value(&c, g, i))
            return false;
        g->values[i].end = c.at;
    }
    if (!alignment_of(g, &alignment, err))
        return false;
    for (size_t i = 0; i < g->n_tensors; i++)
        if (!take_tensor(&c, g, i, &offsets[i]))
            return false;
    return place_tensors(&c, g, offsets, alignment);
}

/* O_NONBLOCK so that opening a FIFO nobody writes to cannot hang. */
static bool map_file(struct gguf *g, struct error *err)
{
    struct stat st;
    int fd = open(g->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool ok = false;

    if (fd < 0 || fstat(fd, &st) != 0)
        error_set(err, ERROR_MODEL, "%s: %s", g->path, strerror(errno));
    else if (!S_ISREG(st.st_mode))
        error_set(err, ERROR_MODEL, "%s: is not a regular file, a GGUF file was expected", g->path);
    else if (st.st_size == 0)
        error_set(err, ERROR_MODEL, "%s: is empty, a GGUF file was expected", g->path);
    else {
        void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
        ok = map != MAP_FAILED;
        if (ok) {
            g->data = map;
            g->mapped = true;
            g->n_bytes = (size_t)st.st_size;
        } else {
            error_set(err, ERROR_MODEL, "%s: cannot be mapped (%lld bytes): %s", g->path,
                      (long long)st.st_size, strerror(errno));
        }
    }
    if (fd >= 0)
        close(fd);
    return ok;
}

/* Without data yet. */
static struct gguf *gguf_new(const char *path, struct error *err)
{
    struct gguf *g = calloc(1, sizeof *g);

    if (g == NULL || (g->path = strdup(path)) == NULL) {
        error_set(err, ERROR_MODEL, "%s: no memory to open it", path);
        free(g);
        return NULL;
    }
    g->arena = arena_new("GGUF", 1 << 16, err);
    if (g->arena == NULL) {
        gguf_close(g);
        return NULL;
    }
    return g;
}

struct gguf *gguf_open_part(const char *path, struct error *err)
{
    struct gguf *g = gguf_new(path, err);

    if (g != NULL && (!map_file(g, err) || !parse(g, err))) {
        gguf_close(g);
        return NULL;
    }
    return g;
}

struct gguf *gguf_open(const char *path, struct error *err)
{
    struct gguf *g = gguf_open_part(path, err);

    if (g != NULL && !gguf_join_parts(g, err)) {
        gguf_close(g);
        return NULL;
    }
    return g;
}

struct gguf *gguf_open_bytes(const char *name, const void *bytes, size_t n_bytes, struct error *err)
{
    struct gguf *g;

    if ((uintptr_t)bytes % GGUF_ALIGN != 0) {
        error_set(err, ERROR_MODEL, "%s: lies at an address that is not a multiple of %d", name, GGUF_ALIGN);
        return NULL;
    }
    g = gguf_new(name, err);
    if (g == NULL)
        return NULL;
    g->data = bytes;
    g->n_bytes = n_bytes;
    if (!parse(g, err) || !gguf_join_parts(g, err)) {
        gguf_close(g);
        return NULL;
    }
    return g;
}

void gguf_close(struct gguf *g)
{
    if (g == NULL)
        return;
    for (size_t i = 0; i < g->n_parts; i++)
        gguf_close(g->parts[i]);
    free(g->parts);
    pool_lease_wait(&g->lease);
    if (g->mapped)
        munmap((void *)g->data, g->n_bytes);
    arena_free(g->arena);
    free(g->path);
    free(g);
}
