/* tui.h - the chat: its state, and what key presses and events do to it.
 *
 *   press (keys.h) ─┐                         ┌─ tui_draw -> cells (screen.h)
 *   event (engine) ─┼─> talk, view, draft ... ┤
 *   tick           ─┘                         └─ wishes: what only the terminal's owner can do
 *
 *   talk   the turns, in step with disk and engine       view    the conversation as it is shown
 *   draft  what is about to be said                      panel   what stands beside or over both
 *
 * Nothing here knows of a terminal.  One thread. */
#ifndef UI_TUI_H
#define UI_TUI_H

#include "ui/buffer.h"
#include "ui/cli.h"
#include "ui/complete.h"
#include "ui/config.h"
#include "ui/draft.h"
#include "ui/engine.h"
#include "ui/hold.h"
#include "ui/keys.h"
#include "ui/eyes_command.h"
#include "ui/loras.h"
#include "ui/panel.h"
#include "ui/play.h"
#include "ui/record.h"
#include "ui/settings.h"
#include "ui/talk.h"
#include "ui/view.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tui_mode { MODE_CHAT, MODE_BROWSE, MODE_FIND, MODE_RECORDING };

enum panel_purpose { FOR_READING, FOR_DETAILS, FOR_SESSIONS, FOR_FILES, FOR_HISTORY, FOR_MICROPHONE, FOR_OVERFLOW, FOR_DELETING };

/* A question on its way: measured, perhaps waiting for a choice, then asked. */
struct question {
    uint32_t request;               /* SESSION_MEASURED of it is awaited; 0: none */
    char *text;                     /* NULL: no question is on its way */
    enum turn_task task;
    struct session_file *files;
    const struct attachment **attachments;
    size_t n_files;
    size_t *left_out, n_left_out;   /* what would have to go */
    bool after_summary;             /* it is asked when the summary is there */
};

/* What the owner of the terminal is to do; it clears them. */
struct wishes {
    bool redraw;                    /* the whole terminal, once (C-l) */
    bool editor;                    /* the draft in an external editor */
    bool theme, mouse;              /* the setting changed */
    struct buffer copy;             /* text for the clipboard */
};

struct tui {
    struct engine *engine;
    struct sessions *sessions;      /* NULL: not saved, the user was told why */
    const struct options *options;
    struct config *config;          /* the options' */
    int rows, cols;
    int n_colors;                   /* of the terminal, for pictures; -1: none are shown */
    bool is_inline;
    enum tui_mode mode;
    bool quits;
    struct wishes wishes;

    struct talk talk;
    struct view view;
    struct draft draft;
    struct complete complete;       /* the list that Tab opened */
    struct panel *panel;            /* NULL: none */
    enum panel_purpose purpose;
    int64_t deletes;                /* FOR_DELETING: the turn */
    uint32_t preview_request;       /* of the panel's last wish */
    char *preview_path;

    int64_t below;                  /* the turn the draft will follow; -1: the head (another: a branch begins) */
    bool send_waits;                /* Enter was pressed before everything was ready */
    struct question question;
    bool draft_changed;             /* since it was saved */
    double draft_changed_ms;
    struct buffer finding;          /* MODE_FIND: what is typed */
    bool told_unsaved;

    struct buffer hint;             /* a few words until the next press */
    bool hint_warns, quit_armed;    /* C-c was pressed once */

    bool ready;                     /* a text model is loaded and no other is on its way */
    bool has_model, no_model;       /* one was loaded; none could be: only /model helps */
    uint32_t model_request;         /* /model under way */
    uint32_t eyes_request;          /* /eyes */
    struct settings settings;       /* of this session */
    struct loras loras;
    struct buffer activity;         /* "reading 40 %" */
    size_t i_answer;                /* its item; SIZE_MAX before the first word */
    size_t n_ctx, n_used;
    bool gauges;                    /* turns came back: how much they fill is asked for when they are told */
    uint32_t gauge_request;
    double tokens_per_s;            /* of the last answer; 0: none yet */

    const struct attachment **perceived;    /* everything attached, in order, each once */
    size_t n_perceived, perceived_capacity;

    struct { uint32_t attachment; size_t line; } edited;    /* the line that was corrected last */
    int64_t place_turn;             /* whose place was gone to last, and which it was */
    size_t place;

    struct record *record;          /* MODE_RECORDING */
    struct record_level level;
    struct hold hold;               /* of the key that is held to speak */
    struct { uint32_t request; size_t item; bool began; } captions;    /* request 0: none; item: SIZE_MAX before the first word */
    struct play *play;              /* NULL: nothing is played */
    struct play_state playing;
    const struct attachment *played;
    size_t n_printed;               /* inline: items that stand in the scrollback */
};

/* Engine, sessions and options stay the caller's. */
void tui_init(struct tui *t, struct engine *engine, struct sessions *sessions, const struct options *options);
void tui_done(struct tui *t);
void tui_resize(struct tui *t, int rows, int cols);
void tui_press(struct tui *t, const struct press *press);
void tui_event(struct tui *t, const struct session_event *event);
void tui_tick(struct tui *t);
int tui_tick_ms(const struct tui *t);       /* until the next tick is due; -1: none */
void tui_edited(struct tui *t, char *text); /* comes from the external editor; takes it over; NULL: nothing changed */

/* ---- for the chat's own files ------------------------------------------------- */

void tui_note(struct tui *t, enum item_kind kind, const char *format, ...) __attribute__((format(printf, 3, 4)));
void tui_hint(struct tui *t, bool warns, const char *format, ...) __attribute__((format(printf, 3, 4)));
void tui_set_activity(struct tui *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void tui_perceive(struct tui *t, const struct attachment *a);
void tui_attach(struct tui *t, const char *path);
bool tui_stop(struct tui *t);               /* stops what goes on; false: nothing does */
bool tui_is_idle(struct tui *t);            /* nothing is answered or loaded; else a hint says so */
void tui_draft_changed(struct tui *t);
void tui_draft_edited(struct tui *t);       /* changed by the user: a question on its way is taken back */
void tui_save_draft(struct tui *t);         /* when it changed */

/* tui_turns.c: the branch on the screen, and what is done to its turns. */
void tui_show_branch(struct tui *t);
void tui_show_branch_again(struct tui *t);  /* with the program's own words at the end */
void tui_show_turn(struct tui *t, const struct talk_turn *turn);
void tui_open_session(struct tui *t, int64_t id);           /* 0: the last */
void tui_new_session(struct tui *t);
void tui_print_again(struct tui *t);        /* inline: the last turn, whatever of it stands in the scrollback */
int64_t tui_current_turn(const struct tui *t);              /* the selected one, else the last; 0: none */
void tui_regenerate(struct tui *t, int64_t turn);
void tui_edit_turn(struct tui *t, int64_t turn);
void tui_continue(struct tui *t);
void tui_delete_turn(struct tui *t, int64_t turn);
void tui_switch_branch(struct tui *t, int64_t turn, int direction);
void tui_copy(struct tui *t, int64_t turn, bool code);
void tui_fold(struct tui *t);
void tui_facts(const struct tui *t, int64_t turn, struct buffer *text);

/* tui_send.c: Enter, until the question is asked. */
void tui_submit(struct tui *t);
void tui_send_if_ready(struct tui *t);
bool tui_measured(struct tui *t, const struct session_event *event);    /* true: it was about the question */
void tui_overflow_choice(struct tui *t, int choice);
void tui_ask_after_summary(struct tui *t);
void tui_drop_question(struct tui *t);      /* it goes back to being a draft */

/* tui_panels.c */
void tui_open_panel(struct tui *t, enum panel_purpose purpose, struct panel *panel);     /* NULL: does nothing */
void tui_close_panel(struct tui *t);
void tui_press_panel(struct tui *t, const struct press *press);
void tui_previewed(struct tui *t, const struct session_event *event);
void tui_open_text(struct tui *t, const char *title, struct buffer *text);  /* takes the text over */
void tui_open_details(struct tui *t, const struct attachment *first);     /* NULL: from the start */
void tui_open_help(struct tui *t);
void tui_open_sessions(struct tui *t);
void tui_open_files(struct tui *t);
void tui_open_history(struct tui *t);

/* tui_clips.c: what is said in clips */
void tui_attached(struct tui *t, const struct attachment *a);   /* it was perceived: what was corrected before is, again */
void tui_corrected(struct tui *t, const struct attachment *a);
void tui_correct(struct tui *t, size_t detail, size_t line, const char *text);  /* text NULL: as it was heard */
bool tui_click_place(struct tui *t, int64_t turn, const char *text, size_t at); /* a place is named at text[at]: it is gone to */
void tui_next_place(struct tui *t, int64_t turn);
void tui_export_transcript(struct tui *t, const char *format, const char *path);    /* of the last clip; path may be NULL */

/* tui_record.c */
bool tui_record(struct tui *t);             /* false: why not is told */
void tui_hold(struct tui *t);               /* the key to speak was pressed, or repeats */
void tui_press_recording(struct tui *t, const struct press *press);
void tui_tick_recording(struct tui *t);
void tui_end_recording(struct tui *t, bool keep);
void tui_open_microphones(struct tui *t);
void tui_use_microphone(struct tui *t, const char *name);   /* "": the system's default */
void tui_tell_left_takes(struct tui *t);

/* tui_listen.c: a take with captions. */
void tui_listen(struct tui *t);
bool tui_heard(struct tui *t, const struct session_event *event);       /* true: it was about them */
void tui_tick_captions(struct tui *t);      /* the take's sound goes to the engine */
void tui_end_captions(struct tui *t, bool keep);                        /* the take has ended, or is thrown away */

/* tui_play.c */
void tui_play(struct tui *t, const char *argument);         /* as /play takes it; opens the details */
void tui_renew_details(struct tui *t, const struct attachment *first);      /* as they are now, from `first` on; what is played goes on */
bool tui_play_span(struct tui *t, const struct attachment *a, double from_s, double to_s);      /* to_s 0: to its end; false: why not is told */
void tui_play_or_pause(struct tui *t, size_t i_perceived);
void tui_seek(struct tui *t, int direction);                /* -1, 1: by PLAY_STEP_S */
void tui_stop_playing(struct tui *t);
void tui_tick_playing(struct tui *t);

/* tui_press.c: what keys do where one is; and their list for the help. */
void tui_press_chat(struct tui *t, const struct press *press);
void tui_press_browse(struct tui *t, const struct press *press);
void tui_press_find(struct tui *t, const struct press *press);
void tui_keys_help(enum tui_mode mode, struct buffer *text);

/* tui_mouse.c: the wheel over what is under it; a click on a chip, a link or a fold. */
void tui_press_mouse(struct tui *t, const struct press *p);

/* tui_commands.c: runs a line that begins with '/'; false when it is none. */
bool tui_command(struct tui *t, const char *line);
void tui_commands_help(struct buffer *text);
const struct complete_command *tui_complete_command(size_t i);

#endif
