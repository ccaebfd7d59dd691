/* export.h - a conversation as a Markdown file. One that exists is never touched. */
#ifndef UI_EXPORT_H
#define UI_EXPORT_H

#include "base/error.h"

/* Writes a new file in the current folder named after the title ("name.md", "name-2.md", ...): one that exists is never
 * touched.  Its name, malloc'd; NULL and ERROR_INPUT, and no half-written file, on failure. */
char *export_markdown(const char *title, const char *markdown, struct error *err);
/* Writes it under a name of the user's. */
bool export_to(const char *path, const char *markdown, struct error *err);

#endif
