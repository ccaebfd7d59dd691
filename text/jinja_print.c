/* jinja_print.c - values as text: str() and repr() of Python, and JSON. */
#include "text/jinja_value.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

/* ---- numbers ------------------------------------------------------------------------- */

/* The fewest digits that read back as the same number, written as Python does: by an exponent
 * below 1e-4 and from 1e16. */
void jinja_add_float(struct jinja_run *r, struct jinja_builder *b, double number)
{
    char digits[40], text[64];
    int precision = 0;

    if (!isfinite(number)) {
        jinja_add_text(r, b, isnan(number) ? "nan" : number > 0 ? "inf" : "-inf");
        return;
    }
    do
        snprintf(digits, sizeof digits, "%.*e", precision, number);
    while (strtod(digits, NULL) != number && ++precision <= 17);
    int exponent = atoi(strchr(digits, 'e') + 1);
    if (exponent < -4 || exponent >= 16)
        snprintf(text, sizeof text, "%s", digits);
    else
        snprintf(text, sizeof text, "%.*f", precision - exponent > 1 ? precision - exponent : 1, number);
    jinja_add_text(r, b, text);
}

static void add_int(struct jinja_run *r, struct jinja_builder *b, int64_t integer)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRId64, integer);
    jinja_add_text(r, b, text);
}

/* ---- Python ---------------------------------------------------------------------------- */

/* One escape, which is from where the character is. */
static void add_escape(struct jinja_run *r, struct jinja_builder *b, const struct jinja_string *s, size_t at, const char *escape)
{
    uint8_t from[16];

    memset(from, s->from != NULL ? s->from[at] : JINJA_FROM_TEMPLATE, sizeof from);
    jinja_add(r, b, escape, strlen(escape), s->from != NULL ? from : NULL);
}

static bool python_escape(uint32_t code, char quote, char escape[16])
{
    const char *letter = code == '\n' ? "\\n" : code == '\r' ? "\\r" : code == '\t' ? "\\t" : code == '\\' ? "\\\\" : NULL;

    if (letter != NULL)
        snprintf(escape, 16, "%s", letter);
    else if (code == (unsigned char)quote)
        snprintf(escape, 16, "\\%c", quote);
    else if (code < 0x20 || (code >= 0x7F && code <= 0xA0) || code == 0xAD)
        snprintf(escape, 16, "\\x%02x", (unsigned)code);
    else
        return false;
    return true;
}

static bool json_escape(uint32_t code, bool ascii, char escape[16])
{
    static const char controls[] = "btn\0fr";       /* from 8 on */

    if (code == '"' || code == '\\')
        snprintf(escape, 16, "\\%c", (char)code);
    else if (code >= 8 && code <= 13 && controls[code - 8] != '\0')
        snprintf(escape, 16, "\\%c", controls[code - 8]);
    else if (code < 0x20 || (ascii && code >= 0x7F && code < 0x10000))
        snprintf(escape, 16, "\\u%04x", (unsigned)code);
    else if (ascii && code >= 0x10000)
        snprintf(escape, 16, "\\u%04x\\u%04x", (unsigned)(0xD800 + ((code - 0x10000) >> 10)),
                 (unsigned)(0xDC00 + (code & 0x3FF)));
    else
        return false;
    return true;
}

/* quote '\0': as JSON. */
static void add_quoted(struct jinja_run *r, struct jinja_builder *b, const struct jinja_string *s, char quote, bool ascii)
{
    const char mark[2] = { quote != '\0' ? quote : '"', '\0' };
    size_t from = 0;
    char escape[16];
    uint32_t code;

    jinja_add_text(r, b, mark);
    for (size_t at = 0, end; at < s->n && !r->failed; at = end) {
        end = jinja_char_end(s, at);
        utf8_decode(s->bytes + at, end - at, &code);
        if (!(quote != '\0' ? python_escape(code, quote, escape) : json_escape(code, ascii, escape)))
            continue;
        jinja_add_part(r, b, s, from, at);
        add_escape(r, b, s, at, escape);
        from = end;
    }
    jinja_add_part(r, b, s, from, s->n);
    jinja_add_text(r, b, mark);
    jinja_work(r, s->n / 16);
}

static void add_list(struct jinja_run *r, struct jinja_builder *b, const struct jinja_list *list, bool tuple)
{
    jinja_add_text(r, b, tuple ? "(" : "[");
    for (size_t i = 0; i < list->n && !r->failed; i++) {
        jinja_add_text(r, b, i > 0 ? ", " : "");
        jinja_add_repr(r, b, list->items[i]);
    }
    jinja_add_text(r, b, tuple && list->n == 1 ? ",)" : tuple ? ")" : "]");
}

static void add_dict(struct jinja_run *r, struct jinja_builder *b, const struct jinja_dict *dict)
{
    jinja_add_text(r, b, "{");
    for (size_t i = 0; i < dict->n && !r->failed; i++) {
        jinja_add_text(r, b, i > 0 ? ", " : "");
        jinja_add_repr(r, b, dict->entries[i].key);
        jinja_add_text(r, b, ": ");
        jinja_add_repr(r, b, dict->entries[i].value);
    }
    jinja_add_text(r, b, "}");
}

static void add_repr_of(struct jinja_run *r, struct jinja_builder *b, struct jinja_value x)
{
    switch (x.kind) {
    case JINJA_UNDEFINED: jinja_add_text(r, b, "Undefined"); break;
    case JINJA_NONE:      jinja_add_text(r, b, "None"); break;
    case JINJA_BOOL:      jinja_add_text(r, b, x.truth ? "True" : "False"); break;
    case JINJA_INT:       add_int(r, b, x.integer); break;
    case JINJA_FLOAT:     jinja_add_float(r, b, x.number); break;
    case JINJA_STRING: {
        bool single = memchr(x.string->bytes, '\'', x.string->n) != NULL, both = memchr(x.string->bytes, '"', x.string->n) != NULL;
        add_quoted(r, b, x.string, single && !both ? '"' : '\'', false);
        break;
    }
    case JINJA_LIST:
    case JINJA_TUPLE:     add_list(r, b, x.list, x.kind == JINJA_TUPLE); break;
    case JINJA_DICT:      add_dict(r, b, x.dict); break;
    case JINJA_NAMESPACE:
    case JINJA_LOOP:
    case JINJA_MACRO:
    case JINJA_FUNCTION:
    case JINJA_METHOD:    jinja_fail(r, "a %s cannot be written", jinja_kind_name(x.kind));
    }
}

void jinja_add_repr(struct jinja_run *r, struct jinja_builder *b, struct jinja_value x)
{
    if (!jinja_enter(r))
        return;
    add_repr_of(r, b, x);
    jinja_leave(r);
}

void jinja_add_value(struct jinja_run *r, struct jinja_builder *b, struct jinja_value x)
{
    if (x.kind == JINJA_STRING)
        jinja_add_string(r, b, x.string);
    else if (x.kind != JINJA_UNDEFINED)
        jinja_add_repr(r, b, x);
}

struct jinja_value jinja_to_string(struct jinja_run *r, struct jinja_value x)
{
    struct jinja_builder b = { 0 };

    if (x.kind == JINJA_STRING)
        return x;
    jinja_add_value(r, &b, x);
    return jinja_built(r, &b);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

struct json {
    struct jinja_builder *b;
    const struct jinja_json_form *form;
    int level;
};

static void add_json(struct jinja_run *r, struct json *j, struct jinja_value x);

static void new_line(struct jinja_run *r, const struct json *j)
{
    if (j->form->indent < 0 || !jinja_work(r, 1))
        return;
    jinja_add_text(r, j->b, "\n");
    for (int i = 0; i < j->level * j->form->indent && !r->failed; i++)
        jinja_add_text(r, j->b, " ");
}

static void add_json_list(struct jinja_run *r, struct json *j, const struct jinja_list *list)
{
    jinja_add_text(r, j->b, "[");
    j->level++;
    for (size_t i = 0; i < list->n && !r->failed; i++) {
        jinja_add_text(r, j->b, i > 0 ? j->form->between : "");
        new_line(r, j);
        add_json(r, j, list->items[i]);
    }
    j->level--;
    if (list->n > 0)
        new_line(r, j);
    jinja_add_text(r, j->b, "]");
}

/* JSON has strings for keys only. */
static struct jinja_value json_key(struct jinja_run *r, struct json *j, struct jinja_value key)
{
    struct jinja_builder b = { 0 };
    struct json inner = { &b, j->form, 0 };

    if (key.kind == JINJA_STRING)
        return key;
    if (key.kind == JINJA_TUPLE)
        jinja_fail(r, "a tuple cannot be a key of JSON");
    add_json(r, &inner, key);
    return jinja_built(r, &b);
}

struct sorting { struct jinja_run *r; };

static int compare_entries(const void *a, const void *b, void *user)
{
    const struct sorting *s = user;

    return jinja_order(s->r, ((const struct jinja_entry *)a)->key, ((const struct jinja_entry *)b)->key);
}

static void add_json_dict(struct jinja_run *r, struct json *j, const struct jinja_dict *dict)
{
    struct jinja_entry *entries = dict->entries;
    struct sorting sorting = { r };

    if (j->form->sort_keys && dict->n > 0) {
        entries = jinja_alloc(r, dict->n * sizeof *entries);
        if (entries == NULL)
            return;
        memcpy(entries, dict->entries, dict->n * sizeof *entries);
        qsort_r(entries, dict->n, sizeof *entries, compare_entries, &sorting);
    }
    jinja_add_text(r, j->b, "{");
    j->level++;
    for (size_t i = 0; i < dict->n && !r->failed; i++) {
        struct jinja_value key = json_key(r, j, entries[i].key);
        jinja_add_text(r, j->b, i > 0 ? j->form->between : "");
        new_line(r, j);
        if (!r->failed)
            add_quoted(r, j->b, key.string, '\0', j->form->ascii);
        jinja_add_text(r, j->b, j->form->after_key);
        add_json(r, j, entries[i].value);
    }
    j->level--;
    if (dict->n > 0)
        new_line(r, j);
    jinja_add_text(r, j->b, "}");
}

static void add_json_float(struct jinja_run *r, struct json *j, double number)
{
    if (isfinite(number))
        jinja_add_float(r, j->b, number);
    else
        jinja_add_text(r, j->b, isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity");
}

static void add_json(struct jinja_run *r, struct json *j, struct jinja_value x)
{
    if (!jinja_enter(r))
        return;
    switch (x.kind) {
    case JINJA_NONE:   jinja_add_text(r, j->b, "null"); break;
    case JINJA_BOOL:   jinja_add_text(r, j->b, x.truth ? "true" : "false"); break;
    case JINJA_INT:    add_int(r, j->b, x.integer); break;
    case JINJA_FLOAT:  add_json_float(r, j, x.number); break;
    case JINJA_STRING: add_quoted(r, j->b, x.string, '\0', j->form->ascii); break;
    case JINJA_LIST:
    case JINJA_TUPLE:  add_json_list(r, j, x.list); break;
    case JINJA_DICT:   add_json_dict(r, j, x.dict); break;
    default:
        jinja_fail(r, "%s%s cannot be written as JSON", x.kind == JINJA_UNDEFINED && x.name != NULL ? x.name : "a ",
                   x.kind == JINJA_UNDEFINED && x.name != NULL ? " is not defined and" : jinja_kind_name(x.kind));
    }
    jinja_leave(r);
}

void jinja_add_json(struct jinja_run *r, struct jinja_builder *b, struct jinja_value x, const struct jinja_json_form *form)
{
    struct json j = { b, form, 0 };

    add_json(r, &j, x);
}
