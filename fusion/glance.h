/* glance.h - what a pair of eyes said of a picture that a text model cannot see itself.
 *
 *   answer of the pair -> text that is none, markers, controls, what repeats: cut -> words, or why there are none
 *
 * Eyes are a model like any other: what they say is untrusted, and may be nonsense.  Pure functions. */
#ifndef FUSION_GLANCE_H
#define FUSION_GLANCE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum { GLANCE_TOKENS = 120, GLANCE_BYTES = 800 };   /* of one answer, at most */

struct glance {                     /* starts as { 0 } */
    char *eyes;                     /* whose, as the user named them; fit to be told */
    char *question;                 /* as it was asked; NULL: what is in the picture */
    char *words;                    /* a line of UTF-8 without controls, quotes and brackets; NULL: none of use */
    char *trouble;                  /* why none, or what was cut; NULL: nothing was */
    double ms;
};
void glance_done(struct glance *g);

/* Makes words, trouble or both of an answer [n]; eyes and question stay.  False when memory ran out. */
bool glance_take(struct glance *g, const char *answer, size_t n, struct error *err);
/* A name or words as they may stand in a sentence of ours: without controls, quotes and brackets; malloc'd, NULL
 * without memory. */
char *glance_plain(const char *text, size_t n);

struct glances { struct glance *items; size_t n; };     /* starts as { 0 } */
void glances_done(struct glances *g);
bool glances_add(struct glances *g, const struct glance *one, struct error *err);      /* copied */
bool glances_copy(struct glances *to, const struct glances *from, struct error *err);  /* to an empty list */
/* By whose eyes (NULL: any) and question (NULL: what is in it); NULL: none. */
const struct glance *glances_find(const struct glances *g, const char *eyes, const char *question);

#endif
