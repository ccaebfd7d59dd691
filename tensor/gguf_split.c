/* gguf_split.c - a model in several files, as llama.cpp's gguf-split writes them.
 *
 *   NAME-00001-of-00003.gguf    split.no = 0   all keys, the first tensors
 *   NAME-00002-of-00003.gguf    split.no = 1   split.* and more tensors ...
 *
 * split.count is the number of files, split.tensors.count that of all their tensors.  The
 * first part is opened, the others are found beside it. */
#include "tensor/gguf_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PARTS = 99999 };         /* five digits */

/* "-00002-of-00003.gguf" */
#define ENDING_BYTES 32
static size_t ending_of(uint32_t i_part, uint32_t n_parts, char ending[ENDING_BYTES])
{
    return (size_t)snprintf(ending, ENDING_BYTES, "-%05u-of-%05u.gguf", i_part + 1, n_parts);
}

/* The path of a part, malloc'd, from that of the first; NULL when that is named otherwise. */
static char *path_of(const char *first, uint32_t i_part, uint32_t n_parts)
{
    char ending[ENDING_BYTES];
    size_t n = strlen(first), n_ending = ending_of(0, n_parts, ending);

    if (n < n_ending || strcmp(first + n - n_ending, ending) != 0)
        return NULL;
    char *path = strdup(first);
    if (path != NULL) {
        ending_of(i_part, n_parts, ending);
        memcpy(path + n - n_ending, ending, n_ending);
    }
    return path;
}

static bool check_part(const struct gguf *part, uint32_t i_part, uint32_t n_parts, struct error *err)
{
    uint32_t no, count;

    if (!gguf_u32(part, "split.no", &no) || !gguf_u32(part, "split.count", &count))
        return error_set(err, ERROR_MODEL, "%s: split.no or split.count is missing, part %u of %u was expected",
                         part->path, i_part + 1, n_parts);
    if (no != i_part || count != n_parts)
        return error_set(err, ERROR_MODEL, "%s: says that it is part %llu of %u, part %u of %u was expected",
                         part->path, (unsigned long long)no + 1, count, i_part + 1, n_parts);
    return true;
}

static bool open_part(struct gguf *g, uint32_t i_part, uint32_t n_parts, struct error *err)
{
    char *path = path_of(g->path, i_part, n_parts);
    struct error cause = { 0 };

    if (path == NULL)
        return error_set(err, ERROR_MODEL, "%s: is the first of %u files of a model; their names must end in "
                         "-00001-of-%05u.gguf and so on", g->path, n_parts, n_parts);
    struct gguf *part = gguf_open_part(path, &cause);
    free(path);
    if (part == NULL)
        return error_set(err, ERROR_MODEL, "part %u of %u cannot be opened: %s", i_part + 1, n_parts, cause.text);
    g->parts[g->n_parts++] = part;
    return check_part(part, i_part, n_parts, err);
}

static bool add_tensors(struct gguf *g, struct tensor *all, size_t *n, const struct gguf *part, struct error *err)
{
    for (size_t i = 0; i < part->n_tensors; i++) {
        uint32_t *slot = gguf_tensor_slot(g, part->tensors[i].name);
        if (*slot != 0)
            return error_set(err, ERROR_MODEL, "%s: tensor %s is in another part of the model, too",
                             part->path, part->tensors[i].name);
        all[*n] = part->tensors[i];
        *slot = (uint32_t)++*n;
    }
    return true;
}

/* One table of the tensors of all parts.  The data stay where they are, each held by its
 * own part's lease. */
static bool join_tensors(struct gguf *g, struct error *err)
{
    size_t n_all = g->n_tensors, n = 0;
    struct gguf first = *g;
    uint32_t wanted = 0;

    for (size_t i = 0; i < g->n_parts; i++)
        n_all += g->parts[i]->n_tensors;
    if (!gguf_u32(g, "split.tensors.count", &wanted) || wanted != n_all || n_all > GGUF_MAX_TENSORS)
        return error_set(err, ERROR_MODEL, "%s: split.tensors.count is %u, but its parts hold %zu tensors", g->path,
                         wanted, n_all);
    struct tensor *all = arena_alloc(g->arena, n_all, sizeof *all, err);
    if (all == NULL || !gguf_index_init(&g->tensor_index, n_all, g->arena, err))
        return false;
    g->tensors = all;
    if (!add_tensors(g, all, &n, &first, err))
        return false;
    for (size_t i = 0; i < g->n_parts; i++)
        if (!add_tensors(g, all, &n, g->parts[i], err))
            return false;
    g->n_tensors = n_all;
    return true;
}

bool gguf_join_parts(struct gguf *g, struct error *err)
{
    uint32_t n_parts, no = 0;

    if (!gguf_u32(g, "split.count", &n_parts) || n_parts <= 1)
        return true;
    gguf_u32(g, "split.no", &no);
    if (!g->mapped)
        return error_set(err, ERROR_MODEL, "%s: is one of %u parts of a model, which cannot be read from memory",
                         g->path, n_parts);
    if (no != 0)
        return error_set(err, ERROR_MODEL, "%s: is part %llu of %u of a model; open the first one, whose name ends in "
                         "-00001-of-%05u.gguf", g->path, (unsigned long long)no + 1, n_parts, n_parts);
    if (n_parts > MAX_PARTS)
        return error_set(err, ERROR_MODEL, "%s: split.count is %u; at most %d parts are read", g->path, n_parts, MAX_PARTS);
    g->parts = calloc(n_parts - 1, sizeof *g->parts);
    if (g->parts == NULL)
        return error_set(err, ERROR_MODEL, "%s: no memory to open its %u parts", g->path, n_parts);
    for (uint32_t i = 1; i < n_parts; i++)
        if (!open_part(g, i, n_parts, err))
            return false;
    return join_tensors(g, err);
}
