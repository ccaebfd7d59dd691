/* grammar.h - what an answer may look like, and which tokens keep to it.
 *
 *   GBNF or JSON Schema -> struct grammar -> struct constraint (beside one model's vocabulary)
 *                                         -> at each token, those that may come next
 *
 * GBNF is the grammar notation of the ggml project (llama.cpp, grammars/README.md):
 *
 *   root ::= item ("," item){0,3}        # the answer; a comment
 *   item ::= "\"" [^"\x00-\x1F]* "\"" | [0-9]+ | .
 *
 * A text in "..." or code points in [...] (not in [^...], any: .), the name of a rule, groups,
 * | between alternatives, and after each of them ? * + {m} {m,} {m,n} or {,n}.  Escapes: \n \r \t
 * \\ \" \[ \] \- \xHH \uHHHH \UHHHHHHHH.  A rule ends with its line, but for what stands in
 * parentheses, follows ::= or |, or begins the next line with |.  Rules may use each other and
 * themselves, but not begin with themselves.
 *
 * A struct grammar never changes and may be shared; a constraint belongs to one thread. */
#ifndef TEXT_GRAMMAR_H
#define TEXT_GRAMMAR_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text_model;
struct grammar;
struct constraint;

/* From text[0..n) in GBNF.  ERROR_INPUT has `name`, the line and what is wrong there: notation,
 * a rule that is not defined, begins with itself or can never end, or a size without reason. */
struct grammar *grammar_parse(const char *name, const char *text, size_t n, struct error *err);

/* From a JSON Schema (draft 2020-12, and what is older in common use).  ERROR_INPUT has `name` and, as
 * a JSON pointer, the place of what is wrong or not supported: docs/models.md lists what is. */
struct grammar *grammar_of_schema(const char *name, const char *text, size_t n, struct error *err);
void grammar_free(struct grammar *g);                       /* NULL is fine */

/* ---- tokens ---------------------------------------------------------------------- */

/* At the start of an answer; borrows both. */
struct constraint *constraint_new(const struct text_model *m, const struct grammar *g, struct error *err);
void constraint_free(struct constraint *c);                 /* NULL is fine */
bool constraint_reset(struct constraint *c, struct error *err);     /* to the start again */

/* A token that ends answers is allowed where the grammar may end; one without bytes never. */
bool constraint_allows(struct constraint *c, int32_t id);
/* Of all tokens that are not allowed, the logit becomes -INFINITY; the number of those that are. */
size_t constraint_mask(struct constraint *c, float *logits);
/* The token is said.  ERROR_INFERENCE when it is not allowed, or by matters of memory. */
bool constraint_take(struct constraint *c, int32_t id, struct error *err);

bool constraint_may_end(const struct constraint *c);
bool constraint_must_end(const struct constraint *c);       /* complete: nothing may follow */
/* Why nothing is allowed: the text so far that no token continues, or what ran out. */
bool constraint_fail(const struct constraint *c, struct error *err);

#endif
