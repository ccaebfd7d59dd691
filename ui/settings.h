/* settings.h - how answers are made in one session: sampling and system text.
 *
 * Kept with the session as lines of `name value`; what is not set is the task's own. */
#ifndef UI_SETTINGS_H
#define UI_SETTINGS_H

#include "fusion/session.h"
#include "ui/buffer.h"

struct options;                     /* ui/cli.h */
struct talk;

struct settings { struct session_settings session; char *system; };     /* session.system is system or NULL */

/* What the command line says; borrows from it. */
struct session_settings settings_of_options(const struct options *o);
/* The user's own defaults: the command line's, else the settings file's. */
void settings_init(struct settings *s, const struct options *o);
void settings_done(struct settings *s);
void settings_read(struct settings *s, const char *text);   /* lines that are not understood are left out */
void settings_write(const struct settings *s, struct buffer *text);

/* Of this conversation from now on: kept with it and told to its engine. */
void settings_keep(const struct settings *s, struct talk *t);

/* True when `name` is one of these; then *err tells whether the value was taken ("" or "default": the task's own). */
bool settings_set(struct settings *s, const char *name, const char *value, struct error *err);
/* The same of those that are numbers, where there is no system text. */
bool settings_set_number(struct session_settings *s, const char *name, const char *value, struct error *err);
void settings_list(const struct settings *s, struct buffer *text);      /* a line each, with what it does */
const char *settings_name(size_t i);                        /* NULL behind the last */

#endif
