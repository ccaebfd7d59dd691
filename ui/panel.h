/* panel.h - what stands beside the conversation on demand: a drawer, a picker, a question.
 *
 * The chat gives a panel all presses but C-l, C-z and a resize, draws it where there is room
 * (beside the conversation on a wide terminal, in its place on a narrow one), and does what it
 * asks for.  A panel frees what it owns in `free`; strings of an outcome are
 * the panel's, good until its next call. */
#ifndef UI_PANEL_H
#define UI_PANEL_H

#include "base/error.h"
#include "ui/keys.h"
#include "ui/screen.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum panel_act {
    PANEL_NOTHING,                  /* it goes on */
    PANEL_CLOSE,
    PANEL_OPEN_SESSION,             /* id; the panel closes */
    PANEL_SESSION_GONE,             /* id was deleted; the panel goes on */
    PANEL_SESSION_RENAMED,          /* id */
    PANEL_ATTACH,                   /* paths[n]; the panel closes */
    PANEL_PREVIEW,                  /* paths[0] is to be looked at: panel_preview follows; it goes on */
    PANEL_CHOICE,                   /* choice: which of the answers of a question; the panel closes */
    PANEL_PLAY,                     /* id: which of the details; plays it, or pauses and goes on; the panel goes on */
    PANEL_SEEK,                     /* choice: -1 back, 1 on; it goes on */
    PANEL_MICROPHONE,               /* text: its name, "" the system's default; the panel closes */
    PANEL_INSERT,                   /* text goes into the draft (a found line of history); the panel closes */
    PANEL_CORRECT,                  /* choice: a detail, id: its line, text: what it is to be; NULL: what was heard */
    PANEL_HINT                      /* text for the status line; it goes on */
};
struct panel_outcome { enum panel_act act; int64_t id; const char *const *paths; size_t n_paths; int choice; const char *text; bool warns; };

struct preview;                     /* fusion/session.h */

struct panel {
    const char *title;              /* drawn by the chat above it */
    const char *keys;               /* a line on what can be pressed, drawn below it */
    int cols_wanted;                /* as a drawer; 0: the whole width */
    int rows_wanted;                /* a question's height, at the bottom, for the width of its last draw; 0: the whole height */
    int n_colors;                   /* set by the chat once it is made: for pictures; -1: none are shown. 256 at first */
    bool plays;                     /* set by the chat: one of its clips is played, the arrows go back and on in it */
    void (*draw)(struct panel *p, struct screen *s, struct rect where);
    struct panel_outcome (*press)(struct panel *p, const struct press *press);
    void (*preview)(struct panel *p, const char *path, const struct preview *preview, const char *why_not);    /* may be NULL */
    void (*free)(struct panel *p);
};

struct sessions;

/* Lines to read and scroll, searched with / and n: help, details, facts.  The first line of the text and
 * those after an empty line are headings. */
struct panel *panel_text_new(const char *title, const char *text);
/* Attachments, one after the other, from `first` on: heading, picture, lines.  Space plays the clip that is in sight.  Strings are copied, previews borrowed. */
struct panel_detail {
    const char *heading, *lines;
    const struct preview *preview;
    const char *const *said;        /* [n_said] what is said in a clip: the lines from byte said_at of `lines` on */
    size_t n_said, said_at;
};
struct panel *panel_details_new(const struct panel_detail *details, size_t n, size_t first);
/* Line i of what is said in a detail is on top, marked, and the next to be corrected. */
void panel_details_show(struct panel *p, size_t detail, size_t i);
bool panel_details_corrects(const struct panel *p);         /* a line is being chosen or typed: not to be opened again now */
/* Sessions: typed letters search, Enter opens, C-r renames, C-d deletes after asking, C-e exports to Markdown. */
struct panel *panel_sessions_new(struct sessions *sessions, int64_t current, struct error *err);
/* Files of a folder: images and clips and folders, with a preview of the one under the cursor; Space marks several.
 * Each press may ask for a preview, also one that means nothing to it: so PRESS_REPLY asks for the first. */
struct panel *panel_files_new(const char *folder, struct error *err);
/* A question with a text and a few answers, one at least, each with its letter (0: none, shown as
 * "[Esc]"); Esc is the last answer. */
struct panel_answer { char letter; const char *text; };
struct panel *panel_question_new(const char *title, const char *text, const struct panel_answer *answers, size_t n);
/* Microphones: names, a line each, the default one first; chosen: as the setting says, "" the default. */
struct panel *panel_devices_new(const char *names, const char *chosen);
/* C-r: questions of before that hold what is typed. */
struct panel *panel_history_new(char *const *texts, size_t n);

#endif
