/* settings.h - the keys "<architecture>.<name>" of a GGUF file (ggml docs/gguf.md, "LLM").
 *
 * What a key would change and is not computed here is refused with settings_refuse: a
 * model that is evaluated wrongly still talks, only worse. */
#ifndef TEXT_SETTINGS_H
#define TEXT_SETTINGS_H

#include "base/error.h"
#include "tensor/gguf.h"

#include <stdbool.h>
#include <stddef.h>

struct settings {
    const struct gguf *g;
    const char *architecture;
};

#define SETTINGS_KEY_BYTES 128
/* The whole key, in a buffer of the caller's. */
const char *settings_key(const struct settings *s, const char *name, char key[SETTINGS_KEY_BYTES]);

/* false when it is missing or of another kind; *value is then as it was. */
bool settings_size(const struct settings *s, const char *name, size_t *value);
bool settings_float(const struct settings *s, const char *name, float *value);
/* The text, or NULL. */
const char *settings_string(const struct settings *s, const char *name);

/* Missing or 0 is an error. */
bool settings_require(const struct settings *s, const char *name, size_t *value, struct error *err);
/* Missing is fine; 0 (when it must be positive), less than 0 or not finite is an error. */
bool settings_number(const struct settings *s, const char *name, bool positive, float *value, struct error *err);

/* "<file>: <key>: <why> is not supported"; false. */
bool settings_refuse(const struct settings *s, const char *name, const char *why, struct error *err);

#endif
