#include "ui/settings.h"

#include "ui/cli.h"
#include "ui/talk.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum setting_kind { REAL, WHOLE, COUNT, SEED, TEXT };

#define AT(field) offsetof(struct session_settings, field)

/* Reals and whole numbers below `least` stand for the task's own. */
static const struct setting { const char *name; enum setting_kind kind; size_t field; double most; const char *summary; } rows[] = {
    { "temperature", REAL, AT(temperature), 5, "0 is greedy, 1 as trained" },
    { "top-k", WHOLE, AT(top_k), 1000000, "of so many tokens; 0 is off" },
    { "top-p", REAL, AT(top_p), 1, "of the likeliest that make up this share; 1 is off" },
    { "min-p", REAL, AT(min_p), 1, "of those at least this likely, relative to the likeliest; 0 is off" },
    { "repetition-penalty", REAL, AT(repetition_penalty), 5, "1 is off" },
    { "seed", SEED, AT(seed), 0, "for repeatable answers" },
    { "max-tokens", COUNT, AT(max_tokens), 0, "an answer's length" },
    { "system", TEXT, 0, 0, "the system text" },
};
enum { N_ROWS = sizeof rows / sizeof rows[0] };

void settings_init(struct settings *s, const struct options *o)
{
    *s = (struct settings){ .session = session_settings_default() };
    if (o->temperature >= 0)
        s->session.temperature = (float)o->temperature;
    s->session.seed = o->seed;
    s->session.max_tokens = o->max_tokens;
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

static void *field_of(struct settings *s, const struct setting *row)
{
    return (char *)&s->session + row->field;
}

static bool set_number(struct settings *s, const struct setting *row, const char *value, struct error *err)
{
    bool own = *value == '\0' || strcmp(value, "default") == 0;
    char *end = NULL;

    errno = 0;
    double number = own ? -1 : row->kind == REAL ? strtod(value, &end) : (double)strtoull(value, &end, 10);
    bool good = own || (end != value && *end == '\0' && errno == 0 && isfinite(number) && number >= 0 && *value != '-');
    if (!good || (row->most > 0 && number > row->most))
        return row->most > 0 ? error_set(err, ERROR_USAGE, "%s takes a number from 0 to %g, or default, not '%s'", row->name, row->most, value)
                             : error_set(err, ERROR_USAGE, "%s takes a whole number, or default, not '%s'", row->name, value);
    switch (row->kind) {
    case REAL: *(float *)field_of(s, row) = (float)number; break;
    case WHOLE: *(int32_t *)field_of(s, row) = (int32_t)number; break;
    case COUNT: *(size_t *)field_of(s, row) = own ? 0 : (size_t)strtoull(value, NULL, 10); break;
    case SEED: *(uint64_t *)field_of(s, row) = own ? 0 : strtoull(value, NULL, 10); break;
    case TEXT: break;
    }
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
            set_number(s, &rows[i], value, err);
        return true;
    }
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
