#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct chunk {
    unsigned char *data;
    size_t size;
};

struct arena {
    const char *name;
    size_t chunk_bytes;
    struct chunk *chunks;
    size_t n_chunks;
    size_t i_chunk;                 /* chunk being filled; == n_chunks when none */
    size_t used;                    /* bytes of it handed out */
};

struct arena *arena_new(const char *name, size_t chunk_bytes, struct error *err)
{
    struct arena *a = calloc(1, sizeof *a);

    if (a == NULL) {
        error_set(err, ERROR_INFERENCE, "no memory for the %s arena", name);
        return NULL;
    }
    a->name = name;
    a->chunk_bytes = chunk_bytes;
    return a;
}

void arena_free(struct arena *a)
{
    if (a == NULL)
        return;
    for (size_t i = 0; i < a->n_chunks; i++)
        free(a->chunks[i].data);
    free(a->chunks);
    free(a);
}

static void *no_memory(const struct arena *a, size_t n, size_t size, struct error *err)
{
    error_set(err, ERROR_INFERENCE, "no memory: the %s arena wanted %zu x %zu bytes",
              a->name, n, size);
    return NULL;
}

/* Makes chunk i_chunk one that holds `bytes`; later chunks are kept. */
static bool add_chunk(struct arena *a, size_t bytes)
{
    size_t least = (a->chunk_bytes + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
    size_t size = bytes > least ? bytes : least;
    struct chunk *grown = realloc(a->chunks, (a->n_chunks + 1) * sizeof *grown);

    if (grown == NULL)
        return false;
    a->chunks = grown;
    unsigned char *data = aligned_alloc(ARENA_ALIGN, size);
    if (data == NULL)
        return false;
    memmove(grown + a->i_chunk + 1, grown + a->i_chunk,
            (a->n_chunks - a->i_chunk) * sizeof *grown);
    grown[a->i_chunk] = (struct chunk){ data, size };
    a->n_chunks++;
    return true;
}

void *arena_alloc(struct arena *a, size_t n, size_t size, struct error *err)
{
    if (size != 0 && n > (SIZE_MAX - 2 * ARENA_ALIGN - a->chunk_bytes) / size)
        return no_memory(a, n, size, err);
    size_t bytes = (n * size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
    if (bytes == 0)
        bytes = ARENA_ALIGN;

    while (a->i_chunk < a->n_chunks && a->chunks[a->i_chunk].size - a->used < bytes) {
        a->i_chunk++;
        a->used = 0;
    }
    if (a->i_chunk == a->n_chunks && !add_chunk(a, bytes))
        return no_memory(a, n, size, err);
    void *p = a->chunks[a->i_chunk].data + a->used;
    a->used += bytes;
    return p;
}

void *arena_zero(struct arena *a, size_t n, size_t size, struct error *err)
{
    void *p = arena_alloc(a, n, size, err);

    if (p != NULL)
        memset(p, 0, n * size);
    return p;
}

struct arena_mark arena_mark(const struct arena *a)
{
    return (struct arena_mark){ a->i_chunk, a->used };
}

void arena_rewind(struct arena *a, struct arena_mark mark)
{
    a->i_chunk = mark.i_chunk;
    a->used = mark.used;
}

void arena_reset(struct arena *a)
{
    a->i_chunk = 0;
    a->used = 0;
}

size_t arena_bytes(const struct arena *a)
{
    size_t sum = 0;

    for (size_t i = 0; i < a->n_chunks; i++)
        sum += a->chunks[i].size;
    return sum;
}

size_t arena_n_chunks(const struct arena *a)
{
    return a->n_chunks;
}
