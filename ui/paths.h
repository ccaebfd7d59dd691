/* paths.h - the ways in which a terminal hands over files.
 *
 *   /a/b.png   "/a/b c.png"   '/a/b c.png'   /a/b\ c.png   ~/b.png   several at once
 *   file:///a/b%20c.png   file://localhost/a/b.png   file://HOST/a/b.png of this host
 *   /a/b c.png (alone or alone in its line, unquoted)
 *
 * A name that is not there is looked for once more in its folder with no-break
 * spaces taken as spaces and accents and Hangul composed (macOS screenshots have
 * U+202F in their names and hand over NFD).  Threads: UX, "Attach". */
#ifndef UI_PATHS_H
#define UI_PATHS_H

#include "ui/buffer.h"

#include <stdbool.h>
#include <stddef.h>

struct paths { char **items; size_t n, capacity; };

/* Absolute or relative paths in the text, as they are on disk where they exist. */
void paths_parse(const char *text, struct paths *paths);
/* True when the text is nothing but paths (absolute, ~ or file://), every one of
 * them a regular file: what may become chips without being asked for. */
bool paths_only(const char *text, struct paths *paths);
/* A name with backslashes where paths_mention needs them; appended. */
void paths_escape(const char *name, struct buffer *to);
void paths_free(struct paths *paths);

/* A mention is an @ at the start of a word and, right behind it, a path in one of the forms above
 * (one with blanks is quoted or escaped).  What is written directly behind the name belongs
 * to the sentence: "@cat.png, ", "@cat.png's", "@cat.png은".  Bytes of the mention at text[at], and its
 * file as paths_whole has it, malloc'd; 0 when there is none or it names no readable file. */
size_t paths_mention(const char *text, size_t at, char **path);
/* Whether text[at] is an @ that could begin one. */
bool paths_is_mark(const char *text, size_t at);

char *paths_whole(const char *path);                        /* absolute where it can be; malloc'd */
const char *paths_name(const char *path);                   /* its last part */

#endif
