#include "text/json_schema.h"

#include "text/grammar.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MOST = 100, RULES_MOST = 3000 };

/* What every schema's rules may use.  Blanks: none, one, or a line break and what indents. */
static const char common[] =
    "ws ::= (\" \" | \"\\n\" [ \\t]{0,20})?\n"
    "comma ::= \",\" ws\n"
    "colon ::= \":\" ws\n"
    "any ::= object | array | string | number | \"true\" | \"false\" | \"null\"\n"
    "object ::= \"{\" ws (string colon any (comma string colon any)* ws)? \"}\"\n"
    "array ::= \"[\" ws (any (comma any)* ws)? \"]\"\n"
    "string ::= \"\\\"\" char* \"\\\"\"\n"
    "char ::= [^\"\\\\\\x00-\\x1F] | \"\\\\\" ([\"\\\\/bfnrt] | \"u\" ([0-9a-cefA-CEF] hex{3} | [dD] [0-7] hex{2}))\n"
    "hex ::= [0-9a-fA-F]\n"
    "integer ::= \"-\"? (\"0\" | [1-9] [0-9]{0,15})\n"
    "number ::= integer fraction? ([eE] [-+]? [0-9]{1,2})?\n"
    "fraction ::= \".\" [0-9]{1,15}\n"
    "format-date ::= [1-9] [0-9]{3} \"-\" ((\"0\" [13578] | \"1\" [02]) \"-\" (format-day | \"29\" | \"30\" | \"31\")"
    " | (\"0\" [469] | \"11\") \"-\" (format-day | \"29\" | \"30\") | \"02-\" format-day)\n"
    "format-day ::= \"0\" [1-9] | \"1\" [0-9] | \"2\" [0-8]\n"
    "format-time ::= ([01] [0-9] | \"2\" [0-3]) \":\" [0-5] [0-9] \":\" [0-5] [0-9] (\".\" [0-9]{1,6})? (\"Z\" | [+-] ([01] [0-9] | \"2\" [0-3]) \":\" [0-5] [0-9])\n"
    "format-date-time ::= format-date \"T\" format-time\n"
    "format-uuid ::= hex{8} \"-\" hex{4} \"-\" hex{4} \"-\" hex{4} \"-\" hex{12}\n"
    "format-ipv4 ::= format-byte (\".\" format-byte){3}\n"
    "format-byte ::= \"25\" [0-5] | \"2\" [0-4] [0-9] | \"1\" [0-9] [0-9] | [1-9]? [0-9]\n";

/* ---- keywords -------------------------------------------------------------------- */

enum keyword_kind { NOTE, GENERAL, OF_OBJECT, OF_ARRAY, OF_STRING, OF_NUMBER, UNSUPPORTED };

static const struct keyword { const char *name; enum keyword_kind kind; } keywords[] = {
    { "title", NOTE }, { "description", NOTE }, { "default", NOTE }, { "examples", NOTE }, { "example", NOTE }, { "$schema", NOTE }, { "$id", NOTE },
    { "$comment", NOTE }, { "$defs", NOTE }, { "definitions", NOTE }, { "deprecated", NOTE }, { "readOnly", NOTE }, { "writeOnly", NOTE },
    { "contentEncoding", NOTE }, { "contentMediaType", NOTE }, { "$anchor", NOTE },
    { "type", GENERAL }, { "enum", GENERAL }, { "const", GENERAL }, { "anyOf", GENERAL }, { "oneOf", GENERAL }, { "allOf", GENERAL }, { "$ref", GENERAL },
    { "properties", OF_OBJECT }, { "required", OF_OBJECT }, { "additionalProperties", OF_OBJECT },
    { "items", OF_ARRAY }, { "prefixItems", OF_ARRAY }, { "minItems", OF_ARRAY }, { "maxItems", OF_ARRAY }, { "additionalItems", OF_ARRAY }, { "uniqueItems", OF_ARRAY },
    { "minLength", OF_STRING }, { "maxLength", OF_STRING }, { "pattern", OF_STRING }, { "format", OF_STRING },
    { "minimum", OF_NUMBER }, { "maximum", OF_NUMBER }, { "exclusiveMinimum", OF_NUMBER }, { "exclusiveMaximum", OF_NUMBER }, { "multipleOf", OF_NUMBER },
    { "not", UNSUPPORTED }, { "if", UNSUPPORTED }, { "then", UNSUPPORTED }, { "else", UNSUPPORTED }, { "dependentRequired", UNSUPPORTED },
    { "dependentSchemas", UNSUPPORTED }, { "dependencies", UNSUPPORTED }, { "patternProperties", UNSUPPORTED }, { "propertyNames", UNSUPPORTED },
    { "minProperties", UNSUPPORTED }, { "maxProperties", UNSUPPORTED }, { "unevaluatedProperties", UNSUPPORTED }, { "unevaluatedItems", UNSUPPORTED },
    { "contains", UNSUPPORTED }, { "minContains", UNSUPPORTED }, { "maxContains", UNSUPPORTED }, { "$dynamicRef", UNSUPPORTED }, { "$recursiveRef", UNSUPPORTED },
};

static const struct keyword *find_keyword(const char *name)
{
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
        if (strcmp(keywords[i].name, name) == 0)
            return &keywords[i];
    return NULL;
}

static const cJSON *get(const cJSON *node, const char *keyword)
{
    return cJSON_GetObjectItemCaseSensitive(node, keyword);
}

/* ---- messages -------------------------------------------------------------------- */

static void print_place(const struct place *at, FILE *to)
{
    if (at->above != NULL) {
        print_place(at->above, to);
        fputs("/", to);
    }
    for (const char *c = at->key; *c != '\0'; c++)
        if (at->above != NULL && (*c == '~' || *c == '/'))
            fputs(*c == '~' ? "~0" : "~1", to);
        else
            fputc(*c, to);
}

bool schema_wrong(const struct schema *s, const struct place *at, const char *format, ...)
{
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    va_list args;

    if (to != NULL) {
        va_start(args, format);
        print_place(at, to);
        fputs(": ", to);
        vfprintf(to, format, args);
        va_end(args);
        fclose(to);
    }
    error_set(s->err, ERROR_INPUT, "%s: %s", s->name, text != NULL ? text : "not supported");
    free(text);
    return false;
}

/* ---- small things ---------------------------------------------------------------- */

void schema_literal(FILE *to, const char *text, size_t n)
{
    fputs("\"", to);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\')
            fprintf(to, "\\%c", c);
        else if (c < 0x20 || c == 0x7F)
            fprintf(to, "\\x%02X", c);
        else
            fputc(c, to);
    }
    fputs("\"", to);
}

bool schema_count(const struct schema *s, const struct place *at, const cJSON *node, const char *keyword, uint32_t otherwise, uint32_t *count)
{
    const cJSON *item = get(node, keyword);
    const struct place here = { at, keyword };

    *count = otherwise;
    if (item == NULL)
        return true;
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0 && item->valuedouble <= 1 << 20) || item->valuedouble != (double)(uint32_t)item->valuedouble)
        return schema_wrong(s, &here, "has to be a whole number up to a million");
    *count = (uint32_t)item->valuedouble;
    return true;
}

bool schema_json(const struct schema *s, const cJSON *value, FILE *to)
{
    char *text = cJSON_PrintUnformatted(value);

    if (text == NULL)
        return error_set(s->err, ERROR_INFERENCE, "%s: no memory for the schema", s->name);
    schema_literal(to, text, strlen(text));
    cJSON_free(text);
    return true;
}

/* ---- values ---------------------------------------------------------------------- */

static bool write_body(struct schema *s, const cJSON *node, const struct place *at, unsigned self, FILE *to);

static bool write_rule(struct schema *s, const cJSON *node, const struct place *at, unsigned self)
{
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);

    if (to == NULL)
        return error_set(s->err, ERROR_INFERENCE, "%s: no memory for the schema", s->name);
    bool good = write_body(s, node, at, self, to);
    if (fclose(to) != 0)
        good = good && error_set(s->err, ERROR_INFERENCE, "%s: no memory for the schema", s->name);
    if (good)
        fprintf(s->out, "v%u ::= %s\n", self, text);
    free(text);
    return good;
}

bool schema_rule(struct schema *s, const struct place *at, unsigned *rule)
{
    *rule = s->n_rules++;
    return s->n_rules <= RULES_MOST || schema_wrong(s, at, "the schema is too large: %d values are the most", RULES_MOST);
}

/* The value as a rule of its own. */
static bool value(struct schema *s, const cJSON *node, const struct place *at, unsigned *rule)
{
    if (s->depth == DEPTH_MOST)
        return schema_wrong(s, at, "the schema is too deep: %d are the most", DEPTH_MOST);
    s->depth++;
    bool good = schema_rule(s, at, rule) && write_rule(s, node, at, *rule);
    s->depth--;
    return good;
}

bool schema_inner(struct schema *s, const cJSON *node, const struct place *at, unsigned *rule)
{
    s->level++;
    bool good = value(s, node, at, rule);
    s->level--;
    return good;
}

/* ---- types ----------------------------------------------------------------------- */

static bool write_type(struct schema *s, const cJSON *node, const char *type, const struct place *at, unsigned self, FILE *to)
{
    const struct place here = { at, "type" };

    if (strcmp(type, "object") == 0)
        return schema_object(s, node, at, self, to);
    if (strcmp(type, "array") == 0)
        return schema_array(s, node, at, to);
    if (strcmp(type, "string") == 0)
        return schema_string(s, node, at, to);
    if (strcmp(type, "number") == 0 || strcmp(type, "integer") == 0)
        return schema_number(s, node, *type == 'i', at, to);
    if (strcmp(type, "boolean") == 0)
        return fputs("\"true\" | \"false\"", to) >= 0;
    if (strcmp(type, "null") == 0)
        return fputs("\"null\"", to) >= 0;
    return schema_wrong(s, &here, "'%s' is no type: there are object, array, string, number, integer, boolean and null", type);
}

/* Of a schema without "type": what its keywords are about. */
static bool infer_type(const struct schema *s, const cJSON *node, const struct place *at, const char **type)
{
    static const char *const types[] = { [OF_OBJECT] = "object", [OF_ARRAY] = "array", [OF_STRING] = "string", [OF_NUMBER] = "number" };
    const cJSON *item;

    *type = NULL;
    cJSON_ArrayForEach(item, node) {
        const struct keyword *k = find_keyword(item->string);
        if (k == NULL || k->kind < OF_OBJECT || k->kind > OF_NUMBER)
            continue;
        if (*type != NULL && *type != types[k->kind])
            return schema_wrong(s, at, "says things of an %s and of an %s; give it a type", *type, types[k->kind]);
        *type = types[k->kind];
    }
    return true;
}

static bool write_typed(struct schema *s, const cJSON *node, const struct place *at, unsigned self, FILE *to)
{
    const cJSON *type = get(node, "type"), *item;
    const struct place here = { at, "type" };
    const char *inferred;

    if (cJSON_IsString(type))
        return write_type(s, node, type->valuestring, at, self, to);
    if (type == NULL) {
        if (!infer_type(s, node, at, &inferred))
            return false;
        return inferred != NULL ? write_type(s, node, inferred, at, self, to) : fputs("any", to) >= 0;
    }
    if (!cJSON_IsArray(type) || cJSON_GetArraySize(type) == 0)
        return schema_wrong(s, &here, "no value has it: a type or a list of them is expected");
    cJSON_ArrayForEach(item, type) {
        if (!cJSON_IsString(item))
            return schema_wrong(s, &here, "has to be a list of names");
        if (item != type->child)
            fputs(" | ", to);
        if (!write_type(s, node, item->valuestring, at, self, to))
            return false;
    }
    return true;
}

static bool has_type(const cJSON *type, const cJSON *v)
{
    const cJSON *item;
    const char *name = cJSON_IsString(type) ? type->valuestring : NULL;

    if (type == NULL)
        return true;
    if (name == NULL) {
        cJSON_ArrayForEach(item, type)
            if (cJSON_IsString(item) && has_type(item, v))
                return true;
        return false;
    }
    return strcmp(name, "object") == 0 ? cJSON_IsObject(v) : strcmp(name, "array") == 0 ? cJSON_IsArray(v)
         : strcmp(name, "string") == 0 ? cJSON_IsString(v) : strcmp(name, "boolean") == 0 ? cJSON_IsBool(v)
         : strcmp(name, "null") == 0 ? cJSON_IsNull(v) : strcmp(name, "number") == 0 ? cJSON_IsNumber(v)
         : cJSON_IsNumber(v) && v->valuedouble == (double)(int64_t)v->valuedouble;
}

/* const, enum: the values that are of the type. */
static bool write_values(struct schema *s, const cJSON *node, const struct place *at, FILE *to)
{
    const cJSON *one = get(node, "const"), *list = get(node, "enum"), *item;
    const char *bar = "";

    cJSON_ArrayForEach(item, node) {
        const struct keyword *k = find_keyword(item->string);
        if (k->kind >= OF_OBJECT || (one != NULL && item == list))
            return schema_wrong(s, at, "'%s' beside %s is not supported", item->string, one != NULL ? "const" : "enum");
    }
    if (one == NULL && !cJSON_IsArray(list))
        return schema_wrong(s, at, "enum has to be a list");
    for (item = one != NULL ? one : list->child; item != NULL; item = one != NULL ? NULL : item->next) {
        if (!has_type(get(node, "type"), item))
            continue;
        fputs(bar, to);
        if (!schema_json(s, item, to))
            return false;
        bar = " | ";
    }
    return *bar != '\0' || schema_wrong(s, at, "no value is allowed");
}

/* ---- references and alternatives -------------------------------------------------- */

static bool write_reference(struct schema *s, const char *pointer, const struct place *at, FILE *to)
{
    const struct place target = { NULL, pointer };

    for (size_t i = 0; i < s->n_references; i++) {
        const struct reference *r = &s->references[i];
        if (strcmp(r->pointer, pointer) != 0)
            continue;
        if (r->open && r->level == s->level)
            return schema_wrong(s, at, "'%s' is defined by itself, with no object or array between", pointer);
        fprintf(to, "v%u", r->rule);
        return true;
    }
    const cJSON *node = schema_resolve(s, pointer, at);
    struct reference *grown = node != NULL ? realloc(s->references, (s->n_references + 1) * sizeof *grown) : NULL;
    if (node == NULL)
        return false;
    if (grown == NULL || s->depth == DEPTH_MOST)
        return schema_wrong(s, at, "the schema is too deep: %d are the most", DEPTH_MOST);
    size_t i = s->n_references;
    s->references = grown;
    s->references[i] = (struct reference){ strdup(pointer), 0, true, s->level };
    if (s->references[i].pointer == NULL)
        return error_set(s->err, ERROR_INFERENCE, "%s: no memory for the schema", s->name);
    s->n_references++;
    s->depth++;
    unsigned rule = 0;
    bool good = schema_rule(s, at, &rule);
    s->references[i].rule = rule;
    good = good && write_rule(s, node, &target, rule);
    s->depth--;
    s->references[i].open = false;
    fprintf(to, "v%u", rule);
    return good;
}

/* Something besides what says nothing of values. */
static bool says_more(const cJSON *node, const char *but)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, node) {
        const struct keyword *k = find_keyword(item->string);
        if (strcmp(item->string, but) != 0 && k != NULL && k->kind != NOTE)
            return true;
    }
    return false;
}

/* The node as `part`, and what else it says. */
static const cJSON *with_rest(struct schema *s, const cJSON *node, const char *keyword, const cJSON *part, const struct place *at)
{
    if (!says_more(node, keyword))
        return part;
    const cJSON *rest = schema_without(s, node, keyword, at);
    return rest != NULL ? schema_merge(s, rest, part, at) : NULL;
}

static bool write_merged(struct schema *s, const cJSON *merged, const struct place *at, unsigned self, FILE *to)
{
    if (merged == NULL)
        return false;
    if (s->depth == DEPTH_MOST)
        return schema_wrong(s, at, "the schema is too deep: %d are the most", DEPTH_MOST);
    s->depth++;
    bool good = write_body(s, merged, at, self, to);
    s->depth--;
    return good;
}

static bool write_all_of(struct schema *s, const cJSON *node, const struct place *at, unsigned self, FILE *to)
{
    const cJSON *list = get(node, "allOf"), *item, *merged = schema_without(s, node, "allOf", at);
    const struct place here = { at, "allOf" };

    if (!cJSON_IsArray(list))
        return schema_wrong(s, &here, "has to be a list");
    cJSON_ArrayForEach(item, list) {
        const cJSON *part = item, *reference = get(item, "$ref");
        if (cJSON_IsString(reference) && !says_more(item, "$ref"))
            part = schema_resolve(s, reference->valuestring, &here);
        merged = merged != NULL && part != NULL ? schema_merge(s, merged, part, &here) : NULL;
        if (merged == NULL)
            return false;
    }
    return write_merged(s, merged, at, self, to);
}

static bool check_apart(struct schema *s, const cJSON *list, const struct place *at)
{
    size_t i = 0;

    for (const cJSON *a = list->child; a != NULL; a = a->next, i++) {
        size_t k = i + 1;
        for (const cJSON *b = a->next; b != NULL; b = b->next, k++)
            if (!schema_apart(s, a, b))
                return schema_wrong(s, at, "a value may be of both %zu and %zu, which oneOf forbids and a grammar cannot know; "
                                    "use anyOf, or tell them apart by a type or by a required property that is constant", i, k);
    }
    return true;
}

static bool write_alternatives(struct schema *s, const cJSON *node, const char *keyword, const struct place *at, FILE *to)
{
    const cJSON *list = get(node, keyword), *item;
    const struct place here = { at, keyword };
    size_t i = 0;

    if (!cJSON_IsArray(list) || list->child == NULL)
        return schema_wrong(s, &here, "has to be a list that is not empty");
    if (strcmp(keyword, "oneOf") == 0 && !check_apart(s, list, &here))
        return false;
    cJSON_ArrayForEach(item, list) {
        char index[24];
        unsigned rule;
        snprintf(index, sizeof index, "%zu", i);
        const struct place branch = { &here, index };
        const cJSON *merged = with_rest(s, node, keyword, item, &branch);
        if (merged == NULL || !value(s, merged, &branch, &rule))
            return false;
        fprintf(to, "%sv%u", i++ > 0 ? " | " : "", rule);
    }
    return true;
}

static bool check_keywords(const struct schema *s, const cJSON *node, const struct place *at)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, node) {
        const struct keyword *k = find_keyword(item->string);
        const struct place here = { at, item->string };
        if (k == NULL && strncmp(item->string, "x-", 2) != 0)
            return schema_wrong(s, &here, "is no keyword that is known here");
        if (k != NULL && k->kind == UNSUPPORTED)
            return schema_wrong(s, &here, "is not supported");
    }
    return true;
}

static bool write_body(struct schema *s, const cJSON *node, const struct place *at, unsigned self, FILE *to)
{
    const cJSON *reference = get(node, "$ref");
    const struct place here = { at, "$ref" };

    if (cJSON_IsTrue(node))
        return fputs("any", to) >= 0;
    if (cJSON_IsFalse(node))
        return schema_wrong(s, at, "no value is allowed (false)");
    if (!cJSON_IsObject(node))
        return schema_wrong(s, at, "a schema has to be an object, true or false");
    if (!check_keywords(s, node, at))
        return false;
    if (reference != NULL && !cJSON_IsString(reference))
        return schema_wrong(s, &here, "has to be a string");
    if (reference != NULL && !says_more(node, "$ref"))
        return write_reference(s, reference->valuestring, &here, to);
    if (reference != NULL) {
        const cJSON *target = schema_resolve(s, reference->valuestring, &here);
        return target != NULL && write_merged(s, with_rest(s, node, "$ref", target, at), at, self, to);
    }
    if (get(node, "allOf") != NULL)
        return write_all_of(s, node, at, self, to);
    if (get(node, "anyOf") != NULL)
        return write_alternatives(s, node, "anyOf", at, to);
    if (get(node, "oneOf") != NULL)
        return write_alternatives(s, node, "oneOf", at, to);
    if (get(node, "const") != NULL || get(node, "enum") != NULL)
        return write_values(s, node, at, to);
    return write_typed(s, node, at, self, to);
}

/* ---- the whole ------------------------------------------------------------------- */

static struct grammar *parse_rules(struct schema *s, const char *rules, size_t n, struct error *err)
{
    struct error why = { 0 };
    struct grammar *g = grammar_parse(s->name, rules, n, &why);

    if (g == NULL)                  /* its lines are not those of the file */
        error_set(err, why.code, "%s: as a grammar%s", s->name, strncmp(why.text, s->name, strlen(s->name)) == 0 ? why.text + strlen(s->name) : "");
    return g;
}

/* The schema is what "#" refers to. */
static bool write_all(struct schema *s)
{
    const struct place root = { NULL, "#" };
    char *start = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&start, &n);
    bool good = to != NULL && write_reference(s, root.key, &root, to);

    if (to != NULL)
        fclose(to);
    if (good)
        fprintf(s->out, "root ::= %s\n%s", start, common);
    free(start);
    return good;
}

static struct grammar *convert(struct schema *s, struct error *err)
{
    char *rules = NULL;
    size_t n = 0;
    struct grammar *g = NULL;

    s->out = open_memstream(&rules, &n);
    if (s->out == NULL || s->made == NULL) {
        error_set(err, ERROR_INFERENCE, "%s: no memory for the schema", s->name);
        return NULL;
    }
    bool good = write_all(s);
    if (fclose(s->out) == 0 && good)
        g = parse_rules(s, rules, n, err);
    free(rules);
    return g;
}

struct grammar *grammar_of_schema(const char *name, const char *text, size_t n, struct error *err)
{
    struct error ignored;
    const char *end = NULL;
    struct schema s = { .name = name, .made = cJSON_CreateArray(), .err = err != NULL ? err : &ignored };
    cJSON *root = cJSON_ParseWithLengthOpts(text, n, &end, false);
    struct grammar *g = NULL;

    if (root == NULL) {
        size_t line = 1;
        for (const char *c = text; end != NULL && c < end; c++)
            line += *c == '\n';
        error_set(err, ERROR_INPUT, "%s:%zu: is no JSON here", name, line);
    } else {
        s.root = root;
        g = convert(&s, s.err);
    }
    for (size_t i = 0; i < s.n_references; i++)
        free(s.references[i].pointer);
    free(s.references);
    cJSON_Delete(s.made);
    cJSON_Delete(root);
    return g;
}
