/* hash.h - what the tokenizers' open-addressed tables share. */
#ifndef TEXT_HASH_H
#define TEXT_HASH_H

#include <stddef.h>
#include <stdint.h>

/* FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/; continued from `hash`. */
#define HASH_START 14695981039346656037u
static inline uint64_t hash_more(uint64_t hash, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ (unsigned char)text[i]) * 1099511628211u;
    return hash;
}

static inline size_t hash_slot(uint64_t hash, size_t mask)
{
    return (size_t)(hash ^ hash >> 32) & mask;
}

/* Power of two, less one, with at least a third of the slots free. */
static inline size_t hash_mask(size_t n)
{
    size_t size = 16;

    while (size / 3 * 2 < n)
        size *= 2;
    return size - 1;
}

#endif
