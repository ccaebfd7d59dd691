#include "ui/settings.h"

#include "ui/cli.h"
#include "ui/talk.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum setting_kind { REAL, SIGNED, WHOLE, COUNT, SEED, TEXT };

#define AT(field) offsetof(struct session_settings, field)

/* Reals and whole numbers below 0 stand for the task's own, 0 of what is signed for none. */
static const struct setting { const char *name; enum setting_kind kind; size_t field; double most; const char *summary; } rows[] = {
    { "temperature", REAL, AT(temperature), 5, "0 is greedy, 1 as trained" },
    { "top-k", WHOLE, AT(top_k), 1000000, "of so many tokens; 0 is off" },
    { "top-p", REAL, AT(top_p), 1, "of the likeliest that make up this share; 1 is off" },
    { "min-p", REAL, AT(min_p), 1, "of those at least this likely, relative to the likeliest; 0 is off" },
    { "typical-p", REAL, AT(typical_p), 1, "of those of the least unusual surprise that make up this share; 1 is off" },
    { "repetition-penalty", REAL, AT(repetition_penalty), 5, "1 is off" },
    { "frequency-penalty", SIGNED, AT(frequency_penalty), 10, "for each time that a token was said; 0 is off" },
    { "presence-penalty", SIGNED, AT(presence_penalty), 10, "once it was said; 0 is off" },
    { "dry", REAL, AT(dry), 100, "against repeated passages; 0.8 is usual, 0 is off" },
    { "dry-base", REAL, AT(dry_base), 100, "of dry, for each further token" },
    { "dry-length", WHOLE, AT(dry_allowed_length), 1000000, "of dry: shorter passages may be repeated" },
    { "dry-range", WHOLE, AT(dry_range), 1000000, "of dry: tokens that it looks back" },
    { "mirostat", REAL, AT(mirostat), 100, "bits of surprise to keep to, in place of top-k to typical-p; 0 is off" },
    { "mirostat-eta", REAL, AT(mirostat_eta), 1, "of mirostat, how fast" },
    { "seed", SEED, AT(seed), 0, "for repeatable answers" },
    { "max-tokens", COUNT, AT(max_tokens), 0, "an answer's length" },
    { "image-rows", COUNT, AT(image_rows), 0, "of a picture that becomes rows by a pair's projector, at most; the default is what fits" },
    { "system", TEXT, 0, 0, "the system text" },
};
enum { N_ROWS = sizeof rows / sizeof rows[0] };

struct session_settings settings_of_options(const struct options *o)
{
    struct session_settings s = o->sampling;

    s.system = o->system;
    s.temperature = (float)o->temperature;
    s.seed = o->seed;
    s.max_tokens = o->max_tokens;
    return s;
}

void settings_init(struct settings *s, const struct options *o)
{
    *s = (struct settings){ .session = settings_of_options(o) };
    s->session.system = NULL;
    if (o->system != NULL && *o->system != '\0')
        s->session.system = s->system = text_copy(o->system);
}

void settings_done(struct settings *s)
{
    free(s->system);
    s->system = NULL;
}

const char *settings_name(size_t i)
{
    return i < N_ROWS ? rows[i].name : NULL;
}

static void store(struct session_settings *s, const struct setting *row, double number, uint64_t whole)
{
    void *field = (char *)s + row->field;

    switch (row->kind) {
    case REAL: case SIGNED: *(float *)field = (float)number; break;
    case WHOLE: *(int32_t *)field = (int32_t)number; break;
    case COUNT: *(size_t *)field = (size_t)whole; break;
    case SEED: *(uint64_t *)field = whole; break;
    case TEXT: break;
    }
}

static bool set_number(struct session_settings *s, const struct setting *row, const char *value, struct error *err)
{
    bool own = *value == '\0' || strcmp(value, "default") == 0, real = row->kind == REAL || row->kind == SIGNED;
    double least = row->kind == SIGNED ? -row->most : 0, number = row->kind == SIGNED ? 0 : -1;
    uint64_t whole = 0;
    char *end = NULL;

    errno = 0;
    if (!own && real)
        number = strtod(value, &end);
    else if (!own)
        number = (double)(whole = strtoull(value, &end, 10));
    bool good = own || (end != value && *end == '\0' && errno == 0 && isfinite(number) && number >= least && (real || *value != '-'));
    if (!good || (row->most > 0 && number > row->most))
        return row->most > 0 ? error_set(err, ERROR_USAGE, "%s takes a number from %.9g to %.9g, or default, not '%s'", row->name, least, row->most, value)
                             : error_set(err, ERROR_USAGE, "%s takes a whole number, or default, not '%s'", row->name, value);
    store(s, row, number, whole);
    return true;
}

static void set_system(struct settings *s, const char *value)
{
    bool own = *value == '\0' || strcmp(value, "default") == 0;
    char *copy = own ? NULL : text_copy(value);

    free(s->system);
    s->session.system = s->system = copy;
}

bool settings_set(struct settings *s, const char *name, const char *value, struct error *err)
{
    *err = (struct error){ 0 };
    for (size_t i = 0; i < N_ROWS; i++) {
        if (strcmp(rows[i].name, name) != 0)
            continue;
        if (rows[i].kind == TEXT)
            set_system(s, value);
        else
            set_number(&s->session, &rows[i], value, err);
        return true;
    }
    return false;
}

bool settings_set_number(struct session_settings *s, const char *name, const char *value, struct error *err)
{
    *err = (struct error){ 0 };
    for (size_t i = 0; i < N_ROWS; i++)
        if (rows[i].kind != TEXT && strcmp(rows[i].name, name) == 0)
            return set_number(s, &rows[i], value, err) || true;
    return false;
}

/* Its value as text; false: the task's own. */
static bool print_value(const struct settings *s, const struct setting *row, struct buffer *text)
{
    const void *field = (const char *)&s->session + row->field;

    switch (row->kind) {
    case REAL:
        if (*(const float *)field >= 0)
            buffer_print(text, "%.9g", (double)*(const float *)field);
        return *(const float *)field >= 0;
    case SIGNED:
        if (*(const float *)field != 0)
            buffer_print(text, "%.9g", (double)*(const float *)field);
        return *(const float *)field != 0;
    case WHOLE:
        if (*(const int32_t *)field >= 0)
            buffer_print(text, "%d", *(const int32_t *)field);
        return *(const int32_t *)field >= 0;
    case COUNT:
        if (*(const size_t *)field > 0)
            buffer_print(text, "%zu", *(const size_t *)field);
        return *(const size_t *)field > 0;
    case SEED:
        if (*(const uint64_t *)field > 0)
            buffer_print(text, "%llu", (unsigned long long)*(const uint64_t *)field);
        return *(const uint64_t *)field > 0;
    case TEXT:
        break;
    }
    if (s->system != NULL)
        buffer_print(text, "%s", s->system);
    return s->system != NULL;
}

/* The system text may have several lines; it stands last and takes the rest. */
void settings_write(const struct settings *s, struct buffer *text)
{
    for (size_t i = 0; i < N_ROWS; i++) {
        struct buffer value = { 0 };
        if (print_value(s, &rows[i], &value))
            buffer_print(text, "%s %s%s", rows[i].name, buffer_text(&value), rows[i].kind == TEXT ? "" : "\n");
        buffer_free(&value);
    }
}

void settings_read(struct settings *s, const char *text)
{
    struct error err;

    while (*text != '\0') {
        size_t n = strncmp(text, "system ", 7) == 0 ? strlen(text) : strcspn(text, "\n");
        char *line = strndup(text, n);
        if (line == NULL)
            abort();
        char *blank = strchr(line, ' ');
        if (blank != NULL) {
            *blank = '\0';
            settings_set(s, line, blank + 1, &err);
        }
        free(line);
        text += n + (text[n] == '\n');
    }
}

void settings_keep(const struct settings *s, struct talk *t)
{
    struct buffer text = { 0 };

    settings_write(s, &text);
    talk_set_settings(t, buffer_text(&text));
    t->engine->configure(t->engine->self, &s->session);
    buffer_free(&text);
}

void settings_list(const struct settings *s, struct buffer *text)
{
    for (size_t i = 0; i < N_ROWS; i++) {
        struct buffer value = { 0 };
        if (!print_value(s, &rows[i], &value))
            buffer_print(&value, "default");
        buffer_print(text, "%-20s%s  (%s)\n", rows[i].name, buffer_text(&value), rows[i].summary);
        buffer_free(&value);
    }
}
