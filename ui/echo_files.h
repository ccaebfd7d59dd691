/* echo_files.h - files as the echo engine sees them: opened and refused for real, shown as a
 * gradient or a sine. */
#ifndef UI_ECHO_FILES_H
#define UI_ECHO_FILES_H

#include "fusion/session.h"

#define ECHO_TICK_BYTES 4096        /* read in one tick: 1 MB takes 5 s of 20 ms each */

enum { ECHO_LINES = 3 };

struct echo_file {                  /* starts as { 0 } */
    uint32_t id;
    char *path, *details;
    size_t n_bytes;
    enum attachment_kind kind;
    struct preview *preview;
    char sha256[65];
    size_t said_at;                 /* of the lines in details */
    size_t n_lines;                 /* a clip says ECHO_LINES, as long as each other */
    struct { double start, end; char *text; const char *heard; } lines[ECHO_LINES];
};

bool echo_file_open(struct echo_file *f, const char *path, struct error *err);
struct preview *echo_file_preview(const struct echo_file *f, double expected_ms);   /* the caller's */
/* Moves it to the heap, with its preview and details. */
struct echo_file *echo_file_take(struct echo_file *f, double expected_ms);
/* text NULL: as it was heard. */
void echo_file_correct(struct echo_file *f, size_t i, const char *text);
/* Calls of the engine: their attachments are struct echo_file. */
struct said_line echo_line(const struct attachment *a, size_t i);
char *echo_transcript(const struct attachment *a, const char *format);
size_t echo_citations(const char *answer, const struct attachment *const *clips, size_t n_clips, struct citation *citations, size_t most);
const char *echo_file_name(const struct echo_file *f);
void echo_file_done(struct echo_file *f);

#endif
