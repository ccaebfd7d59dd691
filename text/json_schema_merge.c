/* json_schema_merge.c - what two schemas allow together, what a reference stands for, and whether
 * two schemas have a value in common. */
#include "text/json_schema.h"

#include <stdlib.h>
#include <string.h>

static const cJSON *get(const cJSON *node, const char *keyword)
{
    return cJSON_GetObjectItemCaseSensitive(node, keyword);
}

/* NULL when it could not be made or kept. */
static cJSON *own(struct schema *s, cJSON *made)
{
    if (made != NULL && cJSON_AddItemToArray(s->made, made))
        return made;
    cJSON_Delete(made);
    error_set(s->err, ERROR_INFERENCE, "%s: no memory for the schema", s->name);
    return NULL;
}

const cJSON *schema_without(struct schema *s, const cJSON *node, const char *keyword, const struct place *at)
{
    (void)at;
    cJSON *made = own(s, cJSON_Duplicate(node, true));

    if (made != NULL)
        cJSON_DeleteItemFromObjectCaseSensitive(made, keyword);
    return made;
}

/* ---- merging --------------------------------------------------------------------- */

static bool has_value(const cJSON *list, const cJSON *value)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, list)
        if (cJSON_Compare(item, value, true))
            return true;
    return false;
}

/* Those of a that are in b, too; type "integer" is a "number". */
static cJSON *common_values(const cJSON *a, const cJSON *b)
{
    cJSON *made = cJSON_CreateArray(), *number = cJSON_CreateString("number");
    const cJSON *item;

    cJSON_ArrayForEach(item, a) {
        bool whole = cJSON_IsString(item) && strcmp(item->valuestring, "integer") == 0;
        if (has_value(b, item) || (whole && has_value(b, number)))
            cJSON_AddItemToArray(made, cJSON_Duplicate(item, true));
    }
    cJSON_Delete(number);
    return made;
}

static cJSON *as_list(const cJSON *item)
{
    if (cJSON_IsArray(item))
        return cJSON_Duplicate(item, true);
    cJSON *list = cJSON_CreateArray();
    cJSON_AddItemToArray(list, cJSON_Duplicate(item, true));
    return list;
}

/* Types: what is common, from either side. */
static cJSON *common_types(const cJSON *a, const cJSON *b)
{
    cJSON *x = as_list(a), *y = as_list(b), *made = common_values(x, y), *more = common_values(y, x);
    cJSON *item;

    while ((item = cJSON_DetachItemFromArray(more, 0)) != NULL)
        if (has_value(made, item))
            cJSON_Delete(item);
        else
            cJSON_AddItemToArray(made, item);
    cJSON_Delete(x);
    cJSON_Delete(y);
    cJSON_Delete(more);
    return made;
}

static cJSON *both(const cJSON *a, const cJSON *b)
{
    cJSON *made = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(made, "allOf");

    cJSON_AddItemToArray(list, cJSON_Duplicate(a, true));
    cJSON_AddItemToArray(list, cJSON_Duplicate(b, true));
    return made;
}

/* All names of a and of b; what both have, both have to allow. */
static cJSON *join_properties(const cJSON *a, const cJSON *b)
{
    cJSON *made = cJSON_Duplicate(a, true);
    const cJSON *item;

    cJSON_ArrayForEach(item, b) {
        const cJSON *old = get(made, item->string);
        if (old == NULL)
            cJSON_AddItemToObject(made, item->string, cJSON_Duplicate(item, true));
        else
            cJSON_ReplaceItemInObjectCaseSensitive(made, item->string, both(old, item));
    }
    return made;
}

static cJSON *join_lists(const cJSON *a, const cJSON *b)
{
    cJSON *made = cJSON_Duplicate(a, true);
    const cJSON *item;

    cJSON_ArrayForEach(item, b)
        if (!has_value(made, item))
            cJSON_AddItemToArray(made, cJSON_Duplicate(item, true));
    return made;
}

static bool is_any(const char *word, const char *const *words)
{
    while (*words != NULL && strcmp(*words, word) != 0)
        words++;
    return *words != NULL;
}

/* NULL: not known how. */
static cJSON *merge_keyword(const char *keyword, const cJSON *a, const cJSON *b)
{
    static const char *const larger[] = { "minimum", "exclusiveMinimum", "minLength", "minItems", NULL };
    static const char *const smaller[] = { "maximum", "exclusiveMaximum", "maxLength", "maxItems", NULL };
    static const char *const inner[] = { "items", "additionalProperties", NULL };
    static const char *const names[] = { "title", "description", "default", "examples", "$comment", "$id", "$schema", "$defs", "definitions", NULL };

    if (cJSON_Compare(a, b, true) || is_any(keyword, names))
        return cJSON_Duplicate(a, true);
    if (is_any(keyword, larger) && cJSON_IsNumber(a) && cJSON_IsNumber(b))
        return cJSON_Duplicate(a->valuedouble > b->valuedouble ? a : b, true);
    if (is_any(keyword, smaller) && cJSON_IsNumber(a) && cJSON_IsNumber(b))
        return cJSON_Duplicate(a->valuedouble < b->valuedouble ? a : b, true);
    if (is_any(keyword, inner) && (cJSON_IsFalse(a) || cJSON_IsTrue(b)))
        return cJSON_Duplicate(a, true);
    if (is_any(keyword, inner) && (cJSON_IsFalse(b) || cJSON_IsTrue(a)))
        return cJSON_Duplicate(b, true);
    if (is_any(keyword, inner) && cJSON_IsObject(a) && cJSON_IsObject(b))
        return both(a, b);
    if (strcmp(keyword, "type") == 0)
        return common_types(a, b);
    if (strcmp(keyword, "enum") == 0 && cJSON_IsArray(a) && cJSON_IsArray(b))
        return common_values(a, b);
    if (strcmp(keyword, "properties") == 0 && cJSON_IsObject(a) && cJSON_IsObject(b))
        return join_properties(a, b);
    if ((strcmp(keyword, "required") == 0 || strcmp(keyword, "allOf") == 0) && cJSON_IsArray(a) && cJSON_IsArray(b))
        return join_lists(a, b);
    return NULL;
}

/* What a says of further properties is about those that b names: true goes with any. */
static bool check_further(const struct schema *s, const cJSON *a, const cJSON *b, const struct place *at)
{
    const cJSON *further = get(a, "additionalProperties"), *item;

    if (further == NULL || cJSON_IsTrue(further))
        return true;
    cJSON_ArrayForEach(item, get(b, "properties"))
        if (get(get(a, "properties"), item->string) == NULL)
            return schema_wrong(s, at, "additionalProperties beside another schema that names '%s' is not supported", item->string);
    return true;
}

/* "const" as an "enum" of one, so that it goes with one. */
static cJSON *plain_copy(const cJSON *node)
{
    cJSON *copy = cJSON_Duplicate(node, true), *value = cJSON_DetachItemFromObjectCaseSensitive(copy, "const");

    if (value == NULL)
        return copy;
    cJSON *list = cJSON_CreateArray(), *old = cJSON_DetachItemFromObjectCaseSensitive(copy, "enum");
    if (old == NULL || has_value(old, value))
        cJSON_AddItemToArray(list, value);
    else
        cJSON_Delete(value);
    cJSON_Delete(old);
    cJSON_AddItemToObject(copy, "enum", list);
    return copy;
}

static bool merge_into(struct schema *s, cJSON *made, const cJSON *other, const struct place *at)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, other) {
        const cJSON *old = get(made, item->string);
        if (old == NULL) {
            cJSON_AddItemToObject(made, item->string, cJSON_Duplicate(item, true));
            continue;
        }
        cJSON *merged = merge_keyword(item->string, old, item);
        if (merged == NULL)
            return schema_wrong(s, at, "'%s' of two schemas that have to hold together is not supported", item->string);
        cJSON_ReplaceItemInObjectCaseSensitive(made, item->string, merged);
    }
    return true;
}

const cJSON *schema_merge(struct schema *s, const cJSON *a, const cJSON *b, const struct place *at)
{
    if (cJSON_IsTrue(a) || cJSON_IsFalse(b))
        return b;
    if (cJSON_IsTrue(b) || cJSON_IsFalse(a))
        return a;
    if (!cJSON_IsObject(a) || !cJSON_IsObject(b)) {
        schema_wrong(s, at, "a schema has to be an object, true or false");
        return NULL;
    }
    if (cJSON_GetArraySize(s->made) > 10000) {
        schema_wrong(s, at, "the schema is too large: too much of it has to be merged");
        return NULL;
    }
    if (!check_further(s, a, b, at) || !check_further(s, b, a, at))
        return NULL;
    cJSON *made = own(s, plain_copy(a)), *other = own(s, plain_copy(b));
    return made != NULL && other != NULL && merge_into(s, made, other, at) ? made : NULL;
}

/* ---- references ------------------------------------------------------------------ */

/* One part of a pointer, ~1 is / and ~0 is ~; true while there is one. */
static bool next_part(const char **pointer, char *part, size_t n_most)
{
    size_t n = 0;

    if (**pointer != '/')
        return false;
    for (++*pointer; **pointer != '\0' && **pointer != '/' && n + 1 < n_most; ++*pointer) {
        part[n] = **pointer;
        if (part[n] == '~' && ((*pointer)[1] == '0' || (*pointer)[1] == '1'))
            part[n] = *++*pointer == '1' ? '/' : '~';
        n++;
    }
    part[n] = '\0';
    return true;
}

const cJSON *schema_resolve(struct schema *s, const char *pointer, const struct place *at)
{
    const cJSON *node = s->root;
    const char *rest = pointer + 1;
    char part[256];

    if (*pointer != '#' || (*rest != '\0' && *rest != '/')) {
        schema_wrong(s, at, "'%s' is not supported: references are inside of the file, as #/$defs/name", pointer);
        return NULL;
    }
    while (node != NULL && next_part(&rest, part, sizeof part))
        node = cJSON_IsArray(node) ? cJSON_GetArrayItem(node, part[strspn(part, "0123456789")] == '\0' ? (int)strtol(part, NULL, 10) : -1)
                                   : get(node, part);
    if (node == NULL || *rest != '\0') {
        schema_wrong(s, at, "'%s' is not there", pointer);
        return NULL;
    }
    return node;
}

/* ---- alternatives that exclude each other ------------------------------------------ */

/* References followed, as far as they go. */
static const cJSON *seen_through(struct schema *s, const cJSON *node)
{
    struct error ignored, *err = s->err;
    const struct place nowhere = { NULL, "#" };

    s->err = &ignored;
    for (unsigned i = 0; i < 16 && cJSON_IsString(get(node, "$ref")); i++) {
        const cJSON *next = schema_resolve(s, get(node, "$ref")->valuestring, &nowhere);
        if (next == NULL)
            break;
        node = next;
    }
    s->err = err;
    return node;
}

/* The values that node names, or NULL; to be deleted. */
static cJSON *named_values(const cJSON *node)
{
    const cJSON *one = get(node, "const"), *some = get(node, "enum");
    cJSON *list;

    if (one == NULL)
        return cJSON_IsArray(some) ? cJSON_Duplicate(some, true) : NULL;
    list = cJSON_CreateArray();
    cJSON_AddItemToArray(list, cJSON_Duplicate(one, true));
    return list;
}

static bool lists_apart(const cJSON *a, const cJSON *b)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, a)
        if (has_value(b, item))
            return false;
    return true;
}

static bool values_apart(const cJSON *a, const cJSON *b)
{
    cJSON *x = named_values(a), *y = named_values(b);
    bool apart = x != NULL && y != NULL && lists_apart(x, y);

    cJSON_Delete(x);
    cJSON_Delete(y);
    return apart;
}

static bool types_apart(const cJSON *a, const cJSON *b)
{
    cJSON *made = get(a, "type") != NULL && get(b, "type") != NULL ? common_types(get(a, "type"), get(b, "type")) : NULL;
    bool apart = made != NULL && cJSON_GetArraySize(made) == 0;

    cJSON_Delete(made);
    return apart;
}

static bool requires(const cJSON *node, const char *name)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, get(node, "required"))
        if (cJSON_IsString(item) && strcmp(item->valuestring, name) == 0)
            return true;
    return false;
}

bool schema_apart(struct schema *s, const cJSON *a, const cJSON *b)
{
    const cJSON *item;

    a = seen_through(s, a);
    b = seen_through(s, b);
    if (types_apart(a, b) || values_apart(a, b))
        return true;
    cJSON_ArrayForEach(item, get(a, "properties")) {
        const cJSON *other = get(get(b, "properties"), item->string);
        if (other == NULL || !requires(a, item->string) || !requires(b, item->string))
            continue;
        const cJSON *x = seen_through(s, item), *y = seen_through(s, other);
        if (types_apart(x, y) || values_apart(x, y))
            return true;
    }
    return false;
}
