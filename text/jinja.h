/* jinja.h - the subset of Jinja2 that chat templates are written in, run safely.
 *
 *   source -> tokens (jinja_lex) -> tree (jinja_parse) -> text (jinja_eval), each byte of which
 *   is known to be the template's or from what it was given
 *
 * What it does is what Jinja2 3.1 does as transformers sets it up (trim_blocks, lstrip_blocks, tojson,
 * raise_exception, strftime_now, loop controls, {% generation %}); tests/golden/make_templates.py
 * compares.  There are no files, no imports and no attributes but those of jinja_access.c;
 * steps, depth and memory are bounded, and whatever goes wrong is an error that names the line.
 *
 * A template never changes after it is compiled; threads may share it.  A run belongs to one thread. */
#ifndef TEXT_JINJA_H
#define TEXT_JINJA_H

#include "text/jinja_value.h"

struct jinja_template;

/* ERROR_MODEL: "line 12: ...".  source is copied. */
struct jinja_template *jinja_template_new(const char *source, size_t n, struct error *err);
void jinja_template_free(struct jinja_template *t);         /* NULL is fine */

/* Memory and bounds for one rendering; its values are made with jinja_value.h.  n_content: bytes
 * of what people say in it, which may take work of its own.  NULL: no memory. */
struct jinja_run *jinja_run_new(size_t n_content, time_t now, struct error *err);
void jinja_run_free(struct jinja_run *r);                   /* NULL is fine; and all values of it */

/* Values for it, copied; from: JINJA_FROM_..., of all bytes. */
struct jinja_value jinja_copy(struct jinja_run *r, const char *bytes, size_t n, uint8_t from);
struct jinja_value jinja_from_json(struct jinja_run *r, const char *json, size_t n, uint8_t from);

/* What the template writes, good until the run is freed; `variables` is a dict.  NULL and *err on
 * failure, after which the run can only be freed. */
const struct jinja_string *jinja_render(const struct jinja_template *t, struct jinja_run *r, const struct jinja_dict *variables);

#endif
