#include "text/settings.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>

const char *settings_key(const struct settings *s, const char *name, char key[SETTINGS_KEY_BYTES])
{
    snprintf(key, SETTINGS_KEY_BYTES, "%s.%s", s->architecture, name);
    return key;
}

bool settings_size(const struct settings *s, const char *name, size_t *value)
{
    char key[SETTINGS_KEY_BYTES];
    uint32_t found;

    if (!gguf_u32(s->g, settings_key(s, name, key), &found))
        return false;
    *value = found;
    return true;
}

bool settings_float(const struct settings *s, const char *name, float *value)
{
    char key[SETTINGS_KEY_BYTES];

    return gguf_f32(s->g, settings_key(s, name, key), value);
}

const char *settings_string(const struct settings *s, const char *name)
{
    char key[SETTINGS_KEY_BYTES];

    return gguf_string(s->g, settings_key(s, name, key));
}

bool settings_require(const struct settings *s, const char *name, size_t *value, struct error *err)
{
    char key[SETTINGS_KEY_BYTES];

    if (settings_size(s, name, value) && *value > 0)
        return true;
    return error_set(err, ERROR_MODEL, "%s: %s is missing or not a positive number",
                     gguf_path(s->g), settings_key(s, name, key));
}

bool settings_number(const struct settings *s, const char *name, bool positive, float *value, struct error *err)
{
    char key[SETTINGS_KEY_BYTES];

    if (!settings_float(s, name, value) || (isfinite(*value) && (positive ? *value > 0.0f : *value >= 0.0f)))
        return true;
    return error_set(err, ERROR_MODEL, "%s: %s is %g, which makes no sense", gguf_path(s->g),
                     settings_key(s, name, key), (double)*value);
}

bool settings_refuse(const struct settings *s, const char *name, const char *why, struct error *err)
{
    char key[SETTINGS_KEY_BYTES];

    return error_set(err, ERROR_MODEL, "%s: %s: %s is not supported", gguf_path(s->g), settings_key(s, name, key), why);
}
