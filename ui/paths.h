/* paths.h - the ways in which a terminal hands over files.
 *
 *   /a/b.png   "/a/b c.png"   '/a/b c.png'   /a/b\ c.png   ~/b.png   several at once
 *   file:///a/b%20c.png   file://localhost/a/b.png   /a/b c.png (alone, unquoted)
 *
 * A name that is not there is looked for once more in its folder with no-break
 * spaces taken as spaces and accents and Hangul composed (macOS screenshots have
 * U+202F in their names and hand over NFD).  Threads: UX, "Attach". */
#ifndef UI_PATHS_H
#define UI_PATHS_H

#include <stdbool.h>
#include <stddef.h>

struct paths { char **items; size_t n, capacity; };

/* Absolute or relative paths in the text, as they are on disk where they exist. */
void paths_parse(const char *text, struct paths *paths);
/* True when the text is nothing but paths (absolute, ~ or file://), every one of
 * them a regular file: what may become chips without being asked for. */
bool paths_only(const char *text, struct paths *paths);
void paths_free(struct paths *paths);

#endif
