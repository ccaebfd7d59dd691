/* arena.h - memory with one lifetime: many allocations, one release.
 *
 * The program has three by name: model, session and step.  Memory comes in
 * chunks that a reset keeps, so an arena that has seen its largest use
 * allocates nothing more.  Not for use by two threads at once. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/error.h"

#include <stddef.h>

#define ARENA_ALIGN 64              /* bytes; a cache line, and AVX-512's width */

struct arena;

/* chunk_bytes: the least size of a chunk; a larger request gets its own. */
struct arena *arena_new(const char *name, size_t chunk_bytes, struct error *err);
void arena_free(struct arena *a);                           /* NULL is fine */

/* n * size bytes aligned to ARENA_ALIGN, contents undefined; NULL and *err when
 * the product overflows or the system has no more (the text says how many
 * bytes were wanted, and by which arena).  Zero bytes give a valid pointer. */
void *arena_alloc(struct arena *a, size_t n, size_t size, struct error *err);
void *arena_zero(struct arena *a, size_t n, size_t size, struct error *err);

/* Everything allocated after the mark is released by arena_rewind. */
struct arena_mark { size_t i_chunk, used; };
struct arena_mark arena_mark(const struct arena *a);
void arena_rewind(struct arena *a, struct arena_mark mark);
void arena_reset(struct arena *a);                          /* rewind to empty */

size_t arena_bytes(const struct arena *a);      /* held from the system */
size_t arena_n_chunks(const struct arena *a);   /* does not grow in a steady state */

#endif
