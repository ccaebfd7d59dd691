/* json_schema_object.c - objects: members in the schema's order, then names that are none of theirs.
 *
 *   a, required, and b  ->  first-0 ::= a more-1   more-1 ::= (comma b)? more-2   more-2 ::= (comma other)*
 *
 * first-i: no member is written yet before i; more-i: one is, so that a comma comes first. */
#include "text/json_schema.h"

#include <stdlib.h>
#include <string.h>

enum { PROPERTIES_MOST = 1000, NAME_BYTES_MOST = 200 };

static const cJSON *get(const cJSON *node, const char *keyword)
{
    return cJSON_GetObjectItemCaseSensitive(node, keyword);
}

struct member {
    const char *name;
    unsigned rule;
    bool required;
};

struct object {
    struct member *members;
    size_t n;
    bool further;                   /* there may be others, of this rule, or of any value */
    bool further_any;
    unsigned further_rule;
};

static bool is_required(const cJSON *node, const char *name)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, get(node, "required"))
        if (cJSON_IsString(item) && strcmp(item->valuestring, name) == 0)
            return true;
    return false;
}

static bool read_further(struct schema *s, const cJSON *node, const struct place *at, struct object *o)
{
    const cJSON *further = get(node, "additionalProperties");
    const struct place here = { at, "additionalProperties" };

    o->further = further != NULL ? !cJSON_IsFalse(further) : cJSON_GetArraySize(get(node, "properties")) == 0;
    o->further_any = further == NULL || cJSON_IsTrue(further);
    return !o->further || o->further_any || schema_inner(s, further, &here, &o->further_rule);
}

static bool read_properties(struct schema *s, const cJSON *node, const struct place *at, struct object *o)
{
    const struct place properties = { at, "properties" };
    const cJSON *item;

    cJSON_ArrayForEach(item, get(node, "properties")) {
        const struct place here = { &properties, item->string };
        bool required = is_required(node, item->string);
        if (cJSON_IsFalse(item) && !required)
            continue;
        o->members[o->n] = (struct member){ .name = item->string, .required = required };
        if (!schema_inner(s, item, &here, &o->members[o->n++].rule))
            return false;
    }
    return true;
}

/* Required names that are no properties: of what may be further. */
static bool read_required(struct schema *s, const cJSON *node, const struct place *at, struct object *o)
{
    const struct place required = { at, "required" };
    const cJSON *item;

    cJSON_ArrayForEach(item, get(node, "required")) {
        if (!cJSON_IsString(item))
            return schema_wrong(s, &required, "has to be a list of names");
        if (get(get(node, "properties"), item->valuestring) != NULL)
            continue;
        const cJSON *further = get(node, "additionalProperties");
        if (cJSON_IsFalse(further))
            return schema_wrong(s, &required, "'%s' is no property, and there may be no others", item->valuestring);
        cJSON *anything = further == NULL ? cJSON_CreateTrue() : NULL;
        o->members[o->n] = (struct member){ .name = item->valuestring, .required = true };
        bool good = schema_inner(s, anything != NULL ? anything : further, &required, &o->members[o->n++].rule);
        cJSON_Delete(anything);
        if (!good)
            return false;
    }
    return true;
}

static bool write_member(const struct schema *s, const struct member *m, FILE *to)
{
    cJSON *name = cJSON_CreateString(m->name);
    bool good = schema_json(s, name, to);

    cJSON_Delete(name);
    fprintf(to, " colon v%u", m->rule);
    return good;
}

/* Names that begin with the first `at` bytes of names[0..n), but are none of them: the rule of what
 * follows those bytes. */
static bool write_other_names(struct schema *s, const char *const *names, size_t n, size_t at, const struct place *place, unsigned *rule)
{
    char *text = NULL, *others = NULL;
    size_t n_text = 0, n_others = 0;
    FILE *to = open_memstream(&text, &n_text), *rest = open_memstream(&others, &n_others);
    bool good = to != NULL && rest != NULL && schema_rule(s, place, rule), is_name = false;

    for (size_t i = 0, j; good && i < n; i = j) {
        unsigned inner;
        j = i + 1;
        if (names[i][at] == '\0') {
            is_name = true;
            continue;
        }
        size_t length = 1;          /* of its character, which may have several bytes */
        while (((unsigned char)names[i][at + length] & 0xC0) == 0x80)
            length++;
        while (j < n && strncmp(names[j] + at, names[i] + at, length) == 0)
            j++;
        good = write_other_names(s, names + i, j - i, at + length, place, &inner);
        schema_literal(to, names[i] + at, length);
        fprintf(to, " v%u | ", inner);
        fprintf(rest, "%s%.*s", strchr("]^-", names[i][at]) != NULL ? "\\" : "", (int)length, names[i] + at);
    }
    if (rest != NULL)
        fclose(rest);
    if (to != NULL)
        fclose(to);
    if (good)
        fprintf(s->out, "v%u ::= %s[^%s\"\\\\\\x00-\\x1F] [^\"\\\\\\x00-\\x1F]*%s\n", *rule, text, others, is_name ? "" : " | \"\"");
    else if (text == NULL || others == NULL)
        error_set(s->err, ERROR_INFERENCE, "%s: no memory for the schema", s->name);
    free(text);
    free(others);
    return good;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The rule of a name that no member has.  One that JSON writes with a backslash is none of those. */
static bool write_further(struct schema *s, const struct object *o, const struct place *at, unsigned self)
{
    const char **names = malloc((o->n + 1) * sizeof *names);
    size_t n = 0;
    unsigned rule;
    bool good = names != NULL || error_set(s->err, ERROR_INFERENCE, "%s: no memory for the schema", s->name);

    for (size_t i = 0; good && i < o->n; i++) {
        const char *name = o->members[i].name;
        bool plain = strpbrk(name, "\"\\") == NULL;
        for (const char *c = name; *c != '\0'; c++)
            plain = plain && (unsigned char)*c >= 0x20;
        if (plain)
            names[n++] = name;
        if (plain && strlen(name) > NAME_BYTES_MOST)
            good = schema_wrong(s, at, "additionalProperties beside a name of more than %d bytes is not supported", NAME_BYTES_MOST);
    }
    if (good)
        qsort(names, n, sizeof *names, by_name);
    good = good && write_other_names(s, names, n, 0, at, &rule);
    free(names);
    if (!good)
        return false;
    fprintf(s->out, "v%u-other ::= \"\\\"\" v%u \"\\\"\" colon ", self, rule);
    if (o->further_any)
        fputs("any\n", s->out);
    else
        fprintf(s->out, "v%u\n", o->further_rule);
    return true;
}

/* From the last member to the first: -first-i before any is written, -more-i after one was. */
static bool write_members(struct schema *s, const struct object *o, unsigned self)
{
    bool good = true;

    fprintf(s->out, "v%u-first-%zu ::= %s\n", self, o->n, o->further ? "" : "\"\"");
    if (o->further)
        fprintf(s->out, "  (v%u-other (comma v%u-other)*)?\n", self, self);
    fprintf(s->out, "v%u-more-%zu ::= ", self, o->n);
    if (o->further)
        fprintf(s->out, "(comma v%u-other)*\n", self);
    else
        fputs("\"\"\n", s->out);
    for (size_t i = o->n; good && i-- > 0;) {
        const struct member *m = &o->members[i];
        fprintf(s->out, "v%u-first-%zu ::= ", self, i);
        good = write_member(s, m, s->out);
        fprintf(s->out, " v%u-more-%zu", self, i + 1);
        if (!m->required)
            fprintf(s->out, " | v%u-first-%zu", self, i + 1);
        fprintf(s->out, "\nv%u-more-%zu ::= (comma ", self, i);
        good = good && write_member(s, m, s->out);
        fprintf(s->out, ")%s v%u-more-%zu\n", m->required ? "" : "?", self, i + 1);
    }
    return good;
}

bool schema_object(struct schema *s, const cJSON *node, const struct place *at, unsigned self, FILE *to)
{
    const cJSON *properties = get(node, "properties"), *required = get(node, "required");
    size_t n = (size_t)cJSON_GetArraySize(properties) + (size_t)cJSON_GetArraySize(required);
    struct object o = { .members = calloc(n + 1, sizeof *o.members) };
    bool good = o.members != NULL || error_set(s->err, ERROR_INFERENCE, "%s: no memory for the schema", s->name);

    if (good && ((properties != NULL && !cJSON_IsObject(properties)) || (required != NULL && !cJSON_IsArray(required))))
        good = schema_wrong(s, at, "properties has to be an object, required a list");
    if (good && n > PROPERTIES_MOST)
        good = schema_wrong(s, at, "the schema is too large: %d properties are the most", PROPERTIES_MOST);
    good = good && read_further(s, node, at, &o) && read_properties(s, node, at, &o) && read_required(s, node, at, &o) &&
           (!o.further || write_further(s, &o, at, self)) && write_members(s, &o, self);
    if (good)
        fprintf(to, "\"{\" ws v%u-first-0 ws \"}\"", self);
    free(o.members);
    return good;
}
