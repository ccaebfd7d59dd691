/* config.h - the user's settings: $XDG_CONFIG_HOME/mynah/config, a commented file of `name = value`.
 *
 *   # a comment: a line that begins with '#'
 *   theme = light                  the rest of the line, without blanks around it; the last one counts
 *
 * One table feeds reading, the commented file that is written when there is none, /set's
 * list and its completion.  The command line wins over the file. An unknown name or a wrong
 * value is told with file and line, and the rest is used. */
#ifndef UI_CONFIG_H
#define UI_CONFIG_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct config {
    char *model;                    /* default model; never NULL */
    char *theme;                    /* auto, dark, light, 16, mono */
    char *keys;                     /* emacs, vi */
    char *microphone;               /* device name; "" the default */
    char *language;                 /* spoken in clips; "" detected */
    char *system;                   /* system text; "" mynah's own */
    char *kv;                       /* f16, q8_0 */
    char *eyes;                     /* auto, words, or who looks at pictures for a text model that does not see */
    char *mode;                     /* full, inline, plain */
    char *preview;                  /* auto, kitty, sixel, blocks, off */
    bool mouse;
    bool markdown;
    double temperature;             /* negative: the task's own */
    size_t n_ctx, n_threads, image_rows;    /* 0: default */
    struct error problems;          /* the first line that was not understood; ERROR_NONE: none */
    size_t n_problems;
};

void config_init(struct config *c);                         /* defaults */
/* Reads the file when it is there.  path: NULL for the place above. */
void config_load(struct config *c, const char *path);
void config_done(struct config *c);
char *config_path(struct error *err);                       /* malloc'd */
/* Writes the commented file (0600) unless one is there. */
bool config_write_new(const char *path, struct error *err);
/* Changes one setting, in memory and in the file: its line is replaced or uncommented, all else stays.
 * A wrong name or value (ERROR_USAGE) changes nothing; a file that cannot be written
 * (ERROR_INPUT) leaves the change in memory, for this run. */
bool config_set(struct config *c, const char *path, const char *name, const char *value, struct error *err);

#define CONFIG_THEMES "auto dark light 16 mono"
#define CONFIG_KV "f16 q8_0"

/* The table, for lists and completion; NULL name ends it. */
enum config_kind { CONFIG_TEXT, CONFIG_WORD, CONFIG_SWITCH, CONFIG_NUMBER, CONFIG_COUNT };
struct config_row {
    const char *name;
    const char *values;             /* "auto dark light 16 mono", or NULL when free */
    const char *summary;
    const char *fallback;           /* default, as text; CONFIG_TEXT may be empty when this is */
    enum config_kind kind;
    size_t field;                   /* offset in struct config */
};
const struct config_row *config_rows(void);
char *config_value(const struct config *c, const char *name);   /* as text; malloc'd, NULL for an unknown name */

#endif
