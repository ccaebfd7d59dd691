/* json_schema_array.c - arrays: items that each have a place of their own, then those of one kind. */
#include "text/json_schema.h"

#include "text/grammar_parts.h"

static const cJSON *get(const cJSON *node, const char *keyword)
{
    return cJSON_GetObjectItemCaseSensitive(node, keyword);
}

/* Further items, after n_before others. */
static void write_items(FILE *to, const char *item, size_t n_before, uint32_t least, uint32_t most)
{
    if (most == 0)
        return;
    if (n_before > 0) {
        fprintf(to, " (comma %s){%u,", item, (unsigned)least);
        if (most != NO_END)
            fprintf(to, "%u", (unsigned)most);
        fputs("}", to);
        return;
    }
    fprintf(to, " (%s (comma %s){%u,", item, item, least > 0 ? (unsigned)least - 1 : 0);
    if (most != NO_END)
        fprintf(to, "%u", (unsigned)most - 1);
    fprintf(to, "})%s", least > 0 ? "" : "?");
}

/* All of them come, as many as may. */
static bool write_prefix(struct schema *s, const cJSON *prefix, const struct place *at, uint32_t most, size_t *n, FILE *to)
{
    const cJSON *item;
    const struct place list = { at, "prefixItems" };

    *n = 0;
    cJSON_ArrayForEach(item, prefix) {
        char index[24];
        unsigned rule;
        snprintf(index, sizeof index, "%zu", *n);
        const struct place here = { &list, index };
        if (*n == most)
            break;
        if (!schema_inner(s, item, &here, &rule))
            return false;
        fprintf(to, "%s v%u", *n > 0 ? " comma" : "", rule);
        ++*n;
    }
    return true;
}

bool schema_array(struct schema *s, const cJSON *node, const struct place *at, FILE *to)
{
    const cJSON *items = get(node, "items"), *prefix = get(node, "prefixItems");
    struct place here = { at, "items" };
    char item[24] = "any";
    uint32_t least, most;
    size_t n;
    unsigned rule;

    if (cJSON_IsTrue(get(node, "uniqueItems"))) {
        here.key = "uniqueItems";
        return schema_wrong(s, &here, "is not supported");
    }
    if (cJSON_IsArray(items)) {     /* before draft 2020-12 */
        prefix = items;
        here.key = "additionalItems";
        items = get(node, "additionalItems");
    }
    if (!schema_count(s, at, node, "minItems", 0, &least) || !schema_count(s, at, node, "maxItems", NO_END, &most))
        return false;
    if (least > most)
        return schema_wrong(s, at, "minItems is more than maxItems");
    fputs("\"[\" ws ", to);
    if (!write_prefix(s, prefix, at, most, &n, to))
        return false;
    bool none = cJSON_IsFalse(items) || (items == NULL && prefix != NULL);
    if (least > n && none)
        return schema_wrong(s, at, "minItems is more than there may be");
    if (items != NULL && !none) {
        if (!schema_inner(s, items, &here, &rule))
            return false;
        snprintf(item, sizeof item, "v%u", rule);
    }
    if (!none)
        write_items(to, item, n, least > n ? least - (uint32_t)n : 0, most == NO_END ? NO_END : most - (uint32_t)n);
    fputs(" ws \"]\"", to);
    return true;
}
