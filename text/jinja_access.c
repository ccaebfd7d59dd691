/* jinja_access.c - x.name and x[key]: entries, items, fields of `loop`, and the methods of jinja_method.c.
 * Nothing else is there to be reached. */
#include "text/jinja_eval.h"

#include <string.h>

static bool same(const char *name, size_t n, const char *other)
{
    return n == strlen(other) && memcmp(name, other, n) == 0;
}

static struct jinja_value loop_field(const struct jinja_loop *loop, const char *name, size_t n)
{
    size_t i = loop->index0;
    const struct { const char *name; struct jinja_value value; } fields[] = {
        { "index", jinja_int((int64_t)i + 1) }, { "index0", jinja_int((int64_t)i) },
        { "first", jinja_bool(i == 0) }, { "last", jinja_bool(i + 1 == loop->n) },
        { "length", jinja_int((int64_t)loop->n) },
        { "revindex", jinja_int((int64_t)(loop->n - i)) }, { "revindex0", jinja_int((int64_t)(loop->n - i) - 1) },
        { "depth", jinja_int(1) }, { "depth0", jinja_int(0) },        /* only recursive loops have others */
        { "previtem", i > 0 ? loop->items[i - 1] : jinja_undefined("loop.previtem") },
        { "nextitem", i + 1 < loop->n ? loop->items[i + 1] : jinja_undefined("loop.nextitem") },
    };

    for (size_t k = 0; k < sizeof fields / sizeof fields[0]; k++)
        if (same(name, n, fields[k].name))
            return fields[k].value;
    return jinja_undefined(NULL);
}

static struct jinja_value method_of(struct jinja_run *r, struct jinja_value x, const char *name, size_t n)
{
    const struct jinja_method_kind *kind = jinja_method_find(x.kind, name, n);
    struct jinja_method *m = kind != NULL ? jinja_alloc(r, sizeof *m) : NULL;

    if (m == NULL)
        return jinja_undefined(NULL);
    *m = (struct jinja_method){ x, kind };
    return (struct jinja_value){ .kind = JINJA_METHOD, .method = m };
}

static struct jinja_value missing(struct jinja_run *r, const char *name, size_t n)
{
    char *copy = jinja_alloc(r, n + 1);

    if (copy == NULL)
        return jinja_undefined(NULL);
    memcpy(copy, name, n);
    copy[n] = '\0';
    return jinja_undefined(copy);
}

static struct jinja_value refuse_undefined(struct jinja_run *r, struct jinja_value x, const char *name, size_t n)
{
    if (x.name != NULL)
        jinja_fail(r, "%s is not defined, and its %.*s is asked for", x.name, (int)(n < 40 ? n : 40), name);
    else
        jinja_fail(r, "something that is not defined is asked for its %.*s", (int)(n < 40 ? n : 40), name);
    return jinja_undefined(NULL);
}

struct jinja_value jinja_attribute(struct jinja_run *r, struct jinja_value x, const char *name, size_t n)
{
    struct jinja_string key = { n, name, NULL };

    if (x.kind == JINJA_UNDEFINED)
        return refuse_undefined(r, x, name, n);
    if (x.kind == JINJA_LOOP)
        return loop_field(x.loop, name, n);
    struct jinja_value method = method_of(r, x, name, n);
    if (method.kind == JINJA_METHOD)
        return method;
    const struct jinja_value *entry = x.kind == JINJA_DICT || x.kind == JINJA_NAMESPACE
        ? jinja_dict_find(r, x.dict, (struct jinja_value){ .kind = JINJA_STRING, .string = &key }) : NULL;
    return entry != NULL ? *entry : missing(r, name, n);
}

static struct jinja_value char_at(struct jinja_run *r, const struct jinja_string *s, size_t i)
{
    size_t at = 0;

    if (!jinja_work(r, i / 8))
        return jinja_undefined(NULL);
    while (i-- > 0)
        at = jinja_char_end(s, at);
    return jinja_part(r, s, at, jinja_char_end(s, at));
}

static struct jinja_value item_at(struct jinja_run *r, struct jinja_value x, int64_t i)
{
    int64_t n = (int64_t)jinja_length(r, x);

    i += i < 0 ? n : 0;
    if (r->failed || i < 0 || i >= n)
        return jinja_undefined("an item past the end");
    return x.kind == JINJA_STRING ? char_at(r, x.string, (size_t)i) : x.list->items[i];
}

struct jinja_value jinja_subscript(struct jinja_run *r, struct jinja_value x, struct jinja_value key)
{
    bool is_text = key.kind == JINJA_STRING;

    if (r->failed)
        return x;
    if (x.kind == JINJA_UNDEFINED)
        return refuse_undefined(r, x, is_text ? key.string->bytes : "item", is_text ? key.string->n : 4);
    if ((x.kind == JINJA_LIST || x.kind == JINJA_TUPLE || x.kind == JINJA_STRING) &&
        (key.kind == JINJA_INT || key.kind == JINJA_BOOL))
        return item_at(r, x, key.kind == JINJA_INT ? key.integer : key.truth);
    const struct jinja_value *entry = x.kind == JINJA_DICT ? jinja_dict_find(r, x.dict, key) : NULL;
    if (entry != NULL)
        return *entry;
    return is_text ? jinja_attribute(r, x, key.string->bytes, key.string->n) : jinja_undefined(NULL);
}

struct jinja_value jinja_path(struct jinja_run *r, struct jinja_value x, const struct jinja_string *path)
{
    for (size_t at = 0; at <= path->n && !r->failed;) {
        const char *dot = memchr(path->bytes + at, '.', path->n - at);
        size_t end = dot != NULL ? (size_t)(dot - path->bytes) : path->n, n = end - at;
        int64_t index = 0;
        bool is_index = n > 0 && n < 10;
        for (size_t i = at; i < end && is_index; i++) {
            is_index = path->bytes[i] >= '0' && path->bytes[i] <= '9';
            index = 10 * index + (path->bytes[i] - '0');
        }
        x = is_index ? jinja_subscript(r, x, jinja_int(index))
                     : jinja_subscript(r, x, jinja_string(r, path->bytes + at, n, path->from != NULL ? path->from + at : NULL));
        at = end + 1;
    }
    return x;
}
