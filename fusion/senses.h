/* senses.h - eyes and ears: a file in, what was perceived out.
 *
 *   path -> sha256, kind by its first bytes -> decode -> preview -> encode -> perception
 *
 * Models open when first needed.  What was perceived is kept under the hash of
 * the bytes and the encoder's identity, so equal bytes are computed once.  For
 * the worker thread only. */
#ifndef FUSION_SENSES_H
#define FUSION_SENSES_H

#include "fusion/attachment.h"
#include "fusion/eyes.h"

#include "tensor/compute.h"

struct senses;

/* Words, then amounts done and in all (0: unknown). */
typedef void senses_progress(void *user, const char *text, double done, double total);

/* A file is decoded and will be encoded; `p` is good only during the call. */
typedef void senses_decoded(void *user, const struct preview *p);

/* Paths are copied and may be NULL: a file that needs the missing model then fails
 * with ERROR_MODEL, naming what to pull.  language: of speech; NULL: detected.  eyes are
 * borrowed until senses_free. */
struct senses *senses_new(const struct session_params *params, const struct eyes *eyes, const struct compute *c,
                          senses_progress *progress, senses_decoded *decoded, void *user, struct error *err);
void senses_free(struct senses *s);                         /* NULL is fine */

/* Borrowed until senses_free.  *load_ms grows by the time models took to open. */
const struct perception *senses_perceive(struct senses *s, const char *path, double *load_ms, struct error *err);

/* Opened for live sound, and how to hear it; borrowed until senses_free.  NULL and *err. */
const struct whisper *senses_whisper(struct senses *s, struct whisper_params *params, struct error *err);

/* Decoded, never encoded; the caller's. */
struct preview *senses_preview(struct senses *s, const char *path, struct error *err);

/* Kind of a file by its first n bytes, else by the end of its name. */
bool senses_kind(const char *path, const unsigned char *head, size_t n, enum attachment_kind *kind, struct error *err);

#endif
