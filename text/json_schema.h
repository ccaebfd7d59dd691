/* json_schema.h - parts of the way from a JSON Schema to GBNF.
 *
 *   schema -> a rule for each value (json_schema.c), with what is merged and referred to
 *   (json_schema_merge.c), objects, arrays, texts and numbers (json_schema_{object,array,string,number}.c)
 *
 * The grammar has texts of the schema only, not all of them: properties come in the schema's order, blanks
 * are few, numbers have at most 16 digits.  Source: json-schema.org, draft 2020-12, Core and Validation. */
#ifndef TEXT_JSON_SCHEMA_H
#define TEXT_JSON_SCHEMA_H

#include "base/error.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Where something stands, for messages: a JSON pointer from its end; the first has no `above`. */
struct place {
    const struct place *above;
    const char *key;
};

struct reference {
    char *pointer;
    unsigned rule;
    bool open;                      /* its rule is being written, at this level: */
    unsigned level;
};

struct schema {
    const char *name;               /* of the file */
    const cJSON *root;
    FILE *out;                      /* rules that are complete */
    unsigned n_rules, depth;
    unsigned level;                 /* objects and arrays around */
    struct reference *references;
    size_t n_references;
    cJSON *made;                    /* array that owns what was merged */
    struct error *err;
};

/* False, with the file and the place before the text. */
bool schema_wrong(const struct schema *s, const struct place *at, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* text[0..n) as a literal of GBNF. */
void schema_literal(FILE *to, const char *text, size_t n);
/* The whole number of a keyword; `otherwise` when it is not there. */
bool schema_count(const struct schema *s, const struct place *at, const cJSON *node, const char *keyword, uint32_t otherwise, uint32_t *count);

/* value as JSON, as a literal of GBNF. */
bool schema_json(const struct schema *s, const cJSON *value, FILE *to);
/* The number of a rule that the caller writes; `at`: whose. */
bool schema_rule(struct schema *s, const struct place *at, unsigned *rule);
/* The rule of a value inside of an object or an array. */
bool schema_inner(struct schema *s, const cJSON *node, const struct place *at, unsigned *rule);

/* Each writes what comes after ::= of a value's rule; self: that rule's number. */
bool schema_object(struct schema *s, const cJSON *node, const struct place *at, unsigned self, FILE *to);
bool schema_array(struct schema *s, const cJSON *node, const struct place *at, FILE *to);
bool schema_string(struct schema *s, const cJSON *node, const struct place *at, FILE *to);
bool schema_number(struct schema *s, const cJSON *node, bool whole, const struct place *at, FILE *to);

/* What both allow, owned by s->made; NULL and the error where that cannot be said. */
const cJSON *schema_merge(struct schema *s, const cJSON *a, const cJSON *b, const struct place *at);
/* node without these keywords (NULL ends them), owned by s->made. */
const cJSON *schema_without(struct schema *s, const cJSON *node, const char *keyword, const struct place *at);
/* What "#/..." stands for; NULL and the error. */
const cJSON *schema_resolve(struct schema *s, const char *pointer, const struct place *at);
/* No value is allowed by both, as far as types, constants and required properties tell. */
bool schema_apart(struct schema *s, const cJSON *a, const cJSON *b);

#endif
