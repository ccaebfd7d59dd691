/* folder.h - the user's folders for data, settings and what can be made again (XDG base directory specification). */
#ifndef BASE_FOLDER_H
#define BASE_FOLDER_H

#include "base/error.h"

#include <stdbool.h>

/* $XDG_DATA_HOME/mynah/NAME, $XDG_CONFIG_HOME/mynah/NAME and $XDG_CACHE_HOME/mynah/NAME with their defaults below HOME;
 * name "" is the folder itself.  Made with mode 0700 when missing.  malloc'd; NULL and
 * ERROR_INPUT on failure. */
char *folder_data(const char *name, struct error *err);
char *folder_config(const char *name, struct error *err);
char *folder_cache(const char *name, struct error *err);

#endif
