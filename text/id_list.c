#include "text/id_list.h"

#include <stdlib.h>

bool id_list_reserve(struct id_list *list, size_t n_more, struct error *err)
{
    if (n_more <= list->n_room - list->n)
        return true;
    size_t n = list->n_room + list->n_room / 2 + n_more + 16;
    int32_t *grown = n <= SIZE_MAX / 2 / sizeof *grown ? realloc(list->ids, n * sizeof *grown) : NULL;
    if (grown == NULL)
        return error_set(err, ERROR_INFERENCE, "no memory for %zu tokens", n);
    list->ids = grown;
    list->n_room = n;
    return true;
}

bool id_list_add(struct id_list *list, int32_t id, struct error *err)
{
    if (!id_list_reserve(list, 1, err))
        return false;
    list->ids[list->n++] = id;
    return true;
}
