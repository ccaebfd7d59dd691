/* jinja_method.c - methods of strings, lists and dicts that templates call, as Python has them. */
#include "text/jinja_value.h"

#include <string.h>

#define METHOD(name) \
    static struct jinja_value name(struct jinja_run *r, struct jinja_value self, const struct jinja_args *args)
#define UNUSED (void)r, (void)self, (void)args

/* ---- strings ------------------------------------------------------------------------- */

METHOD(strip)  { return jinja_strip(r, self.string, jinja_arg_string(r, args, 0, "chars", NULL), true, true); }
METHOD(lstrip) { return jinja_strip(r, self.string, jinja_arg_string(r, args, 0, "chars", NULL), true, false); }
METHOD(rstrip) { return jinja_strip(r, self.string, jinja_arg_string(r, args, 0, "chars", NULL), false, true); }

METHOD(upper)      { UNUSED; return jinja_recase(r, self.string, JINJA_UPPER); }
METHOD(lower)      { UNUSED; return jinja_recase(r, self.string, JINJA_LOWER); }
METHOD(title)      { UNUSED; return jinja_recase(r, self.string, JINJA_TITLE); }
METHOD(capitalize) { UNUSED; return jinja_recase(r, self.string, JINJA_CAPITALIZE); }

static const struct jinja_string *wanted_string(struct jinja_run *r, const struct jinja_args *args, size_t i, const char *name)
{
    const struct jinja_string *s = jinja_arg_string(r, args, i, name, NULL);

    if (s == NULL)
        jinja_fail(r, "a method of strings lacks an argument");
    return s;
}

METHOD(replace)
{
    const struct jinja_string *old = wanted_string(r, args, 0, "old"), *new = wanted_string(r, args, 1, "new");

    return r->failed ? self : jinja_replace(r, self.string, old, new, jinja_arg_int(r, args, 2, "count", -1));
}

/* Words with blanks between them, at most `most` cuts. */
static struct jinja_value split_blanks(struct jinja_run *r, const struct jinja_string *s, int64_t most)
{
    struct jinja_value parts = jinja_list(r, JINJA_LIST), rest = jinja_strip(r, s, NULL, true, most < 0);

    while (!r->failed && rest.string->n > 0) {
        const struct jinja_string *left = rest.string;
        size_t end = 0;
        while (end < left->n && (most == 0 || !jinja_is_blank_at(left, end)))
            end = jinja_char_end(left, end);
        jinja_list_add(r, parts.list, jinja_part(r, left, 0, end));
        most -= most > 0;
        struct jinja_value after = jinja_part(r, left, end, left->n);
        rest = r->failed ? after : jinja_strip(r, after.string, NULL, true, false);
    }
    return parts;
}

static struct jinja_value split_at(struct jinja_run *r, const struct jinja_string *s, const struct jinja_string *at, int64_t most)
{
    struct jinja_value parts = jinja_list(r, JINJA_LIST);
    size_t from = 0, found;

    if (at->n == 0)
        jinja_fail(r, "a string is split at nothing");
    while (!r->failed && most != 0 && (found = jinja_find(r, s, at, from)) != SIZE_MAX) {
        jinja_list_add(r, parts.list, jinja_part(r, s, from, found));
        from = found + at->n;
        most -= most > 0;
    }
    if (!r->failed)
        jinja_list_add(r, parts.list, jinja_part(r, s, from, s->n));
    return parts;
}

METHOD(split)
{
    const struct jinja_string *at = jinja_arg_string(r, args, 0, "sep", NULL);
    int64_t most = jinja_arg_int(r, args, 1, "maxsplit", -1);

    return at != NULL ? split_at(r, self.string, at, most) : split_blanks(r, self.string, most);
}

/* From the right: the last cuts of all. */
METHOD(rsplit)
{
    const struct jinja_string *at = jinja_arg_string(r, args, 0, "sep", NULL);
    int64_t most = jinja_arg_int(r, args, 1, "maxsplit", -1);
    struct jinja_value all = at != NULL ? split_at(r, self.string, at, -1) : split_blanks(r, self.string, -1);
    struct jinja_value parts = jinja_list(r, JINJA_LIST);

    if (r->failed || most < 0 || (int64_t)all.list->n <= most + 1 || at == NULL)
        return all;
    size_t n_joined = all.list->n - (size_t)most, n = 0;
    for (size_t i = 0; i < n_joined; i++)
        n += all.list->items[i].string->n + (i > 0 ? at->n : 0);
    jinja_list_add(r, parts.list, jinja_part(r, self.string, 0, n));
    for (size_t i = n_joined; i < all.list->n && !r->failed; i++)
        jinja_list_add(r, parts.list, all.list->items[i]);
    return parts;
}

METHOD(splitlines)
{
    struct jinja_value parts = jinja_list(r, JINJA_LIST);
    const struct jinja_string *s = self.string;

    (void)args;
    for (size_t from = 0, at = 0; from < s->n && !r->failed; from = at) {
        while (at < s->n && s->bytes[at] != '\n' && s->bytes[at] != '\r')
            at++;
        jinja_list_add(r, parts.list, jinja_part(r, s, from, at));
        at += at + 1 < s->n && s->bytes[at] == '\r' && s->bytes[at + 1] == '\n' ? 2 : at < s->n;
    }
    return parts;
}

static bool starts_or_ends(const struct jinja_string *s, const struct jinja_string *with, bool at_end)
{
    return with->n <= s->n && memcmp(s->bytes + (at_end ? s->n - with->n : 0), with->bytes, with->n) == 0;
}

/* With one string, or one of several. */
static struct jinja_value starts_or_ends_any(struct jinja_run *r, struct jinja_value self, const struct jinja_args *args,
                                             bool at_end)
{
    const struct jinja_value *with = jinja_arg(args, 0, NULL);

    if (with != NULL && with->kind == JINJA_STRING)
        return jinja_bool(starts_or_ends(self.string, with->string, at_end));
    if (with == NULL || with->kind != JINJA_TUPLE) {
        jinja_fail(r, "startswith and endswith want a string");
        return self;
    }
    for (size_t i = 0; i < with->list->n; i++)
        if (with->list->items[i].kind == JINJA_STRING && starts_or_ends(self.string, with->list->items[i].string, at_end))
            return jinja_bool(true);
    return jinja_bool(false);
}

METHOD(startswith) { return starts_or_ends_any(r, self, args, false); }
METHOD(endswith)   { return starts_or_ends_any(r, self, args, true); }

static struct jinja_value without(struct jinja_run *r, struct jinja_value self, const struct jinja_args *args, bool at_end)
{
    const struct jinja_string *with = wanted_string(r, args, 0, NULL), *s = self.string;

    if (r->failed || !starts_or_ends(s, with, at_end))
        return self;
    return jinja_part(r, s, at_end ? 0 : with->n, at_end ? s->n - with->n : s->n);
}

METHOD(removeprefix) { return without(r, self, args, false); }
METHOD(removesuffix) { return without(r, self, args, true); }

static int64_t chars_before(struct jinja_run *r, const struct jinja_string *s, size_t at)
{
    struct jinja_string before = { at, s->bytes, NULL };

    return (int64_t)jinja_n_chars(r, &before);
}

METHOD(find)
{
    const struct jinja_string *what = wanted_string(r, args, 0, NULL);
    size_t found = r->failed ? SIZE_MAX : jinja_find(r, self.string, what, 0);

    return jinja_int(found == SIZE_MAX ? -1 : chars_before(r, self.string, found));
}

METHOD(rfind)
{
    const struct jinja_string *what = wanted_string(r, args, 0, NULL);
    size_t last = SIZE_MAX;

    for (size_t at = 0; !r->failed && at <= self.string->n; at++) {
        if ((at = jinja_find(r, self.string, what, at)) == SIZE_MAX)
            break;
        last = at;
    }
    return jinja_int(last == SIZE_MAX ? -1 : chars_before(r, self.string, last));
}

METHOD(count)
{
    const struct jinja_string *what = wanted_string(r, args, 0, NULL);
    int64_t n = 0;

    for (size_t at = 0; !r->failed && what->n > 0 && (at = jinja_find(r, self.string, what, at)) != SIZE_MAX; at += what->n)
        n++;
    return jinja_int(n);
}

METHOD(join)
{
    const struct jinja_list *items = args->n == 1 ? jinja_items(r, args->values[0], false) : NULL;
    struct jinja_builder b = { 0 };

    for (size_t i = 0; items != NULL && i < items->n && !r->failed; i++) {
        if (items->items[i].kind != JINJA_STRING)
            jinja_fail(r, "join() of a %s", jinja_kind_name(items->items[i].kind));
        else if (i > 0)
            jinja_add_string(r, &b, self.string);
        jinja_add_value(r, &b, items->items[i]);
    }
    return jinja_built(r, &b);
}

static bool all_chars(const struct jinja_string *s, const char *from_to)
{
    for (size_t i = 0; i < s->n; i++) {
        bool fits = false;
        for (const char *range = from_to; *range != '\0'; range += 2)
            fits |= s->bytes[i] >= range[0] && s->bytes[i] <= range[1];
        if (!fits)
            return false;
    }
    return s->n > 0;
}

METHOD(method_isdigit) { UNUSED; return jinja_bool(all_chars(self.string, "09")); }
METHOD(method_isalpha) { UNUSED; return jinja_bool(all_chars(self.string, "AZaz")); }
METHOD(method_isalnum) { UNUSED; return jinja_bool(all_chars(self.string, "09AZaz")); }
METHOD(method_isspace) { UNUSED; return jinja_bool(all_chars(self.string, "  \t\r")); }

/* "{} {0} {name}": fields without a format of their own. */
METHOD(format)
{
    const struct jinja_string *s = self.string;
    struct jinja_builder b = { 0 };
    size_t next = 0;

    for (size_t at = 0; at < s->n && !r->failed; at++) {
        char c = s->bytes[at];
        if ((c != '{' && c != '}') || (at + 1 < s->n && s->bytes[at + 1] == c)) {
            jinja_add_part(r, &b, s, at, at + 1);
            at += c == '{' || c == '}';
            continue;
        }
        char name[64];
        const char *close = c == '{' ? memchr(s->bytes + at, '}', s->n - at) : NULL;
        size_t n = close != NULL ? (size_t)(close - s->bytes) - at - 1 : sizeof name;
        if (n >= sizeof name || !jinja_work(r, 1)) {
            jinja_fail(r, "format() does not know such a field");
            break;
        }
        memcpy(name, s->bytes + at + 1, n);
        name[n] = '\0';
        bool numbered = n > 0 && n < 4 && strspn(name, "0123456789") == n;
        size_t index = 0;
        for (size_t i = 0; numbered && i < n; i++)
            index = 10 * index + (size_t)(name[i] - '0');
        const struct jinja_value *x = jinja_arg(args, n == 0 ? next++ : numbered ? index : SIZE_MAX, name);
        if (x == NULL)
            jinja_fail(r, "format() is not given {%s}", name);
        else
            jinja_add_value(r, &b, *x);
        at += n + 1;
    }
    return jinja_built(r, &b);
}

/* ---- dicts ------------------------------------------------------------------------------- */

METHOD(keys)
{
    UNUSED;
    struct jinja_list *items = jinja_items(r, self, false);

    return items != NULL ? (struct jinja_value){ .kind = JINJA_LIST, .list = items } : self;
}

METHOD(values)
{
    struct jinja_value list = jinja_list(r, JINJA_LIST);

    (void)args;
    for (size_t i = 0; i < self.dict->n && !r->failed; i++)
        jinja_list_add(r, list.list, self.dict->entries[i].value);
    return list;
}

METHOD(items)
{
    struct jinja_value list = jinja_list(r, JINJA_LIST);

    (void)args;
    for (size_t i = 0; i < self.dict->n && !r->failed; i++) {
        struct jinja_value pair = jinja_list(r, JINJA_TUPLE);
        if (r->failed)
            break;
        jinja_list_add(r, pair.list, self.dict->entries[i].key);
        jinja_list_add(r, pair.list, self.dict->entries[i].value);
        jinja_list_add(r, list.list, pair);
    }
    return list;
}

METHOD(get)
{
    const struct jinja_value *otherwise = jinja_arg(args, 1, "default");
    const struct jinja_value *found = args->n > 0 ? jinja_dict_find(r, self.dict, args->values[0]) : NULL;

    return found != NULL ? *found : otherwise != NULL ? *otherwise : jinja_none();
}

METHOD(update)
{
    if (args->n == 1 && args->values[0].kind == JINJA_DICT && args->values[0].dict != self.dict)
        for (size_t i = 0; i < args->values[0].dict->n && !r->failed; i++)
            jinja_dict_set(r, self.dict, args->values[0].dict->entries[i].key, args->values[0].dict->entries[i].value);
    for (size_t i = 0; i < args->n_named && !r->failed; i++)
        jinja_dict_set_text(r, self.dict, args->named[i].name, args->named[i].value);
    return jinja_none();
}

METHOD(dict_pop)
{
    struct jinja_dict *dict = self.dict;
    struct jinja_value *found = args->n > 0 ? jinja_dict_find(r, dict, args->values[0]) : NULL;

    if (found == NULL) {
        const struct jinja_value *otherwise = jinja_arg(args, 1, "default");
        if (otherwise == NULL)
            jinja_fail(r, "pop() of a key that is not there");
        return otherwise != NULL ? *otherwise : self;
    }
    struct jinja_value value = *found;
    size_t i = (size_t)((char *)found - (char *)&dict->entries[0].value) / sizeof dict->entries[0];
    memmove(dict->entries + i, dict->entries + i + 1, (dict->n - i - 1) * sizeof *dict->entries);
    dict->n--;
    return value;
}

/* ---- lists --------------------------------------------------------------------------------- */

METHOD(append)
{
    if (args->n != 1)
        jinja_fail(r, "append() takes one value");
    else
        jinja_list_add(r, self.list, args->values[0]);
    return jinja_none();
}

METHOD(extend)
{
    const struct jinja_list *items = args->n == 1 ? jinja_items(r, args->values[0], false) : NULL;
    size_t n = items != NULL ? items->n : 0;        /* it may be the list itself */

    for (size_t i = 0; i < n && !r->failed; i++)
        jinja_list_add(r, self.list, items->items[i]);
    return jinja_none();
}

METHOD(list_pop)
{
    struct jinja_list *list = self.list;
    int64_t at = jinja_arg_int(r, args, 0, "index", -1);

    at += at < 0 ? (int64_t)list->n : 0;
    if (at < 0 || at >= (int64_t)list->n || !jinja_work(r, list->n / 16)) {
        jinja_fail(r, "pop() of an item that is not there");
        return self;
    }
    struct jinja_value item = list->items[at];
    memmove(list->items + at, list->items + at + 1, (list->n - (size_t)at - 1) * sizeof *list->items);
    list->n--;
    return item;
}

METHOD(method_index)
{
    for (size_t i = 0; args->n == 1 && i < self.list->n && !r->failed; i++)
        if (jinja_equal(r, self.list->items[i], args->values[0]))
            return jinja_int((int64_t)i);
    jinja_fail(r, "index() of an item that is not there");
    return self;
}

METHOD(count_items)
{
    int64_t n = 0;

    for (size_t i = 0; args->n == 1 && i < self.list->n && !r->failed; i++)
        n += jinja_equal(r, self.list->items[i], args->values[0]);
    return jinja_int(n);
}

static const struct jinja_method_kind methods[] = {
    { JINJA_STRING, "strip", strip }, { JINJA_STRING, "lstrip", lstrip }, { JINJA_STRING, "rstrip", rstrip },
    { JINJA_STRING, "upper", upper }, { JINJA_STRING, "lower", lower }, { JINJA_STRING, "title", title },
    { JINJA_STRING, "capitalize", capitalize }, { JINJA_STRING, "replace", replace }, { JINJA_STRING, "split", split },
    { JINJA_STRING, "rsplit", rsplit }, { JINJA_STRING, "splitlines", splitlines }, { JINJA_STRING, "startswith", startswith },
    { JINJA_STRING, "endswith", endswith }, { JINJA_STRING, "removeprefix", removeprefix },
    { JINJA_STRING, "removesuffix", removesuffix }, { JINJA_STRING, "find", find }, { JINJA_STRING, "rfind", rfind },
    { JINJA_STRING, "count", count }, { JINJA_STRING, "join", join }, { JINJA_STRING, "format", format },
    { JINJA_STRING, "isdigit", method_isdigit }, { JINJA_STRING, "isalpha", method_isalpha }, { JINJA_STRING, "isalnum", method_isalnum },
    { JINJA_STRING, "isspace", method_isspace },
    { JINJA_DICT, "keys", keys }, { JINJA_DICT, "values", values }, { JINJA_DICT, "items", items }, { JINJA_DICT, "get", get },
    { JINJA_DICT, "update", update }, { JINJA_DICT, "pop", dict_pop },
    { JINJA_LIST, "append", append }, { JINJA_LIST, "extend", extend }, { JINJA_LIST, "pop", list_pop },
    { JINJA_LIST, "index", method_index }, { JINJA_LIST, "count", count_items },
    { JINJA_TUPLE, "index", method_index }, { JINJA_TUPLE, "count", count_items },
};

const struct jinja_method_kind *jinja_method_find(enum jinja_kind of, const char *name, size_t n)
{
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (methods[i].of == of && strlen(methods[i].name) == n && memcmp(methods[i].name, name, n) == 0)
            return &methods[i];
    return NULL;
}
