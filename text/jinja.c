/* jinja.c - see jinja.h; and the functions that templates find without importing them. */
#include "text/jinja.h"

#include <stdlib.h>
#include <string.h>

#include "text/jinja_eval.h"

enum {
    SOURCE_BYTES_MOST = 1 << 20,
    TREE_BYTES_MOST = 128 << 20,    /* a tree takes some hundred bytes for a token */
    RUN_BYTES_MOST = 64 << 20,
    RUN_STEPS_MOST = 4000000,       /* a few tenths of a second; a chat of 20 turns takes some thousand */
    BYTES_PER_CONTENT = 64,         /* of memory, for each byte of contents: copies, twice with their origins */
    RANGE_MOST = 100000,            /* as Jinja2's sandbox */
    DATE_BYTES = 256
};

struct jinja_template {
    struct arena *arena;
    const struct jinja_node *tree;
};

/* ---- functions ----------------------------------------------------------------------- */

static struct jinja_value range(struct jinja_run *r, const struct jinja_args *args)
{
    int64_t from = args->n > 1 ? jinja_arg_int(r, args, 0, "start", 0) : 0;
    int64_t to = jinja_arg_int(r, args, args->n > 1, "stop", 0), step = jinja_arg_int(r, args, 2, "step", 1);
    struct jinja_value list = jinja_list(r, JINJA_LIST);

    if (args->n == 0 || step == 0)
        jinja_fail(r, "range() is not given where to end, or its step is zero");
    for (int64_t i = from; !r->failed && (step > 0 ? i < to : i > to);) {
        if (list.list->n == RANGE_MOST)
            jinja_fail(r, "range() is asked for more than %d numbers", RANGE_MOST);
        jinja_list_add(r, list.list, jinja_int(i));
        if (__builtin_add_overflow(i, step, &i))
            break;
    }
    return list;
}

static struct jinja_value dict_of(struct jinja_run *r, const struct jinja_args *args, enum jinja_kind kind)
{
    struct jinja_value made = jinja_dict(r, kind);

    if (args->n > 0 && (args->values[0].kind != JINJA_DICT || args->n > 1))
        jinja_fail(r, "namespace() and dict() take names, or one dict");
    for (size_t i = 0; args->n > 0 && !r->failed && i < args->values[0].dict->n; i++)
        jinja_dict_set(r, made.dict, args->values[0].dict->entries[i].key, args->values[0].dict->entries[i].value);
    for (size_t i = 0; i < args->n_named && !r->failed; i++)
        jinja_dict_set_text(r, made.dict, args->named[i].name, args->named[i].value);
    return made;
}

static struct jinja_value make_namespace(struct jinja_run *r, const struct jinja_args *args)
{
    return dict_of(r, args, JINJA_NAMESPACE);
}

static struct jinja_value make_dict(struct jinja_run *r, const struct jinja_args *args)
{
    return dict_of(r, args, JINJA_DICT);
}

static struct jinja_value raise_exception(struct jinja_run *r, const struct jinja_args *args)
{
    const struct jinja_string *why = jinja_arg_string(r, args, 0, "message", NULL);

    jinja_fail(r, "the template refuses this: %.*s", why != NULL ? (int)(why->n < 200 ? why->n : 200) : 0,
               why != NULL ? why->bytes : "");
    return jinja_undefined(NULL);
}

static struct jinja_value strftime_now(struct jinja_run *r, const struct jinja_args *args)
{
    const struct jinja_string *format = jinja_arg_string(r, args, 0, "format", NULL);
    char pattern[64], *date = jinja_alloc(r, DATE_BYTES);
    struct tm tm;

    if (format == NULL || format->n >= sizeof pattern || date == NULL || localtime_r(&r->now, &tm) == NULL) {
        jinja_fail(r, "strftime_now() wants the format of a date");
        return jinja_undefined(NULL);
    }
    memcpy(pattern, format->bytes, format->n);
    pattern[format->n] = '\0';
    return jinja_string(r, date, strftime(date, DATE_BYTES, pattern, &tm), NULL);
}

const struct jinja_function *jinja_function_find(const char *name, size_t n)
{
    static const struct jinja_function functions[] = {
        { "range", range }, { "namespace", make_namespace }, { "dict", make_dict }, { "raise_exception", raise_exception },
        { "strftime_now", strftime_now },
    };

    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        if (strlen(functions[i].name) == n && memcmp(functions[i].name, name, n) == 0)
            return &functions[i];
    return NULL;
}

/* ---- templates ----------------------------------------------------------------------------- */

static bool compile(struct jinja_template *t, const char *source, size_t n, struct error *err)
{
    struct jinja_run r = {
        .n_bytes_most = TREE_BYTES_MOST, .n_steps_most = UINT64_MAX, .line = 1, .err = err,
    };

    if (n > SOURCE_BYTES_MOST)
        return error_set(err, ERROR_MODEL, "a template of %zu bytes; %d are the most", n, SOURCE_BYTES_MOST);
    t->arena = r.arena = arena_new("template", 1 << 16, err);
    if (t->arena == NULL)
        return false;
    t->tree = jinja_parse(&r, source, n);
    return !r.failed;
}

struct jinja_template *jinja_template_new(const char *source, size_t n, struct error *err)
{
    struct jinja_template *t = calloc(1, sizeof *t);

    if (t == NULL)
        error_set(err, ERROR_INFERENCE, "no memory for a template");
    else if (!compile(t, source, n, err)) {
        jinja_template_free(t);
        return NULL;
    }
    return t;
}

void jinja_template_free(struct jinja_template *t)
{
    if (t == NULL)
        return;
    arena_free(t->arena);
    free(t);
}

struct jinja_run *jinja_run_new(size_t n_content, time_t now, struct error *err)
{
    struct jinja_run *r = calloc(1, sizeof *r);

    if (r == NULL || (r->arena = arena_new("rendering", 1 << 16, err)) == NULL) {
        free(r);
        error_set(err, ERROR_INFERENCE, "no memory to write a prompt");
        return NULL;
    }
    r->n_bytes_most = RUN_BYTES_MOST + n_content * BYTES_PER_CONTENT;
    r->n_steps_most = RUN_STEPS_MOST + n_content;
    r->now = now;
    r->err = err;
    return r;
}

void jinja_run_free(struct jinja_run *r)
{
    if (r == NULL)
        return;
    arena_free(r->arena);
    free(r);
}

const struct jinja_string *jinja_render(const struct jinja_template *t, struct jinja_run *r, const struct jinja_dict *variables)
{
    struct jinja_scope globals = { 0 };
    struct jinja_builder out = { 0 };

    for (size_t i = 0; i < variables->n && !r->failed; i++)
        jinja_set(r, &globals, variables->entries[i].key.string->bytes, variables->entries[i].value);
    jinja_execute(r, t->tree, &globals, &out);
    struct jinja_value text = jinja_built(r, &out);
    return r->failed ? NULL : text.string;
}
