/* jinja_value.c - the memory of a run, and values made, found and compared. */
#include "text/jinja_value.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { CHUNK_BYTES = 1 << 16, ALIGN = 16 };

/* ---- the run --------------------------------------------------------------------- */

bool jinja_fail(struct jinja_run *r, const char *format, ...)
{
    char text[400];
    va_list args;

    if (r->failed)
        return false;
    r->failed = true;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return error_set(r->err, ERROR_MODEL, "line %u: %s", r->line, text);
}

void *jinja_alloc(struct jinja_run *r, size_t n_bytes)
{
    if (r->failed)
        return NULL;
    if (n_bytes > r->n_bytes_most - r->n_bytes) {
        jinja_fail(r, "it takes more than %zu MB of memory", r->n_bytes_most >> 20);
        return NULL;
    }
    n_bytes = (n_bytes + ALIGN - 1) / ALIGN * ALIGN;
    if (n_bytes > r->n_free) {
        size_t n_chunk = n_bytes > CHUNK_BYTES / 4 ? n_bytes : CHUNK_BYTES;
        char *chunk = arena_alloc(r->arena, n_chunk, 1, NULL);
        if (chunk == NULL) {
            jinja_fail(r, "no memory");
            return NULL;
        }
        r->n_bytes += n_bytes < r->n_bytes_most - r->n_bytes ? n_bytes : r->n_bytes_most - r->n_bytes;
        if (n_chunk == n_bytes)
            return chunk;
        r->free = chunk + n_bytes;
        r->n_free = n_chunk - n_bytes;
        return chunk;
    }
    char *bytes = r->free;
    r->free += n_bytes;
    r->n_free -= n_bytes;
    r->n_bytes += n_bytes < r->n_bytes_most - r->n_bytes ? n_bytes : r->n_bytes_most - r->n_bytes;
    return bytes;
}

bool jinja_work(struct jinja_run *r, size_t n_steps)
{
    if (r->failed)
        return false;
    if (n_steps > r->n_steps_most - r->n_steps)
        return jinja_fail(r, "it does not end within %llu steps", (unsigned long long)r->n_steps_most);
    r->n_steps += n_steps;
    return true;
}

bool jinja_enter(struct jinja_run *r)
{
    if (!jinja_work(r, 1))
        return false;
    if (r->depth >= JINJA_DEPTH_MOST)
        return jinja_fail(r, "it is nested more than %d deep", JINJA_DEPTH_MOST);
    r->depth++;
    return true;
}

void jinja_leave(struct jinja_run *r)
{
    r->depth--;
}

/* ---- making values ------------------------------------------------------------------ */

struct jinja_value jinja_undefined(const char *name)
{
    return (struct jinja_value){ .kind = JINJA_UNDEFINED, .name = name };
}

struct jinja_value jinja_none(void)
{
    return (struct jinja_value){ .kind = JINJA_NONE };
}

struct jinja_value jinja_bool(bool truth)
{
    return (struct jinja_value){ .kind = JINJA_BOOL, .truth = truth };
}

struct jinja_value jinja_int(int64_t integer)
{
    return (struct jinja_value){ .kind = JINJA_INT, .integer = integer };
}

struct jinja_value jinja_float(double number)
{
    return (struct jinja_value){ .kind = JINJA_FLOAT, .number = number };
}

struct jinja_value jinja_string(struct jinja_run *r, const char *bytes, size_t n, const uint8_t *from)
{
    struct jinja_string *s = jinja_alloc(r, sizeof *s);

    if (s == NULL)
        return jinja_undefined(NULL);
    *s = (struct jinja_string){ n, bytes, from };
    return (struct jinja_value){ .kind = JINJA_STRING, .string = s };
}

struct jinja_value jinja_text(struct jinja_run *r, const char *text)
{
    return jinja_string(r, text, strlen(text), NULL);
}

struct jinja_value jinja_list(struct jinja_run *r, enum jinja_kind kind)
{
    struct jinja_list *list = jinja_alloc(r, sizeof *list);

    if (list == NULL)
        return jinja_undefined(NULL);
    *list = (struct jinja_list){ 0 };
    return (struct jinja_value){ .kind = kind, .list = list };
}

struct jinja_value jinja_dict(struct jinja_run *r, enum jinja_kind kind)
{
    struct jinja_dict *dict = jinja_alloc(r, sizeof *dict);

    if (dict == NULL)
        return jinja_undefined(NULL);
    *dict = (struct jinja_dict){ 0 };
    return (struct jinja_value){ .kind = kind, .dict = dict };
}

/* items [n][size] in twice the room; NULL on failure. */
static void *grow(struct jinja_run *r, const void *items, size_t n, size_t size, size_t *capacity)
{
    size_t more = 2 * *capacity + 4;
    void *grown = jinja_alloc(r, more * size);

    if (grown == NULL)
        return NULL;
    if (n > 0)
        memcpy(grown, items, n * size);
    *capacity = more;
    return grown;
}

bool jinja_list_add(struct jinja_run *r, struct jinja_list *list, struct jinja_value item)
{
    if (r->failed)
        return false;
    if (list->n == list->capacity) {
        void *grown = grow(r, list->items, list->n, sizeof *list->items, &list->capacity);
        if (grown == NULL)
            return false;
        list->items = grown;
    }
    list->items[list->n++] = item;
    return jinja_work(r, 1);
}

struct jinja_value *jinja_dict_find(struct jinja_run *r, const struct jinja_dict *dict, struct jinja_value key)
{
    if (!jinja_work(r, 1 + dict->n / 8))
        return NULL;
    for (size_t i = 0; i < dict->n; i++)
        if (jinja_equal(r, dict->entries[i].key, key))
            return &dict->entries[i].value;
    return NULL;
}

struct jinja_value *jinja_dict_find_text(struct jinja_run *r, const struct jinja_dict *dict, const char *key)
{
    struct jinja_string s = { strlen(key), key, NULL };

    return jinja_dict_find(r, dict, (struct jinja_value){ .kind = JINJA_STRING, .string = &s });
}

bool jinja_dict_set(struct jinja_run *r, struct jinja_dict *dict, struct jinja_value key, struct jinja_value value)
{
    if (r->failed)
        return false;
    if (key.kind == JINJA_LIST || key.kind == JINJA_DICT)
        return jinja_fail(r, "a %s cannot be a key", jinja_kind_name(key.kind));
    struct jinja_value *there = jinja_dict_find(r, dict, key);
    if (there != NULL) {
        *there = value;
        return true;
    }
    if (dict->n == dict->capacity) {
        void *grown = grow(r, dict->entries, dict->n, sizeof *dict->entries, &dict->capacity);
        if (grown == NULL)
            return false;
        dict->entries = grown;
    }
    dict->entries[dict->n++] = (struct jinja_entry){ key, value };
    return !r->failed;
}

bool jinja_dict_set_text(struct jinja_run *r, struct jinja_dict *dict, const char *key, struct jinja_value value)
{
    return jinja_dict_set(r, dict, jinja_text(r, key), value);
}

/* ---- using values ------------------------------------------------------------------------- */

const char *jinja_kind_name(enum jinja_kind kind)
{
    static const char *const names[] = {
        "undefined", "none", "bool", "int", "float", "string", "list", "tuple", "dict", "namespace", "loop", "macro",
        "function", "method",
    };

    return names[kind];
}

bool jinja_true(struct jinja_value x)
{
    switch (x.kind) {
    case JINJA_UNDEFINED:
    case JINJA_NONE: return false;
    case JINJA_BOOL: return x.truth;
    case JINJA_INT: return x.integer != 0;
    case JINJA_FLOAT: return x.number < 0 || x.number > 0 || x.number != x.number;
    case JINJA_STRING: return x.string->n > 0;
    case JINJA_LIST:
    case JINJA_TUPLE: return x.list->n > 0;
    case JINJA_DICT: return x.dict->n > 0;
    case JINJA_NAMESPACE:
    case JINJA_LOOP:
    case JINJA_MACRO:
    case JINJA_FUNCTION:
    case JINJA_METHOD: return true;
    }
    return false;
}

bool jinja_is_number(struct jinja_value x)
{
    return x.kind == JINJA_BOOL || x.kind == JINJA_INT || x.kind == JINJA_FLOAT;
}

double jinja_number(struct jinja_value x)
{
    return x.kind == JINJA_FLOAT ? x.number : x.kind == JINJA_INT ? (double)x.integer : x.kind == JINJA_BOOL && x.truth;
}

bool jinja_is(struct jinja_value x, const char *text)
{
    return x.kind == JINJA_STRING && x.string->n == strlen(text) && memcmp(x.string->bytes, text, x.string->n) == 0;
}

static int order_bytes(struct jinja_run *r, const struct jinja_string *a, const struct jinja_string *b)
{
    size_t n = a->n < b->n ? a->n : b->n;
    int order = jinja_work(r, n / 64) && n > 0 ? memcmp(a->bytes, b->bytes, n) : 0;

    return order != 0 ? order : (a->n > b->n) - (a->n < b->n);
}

static bool equal_lists(struct jinja_run *r, const struct jinja_list *a, const struct jinja_list *b)
{
    for (size_t i = 0; i < a->n && a->n == b->n; i++)
        if (!jinja_equal(r, a->items[i], b->items[i]))
            return false;
    return a->n == b->n;
}

static bool equal_dicts(struct jinja_run *r, const struct jinja_dict *a, const struct jinja_dict *b)
{
    for (size_t i = 0; i < a->n && a->n == b->n; i++) {
        const struct jinja_value *other = jinja_dict_find(r, b, a->entries[i].key);
        if (other == NULL || !jinja_equal(r, a->entries[i].value, *other))
            return false;
    }
    return a->n == b->n;
}

static int order_numbers(struct jinja_value a, struct jinja_value b)
{
    if (a.kind != JINJA_FLOAT && b.kind != JINJA_FLOAT) {
        int64_t x = a.kind == JINJA_INT ? a.integer : a.truth, y = b.kind == JINJA_INT ? b.integer : b.truth;
        return (x > y) - (x < y);
    }
    double x = jinja_number(a), y = jinja_number(b);
    return (x > y) - (x < y);
}

static bool equal_compound(struct jinja_run *r, struct jinja_value a, struct jinja_value b)
{
    if (a.kind == JINJA_DICT)
        return equal_dicts(r, a.dict, b.dict);
    if (a.kind == JINJA_LIST || a.kind == JINJA_TUPLE)
        return equal_lists(r, a.list, b.list);
    return a.list == b.list;        /* the same thing */
}

bool jinja_equal(struct jinja_run *r, struct jinja_value a, struct jinja_value b)
{
    if (jinja_is_number(a) && jinja_is_number(b))
        return order_numbers(a, b) == 0 && jinja_number(a) == jinja_number(a) && jinja_number(b) == jinja_number(b);
    if (a.kind != b.kind)
        return false;
    if (a.kind == JINJA_STRING)
        return a.string->n == b.string->n && order_bytes(r, a.string, b.string) == 0;
    if (a.kind <= JINJA_NONE)
        return true;
    if (!jinja_enter(r))
        return false;
    bool equal = equal_compound(r, a, b);
    jinja_leave(r);
    return equal;
}

static int order_lists(struct jinja_run *r, const struct jinja_list *a, const struct jinja_list *b)
{
    for (size_t i = 0; i < a->n && i < b->n && !r->failed; i++)
        if (!jinja_equal(r, a->items[i], b->items[i]))
            return jinja_order(r, a->items[i], b->items[i]);
    return (a->n > b->n) - (a->n < b->n);
}

int jinja_order(struct jinja_run *r, struct jinja_value a, struct jinja_value b)
{
    if (jinja_is_number(a) && jinja_is_number(b))
        return order_numbers(a, b);
    if (a.kind == JINJA_STRING && b.kind == JINJA_STRING)
        return order_bytes(r, a.string, b.string);
    if (a.kind == b.kind && (a.kind == JINJA_LIST || a.kind == JINJA_TUPLE)) {
        int order = jinja_enter(r) ? order_lists(r, a.list, b.list) : 0;
        if (!r->failed)
            jinja_leave(r);
        return order;
    }
    jinja_fail(r, "%s and %s cannot be put in order", jinja_kind_name(a.kind), jinja_kind_name(b.kind));
    return 0;
}

static struct jinja_list *keys_of(struct jinja_run *r, const struct jinja_dict *dict)
{
    struct jinja_value keys = jinja_list(r, JINJA_LIST);

    for (size_t i = 0; i < dict->n && !r->failed; i++)
        jinja_list_add(r, keys.list, dict->entries[i].key);
    return r->failed ? NULL : keys.list;
}

static struct jinja_list *chars_of(struct jinja_run *r, const struct jinja_string *s)
{
    struct jinja_value chars = jinja_list(r, JINJA_LIST);

    for (size_t at = 0; at < s->n && !r->failed;) {
        size_t end = jinja_char_end(s, at);
        jinja_list_add(r, chars.list, jinja_part(r, s, at, end));
        at = end;
    }
    return r->failed ? NULL : chars.list;
}

struct jinja_list *jinja_items(struct jinja_run *r, struct jinja_value x, bool quiet)
{
    if (r->failed)
        return NULL;
    if (x.kind == JINJA_LIST || x.kind == JINJA_TUPLE)
        return x.list;
    if (x.kind == JINJA_DICT)
        return keys_of(r, x.dict);
    if (x.kind == JINJA_STRING)
        return chars_of(r, x.string);
    if (x.kind == JINJA_UNDEFINED)
        return jinja_list(r, JINJA_LIST).list;
    if (!quiet)
        jinja_fail(r, "a %s has no items to go through", jinja_kind_name(x.kind));
    return NULL;
}

size_t jinja_length(struct jinja_run *r, struct jinja_value x)
{
    switch (x.kind) {
    case JINJA_UNDEFINED: return 0;
    case JINJA_STRING: return jinja_n_chars(r, x.string);
    case JINJA_LIST:
    case JINJA_TUPLE: return x.list->n;
    case JINJA_DICT: return x.dict->n;
    default:
        jinja_fail(r, "a %s has no length", jinja_kind_name(x.kind));
        return 0;
    }
}

/* ---- arguments -------------------------------------------------------------------------------- */

const struct jinja_value *jinja_arg(const struct jinja_args *args, size_t i, const char *name)
{
    if (i < args->n)
        return &args->values[i];
    for (size_t k = 0; name != NULL && k < args->n_named; k++)
        if (strcmp(args->named[k].name, name) == 0)
            return &args->named[k].value;
    return NULL;
}

const struct jinja_string *jinja_arg_string(struct jinja_run *r, const struct jinja_args *args, size_t i, const char *name,
                                            const struct jinja_string *otherwise)
{
    const struct jinja_value *x = jinja_arg(args, i, name);

    if (x == NULL || x->kind == JINJA_NONE)
        return otherwise;
    if (x->kind == JINJA_STRING)
        return x->string;
    jinja_fail(r, "a string is wanted for %s, not a %s", name, jinja_kind_name(x->kind));
    return otherwise;
}

bool jinja_arg_true(const struct jinja_args *args, size_t i, const char *name, bool otherwise)
{
    const struct jinja_value *x = jinja_arg(args, i, name);

    return x == NULL ? otherwise : jinja_true(*x);
}

int64_t jinja_arg_int(struct jinja_run *r, const struct jinja_args *args, size_t i, const char *name, int64_t otherwise)
{
    const struct jinja_value *x = jinja_arg(args, i, name);

    if (x == NULL || x->kind == JINJA_NONE)
        return otherwise;
    if (x->kind == JINJA_INT || x->kind == JINJA_BOOL)
        return x->kind == JINJA_INT ? x->integer : x->truth;
    jinja_fail(r, "a whole number is wanted for %s, not a %s", name, jinja_kind_name(x->kind));
    return otherwise;
}
