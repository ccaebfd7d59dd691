#include "text/merging.h"

#include <stdlib.h>

void merging_done(struct merging *m)
{
    free(m->symbols);
    free(m->heap);
    *m = (struct merging){ 0 };
}

/* Each join leaves at most two new candidates, so 3 a symbol are enough. */
bool merging_start(struct merging *m, size_t n, size_t n_bytes, struct error *err)
{
    m->n_symbols = m->n_heap = 0;
    if (n <= m->n_room)
        return true;
    if (n > UINT32_MAX / 8 || n_bytes > UINT32_MAX / 8)
        return error_set(err, ERROR_INPUT, "one word of %zu bytes is too long", n_bytes);
    n += n / 2;
    merging_done(m);
    m->symbols = malloc(n * sizeof *m->symbols);
    m->heap = malloc(3 * n * sizeof *m->heap);
    if (m->symbols == NULL || m->heap == NULL) {
        merging_done(m);
        return error_set(err, ERROR_INFERENCE, "no memory to tokenise a word of %zu bytes", n_bytes);
    }
    m->n_room = n;
    return true;
}

void merging_add(struct merging *m, int32_t id, size_t first, size_t n_bytes)
{
    uint32_t i = (uint32_t)m->n_symbols++;

    m->symbols[i] = (struct symbol){ id, (uint32_t)first, (uint32_t)n_bytes, i == 0 ? MERGING_NOWHERE : i - 1, i + 1 };
}

/* ---- the heap: ordered by rank, then place ------------------------------------------ */

static bool before(struct merging_candidate a, struct merging_candidate b)
{
    return a.rank != b.rank ? a.rank < b.rank : a.place < b.place;
}

static void push(struct merging_candidate *heap, size_t *n, struct merging_candidate c)
{
    size_t i = (*n)++;

    for (; i > 0 && before(c, heap[(i - 1) / 2]); i = (i - 1) / 2)
        heap[i] = heap[(i - 1) / 2];
    heap[i] = c;
}

static struct merging_candidate pop(struct merging_candidate *heap, size_t *n)
{
    struct merging_candidate top = heap[0], last = heap[--*n];
    size_t i = 0;

    for (size_t child; (child = 2 * i + 1) < *n; i = child) {
        if (child + 1 < *n && before(heap[child + 1], heap[child]))
            child++;
        if (!before(heap[child], last))
            break;
        heap[i] = heap[child];
    }
    heap[i] = last;
    return top;
}

/* ---- joining -------------------------------------------------------------------------- */

static uint32_t rank_at(const struct merging *m, uint32_t place, merging_rank *rank, const void *user, int32_t *id)
{
    const struct symbol *left = &m->symbols[place];

    if (left->n_bytes == 0 || left->next == MERGING_NOWHERE)
        return MERGING_NEVER;
    return rank(user, left, &m->symbols[left->next], id);
}

static void offer(struct merging *m, uint32_t place, merging_rank *rank, const void *user)
{
    int32_t id;
    uint32_t r = place == MERGING_NOWHERE ? MERGING_NEVER : rank_at(m, place, rank, user, &id);

    if (r != MERGING_NEVER)
        push(m->heap, &m->n_heap, (struct merging_candidate){ r, place });
}

static void join(struct merging *m, uint32_t place, int32_t id)
{
    struct symbol *left = &m->symbols[place], *right = &m->symbols[left->next];

    left->id = id;
    left->n_bytes += right->n_bytes;
    left->next = right->next;
    right->n_bytes = 0;
    if (left->next != MERGING_NOWHERE)
        m->symbols[left->next].previous = place;
}

/* A candidate whose symbols have been joined elsewhere since is stale; one that has the
 * rank of what stands there now is not, whichever pair it was offered for. */
void merging_run(struct merging *m, merging_rank *rank, const void *user)
{
    int32_t id;

    if (m->n_symbols == 0)
        return;
    m->symbols[m->n_symbols - 1].next = MERGING_NOWHERE;
    for (uint32_t i = 0; i < m->n_symbols; i++)
        offer(m, i, rank, user);
    while (m->n_heap > 0) {
        struct merging_candidate c = pop(m->heap, &m->n_heap);
        if (rank_at(m, c.place, rank, user, &id) != c.rank)
            continue;
        join(m, c.place, id);
        offer(m, m->symbols[c.place].previous, rank, user);
        offer(m, c.place, rank, user);
    }
}
