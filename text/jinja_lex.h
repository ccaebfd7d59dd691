/* jinja_lex.h - the text of a template cut into tokens.
 *
 *   Hi {{ name }}.  ->  DATA "Hi " | OUT_BEGIN | NAME name | OUT_END | DATA "."
 *
 * Blanks around tags go as in Jinja2 with trim_blocks and lstrip_blocks, which is how chat
 * templates are written: a block tag or comment takes the blanks before it on its line and
 * the line break after it along; "-" at either end takes all blanks there, "+" none. */
#ifndef TEXT_JINJA_LEX_H
#define TEXT_JINJA_LEX_H

#include "text/jinja_value.h"

enum jinja_token_kind {
    TOKEN_DATA, TOKEN_BLOCK_BEGIN, TOKEN_BLOCK_END, TOKEN_OUT_BEGIN, TOKEN_OUT_END,
    TOKEN_NAME, TOKEN_STRING, TOKEN_INT, TOKEN_FLOAT, TOKEN_OPERATOR, TOKEN_END
};

struct jinja_token {
    enum jinja_token_kind kind;
    unsigned line;
    const char *text;               /* of the source, or of the arena: a string's without quotes and escapes */
    size_t n;
};

/* The last is TOKEN_END; NULL: the run has failed.  `source` has to outlive the tokens. */
struct jinja_token *jinja_lex(struct jinja_run *r, const char *source, size_t n);

#endif
