/* form_file.h - what the command line says of an answer's form, read and checked. */
#ifndef UI_FORM_FILE_H
#define UI_FORM_FILE_H

#include "fusion/session.h"
#include "ui/cli.h"

struct form_file {                  /* starts as { 0 } */
    char *text;                     /* of the grammar */
    char *tools;
    struct session_bias *biases;
};

/* Fills its part of the session's parameters, which borrow from f and o.  ERROR_INPUT for a file that
 * cannot be read, ERROR_USAGE for options that do not go together. */
bool form_file_read(struct form_file *f, const struct options *o, struct session_params *p, struct error *err);
void form_file_done(struct form_file *f);

#endif
