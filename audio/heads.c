#include "audio/heads.h"

#include <string.h>

static const struct head tiny_en[] = { {1, 0}, {2, 0}, {2, 5}, {3, 0}, {3, 1}, {3, 2}, {3, 3}, {3, 4} };
static const struct head tiny[] = { {2, 2}, {3, 0}, {3, 2}, {3, 3}, {3, 4}, {3, 5} };
static const struct head base_en[] = { {3, 3}, {4, 7}, {5, 1}, {5, 5}, {5, 7} };
static const struct head base[] = { {3, 1}, {4, 2}, {4, 3}, {4, 7}, {5, 1}, {5, 2}, {5, 4}, {5, 6} };
static const struct head small_en[] = {
    {6, 6}, {7, 0}, {7, 3}, {7, 8}, {8, 2}, {8, 5}, {8, 7}, {9, 0}, {9, 4}, {9, 8}, {9, 10}, {10, 0}, {10, 1}, {10, 2},
    {10, 3}, {10, 6}, {10, 11}, {11, 2}, {11, 4},
};
static const struct head small[] = { {5, 3}, {5, 9}, {8, 0}, {8, 4}, {8, 7}, {8, 8}, {9, 0}, {9, 7}, {9, 9}, {10, 5} };
static const struct head medium_en[] = {
    {11, 4}, {14, 1}, {14, 12}, {14, 14}, {15, 4}, {16, 0}, {16, 4}, {16, 9}, {17, 12}, {17, 14}, {18, 7}, {18, 10},
    {18, 15}, {20, 0}, {20, 3}, {20, 9}, {20, 14}, {21, 12},
};
static const struct head medium[] = { {13, 15}, {15, 4}, {15, 15}, {16, 1}, {20, 0}, {23, 4} };
static const struct head large_v1[] = { {9, 19}, {11, 2}, {11, 4}, {11, 17}, {22, 7}, {22, 11}, {22, 17}, {23, 2}, {23, 15} };
static const struct head large_v2[] = {
    {10, 12}, {13, 17}, {16, 11}, {16, 12}, {16, 13}, {17, 15}, {17, 16}, {18, 4}, {18, 11}, {18, 19}, {19, 11}, {21, 2},
    {21, 3}, {22, 3}, {22, 9}, {22, 12}, {23, 5}, {23, 7}, {23, 13}, {25, 5}, {26, 1}, {26, 12}, {27, 15},
};
static const struct head large_v3[] = {
    {7, 0}, {10, 17}, {12, 18}, {13, 12}, {16, 1}, {17, 14}, {19, 11}, {21, 4}, {24, 1}, {25, 6},
};
static const struct head large_v3_turbo[] = { {2, 4}, {2, 11}, {3, 3}, {3, 6}, {3, 11}, {3, 14} };

#define LIST(heads) { heads, sizeof heads / sizeof *heads }
static const struct known {
    size_t n_layer, n_head, n_mels;
    bool multilingual;
    const char *name;               /* in the file's; NULL: any */
    struct heads heads;
} known[] = {
    { 4, 6, 80, false, NULL, LIST(tiny_en) }, { 4, 6, 80, true, NULL, LIST(tiny) },
    { 6, 8, 80, false, NULL, LIST(base_en) }, { 6, 8, 80, true, NULL, LIST(base) },
    { 12, 12, 80, false, NULL, LIST(small_en) }, { 12, 12, 80, true, NULL, LIST(small) },
    { 24, 16, 80, false, NULL, LIST(medium_en) }, { 24, 16, 80, true, NULL, LIST(medium) },
    { 32, 20, 80, true, "large-v1", LIST(large_v1) }, { 32, 20, 80, true, NULL, LIST(large_v2) },
    { 32, 20, 128, true, NULL, LIST(large_v3) }, { 4, 20, 128, true, NULL, LIST(large_v3_turbo) },
};

struct heads heads_of(const struct whisper *w)
{
    const char *slash = strrchr(w->path, '/'), *name = slash == NULL ? w->path : slash + 1;

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const struct known *k = &known[i];
        if (k->n_layer == w->n_text_layer && k->n_head == w->n_text_head && k->n_mels == w->n_mels &&
            k->multilingual == w->multilingual && (k->name == NULL || strstr(name, k->name) != NULL))
            return k->heads;
    }
    return (struct heads){ 0 };
}

bool heads_have(const struct heads *heads, const struct whisper *w, size_t i_layer, size_t i_head)
{
    if (heads->n == 0)
        return i_layer >= w->n_text_layer / 2;
    for (size_t i = 0; i < heads->n; i++)
        if (heads->list[i].layer == i_layer && heads->list[i].head == i_head)
            return true;
    return false;
}
