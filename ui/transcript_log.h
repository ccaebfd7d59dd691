/* transcript_log.h - the conversation on disk, as it happens.
 *
 *   $XDG_DATA_HOME/mynah/sessions/20261124-211500-4242-1.jsonl   0600, folder 0700
 *   {"mynah":1,"started":"2026-11-24T21:15:00Z"}
 *   {"role":"user","text":"...","attachments":[{"path":"...","sha256":"..."}]}
 *   {"role":"assistant","model":"default","text":"...","stopped":true}
 *
 * Every line is on the disk (fdatasync) before the call returns.  A line that
 * kill -9 cut short is skipped when read and closed off when written behind.  A
 * file is locked while a program writes it, so a second one starts its own.
 * Text is stored as it came; bytes that are no UTF-8 stay as they are. */
#ifndef UI_TRANSCRIPT_LOG_H
#define UI_TRANSCRIPT_LOG_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct saved_file { char *path, *sha256; };

struct saved_turn {
    char *text;
    struct saved_file *files;
    size_t n_files, capacity;
    char *answer;                   /* NULL: none was finished */
    bool stopped;
};

struct saved {
    struct saved_turn *turns;
    size_t n, capacity;
    size_t n_broken;                /* lines that could not be read */
    bool in_use;                    /* another program has the file open; nothing was read */
};

struct transcript_log;

/* Resumes the file changed last and fills *saved, or starts one (fresh, none there,
 * or it is in use).  folder: NULL for the place above.  The file is made when
 * the first line is written. */
struct transcript_log *transcript_log_open(const char *folder, bool fresh, struct saved *saved, struct error *err);
bool transcript_log_user(struct transcript_log *l, const char *text, const struct saved_file *files, size_t n_files, struct error *err);
bool transcript_log_answer(struct transcript_log *l, const char *model, const char *text, bool stopped, struct error *err);
/* Goes on in a new file, which is made at once: it is the one to resume. */
bool transcript_log_restart(struct transcript_log *l, struct error *err);
const char *transcript_log_path(const struct transcript_log *l);
void transcript_log_close(struct transcript_log *l);        /* NULL is fine */
void saved_free(struct saved *saved);

/* $XDG_DATA_HOME/mynah/NAME, made 0700 when missing; malloc'd, NULL and *err on failure. */
char *data_folder(const char *name, struct error *err);

#endif
