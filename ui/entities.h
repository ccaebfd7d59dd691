/* entities.h - HTML's character references: "&eacute;", "&#233;", "&#xE9;" -> UTF-8. */
#ifndef UI_ENTITIES_H
#define UI_ENTITIES_H

#include <stdbool.h>
#include <stddef.h>

enum { ENTITY_BYTES = 8, ENTITY_NAME_BYTES = 48 };

/* text[0..n) with its & and ;.  The bytes written to out; 0: none of that name. */
size_t entity_decode(const char *text, size_t n, char out[ENTITY_BYTES]);

#endif
