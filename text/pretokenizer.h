/* pretokenizer.h - cuts text into the pieces that byte pairs are merged within.
 *
 * Each published tokenizer brings a regular expression over Unicode classes; a
 * merge never crosses the borders that it sets.  A struct pretokenizer never
 * changes after pretokenizer_new; threads may share it. */
#ifndef TEXT_PRETOKENIZER_H
#define TEXT_PRETOKENIZER_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct pretokenizer;

/* name: the value of tokenizer.ggml.pre, such as "qwen2"; ERROR_MODEL lists what is
 * supported (path names the file in it).  "default" is taken as GPT-2's, and a warning logged. */
struct pretokenizer *pretokenizer_new(const char *name, const char *path, struct error *err);
/* A piece that is a token is that token, whatever merges make of it. */
bool pretokenizer_keeps_whole(const struct pretokenizer *p);
/* A text begins with the BOS token, unless the file says otherwise. */
bool pretokenizer_wants_bos(const struct pretokenizer *p);
void pretokenizer_free(struct pretokenizer *p);             /* NULL is fine */

/* Called for each piece in order; false stops, with *err set. */
typedef bool pretokenizer_piece(void *user, const char *piece, size_t n_bytes, struct error *err);

/* The pieces of text, joined, are the text (normalised to NFC where the
 * tokenizer asks for that).  Bytes that are not UTF-8 come as pieces of their own. */
bool pretokenizer_split(const struct pretokenizer *p, const char *text, size_t n_bytes,
                        pretokenizer_piece *piece, void *user, struct error *err);

#endif
