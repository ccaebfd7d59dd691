/* jinja_filter_list.c - x | NAME: filters that go through items. */
#include "text/jinja_eval.h"

#include <stdlib.h>
#include <string.h>

#define FILTER(name) \
    static struct jinja_value name(struct jinja_run *r, struct jinja_value x, const struct jinja_args *args)

static struct jinja_value of_list(struct jinja_list *list)
{
    return list != NULL ? (struct jinja_value){ .kind = JINJA_LIST, .list = list } : jinja_undefined(NULL);
}

/* Items for map, select and their like, to which what is false has none. */
static const struct jinja_list *items_or_none(struct jinja_run *r, struct jinja_value x)
{
    return jinja_true(x) ? jinja_items(r, x, false) : NULL;
}

/* A list of its own. */
static struct jinja_list *copied(struct jinja_run *r, struct jinja_value x)
{
    const struct jinja_list *items = jinja_items(r, x, false);
    struct jinja_value copy = jinja_list(r, JINJA_LIST);

    for (size_t i = 0; items != NULL && i < items->n && !r->failed; i++)
        jinja_list_add(r, copy.list, items->items[i]);
    return r->failed ? NULL : copy.list;
}

FILTER(list)
{
    (void)args;
    return of_list(copied(r, x));
}

FILTER(items)
{
    static const struct jinja_args none = { 0 };

    (void)args;
    if (x.kind == JINJA_UNDEFINED)
        return jinja_list(r, JINJA_LIST);
    if (x.kind == JINJA_DICT)
        return jinja_method_find(JINJA_DICT, "items", 5)->call(r, x, &none);
    jinja_fail(r, "items of a %s", jinja_kind_name(x.kind));
    return x;
}

FILTER(first)
{
    const struct jinja_list *all = jinja_items(r, x, false);

    (void)args;
    return all != NULL && all->n > 0 ? all->items[0] : jinja_undefined("the first of none");
}

FILTER(last)
{
    const struct jinja_list *all = jinja_items(r, x, false);

    (void)args;
    return all != NULL && all->n > 0 ? all->items[all->n - 1] : jinja_undefined("the last of none");
}

FILTER(reverse)
{
    struct jinja_list *all = copied(r, x);
    struct jinja_builder b = { 0 };

    (void)args;
    for (size_t i = 0; all != NULL && i < all->n / 2; i++) {
        struct jinja_value kept = all->items[i];
        all->items[i] = all->items[all->n - 1 - i];
        all->items[all->n - 1 - i] = kept;
    }
    if (x.kind != JINJA_STRING)
        return of_list(all);
    for (size_t i = 0; all != NULL && i < all->n; i++)
        jinja_add_string(r, &b, all->items[i].string);
    return jinja_built(r, &b);
}

/* join(between, attribute) */
FILTER(join)
{
    const struct jinja_string *path = jinja_arg_string(r, args, 1, "attribute", NULL);
    const struct jinja_value *between = jinja_arg(args, 0, "d");
    const struct jinja_list *all = jinja_items(r, x, false);
    struct jinja_builder b = { 0 };

    for (size_t i = 0; all != NULL && i < all->n && jinja_work(r, 1); i++) {
        if (i > 0 && between != NULL)
            jinja_add_value(r, &b, *between);
        jinja_add_value(r, &b, path != NULL ? jinja_path(r, all->items[i], path) : all->items[i]);
    }
    return jinja_built(r, &b);
}

/* ---- order ------------------------------------------------------------------------------------ */

struct sort_item { struct jinja_value key, item; size_t i; };
struct sorting { struct jinja_run *r; bool reversed; };

static int compare_items(const void *a, const void *b, void *user)
{
    const struct sort_item *x = a, *y = b;
    const struct sorting *s = user;
    int order = jinja_work(s->r, 1) ? jinja_order(s->r, x->key, y->key) : 0;

    if (order == 0)
        return (x->i > y->i) - (x->i < y->i);       /* what is equal stays as it stood */
    return s->reversed ? -order : order;
}

/* What an item is compared by. */
static struct jinja_value sort_key(struct jinja_run *r, struct jinja_value item, const struct jinja_string *path, bool cased)
{
    struct jinja_value key = path != NULL ? jinja_path(r, item, path) : item;

    return !cased && key.kind == JINJA_STRING ? jinja_recase(r, key.string, JINJA_LOWER) : key;
}

static struct jinja_list *sorted(struct jinja_run *r, struct jinja_value x, const struct jinja_string *path, bool cased,
                                 bool reversed)
{
    struct jinja_list *all = copied(r, x);
    struct sorting sorting = { r, reversed };
    struct sort_item *order = all != NULL ? jinja_alloc(r, (all->n + 1) * sizeof *order) : NULL;

    if (order == NULL)
        return NULL;
    for (size_t i = 0; i < all->n; i++)
        order[i] = (struct sort_item){ sort_key(r, all->items[i], path, cased), all->items[i], i };
    if (!r->failed && all->n > 0)
        qsort_r(order, all->n, sizeof *order, compare_items, &sorting);
    for (size_t i = 0; i < all->n; i++)
        all->items[i] = order[i].item;
    return all;
}

/* sort(reverse, case_sensitive, attribute) */
FILTER(sort)
{
    return of_list(sorted(r, x, jinja_arg_string(r, args, 2, "attribute", NULL), jinja_arg_true(args, 1, "case_sensitive", false),
                          jinja_arg_true(args, 0, "reverse", false)));
}

/* dictsort(case_sensitive, by, reverse): pairs. */
FILTER(dictsort)
{
    const struct jinja_value *by = jinja_arg(args, 1, "by");
    struct jinja_string key = { 1, "0", NULL }, value = { 1, "1", NULL };

    if (x.kind != JINJA_DICT) {
        jinja_fail(r, "dictsort of a %s", jinja_kind_name(x.kind));
        return x;
    }
    return of_list(sorted(r, items(r, x, args), by != NULL && jinja_is(*by, "value") ? &value : &key,
                          jinja_arg_true(args, 0, "case_sensitive", false), jinja_arg_true(args, 2, "reverse", false)));
}

/* unique(case_sensitive, attribute): the first of its kind each. */
FILTER(unique)
{
    const struct jinja_string *path = jinja_arg_string(r, args, 1, "attribute", NULL);
    bool cased = jinja_arg_true(args, 0, "case_sensitive", false);
    const struct jinja_list *all = jinja_items(r, x, false);
    struct jinja_value seen = jinja_list(r, JINJA_LIST), kept = jinja_list(r, JINJA_LIST);

    for (size_t i = 0; all != NULL && i < all->n && !r->failed; i++) {
        struct jinja_value key = sort_key(r, all->items[i], path, cased);
        if (jinja_compare(r, OP_IN, key, seen) || !jinja_work(r, seen.list->n / 4))
            continue;
        jinja_list_add(r, seen.list, key);
        jinja_list_add(r, kept.list, all->items[i]);
    }
    return kept;
}

static struct jinja_value extreme(struct jinja_run *r, struct jinja_value x, const struct jinja_args *args, bool largest)
{
    const struct jinja_list *all = sorted(r, x, jinja_arg_string(r, args, 1, "attribute", NULL),
                                          jinja_arg_true(args, 0, "case_sensitive", false), largest);

    return all != NULL && all->n > 0 ? all->items[0] : jinja_undefined("the extreme of none");
}

FILTER(least) { return extreme(r, x, args, false); }
FILTER(most)  { return extreme(r, x, args, true); }

FILTER(sum)
{
    const struct jinja_string *path = jinja_arg_string(r, args, 0, "attribute", NULL);
    const struct jinja_value *start = jinja_arg(args, 1, "start");
    const struct jinja_list *all = jinja_items(r, x, false);
    struct jinja_value total = start != NULL ? *start : jinja_int(0);

    for (size_t i = 0; all != NULL && i < all->n && jinja_work(r, 1); i++)
        total = jinja_binary(r, OP_ADD, total, path != NULL ? jinja_path(r, all->items[i], path) : all->items[i]);
    return total;
}

/* ---- map, select, reject -------------------------------------------------------------------------- */

static bool name_of(struct jinja_run *r, const struct jinja_string *s, char name[64])
{
    if (s->n >= 64)
        return jinja_fail(r, "\"%.*s\" is no filter or test", 40, s->bytes);
    memcpy(name, s->bytes, s->n);
    name[s->n] = '\0';
    return true;
}

/* What is given after the name of a filter or test is its own. */
static struct jinja_args rest_of(const struct jinja_args *args, size_t n)
{
    return (struct jinja_args){ args->values + n, args->named, args->n - n, args->n_named };
}

/* map("filter", ...) or map(attribute="name", default=...) */
FILTER(map)
{
    const struct jinja_value *path = args->n == 0 ? jinja_arg(args, SIZE_MAX, "attribute") : NULL;
    const struct jinja_value *otherwise = jinja_arg(args, SIZE_MAX, "default");
    const struct jinja_list *all = items_or_none(r, x);
    struct jinja_value mapped = jinja_list(r, JINJA_LIST);
    jinja_filter *filter = NULL;
    struct jinja_args rest = { 0 };
    char name[64] = "";

    if (args->n > 0 && args->values[0].kind == JINJA_STRING && name_of(r, args->values[0].string, name)) {
        filter = jinja_filter_find(name);
        rest = rest_of(args, 1);
    }
    if (filter == NULL && (path == NULL || path->kind != JINJA_STRING))
        jinja_fail(r, "map wants the name of a filter, or attribute=, not \"%s\"", name);
    for (size_t i = 0; all != NULL && i < all->n && jinja_work(r, 1); i++) {
        struct jinja_value item = all->items[i];
        item = filter != NULL ? filter(r, item, &rest) : jinja_path(r, item, path->string);
        jinja_list_add(r, mapped.list, item.kind == JINJA_UNDEFINED && otherwise != NULL ? *otherwise : item);
    }
    return mapped;
}

/* Items, or those of which a field, that pass a test (or are true), or do not. */
static struct jinja_value chosen(struct jinja_run *r, struct jinja_value x, const struct jinja_args *args, bool by_field, bool wanted)
{
    const struct jinja_string *path = by_field ? jinja_arg_string(r, args, 0, "attribute", &(struct jinja_string){ 0 }) : NULL;
    const struct jinja_list *all = items_or_none(r, x);
    struct jinja_value kept = jinja_list(r, JINJA_LIST);
    jinja_test *test = NULL;
    struct jinja_args rest = { 0 };
    char name[64];

    if (args->n > by_field) {
        const struct jinja_string *s = jinja_arg_string(r, args, by_field, "test", NULL);
        if (s == NULL || !name_of(r, s, name) || (test = jinja_test_find(name)) == NULL)
            jinja_fail(r, "select, reject and their like want the name of a test");
        rest = rest_of(args, by_field + 1u);
    }
    for (size_t i = 0; all != NULL && i < all->n && jinja_work(r, 1); i++) {
        struct jinja_value item = path != NULL ? jinja_path(r, all->items[i], path) : all->items[i];
        if ((test != NULL ? test(r, item, &rest) : jinja_true(item)) == wanted)
            jinja_list_add(r, kept.list, all->items[i]);
    }
    return kept;
}

FILTER(select_items) { return chosen(r, x, args, false, true); }
FILTER(reject_items) { return chosen(r, x, args, false, false); }
FILTER(selectattr)   { return chosen(r, x, args, true, true); }
FILTER(rejectattr)   { return chosen(r, x, args, true, false); }

static const struct { const char *name; jinja_filter *filter; } filters[] = {
    { "list", list }, { "items", items }, { "first", first }, { "last", last }, { "reverse", reverse }, { "join", join },
    { "sort", sort }, { "dictsort", dictsort }, { "unique", unique }, { "min", least }, { "max", most }, { "sum", sum },
    { "map", map }, { "select", select_items }, { "reject", reject_items }, { "selectattr", selectattr },
    { "rejectattr", rejectattr },
};

jinja_filter *jinja_filter_of_lists(const char *name)
{
    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++)
        if (strcmp(filters[i].name, name) == 0)
            return filters[i].filter;
    return NULL;
}
