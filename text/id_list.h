/* id_list.h - token ids as they come, malloc'd. */
#ifndef TEXT_ID_LIST_H
#define TEXT_ID_LIST_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct id_list {                    /* starts as { 0 } */
    int32_t *ids;                   /* the holder frees */
    size_t n, n_room;
};

/* Room for n_more ids after ids[n]. */
bool id_list_reserve(struct id_list *list, size_t n_more, struct error *err);
bool id_list_add(struct id_list *list, int32_t id, struct error *err);

#endif
