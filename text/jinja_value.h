/* jinja_value.h - what expressions of a template are, and the memory and bounds they live in.
 *
 * Every value belongs to the arena of its run and is never freed before it.  A string knows
 * for each of its bytes where it is from, and all that is done with strings keeps that:
 *
 *   "<|user|> " + content | trim      bytes  <|user|> Hi
 *                                     from   000000000011
 *
 * so that what a template writes can be told from what people say, however it was cut.
 *
 * Failures stick: the first sets run->failed and run->err, later calls change nothing, and
 * functions that return a value give `undefined`. */
#ifndef TEXT_JINJA_VALUE_H
#define TEXT_JINJA_VALUE_H

#include "base/arena.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum jinja_kind {
    JINJA_UNDEFINED, JINJA_NONE, JINJA_BOOL, JINJA_INT, JINJA_FLOAT, JINJA_STRING,
    JINJA_LIST, JINJA_TUPLE, JINJA_DICT, JINJA_NAMESPACE, JINJA_LOOP,
    JINJA_MACRO, JINJA_FUNCTION, JINJA_METHOD
};

/* Where a byte is from. */
enum { JINJA_FROM_TEMPLATE, JINJA_FROM_CONTENT, JINJA_FROM_SLOT };

struct jinja_string {
    size_t n;
    const char *bytes;
    const uint8_t *from;            /* [n]; NULL: all are the template's */
};

struct jinja_value {
    enum jinja_kind kind;
    union {
        const char *name;           /* of UNDEFINED: what is missing; NULL: not known */
        bool truth;
        int64_t integer;
        double number;
        const struct jinja_string *string;
        struct jinja_list *list;    /* of LIST and TUPLE */
        struct jinja_dict *dict;    /* of DICT and NAMESPACE */
        const struct jinja_loop *loop;
        const struct jinja_macro *macro;
        const struct jinja_function *function;
        const struct jinja_method *method;
    };
};

struct jinja_list {
    size_t n, capacity;
    struct jinja_value *items;
};

struct jinja_dict {                 /* in order of insertion */
    size_t n, capacity;
    struct jinja_entry *entries;
};
struct jinja_entry { struct jinja_value key, value; };

/* ---- one run ---------------------------------------------------------------- */

enum { JINJA_DEPTH_MOST = 300 };    /* of what nests, in the template and in values; under 2 KB of stack each */

struct jinja_run {
    struct arena *arena;
    char *free;                     /* [n_free] of the arena's last chunk */
    size_t n_free, n_bytes, n_bytes_most;
    uint64_t n_steps, n_steps_most;
    unsigned depth, line;           /* line: of the template, being worked on */
    bool failed;
    struct error *err;
    time_t now;                     /* of strftime_now */
};

/* The first failure is kept, with the line; false. */
bool jinja_fail(struct jinja_run *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* NULL when the run has failed or its memory is used up. */
void *jinja_alloc(struct jinja_run *r, size_t n_bytes);
/* Counts work that takes time: about one step for a node, or for 64 bytes.  False when the
 * run has failed or has done too much. */
bool jinja_work(struct jinja_run *r, size_t n_steps);
/* One call deeper; each that gave true is ended by jinja_leave. */
bool jinja_enter(struct jinja_run *r);
void jinja_leave(struct jinja_run *r);

/* ---- making values ------------------------------------------------------------ */

struct jinja_value jinja_undefined(const char *name);
struct jinja_value jinja_none(void);
struct jinja_value jinja_bool(bool truth);
struct jinja_value jinja_int(int64_t integer);
struct jinja_value jinja_float(double number);
/* bytes and from stay the caller's and have to outlive the run. */
struct jinja_value jinja_string(struct jinja_run *r, const char *bytes, size_t n, const uint8_t *from);
struct jinja_value jinja_text(struct jinja_run *r, const char *text);       /* of the template */
struct jinja_value jinja_list(struct jinja_run *r, enum jinja_kind kind);
struct jinja_value jinja_dict(struct jinja_run *r, enum jinja_kind kind);
bool jinja_list_add(struct jinja_run *r, struct jinja_list *list, struct jinja_value item);
/* A key that is there gets the new value. */
bool jinja_dict_set(struct jinja_run *r, struct jinja_dict *dict, struct jinja_value key, struct jinja_value value);
bool jinja_dict_set_text(struct jinja_run *r, struct jinja_dict *dict, const char *key, struct jinja_value value);
/* NULL: not there. */
struct jinja_value *jinja_dict_find(struct jinja_run *r, const struct jinja_dict *dict, struct jinja_value key);
struct jinja_value *jinja_dict_find_text(struct jinja_run *r, const struct jinja_dict *dict, const char *key);

/* A string that grows; starts as { 0 }. */
struct jinja_builder {
    char *bytes;
    uint8_t *from;
    size_t n, capacity;
    bool mixed;                     /* not all from the template */
};
void jinja_add(struct jinja_run *r, struct jinja_builder *b, const char *bytes, size_t n, const uint8_t *from);
void jinja_add_text(struct jinja_run *r, struct jinja_builder *b, const char *text);
void jinja_add_string(struct jinja_run *r, struct jinja_builder *b, const struct jinja_string *s);
void jinja_add_part(struct jinja_run *r, struct jinja_builder *b, const struct jinja_string *s, size_t from, size_t to);
struct jinja_value jinja_built(struct jinja_run *r, const struct jinja_builder *b);

/* ---- using values --------------------------------------------------------------- */

const char *jinja_kind_name(enum jinja_kind kind);          /* as Python calls it */
bool jinja_true(struct jinja_value x);
bool jinja_is_number(struct jinja_value x);                 /* bools are numbers, as in Python */
double jinja_number(struct jinja_value x);
bool jinja_is(struct jinja_value x, const char *text);      /* that string */
bool jinja_equal(struct jinja_run *r, struct jinja_value a, struct jinja_value b);
/* < 0, 0, > 0; fails for kinds that have no order. */
int jinja_order(struct jinja_run *r, struct jinja_value a, struct jinja_value b);
/* As str() of Python gives it. */
struct jinja_value jinja_to_string(struct jinja_run *r, struct jinja_value x);
void jinja_add_value(struct jinja_run *r, struct jinja_builder *b, struct jinja_value x);
void jinja_add_repr(struct jinja_run *r, struct jinja_builder *b, struct jinja_value x);
void jinja_add_float(struct jinja_run *r, struct jinja_builder *b, double number);

struct jinja_json_form {
    int indent;                     /* < 0: on one line */
    bool sort_keys, ascii;
    const char *between, *after_key;            /* ", " and ": " */
};
void jinja_add_json(struct jinja_run *r, struct jinja_builder *b, struct jinja_value x, const struct jinja_json_form *form);

/* Items of a list, keys of a dict, characters of a string; what cannot be gone through fails
 * or, when `quiet`, gives NULL.  A list is given as it is. */
struct jinja_list *jinja_items(struct jinja_run *r, struct jinja_value x, bool quiet);
size_t jinja_length(struct jinja_run *r, struct jinja_value x);

/* Of the text of a string, in characters. */
size_t jinja_n_chars(struct jinja_run *r, const struct jinja_string *s);
size_t jinja_char_end(const struct jinja_string *s, size_t at);             /* of the one at byte `at` */
bool jinja_is_blank_at(const struct jinja_string *s, size_t at);
struct jinja_value jinja_part(struct jinja_run *r, const struct jinja_string *s, size_t from, size_t to);  /* bytes */
/* Place of `what` at or after `at`; SIZE_MAX: not there. */
size_t jinja_find(struct jinja_run *r, const struct jinja_string *s, const struct jinja_string *what, size_t at);

/* ---- calls -------------------------------------------------------------------------- */

struct jinja_named { const char *name; struct jinja_value value; };

struct jinja_args {
    struct jinja_value *values;
    struct jinja_named *named;
    size_t n, n_named;
};
/* The i-th, or the one of that name; NULL: not given. */
const struct jinja_value *jinja_arg(const struct jinja_args *args, size_t i, const char *name);
/* The same as a string, a truth, a number; `otherwise` when it is not given. */
const struct jinja_string *jinja_arg_string(struct jinja_run *r, const struct jinja_args *args, size_t i, const char *name,
                                            const struct jinja_string *otherwise);
bool jinja_arg_true(const struct jinja_args *args, size_t i, const char *name, bool otherwise);
int64_t jinja_arg_int(struct jinja_run *r, const struct jinja_args *args, size_t i, const char *name, int64_t otherwise);

struct jinja_function {             /* of the environment, such as range */
    const char *name;
    struct jinja_value (*call)(struct jinja_run *r, const struct jinja_args *args);
};

struct jinja_method {               /* of a value, such as "a b".split */
    struct jinja_value self;
    const struct jinja_method_kind *kind;
};
struct jinja_method_kind {
    enum jinja_kind of;
    const char *name;
    struct jinja_value (*call)(struct jinja_run *r, struct jinja_value self, const struct jinja_args *args);
};
/* NULL: kinds of that sort have no such method. */
const struct jinja_method_kind *jinja_method_find(enum jinja_kind of, const char *name, size_t n);

typedef struct jinja_value jinja_filter(struct jinja_run *r, struct jinja_value x, const struct jinja_args *args);
typedef bool jinja_test(struct jinja_run *r, struct jinja_value x, const struct jinja_args *args);
jinja_filter *jinja_filter_find(const char *name);          /* NULL: there is none */
jinja_filter *jinja_filter_of_text(const char *name);       /* the two tables behind it */
jinja_filter *jinja_filter_of_lists(const char *name);
jinja_test *jinja_test_find(const char *name);
const struct jinja_function *jinja_function_find(const char *name, size_t n);

/* x.name, where name may be "a.b.c" or "0", for filters that take attributes. */
struct jinja_value jinja_path(struct jinja_run *r, struct jinja_value x, const struct jinja_string *path);
struct jinja_value jinja_attribute(struct jinja_run *r, struct jinja_value x, const char *name, size_t n);
struct jinja_value jinja_subscript(struct jinja_run *r, struct jinja_value x, struct jinja_value key);

/* Filters that stand in the text family and that methods share. */
struct jinja_value jinja_strip(struct jinja_run *r, const struct jinja_string *s, const struct jinja_string *chars, bool left,
                               bool right);
struct jinja_value jinja_replace(struct jinja_run *r, const struct jinja_string *s, const struct jinja_string *old,
                                 const struct jinja_string *new, int64_t most);
enum jinja_case { JINJA_UPPER, JINJA_LOWER, JINJA_TITLE, JINJA_CAPITALIZE };
struct jinja_value jinja_recase(struct jinja_run *r, const struct jinja_string *s, enum jinja_case wanted);
/* '%s of %d' % values */
struct jinja_value jinja_percent(struct jinja_run *r, const struct jinja_string *format, const struct jinja_value *values,
                                 size_t n);

#endif
