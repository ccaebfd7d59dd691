/* jinja_json.c - JSON as values of a template: the tools that an answer may call. */
#include "text/jinja.h"

#include <math.h>
#include <string.h>

#include <cjson/cJSON.h>

/* A copy, all from `from`. */
struct jinja_value jinja_copy(struct jinja_run *r, const char *bytes, size_t n, uint8_t from)
{
    char *copy = jinja_alloc(r, 2 * n + 1);

    if (copy == NULL)
        return jinja_undefined(NULL);
    if (n > 0)
        memcpy(copy, bytes, n);
    copy[n] = '\0';
    if (from == JINJA_FROM_TEMPLATE)
        return jinja_string(r, copy, n, NULL);
    uint8_t *origin = (uint8_t *)copy + n + 1;
    memset(origin, from, n);
    return jinja_string(r, copy, n, origin);
}

static struct jinja_value from_item(struct jinja_run *r, const cJSON *item, uint8_t from);

static struct jinja_value from_children(struct jinja_run *r, const cJSON *item, uint8_t from)
{
    bool is_list = cJSON_IsArray(item);
    struct jinja_value all = is_list ? jinja_list(r, JINJA_LIST) : jinja_dict(r, JINJA_DICT);

    for (const cJSON *child = item->child; child != NULL && !r->failed; child = child->next) {
        struct jinja_value value = from_item(r, child, from);
        if (is_list)
            jinja_list_add(r, all.list, value);
        else
            jinja_dict_set(r, all.dict, jinja_copy(r, child->string, strlen(child->string), from), value);
    }
    return all;
}

static struct jinja_value from_item(struct jinja_run *r, const cJSON *item, uint8_t from)
{
    if (cJSON_IsString(item))
        return jinja_copy(r, item->valuestring, strlen(item->valuestring), from);
    if (cJSON_IsBool(item))
        return jinja_bool(cJSON_IsTrue(item));
    if (cJSON_IsNumber(item))
        return floor(item->valuedouble) == item->valuedouble && fabs(item->valuedouble) < 9e15
            ? jinja_int((int64_t)item->valuedouble) : jinja_float(item->valuedouble);
    if (!cJSON_IsArray(item) && !cJSON_IsObject(item))
        return jinja_none();
    if (!jinja_enter(r))
        return jinja_undefined(NULL);
    struct jinja_value all = from_children(r, item, from);
    jinja_leave(r);
    return all;
}

struct jinja_value jinja_from_json(struct jinja_run *r, const char *json, size_t n, uint8_t from)
{
    cJSON *item = cJSON_ParseWithLength(json, n);

    if (item == NULL) {
        jinja_fail(r, "text that should be JSON is not");
        return jinja_undefined(NULL);
    }
    struct jinja_value value = from_item(r, item, from);
    cJSON_Delete(item);
    return value;
}
