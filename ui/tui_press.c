/* tui_press.c - what keys do where one is: one table for each place feeds both the doing and the help. */
#include "ui/tui.h"

#include "base/utf8.h"
#include "ui/clipboard.h"
#include "ui/tui_draw.h"

#include <stdlib.h>
#include <string.h>

typedef void key_action(struct tui *t);

struct key_row {
    enum press_kind kind;
    char letter;                    /* of PRESS_CTRL, PRESS_ALT and PRESS_TEXT */
    key_action *act;                /* NULL: only told */
    const char *keys, *summary;     /* keys NULL: another key for the row above */
};

static bool is_key(const struct press *p, const struct key_row *row)
{
    if (p->kind != row->kind || row->act == NULL)
        return false;
    if (p->kind == PRESS_TEXT)
        return p->n == 1 && p->text[0] == row->letter;
    return (p->kind != PRESS_CTRL && p->kind != PRESS_ALT) || p->letter == row->letter;
}

static bool press_key(struct tui *t, const struct key_row *rows, const struct press *p)
{
    for (size_t i = 0; rows[i].keys != NULL || rows[i].act != NULL; i++)
        if (is_key(p, &rows[i])) {
            rows[i].act(t);
            return true;
        }
    return false;
}

/* ---- everywhere --------------------------------------------------------------------- */

static void page_up(struct tui *t)     { view_page(&t->view, true); }
static void page_down(struct tui *t)   { view_page(&t->view, false); }
static void line_up(struct tui *t)     { view_scroll(&t->view, -1); }
static void line_down(struct tui *t)   { view_scroll(&t->view, 1); }

static void find(struct tui *t)
{
    buffer_clear(&t->finding);
    t->mode = MODE_FIND;
}

static void copy_answer(struct tui *t) { tui_copy(t, tui_current_turn(t), false); }
static void copy_code(struct tui *t)   { tui_copy(t, tui_current_turn(t), true); }
static void regenerate(struct tui *t)  { tui_regenerate(t, tui_current_turn(t)); }
static void edit(struct tui *t)        { tui_edit_turn(t, tui_current_turn(t)); }
static void delete(struct tui *t)      { tui_delete_turn(t, tui_current_turn(t)); }

static void place(struct tui *t)       { tui_next_place(t, tui_current_turn(t)); }

static void facts(struct tui *t)
{
    struct buffer text = { 0 };

    tui_facts(t, tui_current_turn(t), &text);
    if (text.n == 0)
        buffer_print(&text, "There is no answer yet.");
    tui_open_text(t, "facts", &text);
}

/* ---- the chat ------------------------------------------------------------------------ */

/* Esc: what goes on, then what was begun, is given up. */
static void escape(struct tui *t)
{
    if (tui_stop(t))
        return;
    if (t->below >= 0) {
        t->below = -1;
        draft_clear(&t->draft);
        tui_hint(t, false, "the earlier question stays as it was");
    } else if (t->draft.n_chips > 0) {
        tui_hint(t, false, "Backspace at the start removes the attachment");
    } else {
        view_to_end(&t->view);
    }
}

static void interrupt(struct tui *t)
{
    if (tui_stop(t))
        return;
    if (t->quit_armed) {
        t->quits = true;
        return;
    }
    t->quit_armed = true;
    tui_hint(t, false, "C-c once more quits");
}

static void attach_clipboard(struct tui *t)
{
    struct error err;
    char *path = clipboard_image(&err);

    if (path != NULL)
        tui_attach(t, path);
    else
        tui_hint(t, true, "%s", err.text);
    free(path);
}

static const struct key_row chat_keys[] = {
    { PRESS_ENTER, 0, tui_submit, "Enter", "send; Alt-Enter or C-j starts a new line" },
    { PRESS_ESCAPE, 0, escape, "Esc", "stop the answer and keep what came" },
    { PRESS_CTRL, 'c', interrupt, "C-c C-c", "quit; so does C-d on an empty draft" },
    { PRESS_PAGE_UP, 0, page_up, "PgUp PgDn", "scroll; Shift-Up and Shift-Down by a line" },
    { PRESS_PAGE_DOWN, 0, page_down, NULL, NULL },
    { PRESS_SHIFT_UP, 0, line_up, NULL, NULL },
    { PRESS_SHIFT_DOWN, 0, line_down, NULL, NULL },
    { PRESS_CTRL, 'o', tui_open_files, "C-o", "choose images and clips to attach; @PATH in the text does, too" },
    { PRESS_CTRL, 'v', attach_clipboard, "C-v", "attach the image on the clipboard" },
    { PRESS_F2, 0, tui_hold, "F2 C-q", "hold it and speak; or once to start, once more to stop" },
    { PRESS_CTRL, 'q', tui_hold, NULL, NULL },
    { PRESS_CTRL, 'r', tui_open_history, "C-r", "search what was asked before" },
    { PRESS_CTRL, 's', find, "C-s", "search the conversation" },
    { PRESS_CTRL, 't', tui_open_sessions, "C-t", "earlier conversations" },
    { PRESS_F1, 0, tui_open_help, "? F1", "this help, when the draft is empty" },
    { PRESS_CTRL, 0, NULL, "C-x C-e", "the draft in your editor" },
    { PRESS_TAB, 0, NULL, "Tab", "complete; on an empty draft: browse the turns" },
    { 0, 0, NULL, NULL, NULL }
};

static void browse(struct tui *t)
{
    if (view_select(&t->view, -1))
        t->mode = MODE_BROWSE;
    else
        tui_hint(t, false, "there is no turn to browse yet");
}

/* C-x C-e; what else follows a C-x is the editor's. */
static void after_prefix(struct tui *t, const struct press *p)
{
    if (p->kind == PRESS_CTRL && p->letter == 'e') {
        t->draft.editor.prefixed = false;
        t->wishes.editor = true;
    } else if (draft_press(&t->draft, p, tui_input_width(t))) {
        tui_draft_edited(t);
    }
}

/* vi's own: Esc leaves insert mode before it means anything else; C-r is redo in normal mode. */
static bool press_vi(struct tui *t, const struct press *p)
{
    enum editor_mode mode = editor_mode(&t->draft.editor);
    bool is_vi = (mode != EDITOR_EMACS && p->kind == PRESS_ESCAPE) || (mode == EDITOR_VI_NORMAL && p->kind == PRESS_CTRL && p->letter == 'r');

    if (!is_vi || t->complete.n > 0 || !draft_press(&t->draft, p, tui_input_width(t)))
        return false;
    tui_draft_changed(t);
    return true;
}

static bool complete(struct tui *t, const struct press *p)
{
    struct complete_sources sources = { tui_complete_command, config_rows(), t->engine };

    return complete_press(&t->complete, &t->draft.editor, p, &sources);
}

static bool press_empty(struct tui *t, const struct press *p)
{
    if (p->kind == PRESS_TAB)
        browse(t);
    else if (p->kind == PRESS_TEXT && p->n == 1 && p->text[0] == '?')
        tui_open_help(t);
    else if (p->kind == PRESS_CTRL && p->letter == 'd')
        t->quits = true;
    else
        return false;
    return true;
}

void tui_press_chat(struct tui *t, const struct press *p)
{
    bool armed = t->quit_armed, empty = draft_is_empty(&t->draft);

    t->quit_armed = armed && p->kind == PRESS_CTRL && p->letter == 'c';
    if (t->draft.editor.prefixed)
        after_prefix(t, p);
    else if (press_vi(t, p))
        return;
    else if (empty && press_empty(t, p))
        return;
    else if (p->kind == PRESS_CTRL && p->letter == 'd' && t->draft.editor.text.n == 0)
        tui_hint(t, false, "Backspace removes the attachment; C-c twice quits");
    else if (p->kind == PRESS_TEXT && p->n > 1 && draft_take_paths(&t->draft, p->text))
        tui_draft_edited(t);        /* several characters at once may be files dropped on a terminal */
    else if (complete(t, p))
        tui_draft_edited(t);
    else if (!press_key(t, chat_keys, p) && draft_press(&t->draft, p, tui_input_width(t)))
        tui_draft_edited(t);
}

/* ---- browsing --------------------------------------------------------------------------- */

static void leave(struct tui *t)
{
    view_unselect(&t->view);
    t->mode = MODE_CHAT;
}

static void earlier(struct tui *t)
{
    view_select(&t->view, -1);
}

static void later(struct tui *t)
{
    if (!view_select(&t->view, 1))
        leave(t);
}

static void other_branch(struct tui *t, int direction)
{
    tui_switch_branch(t, tui_current_turn(t), direction);
}

static void branch_left(struct tui *t)  { other_branch(t, -1); }
static void branch_right(struct tui *t) { other_branch(t, 1); }

static void find_again(struct tui *t, int direction)
{
    if (t->view.query.n == 0)
        tui_hint(t, false, "/ searches");
    else if (!view_find(&t->view, buffer_text(&t->view.query), direction))
        tui_hint(t, true, "\"%s\" is not in this conversation", buffer_text(&t->view.query));
}

static void find_before(struct tui *t) { find_again(t, -1); }
static void find_after(struct tui *t)  { find_again(t, 1); }

static void first(struct tui *t)
{
    view_to_start(&t->view);
    t->view.selecting = true;
    t->view.selected = SIZE_MAX;    /* as if one came from the item above */
    if (!view_select(&t->view, 1))
        view_unselect(&t->view);
}

static void last(struct tui *t)
{
    view_unselect(&t->view);
    view_to_end(&t->view);
    view_select(&t->view, -1);
}

static const struct key_row browse_keys[] = {
    { PRESS_TEXT, 'k', earlier, "k j Up Down", "to the turn before or after" },
    { PRESS_UP, 0, earlier, NULL, NULL },
    { PRESS_TEXT, 'j', later, NULL, NULL },
    { PRESS_DOWN, 0, later, NULL, NULL },
    { PRESS_TEXT, 'g', first, "g G", "to the first or the last turn" },
    { PRESS_TEXT, 'G', last, NULL, NULL },
    { PRESS_TEXT, 'e', edit, "e Enter", "edit the question: the earlier one and its answer are kept beside it" },
    { PRESS_ENTER, 0, edit, NULL, NULL },
    { PRESS_TEXT, 'r', regenerate, "r", "another answer, beside this one" },
    { PRESS_TEXT, 'c', tui_continue, "c", "go on with the last answer, if it was stopped or cut" },
    { PRESS_LEFT, 0, branch_left, "Left Right", "the branch before or after" },
    { PRESS_TEXT, 'h', branch_left, NULL, NULL },
    { PRESS_RIGHT, 0, branch_right, NULL, NULL },
    { PRESS_TEXT, 'l', branch_right, NULL, NULL },
    { PRESS_TEXT, 'y', copy_answer, "y Y", "copy the answer, or its last code block" },
    { PRESS_TEXT, 'Y', copy_code, NULL, NULL },
    { PRESS_TEXT, 'f', tui_fold, "f", "fold or unfold" },
    { PRESS_TEXT, 'i', facts, "i", "facts: model, tokens, speed, seed" },
    { PRESS_TEXT, 'p', place, "p", "to the place of a recording that the answer names, such as [0:12]" },
    { PRESS_TEXT, 'd', delete, "d", "delete the turn" },
    { PRESS_TEXT, '/', find, "/ n N", "search; the next, the one before" },
    { PRESS_TEXT, 'n', find_before, NULL, NULL },
    { PRESS_TEXT, 'N', find_after, NULL, NULL },
    { PRESS_PAGE_UP, 0, page_up, "PgUp PgDn", "scroll" },
    { PRESS_PAGE_DOWN, 0, page_down, NULL, NULL },
    { PRESS_TEXT, '?', tui_open_help, "?", "this help" },
    { PRESS_F1, 0, tui_open_help, NULL, NULL },
    { PRESS_ESCAPE, 0, leave, "Esc q Tab", "back to the draft" },
    { PRESS_TEXT, 'q', leave, NULL, NULL },
    { PRESS_TAB, 0, leave, NULL, NULL },
    { PRESS_CTRL, 'c', leave, NULL, NULL },
    { PRESS_CTRL, 'g', leave, NULL, NULL },
    { 0, 0, NULL, NULL, NULL }
};

void tui_press_browse(struct tui *t, const struct press *p)
{
    if (!press_key(t, browse_keys, p))
        tui_hint(t, false, "? shows the keys of browsing, Esc leaves it");
}

/* ---- searching ------------------------------------------------------------------------------ */

static void end_find(struct tui *t)
{
    t->mode = t->view.selecting ? MODE_BROWSE : MODE_CHAT;
}

static void begin_find(struct tui *t)
{
    const char *query = buffer_text(&t->finding);

    if (*query == '\0' || view_find(&t->view, query, -1)) {
        end_find(t);
        tui_hint(t, false, "n: the next before it, N: after it, Esc: back");
    } else {
        tui_hint(t, true, "\"%s\" is not in this conversation", query);
    }
}

static void give_up_find(struct tui *t)
{
    view_find(&t->view, "", -1);
    end_find(t);
}

static const struct key_row find_keys[] = {
    { PRESS_ENTER, 0, begin_find, "Enter", "go to the last place where it is said" },
    { PRESS_ESCAPE, 0, give_up_find, "Esc", "give it up" },
    { PRESS_CTRL, 'c', give_up_find, NULL, NULL },
    { PRESS_CTRL, 'g', give_up_find, NULL, NULL },
    { PRESS_F1, 0, tui_open_help, "F1", "this help" },
    { 0, 0, NULL, NULL, NULL }
};

void tui_press_find(struct tui *t, const struct press *p)
{
    if (press_key(t, find_keys, p))
        return;
    if (p->kind == PRESS_TEXT || p->kind == PRESS_PASTE)
        buffer_append(&t->finding, p->text, p->n);
    else if (p->kind == PRESS_BACKSPACE && t->finding.n > 0) {
        size_t at = utf8_grapheme_previous(t->finding.s, t->finding.n, t->finding.n);
        buffer_remove(&t->finding, at, t->finding.n - at);
    } else if (p->kind == PRESS_CTRL && p->letter == 'u') {
        buffer_clear(&t->finding);
    }
}

/* ---- help -------------------------------------------------------------------------------------- */

void tui_keys_help(enum tui_mode mode, struct buffer *text)
{
    const struct key_row *rows = mode == MODE_BROWSE ? browse_keys : mode == MODE_FIND ? find_keys : chat_keys;

    buffer_print(text, "%s\n", mode == MODE_BROWSE ? "Browsing the turns" : mode == MODE_FIND ? "Searching" : "Keys");
    for (size_t i = 0; rows[i].keys != NULL || rows[i].act != NULL; i++)
        if (rows[i].keys != NULL)
            buffer_print(text, "%-13s%s\n", rows[i].keys, rows[i].summary);
    buffer_print(text, "\n");
}
