#include "text/added.h"

#include <stdlib.h>
#include <string.h>

#include "text/hash.h"

static bool put_text(struct added_token *token, const char *text, size_t n, bool blanks, struct arena *arena,
                     struct error *err)
{
    token->text = text;
    token->n_bytes = n;
    if (!blanks || memchr(text, ' ', n) == NULL)
        return true;
    char *out = arena_alloc(arena, n, BLANK_MARK_BYTES, err);
    if (out == NULL)
        return false;
    token->text = out;
    token->n_bytes = 0;
    for (size_t i = 0; i < n; i++) {
        const char *from = text[i] == ' ' ? BLANK_MARK : text + i;
        size_t length = text[i] == ' ' ? BLANK_MARK_BYTES : 1;
        memcpy(out + token->n_bytes, from, length);
        token->n_bytes += length;
    }
    return true;
}

static int compare_lengths(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;

    return (x > y) - (x < y);
}

static void sort_lengths(struct added *a)
{
    size_t n = 0;

    qsort(a->lengths, a->n, sizeof *a->lengths, compare_lengths);
    for (size_t i = 0; i < a->n; i++)
        if (n == 0 || a->lengths[n - 1] != a->lengths[i])
            a->lengths[n++] = a->lengths[i];
    a->n_lengths = n;
}

/* Index of the token written so, or the free slot where it belongs. */
static size_t find(const struct added *a, uint64_t hash, const char *text, size_t n)
{
    size_t i = hash_slot(hash, a->mask);

    for (; a->table[i] != 0; i = (i + 1) & a->mask) {
        const struct added_token *token = &a->tokens[a->table[i] - 1];
        if (token->n_bytes == n && memcmp(token->text, text, n) == 0)
            break;
    }
    return i;
}

static bool fill(struct added *a, const struct vocabulary *v, bool (*belongs)(const void *user, int32_t id),
                 const void *user, bool blanks, struct arena *arena, struct error *err)
{
    for (size_t id = 0; id < v->n; id++) {
        if (v->text_bytes[id] == 0 || !belongs(user, (int32_t)id))
            continue;
        struct added_token *token = &a->tokens[a->n];
        if (!put_text(token, v->text[id], v->text_bytes[id], blanks, arena, err))
            return false;
        token->id = (int32_t)id;
        size_t i = find(a, hash_more(HASH_START, token->text, token->n_bytes), token->text, token->n_bytes);
        if (a->table[i] != 0)       /* written twice: the lower id stands */
            continue;
        a->lengths[a->n] = token->n_bytes;
        a->opens[(unsigned char)token->text[0]] = true;
        a->table[i] = (uint32_t)++a->n;
    }
    return true;
}

bool added_new(struct added *a, const struct vocabulary *v, bool (*belongs)(const void *user, int32_t id),
               const void *user, bool blanks, struct arena *arena, struct error *err)
{
    size_t n = 0;

    *a = (struct added){ 0 };
    for (size_t id = 0; id < v->n; id++)
        n += belongs(user, (int32_t)id);
    a->mask = hash_mask(n);
    a->tokens = arena_alloc(arena, n, sizeof *a->tokens, err);
    a->table = arena_zero(arena, a->mask + 1, sizeof *a->table, err);
    a->lengths = arena_alloc(arena, n, sizeof *a->lengths, err);
    if (a->tokens == NULL || a->table == NULL || a->lengths == NULL ||
        !fill(a, v, belongs, user, blanks, arena, err))
        return false;
    sort_lengths(a);
    return true;
}

int32_t added_at(const struct added *a, const char *text, size_t n_bytes, size_t *length)
{
    uint64_t hash = HASH_START;
    int32_t id = -1;

    if (n_bytes == 0 || !a->opens[(unsigned char)text[0]])
        return -1;
    for (size_t i = 0, at = 0; i < a->n_lengths && a->lengths[i] <= n_bytes; at = a->lengths[i++]) {
        hash = hash_more(hash, text + at, a->lengths[i] - at);
        uint32_t found = a->table[find(a, hash, text, a->lengths[i])];
        if (found != 0) {
            id = a->tokens[found - 1].id;
            *length = a->lengths[i];
        }
    }
    return id;
}
