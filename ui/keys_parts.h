/* keys_parts.h - sequences of escape to presses: what keys.c cuts out, keys_table.c knows. */
#ifndef UI_KEYS_PARTS_H
#define UI_KEYS_PARTS_H

#include "ui/keys.h"

#include <stdint.h>

/* Each gives false for what is known of no key.  *code: a character that the press types, or 0. */
bool key_of_control(char c, struct press *press);           /* C0 and DEL */
bool key_of_alt(char c, struct press *press);               /* ESC c */
bool key_of_ss3(const char *s, size_t n, struct press *press, uint32_t *code);      /* ESC O [1;m] final */
bool key_of_csi(const char *s, size_t n, struct press *press, uint32_t *code);      /* ESC [ ... final, no answer */
bool is_answer(const char *s, size_t n);                    /* ESC [ ... final that a terminal sends when asked */

#endif
