/* journal.h - what was heard of a recording so far, kept in a file window by window.
 *
 *   head: what it is a journal of -> record: a window's segments and what the next one needs -> ... -> the end
 *
 * A program that was killed goes on from the last record; one that finished finds all of it.  A record
 * is its length, CRC-32 and bytes; it is written at once and synchronised.  Nothing in the file is
 * believed: a head of something else empties it, the first record that is broken in any way ends it.
 * Failing to write ends the journal, never the transcription.  One program at a time has it. */
#ifndef AUDIO_JOURNAL_H
#define AUDIO_JOURNAL_H

#include "audio/transcript.h"
#include "audio/whisper_model.h"

struct journal;

struct journal_place {              /* where a pass stands after a window */
    uint32_t channel;
    uint64_t seek;                  /* in samples: where the next window is looked for */
    int32_t language;               /* token; -1: not known yet */
    float language_p;
    const int32_t *prompt;          /* [n_prompt], as struct window has it */
    size_t n_prompt;
    const int32_t *repeated;        /* [n_repeated], with repeats and words_end as struct window has them */
    size_t n_repeated;
    uint32_t repeats;
    double words_end;
    bool finished;                  /* all passes */
    double seconds;                 /* of the sound, when finished */
};

/* NULL, with a line in the log, when the file cannot be had; path NULL: NULL. */
struct journal *journal_open(const char *path, const struct whisper *w, const struct whisper_params *params);
void journal_close(struct journal *j);                      /* NULL is fine, as for all of these */

/* The next record: its segments are added to t and their text to `all`.  False after the last good
 * one; the file then ends there.  place->prompt and repeated: borrowed until
 * the next call. */
bool journal_read(struct journal *j, struct journal_place *place, struct transcript *t, struct text_buffer *all);
/* Forgets all records. */
void journal_empty(struct journal *j);
/* Adds segments first ... of t and the text that `all` has from byte `from` on. */
void journal_write(struct journal *j, const struct journal_place *place, const struct transcript *t, size_t first,
                   const struct text_buffer *all, size_t from);

#endif
